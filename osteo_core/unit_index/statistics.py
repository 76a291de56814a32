"""Figures of many units at once: class means, selectivity, histograms."""

from typing import Any

import numpy as np
import numpy.typing as npt

BINS = 24
Values = npt.NDArray[np.float32]  # (units, tiles)
Classes = npt.NDArray[np.intp]  # (tiles,), number of each tile's class


def class_means(values: Values, classes: Classes, n_classes: int) -> npt.NDArray[np.float64]:
    """Mean over the tiles of each class, (units, classes); not a number for an empty class."""
    members = np.eye(n_classes)[classes]  # (tiles, classes)
    with np.errstate(invalid="ignore"):
        means: npt.NDArray[np.float64] = (values @ members) / members.sum(0)
    return means


def selectivity(values: Values, classes: Classes, n_classes: int) -> npt.NDArray[np.float64]:
    """Area under the ROC curve of each class against the rest.

    The probability that a tile of the class drives the unit more than a tile of another class,
    where a tie counts half: 1 and 0 separate perfectly, 0.5 says nothing.

    Returns:
        (units, classes), 0..1; not a number where the class or the rest has no tile.

    Reference:
        Mann and Whitney, 1947: the area is U / (n_class * n_rest).
    """
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=1)  # of ties the mean rank
    members = np.eye(n_classes)[classes]
    inside = members.sum(0)
    with np.errstate(invalid="ignore"):
        u = ranks @ members - inside * (inside + 1) / 2
        area: npt.NDArray[np.float64] = u / (inside * (len(classes) - inside))
    return area


def histograms(values: Values, classes: Classes, n_classes: int) -> tuple[Values, npt.NDArray[Any]]:
    """Count tiles by value, each unit between its own least and greatest.

    Returns:
        Least and greatest value of each unit, (units, 2), and counts (units, classes, BINS) in
        the smallest unsigned type that holds them. A unit that never changes has all its tiles in
        the first bin.
    """
    ends = np.stack([values.min(1), values.max(1)], 1)
    edges = bin_edges(ends)  # (units, BINS + 1)
    bins = (values[:, None, :] >= edges[:, 1:-1, None]).sum(1)  # (units, tiles), 0..BINS - 1
    slot = (np.arange(len(values))[:, None] * n_classes + classes) * BINS + bins
    counts = np.bincount(slot.ravel(), minlength=len(values) * n_classes * BINS)
    smallest = np.min_scalar_type(len(classes))
    return ends, counts.reshape(len(values), n_classes, BINS).astype(smallest)


def bin_edges(ends: Values) -> Values:
    """Least and greatest (..., 2) -> edges of the bins (..., BINS + 1), of which none are equal."""
    least, greatest = ends[..., :1], ends[..., 1:]
    width = np.where(greatest > least, greatest - least, 1)
    edges: Values = (least + width * np.linspace(0, 1, BINS + 1)).astype(np.float32)
    edges[..., -1:] = np.where(greatest > least, greatest, edges[..., -1:])  # not rounded away
    return edges
