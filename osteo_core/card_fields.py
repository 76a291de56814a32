"""What a field of a card may hold: bounded texts, class names, digests, sizes."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from osteo_core.foreign.tables import tidy

SCHEMA = 1  # the newest version of a card that is read
MOST_CLASSES = 200  # a confusion matrix of which fits in memory for every draw


def _one_line(title: str) -> str:
    line = " ".join(title.split())
    if not line:
        raise ValueError("an empty title")
    return line


def _different(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Class names as they are compared: trimmed, in Unicode's NFC, all of them different."""
    names = tuple(tidy(name) for name in classes)
    if len(set(names)) < len(names):
        raise ValueError("two classes of one name")
    if not all(name and name.isprintable() for name in names):
        raise ValueError("a class whose name is empty or cannot be printed")
    return names


def _told(recipe: dict[str, Any]) -> dict[str, Any]:
    """What pages draw of a recipe; anything else in it is shown as it stands."""
    stages, deviations = recipe.get("stages") or [], recipe.get("deviations") or []
    if not isinstance(stages, list | tuple) or not all(isinstance(one, dict) for one in stages):
        raise ValueError("stages that are no list of stages")
    if not isinstance(deviations, list | tuple) or not all(isinstance(d, str) for d in deviations):
        raise ValueError("deviations that are no list of sentences")
    if not isinstance(recipe.get("source") or "", str):
        raise ValueError("a source that is no text")
    return recipe


Text = Annotated[str, Field(max_length=4000)]
Title = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_one_line)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Side = Annotated[int, Field(ge=1)]  # px
ClassNames = Annotated[
    tuple[Annotated[str, Field(max_length=200)], ...],
    Field(min_length=2, max_length=MOST_CLASSES),
    AfterValidator(_different),
]
ToldRecipe = Annotated[dict[str, Any], AfterValidator(_told)]
