"""Resampling: how a figure would move had other tiles, or other slides, been looked at.

Tiles of one slide resemble each other, so resampling tiles one by one makes a figure look surer
than it is. Taking whole slides keeps what belongs together together; both are offered, and their
difference says how far the tiles hang on their slides.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from osteo_core.evaluate.intervals import Interval

COUNT = 2000
LEAST = 200  # draws, however many tiles there are
MOST_CELLS = 20_000_000  # draws times tiles: 160 MB
FEW = 10
UNDEFINED = 0.05  # of the draws, at most, may leave a figure undefined
FLAT = 1e-9

Draws = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Weights = Draws | Floats


def draws(groups: Sequence[str] | None, n: int, count: int = COUNT, seed: int = 0) -> Draws:
    """Say how often each tile is taken in each bootstrap draw.

    Args:
        groups: the group (slide) of each tile, or None to resample tiles. Groups are taken whole
            and with replacement, as many as there are, so the number of tiles varies by draw.
        n: number of tiles.
        count: number of draws.
        seed: of the draws; the same seed gives the same draws.

    Returns:
        int32 (count, n), 0 for a tile that was not taken.

    Raises:
        ValueError: `groups` is not as long as `n`, or a number is negative.

    Reference:
        B. Efron (1979), Annals of Statistics 7:1; A. C. Davison, D. V. Hinkley (1997), "Bootstrap
        Methods and their Application", section 3.8 (strategy 1: groups drawn, members kept).
    """
    if n < 0 or count < 0 or (groups is not None and len(groups) != n):
        raise ValueError(
            "Expected a group for each of n tiles and no negative number. Received: "
            f"{'no' if groups is None else len(groups)} groups, n={n}, count={count}."
        )
    if not n:
        return np.zeros((count, 0), np.int32)
    rng = np.random.default_rng(seed)
    if groups is None:
        return _resampled(n, count, rng)
    _, member = np.unique(np.asarray(groups, object).astype(str), return_inverse=True)
    return _resampled(int(member.max()) + 1, count, rng)[:, member]


def affordable(count: int, n: int) -> int:
    """How many draws of so many numbers fit in some hundred megabytes: at least `LEAST`."""
    return min(count, max(LEAST, MOST_CELLS // max(n, 1)))


def slide_groups(table: pd.DataFrame) -> list[str]:
    """Name the slide of each row as "case/slide"; a tile of no known slide stands by itself.

    Args:
        table: columns case and slide, one row a tile.
    """
    named = table[["case", "slide"]].fillna("").astype(str)
    return [
        f"{case}/{slide}" if slide else f"tile {row}"
        for row, (case, slide) in enumerate(named.itertuples(index=False, name=None))
    ]


def totals(weights: Weights, columns: npt.ArrayLike) -> Floats:
    """Sum columns over the tiles of each draw, by one matrix product.

    Args:
        weights: (count, n) from `draws`; as float64 when it is asked for often.
        columns: (n,) or (n, k), any number or truth value of each tile.

    Returns:
        float64 (count,) or (count, k).
    """
    values = np.asarray(columns, np.float64)
    summed: Floats = np.asarray(weights, np.float64) @ values
    return summed


def means(weights: Weights, columns: npt.ArrayLike) -> Floats:
    """Average columns over the tiles of each draw; NaN where a draw is empty."""
    sums, sizes = totals(weights, columns), weights.sum(axis=1, dtype=np.float64)
    return ratio(sums, sizes if sums.ndim == 1 else sizes[:, None])


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; NaN where the whole is 0."""
    out = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=out, where=whole != 0)
    return out


def percentile(
    values: npt.ArrayLike, level: float = 0.95, undefined: float = UNDEFINED
) -> Interval | None:
    """Cut the same share of the draws off at both ends.

    Draws that do not define the figure (a recall without a tile of the class) are left out. That
    makes the interval one of draws that happen to have such tiles, which is no longer what could
    have been looked at instead. Up to a twentieth of the draws, as many as the interval leaves
    outside anyway, that changes its ends little; beyond it there is no interval to give.

    Args:
        values: (count,) the figure in each draw; NaN where a draw does not define it.
        level: two-sided, strictly between 0 and 1.
        undefined: greatest share of draws that may be left out, 0 to 1.

    Returns:
        The interval over the draws that define the figure; None when too many do not.

    Raises:
        ValueError: a level outside that range.

    Reference:
        B. Efron, R. J. Tibshirani (1993), "An Introduction to the Bootstrap", section 13.3.
    """
    if not 0 < level < 1:
        raise ValueError(f"Expected a level between 0 and 1. Received: {level}.")
    array = np.asarray(values, np.float64)
    known = array[np.isfinite(array)]
    if not known.size or array.size - known.size > undefined * array.size:
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)


def unless_flat(interval: Interval | None, instead: Interval | None = None) -> Interval | None:
    """Return an interval that has a width, or another in its place.

    Where every draw gives the same (a perfect score stays perfect whatever is drawn), the bootstrap
    knows nothing of what it has not seen: "100 % to 100 %" would claim a certainty that no sample
    gives.
    """
    return instead if interval is not None and interval.high - interval.low < FLAT else interval


def caution(groups: Sequence[str], what: str = "slide") -> str:
    """Say what few groups do to an interval by group; "" when there are enough.

    With few groups the bootstrap cannot know how far they differ, and its intervals hold less
    than their level says (A. C. Cameron and others (2008), Rev. Econ. Stat. 90:414).

    Args:
        groups: of each tile.
        what: what a group is: "slide" or "piece of tissue".
    """
    n, by = len(set(groups)), what.rsplit(" ", 1)[-1]
    if n == 1:
        return f"All tiles come from one {what}: there is nothing to resample by {by}."
    if 0 < n < FEW:
        many = f"{n} slides" if what == "slide" else f"{n} pieces of {by}"
        return f"With only {many} the interval by {by} is itself uncertain, rather too narrow."
    return ""


def _resampled(n: int, count: int, rng: np.random.Generator) -> Draws:
    taken = rng.integers(0, n, (count, n))
    taken += n * np.arange(count)[:, None]  # each draw counts in its own range
    return np.bincount(taken.ravel(), minlength=count * n).reshape(count, n).astype(np.int32)
