"""DeLong's variance of the area under a ROC curve, from ranks."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.intervals import Interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Placements:
    """One class against the rest.

    Attributes:
        auc: area under the curve, 0..1.
        positive: (m,) for each tile of the class, the share of the rest ranked below it.
        negative: (n,) for each of the rest, the share of the class ranked above it.
    """

    auc: float
    positive: Floats
    negative: Floats

    @property
    def variance(self) -> float | None:
        """Variance of the area; None with fewer than two tiles on either side."""
        if min(len(self.positive), len(self.negative)) < 2:
            return None
        return float(
            self.positive.var(ddof=1) / len(self.positive)
            + self.negative.var(ddof=1) / len(self.negative)
        )


def placements(positive: npt.ArrayLike, negative: npt.ArrayLike) -> Placements | None:
    """Rank the scores of a class among those of the rest; ties count half.

    Args:
        positive: (m,) scores of tiles of the class.
        negative: (n,) scores of the others.

    Returns:
        The placement values, in O((m + n) log(m + n)); None when a side is empty.

    Reference:
        E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson (1988), Biometrics 44:837; ranks as in
        X. Sun, W. Xu (2014), IEEE Signal Processing Letters 21:1389, algorithm 2.
    """
    own, rest = np.asarray(positive, np.float64), np.asarray(negative, np.float64)
    m, n = len(own), len(rest)
    if not m or not n:
        return None
    together = _midranks(np.concatenate([own, rest]))
    above = (together[:m] - _midranks(own)) / n
    below = 1 - (together[m:] - _midranks(rest)) / m
    return Placements(float(above.mean()), above, below)


def auc_interval(
    positive: npt.ArrayLike, negative: npt.ArrayLike, level: float = 0.95
) -> Interval | None:
    """DeLong's interval of an area, cut at 0 and 1; tiles are taken as independent.

    Args:
        positive: (m,) scores of tiles of the class.
        negative: (n,) scores of the others.
        level: two-sided confidence level, strictly between 0 and 1.

    Returns:
        None with fewer than two tiles on a side, and where the ranking is perfect (or perfectly
        wrong): the variance is 0 there, and a point would claim a certainty that is not to be had.
    """
    found = placements(positive, negative)
    variance = found.variance if found else None
    if found is None or not variance:
        return None
    half = NormalDist().inv_cdf(0.5 + level / 2) * sqrt(variance)
    return Interval(max(0.0, found.auc - half), min(1.0, found.auc + half), level)


def _midranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing their mean; `scipy.stats` takes a second to import."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks
