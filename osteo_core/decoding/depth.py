"""How many bits a picture's values really use, so that the depth of a file changes nothing.

In a brightfield picture 0 is no light and the glass lies near the top, so values are scaled by the
range of their depth, never stretched to what one picture happens to hold: a tile reads alike with
8, 12 or 16 bits. A file of 16 bits often keeps fewer. Their number is the least, from 8, that
holds all but one value in a thousand, since a few hot pixels must not decide; values that all are
multiples of 257 or 256 are 8 bits written over the whole range of 16.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from osteo_core.decoding.stored import Values

HOT_SHARE = 0.001


def histogram(colours: Values, visible: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    """Count the values of all channels: (65536,).

    Args:
        colours: uint16 (h, w, c).
        visible: Where they are seen, (h, w); everywhere when None.
    """
    mask = None if visible is None else visible.astype(np.uint8)
    counts = np.zeros(65536, np.int64)
    for channel in range(colours.shape[2]):
        found = cv2.calcHist([colours], [channel], mask, [65536], [0, 65536])
        counts += found.ravel().astype(np.int64)
    return counts


def top_of(counts: NDArray[np.int64], bits: int) -> int:
    """Return the value that stands for full brightness.

    Args:
        counts: How often each value occurs, (65536,).
        bits: What the file declares; less than 16 is believed.
    """
    if bits < 16:
        return (1 << bits) - 1
    total = int(counts.sum())
    reach = int(np.searchsorted(np.cumsum(counts), total * (1 - HOT_SHARE)))
    bits = max(8, reach.bit_length())
    if _holds(counts, 257):
        return 65535
    bits = 16 if _holds(counts, 256) else bits
    shift = next((n for n in range(bits - 8, 0, -1) if _holds(counts, 1 << n)), 0)
    return (1 << bits) - (1 << shift)


def _holds(counts: NDArray[np.int64], step: int) -> bool:
    """Say whether all values but for hot pixels are multiples of a step, and not all are 0."""
    bright = int(counts[1:].sum())
    return bright > 0 and int(counts[step::step].sum()) >= bright * (1 - HOT_SHARE)
