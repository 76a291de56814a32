"""Tiles that overlap physically: from their origins, and what the pictures say of it.

An origin is in pixels of the slide, a tile's side in them is not written anywhere: it is measured.
Two tiles of a slide are laid over each other as a supposed side would have them; only with the
right one does the part they share look alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from osteo_core.cohorts.audit.facts import SIDE, Pictures
from osteo_core.cohorts.table import CohortTile

COLLECTION_SIDE = 1024  # px of the slide, of the public collection's tiles
ALIKE = 0.6  # correlation of the shared part from which it is the same tissue
LEAST_SHARE = 0.02  # of a tile: smaller parts have too few pixels to compare
MOST_COMPARED = 20_000  # pairs of differently named slides held against each other
_SUPPOSED = (COLLECTION_SIDE, 128, 256, 512, 2048, 4096)
_WITNESSES, _FEWEST = 24, 3
_WITNESS_SHARES = (0.1, 0.95)  # tiles at one place fit with any side
_GRID = 0.8  # share of neighbours at one distance that makes a grid
_COARSE = 8.0  # px of SIDE


@dataclass(frozen=True)
class TileSide:
    """Side of a tile in px of the slide, and how it is known."""

    px: float
    how: str


@dataclass(frozen=True)
class Overlap:
    """Two tiles that share tissue.

    Attributes:
        a: Row of the first tile.
        b: Row of the second, greater than `a`.
        share: Part of a tile that they share, 0..1.
        correlation: Of the shared part in the two pictures, -1..1; None where it is too small.
    """

    a: int
    b: int
    share: float
    correlation: float | None


def shared(dx: float, dy: float, side: float) -> float:
    """Part of a tile that it shares with another whose origin is (dx, dy) px away; 0..1."""
    return max(0.0, 1 - abs(dx) / side) * max(0.0, 1 - abs(dy) / side)


def tile_side(pictures: Pictures) -> TileSide:
    """Find the side of a tile in px of the slide.

    Measured from the pictures of tiles of one slide where enough of them overlap; else from a
    regular grid of origins; else that of the public collection, whose names tell the origins.
    """
    votes = {side: _agreement(pictures, side) for side in _SUPPOSED}
    side, (median, witnesses) = max(votes.items(), key=lambda item: item[1][0])
    if median >= ALIKE:
        how = f"measured on {witnesses} overlapping pairs: their shared parts correlate at "
        return TileSide(side, f"{how}{median:.2f} in the median")
    step = _grid(pictures.tiles)
    if step is not None and step < COLLECTION_SIDE:  # tiles far apart do not tell their side
        return TileSide(step, "the step of the grid that the origins make")
    return TileSide(COLLECTION_SIDE, "that of the public collection; no overlapping pair tells it")


def overlaps(pictures: Pictures, side: float) -> list[Overlap]:
    """Find the pairs of tiles of one slide that share tissue by their origins."""
    found = []
    for rows in _slides(pictures.tiles).values():
        for i, j in _near(pictures.tiles, rows, side):
            if share := _share(pictures.tiles, i, j, side):
                found.append(Overlap(i, j, share, likeness(pictures, i, j, side)))
    return sorted(found, key=lambda pair: (pair.a, pair.b))


def unnamed_overlaps(pictures: Pictures, side: float) -> tuple[list[Overlap], int]:
    """Find tiles that are named as of different slides and yet show the same tissue.

    Two slides have nothing in common, so at the same origins they look different; where the shared
    part looks alike all the same, at least one of the two names is not that of the tile's slide.

    Returns:
        The pairs that the pictures confirm, and how many pairs of neighbouring origins were left
        out because there are more than `MOST_COMPARED`.
    """
    tiles = pictures.tiles
    rows = [row for row, tile in enumerate(tiles) if tile.x is not None]
    near = [
        (share, i, j)
        for i, j in _near(tiles, rows, side)
        if _slide(tiles[i]) != _slide(tiles[j])
        and (share := _share(tiles, i, j, side)) >= LEAST_SHARE
    ]
    near.sort(key=lambda item: (-item[0], item[1:]))
    measured = [
        Overlap(i, j, share, likeness(pictures, i, j, side)) for share, i, j in near[:MOST_COMPARED]
    ]
    found = [pair for pair in measured if (pair.correlation or 0) >= ALIKE]
    return sorted(found, key=lambda p: (p.a, p.b)), max(0, len(near) - MOST_COMPARED)


def likeness(pictures: Pictures, i: int, j: int, side: float) -> float | None:
    """Correlation of the part that two tiles share by their origins; None for a sliver of it."""
    a, b = pictures.tiles[i], pictures.tiles[j]
    if a.x is None or a.y is None or b.x is None or b.y is None:
        return None
    dx, dy = (b.x - a.x) * SIDE / side, (b.y - a.y) * SIDE / side
    if shared(dx, dy, SIDE) < LEAST_SHARE:
        return None
    move = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    over = cv2.warpAffine(_fine(pictures.grey[j]), move, (SIDE, SIDE))
    across, down = _inside(dx), _inside(dy)
    return _correlation(_fine(pictures.grey[i])[down, across], over[down, across])


def _inside(shift: float) -> slice:
    """Pixels that both have, without the border that interpolation leaves uncertain."""
    return slice(max(0, int(np.ceil(shift)) + 1), min(SIDE, int(SIDE + shift) - 1))


def _fine(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = grey.astype(np.float32)
    fine: NDArray[np.float32] = values - cv2.GaussianBlur(values, (0, 0), _COARSE)
    return fine


def _correlation(u: NDArray[np.float32], v: NDArray[np.float32]) -> float | None:
    if u.size < 16:
        return None
    u, v = u - u.mean(), v - v.mean()
    length = float(np.sqrt((u * u).sum() * (v * v).sum()))
    return float((u * v).sum()) / length if length > u.size * 0.25 else None  # grey values, squared


def _agreement(pictures: Pictures, side: float) -> tuple[float, int]:
    """Median likeness of the pairs of a slide that overlap most, were this the side; and pairs."""
    pairs = [
        (share, i, j)
        for rows in _slides(pictures.tiles).values()
        for i, j in _near(pictures.tiles, rows, side)
        if _WITNESS_SHARES[0] <= (share := _share(pictures.tiles, i, j, side)) <= _WITNESS_SHARES[1]
    ]
    pairs.sort(reverse=True)
    seen = [likeness(pictures, i, j, side) for _, i, j in pairs[:_WITNESSES]]
    told = [value for value in seen if value is not None]
    return (float(np.median(told)), len(told)) if len(told) >= _FEWEST else (-1.0, 0)


def _slide(tile: CohortTile) -> tuple[str, str]:
    return tile.case, tile.slide  # codes of slides repeat between cases


def _slides(tiles: Sequence[CohortTile]) -> dict[tuple[str, str], list[int]]:
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, tile in enumerate(tiles):
        if tile.x is not None and tile.y is not None:
            rows[_slide(tile)].append(row)
    return rows


def _near(tiles: Sequence[CohortTile], rows: Sequence[int], side: float) -> list[tuple[int, int]]:
    """Pairs of rows whose origins are less than a side apart in both directions."""
    if len(rows) < 2:
        return []
    places = np.array([(tiles[row].x, tiles[row].y) for row in rows], np.float64)
    pairs = cKDTree(places).query_pairs(side, p=float("inf"), output_type="ndarray")
    return [(min(rows[i], rows[j]), max(rows[i], rows[j])) for i, j in pairs.tolist()]


def _share(tiles: Sequence[CohortTile], i: int, j: int, side: float) -> float:
    a, b = tiles[i], tiles[j]
    if a.x is None or a.y is None or b.x is None or b.y is None:
        return 0.0
    return shared(a.x - b.x, a.y - b.y, side)


def _grid(tiles: Sequence[CohortTile]) -> float | None:
    """The distance at which nearly all tiles have their nearest neighbour, if there is one."""
    distances: list[float] = []
    for rows in _slides(tiles).values():
        if len(rows) > 1:
            places = np.array([(tiles[row].x, tiles[row].y) for row in rows], np.float64)
            distances += cKDTree(places).query(places, k=2, p=float("inf"))[0][:, 1].tolist()
    if len(distances) < 2 * _FEWEST:
        return None
    values, counts = np.unique(distances, return_counts=True)
    most = int(counts.argmax())
    return float(values[most]) if counts[most] >= _GRID * len(distances) and values[most] else None
