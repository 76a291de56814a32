"""Damage that leaves a JPEG's codes in step: a seam of one block's height runs through the picture.

Where bytes are lost and the decoder finds its step again, it warns of nothing, but all blocks that
follow are off by the same brightness: to the right of the place in its row of blocks, and in all
rows below. The values then jump by that much along a staircase of one step, and at its riser.
"""

import numpy as np
from numpy.typing import NDArray

JUMP = 70.0  # summed over the channels; some 1,700 whole tiles and copies of them stay below 50
_SIDE = 4  # blocks on either side of the riser, at least


def has_seam(values: NDArray[np.uint8], height: int, width: int) -> bool:
    """Say whether the values jump along one step between two rows of blocks.

    Args:
        values: (h, w, c).
        height: Of the least unit that is coded together (8 or 16), in px.
        width: The same across.
    """
    return step(values, height, width) > JUMP


def step(values: NDArray[np.uint8], height: int, width: int) -> float:
    """Return the largest jump along a step, as far as its three parts agree; channels summed."""
    rows, across = values.shape[0] // height, values.shape[1] // width
    if rows < 3 or across < 4 * _SIDE:  # a mean over few blocks says nothing
        return 0.0
    below = values[height : rows * height : height, : across * width].astype(np.int16)
    above = values[height - 1 : (rows - 1) * height : height, : across * width]
    jumps = (below - above).reshape(rows - 1, across, width, -1).mean(2)  # (rows - 1, across, c)
    sums = np.cumsum(jumps, axis=1)
    cells = np.arange(1, across)[None, :, None]  # to the left of the riser
    right = (sums[:-1, -1:] - sums[:-1, :-1]) / (across - cells)  # of the upper stair
    left = sums[1:, :-1] / cells  # of the lower stair
    behind = values[height : (rows - 1) * height, width : across * width : width].astype(np.int16)
    before = values[height : (rows - 1) * height, width - 1 : (across - 1) * width : width]
    riser = (behind - before).reshape(rows - 2, height, across - 1, -1).mean(1)
    sign = np.sign(right)
    least = np.minimum(np.abs(right), np.minimum(left * sign, riser * sign))
    return float(np.maximum(least, 0).sum(2)[:, _SIDE - 1 : 1 - _SIDE].max())
