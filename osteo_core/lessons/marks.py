"""Tiles with a mark of ink in a corner: evidence that has nothing to do with the tissue."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteo_core.cohorts.synthetic import SyntheticTile
from osteo_core.errors import CohortError

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

INK = (20, 120, 90)  # RGB of a green pen, which neither dye of H&E comes near
SHARE = 5  # the mark's side is a fifth of the tile's
CORNERS = ("top left", "top right", "bottom left", "bottom right")


@dataclass(frozen=True, eq=False)
class Marked:
    """A tile with a mark.

    Attributes:
        pixels: uint8 RGB (side, side, 3).
        mask: bool (side, side), where the mark lies, what the ring encloses included.
    """

    pixels: Pixels
    mask: Mask


def mark(tile: SyntheticTile, corner: str) -> Marked:
    """Draw a ring of green ink into a corner of a tile, as a pen leaves it on a slide's glass.

    Args:
        tile: The tile; left as it is.
        corner: One of `CORNERS`.

    Raises:
        CohortError: No such corner.
    """
    if corner not in CORNERS:
        raise CohortError(f"Expected a corner: {', '.join(CORNERS)}. Received: {corner!r}.")
    side = tile.pixels.shape[0]
    size = side // SHARE
    down, right = corner.startswith("bottom"), corner.endswith("right")
    centre = tuple(side - size // 2 - 2 if far else size // 2 + 2 for far in (right, down))
    drawn = np.zeros((side, side), np.uint8)
    cv2.circle(drawn, centre, size // 2 - size // 8, 255, max(2, size // 4), cv2.LINE_AA)
    ring, _ = cv2.findContours(drawn, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = cv2.drawContours(np.zeros_like(drawn), ring, -1, 255, cv2.FILLED)
    cover = drawn[..., None].astype(np.float32) / 255
    pixels = tile.pixels * (1 - cover) + np.array(INK, np.float32) * cover
    return Marked(np.rint(pixels).astype(np.uint8), whole > 127)
