"""Nearly repeated tiles: copies that were saved again, resized, turned or mirrored.

Every pair of tiles is held together in the eight ways a square can lie, first by a perceptual
signature (32 x 32 grey values without what is coarser than a sixth of the tile), then, where that
leaves a doubt, by the correlation of finer detail. A signature of real numbers instead of a hash
of bits: all pairs of 1,144 tiles are one matrix product, so none is missed by a bucket.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteo_core.cohorts.audit.facts import Grey, Pictures
from osteo_core.steps import Steps

ALIKE = 0.75  # correlation of detail from which two pictures are one; see the margins below
EVEN = 0.75  # grey values: with less detail than this, saving as JPEG changes a picture's own
_NOTHING = 0.1  # grey values: with less than this there is nothing to compare
_ALIKE_EVEN = 0.9  # what two pictures must reach of which one is even
_DOUBT = 0.5  # correlation of signatures from which detail is looked at
_SIGNATURE, _DETAIL = 32, 64  # px
_COARSE = 4.0  # px, in either: slow changes of shade, which many tiles share, are taken away
_ROWS = 512
TURNS = (
    *("as it is", "turned by 90°", "turned by 180°", "turned by 270°"),
    *(
        "mirrored",
        "mirrored, turned by 90°",
        "mirrored, turned by 180°",
        "mirrored, turned by 270°",
    ),
)
# Measured on the 919 tiles of the collection at hand: the most alike of 421,821 pairs that are no
# copies reach 0.51 in any of the eight ways; copies of every tile, turned or mirrored, resized to
# 256..1024 px and saved as JPEG of quality 50 to 95 stay at 0.96 and above.

Features = NDArray[np.float32]  # (n, side * side), rows of mean 0 and length 1


@dataclass(frozen=True)
class Copy:
    """Two tiles that show one picture.

    Attributes:
        a: Row of the first tile.
        b: Row of the second, greater than `a`.
        correlation: Of their detail, -1..1.
        turn: Index into `TURNS`: how the second lies to the first; turns are counter-clockwise.
        same_file: Whether they are the same to the byte.
    """

    a: int
    b: int
    correlation: float
    turn: int
    same_file: bool = False


def find_copies(pictures: Pictures) -> Steps[tuple[tuple[Copy, ...], tuple[int, ...]]]:
    """Find all pairs of tiles that show one picture.

    Yields:
        The share done, 0..1.

    Returns:
        The pairs, and the rows of the tiles that are so even that a copy may be missed unless it
        was saved without loss.
    """
    spread = _spread(pictures.grey)
    pairs = {(copy.a, copy.b): copy for copy in _same_files(pictures)}
    rows = np.flatnonzero(spread >= _NOTHING)
    signatures, details = features(pictures.grey[rows], _SIGNATURE), features(pictures.grey[rows])
    for start in range(0, len(rows), _ROWS):
        for i, j, turn in _doubtful(signatures, start):
            correlation = float(details[i] @ turned(details[j : j + 1], turn)[0])
            key = int(rows[i]), int(rows[j])
            alike = ALIKE if min(spread[list(key)]) >= EVEN else _ALIKE_EVEN
            if correlation >= alike and (key not in pairs or pairs[key].correlation < correlation):
                pairs[key] = Copy(*key, correlation, turn)
        yield min(1.0, (start + _ROWS) / len(rows))
    return tuple(pairs[key] for key in sorted(pairs)), tuple(
        map(int, np.flatnonzero(spread < EVEN))
    )


def features(grey: Grey, side: int = _DETAIL) -> Features:
    """Detail of tiles: reduced to `side` px, slow changes of shade taken away, rows standardised.

    Args:
        grey: uint8 (n, SIDE, SIDE).
        side: px, a divisor of SIDE.
    """
    rows = np.stack([_detail(tile, side).ravel() for tile in grey]) if len(grey) else _none(side)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return rows


def turned(rows: Features, turn: int) -> Features:
    """The features of the tiles laid in another of the eight ways."""
    side = round(rows.shape[1] ** 0.5)
    squares = rows.reshape(-1, side, side)
    squares = squares[:, :, ::-1] if turn >= 4 else squares
    return np.ascontiguousarray(np.rot90(squares, turn % 4, axes=(1, 2))).reshape(rows.shape)


def _doubtful(signatures: Features, start: int) -> list[tuple[int, int, int]]:
    """(i, j, turn) with i < j, i in the block, whose signatures do not exclude that j copies i."""
    found = []
    block, later = signatures[start : start + _ROWS], signatures[start:]
    for turn in range(len(TURNS)):
        alike = np.argwhere(block @ turned(later, turn).T >= _DOUBT)
        found += [(start + int(i), start + int(j), turn) for i, j in alike if i < j]
    return found


def _same_files(pictures: Pictures) -> list[Copy]:
    first: dict[str, int] = {}
    copies = []
    for row, tile in enumerate(pictures.tiles):
        if tile.sha256 in first:
            copies.append(Copy(first[tile.sha256], row, 1.0, 0, same_file=True))
        first.setdefault(tile.sha256, row)
    return copies


def _spread(grey: Grey) -> NDArray[np.float64]:
    return np.array([float(_detail(tile, _DETAIL).std()) for tile in grey], np.float64)


def _detail(tile: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    small = cv2.resize(tile.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    detail: NDArray[np.float32] = small - cv2.GaussianBlur(small, (0, 0), _COARSE)
    return detail


def _none(side: int) -> Features:
    return np.empty((0, side * side), np.float32)
