"""The split that a cohort's folders tell, and what there is to say of any split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from osteo_core.cohorts.splits import PARTS, SplitProtocol, deal
from osteo_core.cohorts.table import Cohort, CohortTile
from osteo_core.errors import CohortError
from osteo_core.wording import GIVEN

_SHARE = 0.15  # of the tiles to train on, for a part that no folder holds
_SHOWN = 3


def given_split(cohort: Cohort, seed: int) -> tuple[Cohort, list[str]] | None:
    """Keep the split that the tiles came with.

    A part that came with no tile is taken out of training, whole slides where there are several.

    Args:
        cohort: Its tiles have the part that their folders tell.
        seed: Of what is taken out of training.

    Returns:
        The cohort under its given split, and sentences on it; None where nothing to train on was
        given, or nothing else, so that there is no split to keep.

    Raises:
        CohortError: Too few tiles to train on to take a part out of.
    """
    came = {tile.split for tile in cohort.tiles}
    if "train" not in came or len(came) < 2:
        return None
    notes = ["The split that the folders tell was kept."]
    for part in PARTS:
        if part not in came:
            cohort, note = _taken_out(cohort, part, seed)
            notes.append(note)
    sizes = Counter(tile.split for tile in cohort.tiles)
    train, validation, test = (sizes[part] / len(cohort.tiles) for part in PARTS)
    kept = replace(cohort, protocol=SplitProtocol(GIVEN, (train, validation, test), seed))
    return kept, [*notes, *part_notes(kept)]


def _taken_out(cohort: Cohort, part: str, seed: int) -> tuple[Cohort, str]:
    train = cohort.part("train")
    kind = "slide" if len({tile.slide for tile in train}) > 1 else "tile"
    try:
        dealt = deal(train, kind, ("train", part), (1 - _SHARE, _SHARE), seed)
    except CohortError as error:
        raise CohortError(
            f"Expected a folder of {part} tiles, or two tiles to train on, of which one could be "
            f"the {part} part. Received: {len(train)}."
        ) from error
    moved = dict(zip((tile.sha256 for tile in train), dealt, strict=True))
    tiles = tuple(replace(t, split=moved.get(t.sha256, t.split)) for t in cohort.tiles)
    whole = "whole slides of them" if kind == "slide" else "tiles of one slide"
    return replace(cohort, tiles=tiles), (
        f"No folder holds a {part} part: {dealt.count(part)} of the {len(train)} tiles to train on "
        f"({whole}) were taken for it."
    )


def part_notes(cohort: Cohort) -> Iterator[str]:
    """Sentences on parts that lack a class, and on slides or cases in several given parts."""
    sizes = Counter(tile.label for tile in cohort.tiles)
    for part, told in cohort.counts().items():
        absent = [name for name, n in told["classes"].items() if not n]
        if absent:
            dealt = cohort.protocol.kind in ("slide", "case") and sizes[absent[0]] >= len(PARTS)
            why = ": too few have it to give every part some; --split tile would" if dealt else ""
            yield f"The {part} part has no tile of {', '.join(absent)}{why}."
    if cohort.protocol.kind == GIVEN:
        yield from _crossing(cohort.tiles)


def _crossing(tiles: tuple[CohortTile, ...]) -> Iterator[str]:
    for what in ("slide", "case"):
        parts: defaultdict[str, set[str]] = defaultdict(set)
        for tile in tiles:
            parts[getattr(tile, what)].add(tile.split)
        crossing = sorted(name for name, found in parts.items() if len(found) > 1)
        if crossing:
            more = f" and {len(crossing) - _SHOWN} more" if len(crossing) > _SHOWN else ""
            yield (
                f"{len(crossing)} {what}s have tiles in more than one part of the given split "
                f"({', '.join(crossing[:_SHOWN])}{more}): its figures flatter a network."
            )
