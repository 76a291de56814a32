"""The audit of a cohort, from its table and one pass over its pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from osteo_core.cohorts.audit.copies import TURNS, Copy, find_copies
from osteo_core.cohorts.audit.facts import Facts, read_facts
from osteo_core.cohorts.audit.makeup import makeup
from osteo_core.cohorts.audit.overlaps import (
    Overlap,
    TileSide,
    overlaps,
    shared,
    tile_side,
    unnamed_overlaps,
)
from osteo_core.cohorts.audit.result import Audit, Kind, NearWhite, Pair
from osteo_core.cohorts.audit.stains import stain_rows
from osteo_core.cohorts.audit.tissue import tie
from osteo_core.cohorts.table import Cohort, CohortTile
from osteo_core.errors import CohortError
from osteo_core.steps import Steps, between, finish

NEAR_WHITE = 0.9  # share of white pixels above which a tile is nearly empty
_READING, _COPYING = 0.85, 0.95  # share of the time that is over when each is done


def audit(cohort: Cohort, side: float | None = None) -> Audit:
    """Audit a cohort; see `audit_steps`."""
    return finish(audit_steps(cohort, side))


def audit_steps(cohort: Cohort, side: float | None = None) -> Steps[Audit]:
    """Audit a cohort: pairs that leak, empty tiles, classes that hang on a case, stain.

    Args:
        cohort: The cohort; its images are read once each.
        side: Side of a tile in px of the slide; None finds it out.

    Yields:
        The share done, 0..1.

    Returns:
        The audit, without the label suspects of a network (`Audit.with_out_of_fold`).

    Raises:
        CohortError: No tile, or a side that is no length.
    """
    if not cohort.tiles:
        raise CohortError(f"Expected a cohort with tiles. Received: {cohort.folder} with none.")
    if side is not None and not side > 0:
        raise CohortError(f"Expected a tile's side above 0 px. Received: {side}.")
    facts = yield from between(read_facts(cohort), 0.0, _READING)
    copies, even = yield from between(find_copies(facts), _READING, _COPYING)
    known = TileSide(side, "as given") if side is not None else tile_side(facts)
    yield _COPYING
    return _put_together(cohort, facts, copies, even, known)


def _put_together(
    cohort: Cohort, facts: Facts, copies: Sequence[Copy], even: Sequence[int], side: TileSide
) -> Audit:
    repeated = {(copy.a, copy.b) for copy in copies}
    named = [o for o in overlaps(facts, side.px) if (o.a, o.b) not in repeated]
    confirmed, left = unnamed_overlaps(facts, side.px)
    unnamed = [o for o in confirmed if (o.a, o.b) not in repeated]
    pairs = [_copy(facts.tiles, copy, side.px) for copy in copies]
    pairs += [_overlap(facts.tiles, overlap) for overlap in named]
    return Audit(
        digest=cohort.digest,
        protocol=cohort.protocol.kind,
        n_tiles=len(cohort.tiles),
        unread=facts.unread,
        altered=facts.altered,
        side=side,
        leaks=tuple(pair for pair in pairs if pair.across),
        pairs=tuple(pair for pair in pairs if not pair.across),
        unnamed=tuple(_overlap(facts.tiles, overlap) for overlap in unnamed),
        unnamed_left=left,
        groups=tie(facts.tiles, [*unnamed, *copies]),
        near_white=_near_white(facts),
        too_even=tuple(facts.tiles[row].file for row in even),
        makeup=makeup(cohort.tiles),
        stains=stain_rows(facts),
    )


def _copy(tiles: Sequence[CohortTile], copy: Copy, side: float) -> Pair:
    how = "the same file" if copy.same_file else TURNS[copy.turn]
    a, b = tiles[copy.a], tiles[copy.b]
    share = None
    if (a.case, a.slide) == (b.case, b.slide) and None not in (a.x, a.y, b.x, b.y):
        share = shared(a.x - b.x, a.y - b.y, side) or None  # type: ignore[operator]
    return _pair(a, b, "near-duplicate", share, copy.correlation, how)


def _overlap(tiles: Sequence[CohortTile], overlap: Overlap) -> Pair:
    a, b = tiles[overlap.a], tiles[overlap.b]
    how = f"{overlap.share:.0%} of a tile shared" if overlap.share >= 0.005 else "a sliver shared"
    return _pair(a, b, "overlap", overlap.share, overlap.correlation, how)


def _pair(
    a: CohortTile, b: CohortTile, kind: Kind, share: float | None, alike: float | None, how: str
) -> Pair:
    parts, labels, slides = (a.split, b.split), (a.label, b.label), (a.slide, b.slide)
    return Pair(a.file, b.file, kind, parts, labels, slides, _rounded(share), _rounded(alike), how)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _near_white(facts: Facts) -> tuple[NearWhite, ...]:
    rows = [row for row in np.argsort(-facts.white, kind="stable") if facts.white[row] > NEAR_WHITE]
    return tuple(
        NearWhite(tile.file, round(float(facts.white[row]), 4), tile.label, tile.split)
        for row in rows
        for tile in (facts.tiles[row],)
    )
