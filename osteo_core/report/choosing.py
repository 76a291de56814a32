"""Which tiles of a cohort a report shows: those that say most about the networks."""

from collections.abc import Iterator
from itertools import zip_longest

import numpy as np

from osteo_core.cohorts.table import CohortTile
from osteo_core.evaluate.parts import LabelledPart
from osteo_core.report.gather import Request, Said, Wanted, loader

Named = tuple[str, str]  # SHA-256, and why it is shown


def chosen(request: Request, said: Said) -> list[Wanted]:
    """Choose tiles in turn: surest errors, widest disagreements, least sure calls, sure ones.

    Args:
        request: What the report is about.
        said: What the networks say.

    Returns:
        At most `request.pictures` tiles of the cohort, none twice.
    """
    sources = [_errors(name, part) for name, part in said.parts.items()]
    if said.compared is not None:
        sources.insert(0, _apart(said))
    for name, part in said.parts.items():
        sources += [_doubts(name, part), _sure(name, part)]
    found: dict[str, str] = {}
    for together in zip_longest(*sources):
        for named in together:
            if named is not None and named[0] in said.tiles:
                found.setdefault(*named)
    kept = list(found.items())[: request.pictures]
    return [_wanted(request, said.tiles[sha256], why) for sha256, why in kept]


def _wanted(request: Request, tile: CohortTile, why: str) -> Wanted:
    return Wanted(tile.file, why, tile.label, loader(request, tile))


def _errors(name: str, part: LabelledPart) -> Iterator[Named]:
    right, top = _right(part), part.confidence
    for i in np.argsort(-top, kind="stable"):
        if not right[i]:
            yield _tile(part, i), f"{name} is wrong and sure of it ({top[i]:.0%})."


def _doubts(name: str, part: LabelledPart) -> Iterator[Named]:
    top = part.confidence
    for i in np.argsort(top, kind="stable")[:3]:
        yield _tile(part, i), f"{name} is least sure here ({top[i]:.0%})."


def _sure(name: str, part: LabelledPart) -> Iterator[Named]:
    """The surest right call of each class."""
    right, labels = _right(part), np.asarray(part.labels, object)
    for k, label in enumerate(part.classes):
        rows = np.flatnonzero(right & (labels == label))
        if rows.size:
            i = rows[part.probabilities[rows, k].argmax()]
            share = part.probabilities[i, k]
            yield _tile(part, i), f"The {label} tile that {name} is surest of ({share:.0%})."


def _apart(said: Said) -> Iterator[Named]:
    if said.compared is not None:
        for row in said.compared.disagreements().itertuples():
            yield str(row.tile), f"The networks disagree, by up to {row.apart:.2f} in probability."


def _right(part: LabelledPart) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    same: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = np.asarray(
        [a == b for a, b in zip(part.calls, part.labels, strict=True)], bool
    )
    return same


def _tile(part: LabelledPart, row: int) -> str:
    return str(part.table["tile"].iloc[int(row)])
