"""What a report is made of: which networks, which tiles, and what the networks say of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from osteo_core.bundles import Bundle
from osteo_core.cohorts.table import Cohort, CohortTile
from osteo_core.errors import BundleError, OsteoError
from osteo_core.evaluate.comparison import Comparison, compare
from osteo_core.evaluate.parts import LabelledPart, read_part
from osteo_core.evaluate.running import predict_unread, roles
from osteo_core.evaluate.stored import stored_part
from osteo_core.steps import Steps, between

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.grades import Grade
    from osteo_core.heatmap import HeatMap
    from osteo_core.tiles import Tile

_CHUNK = 64  # tiles between two words of progress
Load = Callable[[], "Tile"]


@dataclass(frozen=True)
class Wanted:
    """A tile that a report is to show.

    Attributes:
        title: What to call it.
        why: Why it is shown, in a sentence.
        label: Its true class; "" when unknown.
        load: Decodes it.
    """

    title: str
    why: str
    label: str
    load: Load


def open_bundle(bundle: Bundle) -> "Engine":
    """Make a bundle readable.

    Raises:
        OsteoError: It is damaged, or has no layers of its own.
    """
    from osteo_core import open_model

    return open_model(str(bundle.folder))


@dataclass(frozen=True)
class Request:
    """What a report is about.

    Attributes:
        bundles: The networks, one or more; the first is in front.
        part: "train", "validation", "test" or "all".
        cohort: Where labelled tiles and their pictures are; without one the stored predictions
            are scored, and only the tiles in `on_view` are shown.
        on_view: Tiles to be shown first, such as those a person was looking at.
        method: Name of the heat-map method.
        layer: Of the heat maps; "" takes each network's own default.
        target: Class explained; "" takes each network's call.
        pictures: Most tiles to be chosen from the cohort.
        graded: Most maps to be graded, which takes long; the others say that they are not.
        audit: Whether the cohort is audited.
        fresh: Whether tiles that a network has never met are read now.
        opener: Opens a network; by default anew.
        known_grade: Gives the grade of a map where it is known already.
    """

    bundles: tuple[Bundle, ...]
    part: str = "test"
    cohort: Cohort | None = None
    on_view: tuple[Wanted, ...] = ()
    method: str = "gradcam"
    layer: str = ""
    target: str = ""
    pictures: int = 12
    graded: int = 0
    audit: bool = True
    fresh: bool = True
    opener: Callable[[Bundle], "Engine"] = open_bundle
    known_grade: Callable[["HeatMap"], "Grade | None"] = lambda heat: None

    def __post_init__(self) -> None:
        if not self.bundles:
            raise BundleError("Expected one network or more to report on. Received: none.")


@dataclass(frozen=True, eq=False)
class Said:
    """What the networks say of the tiles of a part.

    Attributes:
        parts: Each network's labelled tiles, by name.
        compared: The networks on the tiles that all have; None for one network.
        tiles: Cohort tiles with a picture, by SHA-256.
        notes: What is to be known of this, in sentences.
    """

    parts: Mapping[str, LabelledPart]
    compared: Comparison | None
    tiles: Mapping[str, CohortTile] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def gather(request: Request) -> Steps[Said]:
    """Collect predictions: the stored ones, and of a cohort those of tiles never met.

    Yields:
        The share done, 0..1.

    Raises:
        BundleError: Predictions are missing.
        CohortError: No such part.
    """
    frames, notes, n = {}, [], len(request.bundles)
    for number, bundle in enumerate(request.bundles):
        stored = bundle.predictions()
        if request.cohort is None:
            frames[bundle.name] = stored
        else:
            steps = _of_cohort(bundle, stored, request.cohort, request)
            frame, told = yield from between(steps, number / n, (number + 1) / n)
            frames[bundle.name] = frame
            notes += told
        yield (number + 1) / n
    classes = {bundle.name: bundle.card.classes for bundle in request.bundles}
    score = stored_part if request.cohort is None else _fresh_part
    parts = {b.name: score(b, request.part, frames[b.name]) for b in request.bundles}
    compared = compare(frames, classes, request.part) if len(frames) > 1 else None
    return Said(parts, compared, _pictured(request.cohort), tuple(dict.fromkeys(notes)))


def _fresh_part(bundle: Bundle, part: str, frame: pd.DataFrame) -> LabelledPart:
    return read_part(frame, part, bundle.card.classes)


def loader(request: Request, tile: CohortTile) -> Load:
    """What decodes a tile of the request's cohort.

    Raises:
        BundleError: There is no cohort.
    """
    if request.cohort is None:
        raise BundleError("Expected a cohort to take pictures from. Received: none.")
    return partial(request.cohort.load, tile)


def _pictured(cohort: Cohort | None) -> dict[str, CohortTile]:
    return {} if cohort is None else {tile.sha256: tile for tile in cohort.tiles}


def _of_cohort(
    bundle: Bundle, stored: pd.DataFrame, cohort: Cohort, request: Request
) -> Steps[tuple[pd.DataFrame, list[str]]]:
    """Predictions for the cohort's tiles, the parts being what they were in training."""
    kind = bundle.card.split.kind
    met = dict(zip(cohort.tiles, roles(cohort, stored, kind), strict=True))
    known = stored[stored["tile"].isin([tile.sha256 for tile in cohort.tiles])]
    seen = set(known["tile"])
    new = [
        tile
        for tile, role in met.items()
        if tile.sha256 not in seen
        and tile.label in bundle.card.classes
        and request.part in (role, "all")
    ]
    frames, notes = [known], []
    if new and not request.fresh:
        notes.append(f"{len(new)} tiles of the cohort that {bundle.name} never met are left out.")
        new = []
    for start in range(0, len(new), _CHUNK):
        made = predict_unread(bundle, cohort, new[start : start + _CHUNK])
        split = {tile.sha256: role for tile, role in met.items()}
        frames.append(made.frame.assign(split=made.frame["tile"].map(split)))
        notes += [f"{file}: {why}" for file, why in made.failures]
        yield min(1.0, (start + _CHUNK) / len(new))
    if new:
        notes.append(
            f"{bundle.name} had never met {len(new)} of the tiles; it read them for this report."
        )
    return pd.concat(frames, ignore_index=True), notes


def readable(wanted: Wanted) -> "tuple[Tile | None, str]":
    """Decode a tile, or say why it cannot be: the tile and "", or None and a sentence."""
    try:
        return wanted.load(), ""
    except OsteoError as error:
        return None, str(error)
