"""Whether a heat map points where a person drew a mask."""

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.errors import MaskError

Values = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def pointing_game(values: Values, mask: Mask) -> float:
    """Whether the map's strongest place lies inside a mask.

    Args:
        values: Raw map, float32 (h, w); enlarged bilinearly to the mask.
        mask: bool (H, W), True inside.

    Returns:
        1 for a hit, else 0; of several strongest places the share that lies inside.

    Raises:
        MaskError: The mask is empty.

    Reference:
        Zhang et al. 2016, arXiv:1608.00507, section 4.1, without its margin of 15 pixels.
    """
    large = _enlarged(values, mask)
    return float(mask[large == large.max()].mean())


def relevance_mass(values: Values, mask: Mask) -> float:
    """The share of a map's positive values that lies inside a mask.

    Args:
        values: Raw map, float32 (h, w); enlarged bilinearly to the mask.
        mask: bool (H, W), True inside.

    Returns:
        0..1; 0 for a map without positive values. A map that is the same everywhere has the share
        of the tile that the mask covers.

    Raises:
        MaskError: The mask is empty.

    Reference:
        Arras et al. 2022, arXiv:2003.07258, "relevance mass accuracy".
    """
    positive = np.maximum(_enlarged(values, mask), 0).astype(np.float64)
    total = float(positive.sum())
    return float(positive[mask].sum()) / total if total > 0 else 0.0


def _enlarged(values: Values, mask: Mask) -> Values:
    if not mask.any():
        raise MaskError("Expected a mask with something inside it. Received: an empty one.")
    large: Values = cv2.resize(
        np.nan_to_num(values), mask.shape[::-1], interpolation=cv2.INTER_LINEAR
    )
    return large
