"""How alike two maps are, whatever their scales: the rank correlation of their values."""

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError

Numbers = npt.NDArray[np.floating]


def rank_correlation(first: Numbers, second: Numbers) -> float:
    """Spearman's rank correlation of two maps, -1..1; equal values have their mean rank.

    Args:
        first: Any shape, finite.
        second: The same shape.

    Returns:
        0 where either map is the same everywhere: it then says nothing of the other.

    Raises:
        ModelError: The shapes differ.

    Reference:
        Spearman 1904, "The proof and measurement of association between two things".
    """
    if first.shape != second.shape:
        raise ModelError(
            f"Expected two maps of one shape. Received: {first.shape} and {second.shape}."
        )
    a, b = (_centred_ranks(values) for values in (first, second))
    spread = np.sqrt((a @ a) * (b @ b))
    return float(np.clip(a @ b / spread, -1, 1)) if spread > 0 else 0.0


def _centred_ranks(values: Numbers) -> npt.NDArray[np.float64]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    ranks: npt.NDArray[np.float64] = mean_ranks[inverse.ravel()]
    ranks -= ranks.mean()
    return ranks


def coarse(values: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    """A map at the grain at which people compare maps: regions, not pixels.

    Args:
        values: float32 (h, w).
        side: Places a side.

    Returns:
        float32, each side at most that long; places are averaged, never invented.
    """
    height, width = (min(side, own) for own in values.shape)
    averaged: npt.NDArray[np.float32] = cv2.resize(
        values, (width, height), interpolation=cv2.INTER_AREA
    )
    return averaged
