"""What decides every byte of a run, so that a killed one never goes on as another."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osteo_core.bundles import CARD, ENSEMBLE, HISTORY, PREDICTIONS, Bundle, load_bundle
from osteo_core.errors import BundleError, RecipeError
from osteo_core.heatmap import library_versions
from osteo_core.wording import listed

if TYPE_CHECKING:
    from osteo_core.cohorts import CohortTile
    from osteo_core.training.recipes import Recipe

FORMAT = 1  # of the run's folder; count up when it comes to hold something else
Identity = Mapping[str, Any]


def identity_of(recipe: "Recipe", tiles: Iterable["CohortTile"], network: Any) -> Identity:
    """What a run is recognised by.

    Args:
        recipe: The recipe.
        tiles: All that are read, in their order.
        network: As it stands before the first step: the starting weights and the random head.

    Returns:
        Fit for JSON; each key names what may differ in words.
    """
    return {
        "recipe": recipe.model_dump(mode="json"),
        "cohort": _digest(f"{t.sha256},{t.label},{t.split}\n".encode() for t in tiles),
        "starting weights": _digest(v.numpy().tobytes() for v in network.variables),
        "library": ", ".join(f"{name} {told}" for name, told in library_versions().items()),
        "format": FORMAT,
    }


def digest_of(identity: Identity) -> str:
    """An identity as one SHA-256."""
    return _digest([json.dumps(identity, sort_keys=True).encode()])


def differences(found: Identity, ours: Identity) -> list[str]:
    """What two runs differ in, in words; of recipes their settings by name."""
    names = [name for name, value in ours.items() if found.get(name) != value]
    if "recipe" in names and isinstance(found.get("recipe"), Mapping):
        theirs = found["recipe"]
        settings = [key for key, value in ours["recipe"].items() if theirs.get(key) != value]
        names[names.index("recipe")] = f"recipe ({listed(settings or ['more settings'])})"
    return names


def refuse_other(folder: Path, found: Identity, ours: Identity) -> None:
    """Say no to a half-done run that is another one.

    Raises:
        RecipeError: It is.
    """
    other = differences(found, ours)
    if other:
        raise RecipeError(
            f"Expected in {folder} the run that this command began. Received: one with another "
            f"{listed(other)}. Give the command that it was begun with, choose another --out, or "
            "begin anew with --replace."
        )


def is_done(out: Path, ours: Identity, goes_on: bool) -> bool:
    """Whether a folder holds the bundle of this very run.

    Args:
        out: The bundle's folder.
        ours: The run.
        goes_on: Whether the run is half done there, and so was allowed to replace another's bundle.

    Raises:
        RecipeError: It holds a bundle of another run.
    """
    found = _bundle(out)
    if found is not None and found.card.provenance.run == digest_of(ours):
        return _is_whole(found)
    if found is None or goes_on:
        return False
    card, told = found.card, []
    if card.recipe != ours["recipe"]:
        told = differences({**ours, "recipe": card.recipe}, ours)
    raise RecipeError(
        f"Expected in {out} no network, or that of this very run. Received: {card.title!r} of "
        f"{card.provenance.date}, trained with another {listed(told or ['cohort or start'])}. "
        "Choose another --out, or give --replace: it is replaced when the new one is whole."
    )


def _bundle(out: Path) -> Bundle | None:
    if (out / ENSEMBLE).exists():
        raise RecipeError(
            f"Expected a folder of its own for the network. Received: {out}, an ensemble."
        )
    try:
        return load_bundle(out) if (out / CARD).is_file() else None
    except BundleError:  # half a bundle is nothing to lose
        return None


def _is_whole(bundle: Bundle) -> bool:
    try:
        bundle.weight_files()
    except BundleError:
        return False
    return all((bundle.folder / name).is_file() for name in (PREDICTIONS, HISTORY))


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
