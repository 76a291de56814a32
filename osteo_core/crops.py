"""Pieces of tiles, and a strip of them."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from osteo_core.colours import Pixels

STRIP_COLOUR = 255  # between and around cells


def crop(pixels: Pixels, centre: tuple[float, float], size: tuple[int, int]) -> Pixels:
    """Cut a piece out of a tile.

    Args:
        pixels: uint8 RGB (H, W, 3).
        centre: y and x of the piece's middle, 0..1 of the tile.
        size: Height and width of the piece, px; no more than the tile's own is given.

    Returns:
        uint8 RGB, a view; near an edge the piece is shifted inside, not made smaller.

    Raises:
        ValueError: The centre is off the tile, or the piece is empty.
    """
    if not all(0 <= at <= 1 for at in centre) or min(size) < 1:
        raise ValueError(
            "Expected a centre of 0..1 and a size of 1 px or more; "
            f"Received: centre {centre}, size {size}."
        )
    rows, columns = (
        _inside(at, int(part), whole)
        for at, part, whole in zip(centre, size, pixels.shape[:2], strict=True)
    )
    return pixels[rows, columns]


def strip(crops: Sequence[Pixels], side: int = 96, gap: int = 4) -> Pixels:
    """Lay pieces side by side in square cells of one size.

    Args:
        crops: uint8 RGB pieces of any size; each is brought to the cell's size as a whole, its
            shape kept, and centred.
        side: Of a cell, px.
        gap: Between cells, px.

    Returns:
        uint8 RGB (side, n * side + (n - 1) * gap, 3).

    Raises:
        ValueError: No pieces.
    """
    if not crops:
        raise ValueError("Expected at least one piece; Received: none.")
    width = len(crops) * (side + gap) - gap
    picture: NDArray[np.uint8] = np.full((side, width, 3), STRIP_COLOUR, np.uint8)
    for number, piece in enumerate(crops):
        fitted = _fitted(piece, side)
        height, wide = fitted.shape[:2]
        top, left = (side - height) // 2, number * (side + gap) + (side - wide) // 2
        picture[top : top + height, left : left + wide] = fitted
    return picture


def _inside(centre: float, part: int, whole: int) -> slice:
    part = min(part, whole)
    start = round(centre * whole - part / 2)
    start = min(max(start, 0), whole - part)
    return slice(start, start + part)


def _fitted(piece: Pixels, side: int) -> Pixels:
    height, width = piece.shape[:2]
    factor = side / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    fitted: Pixels = cv2.resize(piece, size, interpolation=how)
    return fitted
