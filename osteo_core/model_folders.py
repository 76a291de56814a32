"""What lies in a folder of models, read with distrust: names, cards, where weights may lie."""

import os
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from osteo_core.errors import BundleError
from osteo_core.files import shown
from osteo_core.foreign import is_there, reading, wrong
from osteo_core.foreign.json_files import read_json

CARD = "card.json"
ENSEMBLE = "ensemble.json"
MOST_CARD = 4 << 20  # bytes; a card has five thousand

Content = TypeVar("Content", bound=BaseModel)


def models_dir() -> Path:
    """Where bundles are looked for: `$OSTEO_MODELS`, or `models/` beside the package."""
    chosen = os.environ.get("OSTEO_MODELS")
    return Path(chosen) if chosen else Path(__file__).resolve().parent.parent / "models"


def model_folders(models: Path) -> list[Path]:
    """Folders of a models folder in which a card or an ensemble is, whatever it is, by name.

    Folders whose names begin with a dot are passed over: what is being written lies in such.
    """
    try:
        entries = sorted(models.iterdir())
    except (OSError, ValueError):
        return []
    return [
        folder
        for folder in entries
        if folder.name[0] != "." and (is_there(folder / CARD) or is_there(folder / ENSEMBLE))
    ]


def read_content(folder: Path, name: str, model: type[Content]) -> Content:
    """Read `card.json` or `ensemble.json`.

    Raises:
        BundleError: It is not there, no plain file, too large, no such JSON.
    """
    check_name(folder)
    what = f"{name} of {folder.name}"
    with reading(what, BundleError, f"a readable {name}"):
        found = read_json(folder / name, at_most=MOST_CARD)
        try:
            return model.model_validate(found)
        except ValidationError as error:
            where, said = wrong(error)
            raise BundleError(
                f"{what} must have a valid {where or 'content'}. Received: {said}."
            ) from error


def check_name(folder: Path) -> None:
    """Make sure that a model can be called by its folder's name.

    Raises:
        BundleError: The name is no text, or a character of it cannot be shown.
    """
    if not folder.name.isprintable():
        raise BundleError(
            "Expected a model's folder with a name of printable characters. "
            f"Received: {shown(folder.name)}."
        )


def weight_file(folder: Path, told: str) -> Path:
    """Where a weight file of a card lies: in the bundle's folder, or in one beside it.

    Raises:
        BundleError: It lies elsewhere, and nothing is said of what is there.
    """
    with reading(shown(told), BundleError, "a weight file's path"):
        places = {folder.parent.resolve(), folder.resolve().parent}
        if not Path(told).is_absolute():
            file = (folder / told).resolve()
            if any(file.is_relative_to(place) for place in places):
                return file
    raise BundleError(
        f"The weights of {folder.name} must lie in its folder or in one beside it. "
        f"Received: {shown(told)}."
    )
