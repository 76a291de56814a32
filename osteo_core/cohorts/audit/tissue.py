"""Which slides are one piece of tissue under several names, as the pictures have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from osteo_core.cohorts.audit.copies import find_copies
from osteo_core.cohorts.audit.facts import Pictures
from osteo_core.cohorts.audit.overlaps import tile_side, unnamed_overlaps
from osteo_core.cohorts.table import CohortTile
from osteo_core.steps import finish

Groups = tuple[tuple[str, ...], ...]


class RowPair(Protocol):
    """Two rows of a list of tiles."""

    @property
    def a(self) -> int: ...  # noqa: D102
    @property
    def b(self) -> int: ...  # noqa: D102


def tie(tiles: Sequence[CohortTile], pairs: Sequence[RowPair]) -> Groups:
    """Slides tied together by pairs of tiles, also through others; two or more in a group."""
    names = sorted({tile.slide for tile in tiles if tile.slide})
    number = {name: i for i, name in enumerate(names)}
    ends = np.array(
        [
            (number[a], number[b])
            for pair in pairs
            if (a := tiles[pair.a].slide) and (b := tiles[pair.b].slide)
        ],
        np.intp,
    ).reshape(-1, 2)
    ties = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(names),) * 2)
    _, group = connected_components(ties, directed=False)
    groups = [tuple(n for n, g in zip(names, group, strict=True) if g == i) for i in set(group)]
    return tuple(sorted(g for g in groups if len(g) > 1))


def tied_slides(pictures: Pictures) -> Groups:
    """Find the slides that show the same tissue, by overlapping tiles or by copies."""
    copies, _ = finish(find_copies(pictures))
    overlapping, _ = unnamed_overlaps(pictures, tile_side(pictures).px)
    return tie(pictures.tiles, [*overlapping, *copies])


def tissue_of(tiles: Sequence[CohortTile], groups: Groups) -> list[str]:
    """Name the piece of tissue that each tile is of: its slide, or the slides tied to it."""
    names = {slide: f"{group[0]} and {len(group) - 1} more" for group in groups for slide in group}
    return [names.get(tile.slide, tile.slide) for tile in tiles]
