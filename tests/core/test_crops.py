"""Pieces of tiles: where they are cut, and how they are laid side by side."""

import numpy as np
import pytest

from osteo_core.crops import STRIP_COLOUR, crop, strip


def _numbered(height=10, width=20):
    """Red is the row, green the column."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = np.mgrid[:height, :width]
    return pixels


@pytest.mark.parametrize(
    ("centre", "size", "corner", "shape"),
    [
        ((0.5, 0.5), (4, 6), (3, 7), (4, 6)),
        ((0, 0), (4, 6), (0, 0), (4, 6)),  # shifted inside
        ((1, 1), (4, 6), (6, 14), (4, 6)),
        ((1, 0.5), (3, 3), (7, 8), (3, 3)),
        ((0.3, 0.9), (99, 4), (0, 16), (10, 4)),  # no taller than the tile
    ],
)
def test_crop(centre, size, corner, shape):
    piece = crop(_numbered(), centre, size)
    assert piece.shape[:2] == shape
    assert piece[0, 0].tolist() == [*corner, 0]
    assert piece[-1, -1].tolist() == [corner[0] + shape[0] - 1, corner[1] + shape[1] - 1, 0]


def test_strip_of_equal_cells():
    red = np.full((8, 8, 3), (200, 0, 0), np.uint8)
    wide = np.full((10, 40, 3), (0, 100, 0), np.uint8)
    large = np.full((300, 300, 3), (0, 0, 50), np.uint8)
    picture = strip([red, wide, large], side=16, gap=2)
    assert (picture.shape, picture.dtype) == ((16, 3 * 16 + 2 * 2, 3), np.uint8)
    assert (picture[:, :16] == (200, 0, 0)).all()
    assert (picture[:, 16:18] == STRIP_COLOUR).all()
    assert (picture[6:10, 18:34] == (0, 100, 0)).all()  # 40 × 10 keeps its shape
    assert (picture[:6, 18:34] == STRIP_COLOUR).all()
    assert (picture[:, 36:] == (0, 0, 50)).all()


def test_refusals():
    for ask in (
        lambda: crop(_numbered(), (1.1, 0), (2, 2)),
        lambda: crop(_numbered(), (0, 0), (0, 2)),
        lambda: strip([]),
    ):
        with pytest.raises(ValueError, match=r"Expected .*; Received"):
            ask()
