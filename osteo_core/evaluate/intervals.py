"""Intervals for shares: how far a share counted on few tiles may be from the true one."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class Interval:
    """Bounds of a share, both in [0, 1], and the level they hold at (0.95 is 95 %)."""

    low: float
    high: float
    level: float = 0.95


def wilson(k: int, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval for `k` successes in `n` independent trials.

    It keeps within [0, 1] and holds its level near 0 and 1, where the textbook interval
    (p ± z·√(pq/n)) shrinks to a point. It treats tiles as independent; tiles of one slide are
    not, so on histology it is a lower bound of the uncertainty.

    Args:
        k: successes, 0 ≤ k ≤ n.
        n: trials, at least 1.
        level: two-sided confidence level, strictly between 0 and 1.

    Raises:
        ValueError: when k, n or level lie outside these ranges.

    Reference:
        E. B. Wilson (1927), J. Am. Stat. Assoc. 22:209; method 3 of R. G. Newcombe (1998),
        Stat. Med. 17:857. Without continuity correction.
    """
    if n < 1 or not 0 <= k <= n:
        raise ValueError(f"Expected 0 <= k <= n and n >= 1. Received: k={k}, n={n}.")
    if not 0 < level < 1:
        raise ValueError(f"Expected a level between 0 and 1. Received: {level}.")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    centre = k + z * z / 2
    half = z * sqrt(k * (n - k) / n + z * z / 4)
    # At k = 0 and k = n one bound is exactly 0 or 1; rounding would leave 1e-17 beside it.
    low = 0.0 if k == 0 else (centre - half) / (n + z * z)
    high = 1.0 if k == n else (centre + half) / (n + z * z)
    return Interval(low, high, level)
