"""Tests of two networks on the same tiles: McNemar, its form by slide, and DeLong for two AUCs.

Two networks that read the same tiles mostly err on the same ones. Setting their intervals side by
side ignores that; what tells is where they part. Each test comes by tile, which takes tiles of a
slide as independent, and by slide, which does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.delong import Placements, placements
from osteo_core.evaluate.intervals import Interval

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test: tiles that only the one or only the other calls rightly; `p` 0..1."""

    only_first: int
    only_second: int
    p: float


@dataclass(frozen=True)
class SlideTest:
    """The same question by slide.

    Attributes:
        n_slides: slides, or tiles of no known slide, that were looked at.
        n_decided: those on which one network calls more tiles rightly than the other.
        p: two-sided, 0..1.
        least_p: the smallest p that so many decided slides can give.
    """

    n_slides: int
    n_decided: int
    p: float
    least_p: float


@dataclass(frozen=True)
class AucDifference:
    """Two AUCs of the same tiles and their difference, first less second.

    Attributes:
        first: AUC 0..1, None where the tiles are all of one kind.
        second: the same of the other network.
        interval: of the difference; None where its variance is not defined.
        p: two-sided, of no difference; None likewise.
        note: why something is None, in a sentence; "" otherwise.
    """

    first: float | None
    second: float | None
    interval: Interval | None
    p: float | None
    note: str = ""

    @property
    def difference(self) -> float | None:
        """First less second, -1..1."""
        if self.first is None or self.second is None:
            return None
        return self.first - self.second


def mcnemar_exact(right_a: npt.ArrayLike, right_b: npt.ArrayLike) -> McNemar:
    """Test whether two networks are equally often right on the same tiles.

    Only tiles on which one is right and the other wrong count; if both were equally good, each
    would be a fair coin.

    Args:
        right_a: bool (n,), whether the first network calls the tile rightly.
        right_b: bool (n,), the second.

    Returns:
        The counts and the two-sided exact p, 1 where the networks never part.

    Raises:
        ValueError: when the lengths differ.

    Reference:
        Q. McNemar (1947), Psychometrika 12:153; exact binomial form, without mid-p.
    """
    from scipy.stats import binom

    a, b = _flags(right_a, right_b)
    first, second = int((a & ~b).sum()), int((~a & b).sum())
    p = 2 * float(binom.cdf(min(first, second), first + second, 0.5))
    return McNemar(first, second, min(1.0, p))


def slide_test(right_a: npt.ArrayLike, right_b: npt.ArrayLike, slides: Sequence[str]) -> SlideTest:
    """Test the same by slide: an exact permutation test that swaps the networks on whole slides.

    The statistic is the difference of tiles called rightly. If the networks were equally good,
    their names could be swapped on any slide; p is the share of all such swaps that lead at least
    as far apart. With one tile a slide this is McNemar's exact test.

    Args:
        right_a: bool (n,), whether the first network calls the tile rightly.
        right_b: bool (n,), the second.
        slides: the slide of each tile, as `bootstrap.slide_groups` names them.

    Returns:
        The exact p over all 2^slides swaps, which are counted, not drawn.

    Raises:
        ValueError: when the lengths differ.

    Reference:
        R. A. Fisher (1935), "The Design of Experiments", section 21 (signs swapped within pairs).
    """
    a, b = _flags(right_a, right_b)
    if len(slides) != len(a):
        raise ValueError(f"Expected the slide of each of {len(a)} tiles. Received: {len(slides)}.")
    names, member = np.unique(np.asarray(slides, str), return_inverse=True)
    net = np.bincount(member, a.astype(float) - b.astype(float), len(names)).astype(int)
    decided = np.abs(net[net != 0])
    least = min(1.0, 2.0 ** (1 - len(decided)))
    return SlideTest(len(names), len(decided), _tail(decided, abs(int(net.sum()))), least)


def delong_test(
    positive: npt.ArrayLike,
    scores_a: npt.ArrayLike,
    scores_b: npt.ArrayLike,
    slides: Sequence[str] | None = None,
    level: float = 0.95,
) -> AucDifference:
    """Test whether two networks rank the same tiles equally well.

    Args:
        positive: bool (n,), whether the tile is of the class.
        scores_a: (n,) finite, the first network's probability of the class.
        scores_b: (n,) finite, the second's.
        slides: the slide of each tile; tiles of a slide may then depend on each other. None takes
            every tile as independent.
        level: two-sided confidence level of the interval.

    Returns:
        Both AUCs (ties count half), the interval of their difference and p.

    Raises:
        ValueError: when lengths differ or a score is not finite.

    Reference:
        E. R. DeLong and others (1988), Biometrics 44:837; midranks as in X. Sun, W. Xu (2014),
        IEEE Signal Proc. Lett. 21:1389. By slide: N. A. Obuchowski (1997), Biometrics 53:567,
        which with one tile a slide gives DeLong's variance.
    """
    truth = np.asarray(positive, bool)
    a, b = (_scores(values, len(truth)) for values in (scores_a, scores_b))
    first, second = (placements(scores[truth], scores[~truth]) for scores in (a, b))
    if first is None or second is None:
        return AucDifference(None, None, None, None, "All tiles are of one kind: there is no AUC.")
    variance = _variance(truth, first, second, slides)
    if variance is None:
        note = "Too few tiles or slides of one kind: the difference has no interval."
        return AucDifference(first.auc, second.auc, None, None, note)
    return _tested(first.auc, second.auc, variance, level)


def _tested(first: float, second: float, variance: float, level: float) -> AucDifference:
    normal = NormalDist()
    difference, spread = first - second, sqrt(max(0.0, variance))
    half = normal.inv_cdf(0.5 + level / 2) * spread
    interval = Interval(max(-1.0, difference - half), min(1.0, difference + half), level)
    if spread < 1e-12:  # the two rank alike, or both are flawless
        p = 1.0 if abs(difference) < 1e-12 else None
        note = "" if p else "The difference does not vary over these tiles: there is no test."
        return AucDifference(first, second, interval if p else None, p, note)
    return AucDifference(first, second, interval, erfc(abs(difference) / spread / sqrt(2)))


def _variance(
    positive: Flags, first: Placements, second: Placements, slides: Sequence[str] | None
) -> float | None:
    """Variance of the difference of two areas, by tile or by slide; None when not defined."""
    on_hits, on_rest = first.positive - second.positive, first.negative - second.negative
    groups = [str(i) for i in range(len(positive))] if slides is None else slides
    _, member = np.unique(np.asarray(groups, str), return_inverse=True)
    n_groups = int(member.max()) + 1
    m, n = len(on_hits), len(on_rest)
    sums = [_summed(member[positive], on_hits, n_groups)]
    sums.append(_summed(member[~positive], on_rest, n_groups))
    with_hits = len(np.unique(member[positive]))
    with_rest = len(np.unique(member[~positive]))
    if min(with_hits, with_rest) < 2:
        return None
    between_hits = with_hits / (with_hits - 1) * float(sums[0] @ sums[0]) / m
    between_rest = with_rest / (with_rest - 1) * float(sums[1] @ sums[1]) / n
    both = n_groups / (n_groups - 1) * float(sums[0] @ sums[1])
    return between_hits / m + between_rest / n + 2 * both / (m * n)


def _summed(member: npt.NDArray[np.intp], values: Floats, n_groups: int) -> Floats:
    summed: Floats = np.bincount(member, values - values.mean(), n_groups).astype(np.float64)
    return summed


def _tail(nets: npt.NDArray[np.int_], observed: int) -> float:
    """Share of all sign patterns whose sum is at least `observed` away from 0."""
    chances = np.ones(1)  # of each sum, which run from -total to total
    for net in nets:
        wider = np.zeros(len(chances) + 2 * net)
        wider[: len(chances)] += chances / 2
        wider[2 * net :] += chances / 2
        chances = wider
    total = int(nets.sum())
    away = np.abs(np.arange(-total, total + 1)) >= observed
    return min(1.0, float(chances[away].sum()))


def _flags(right_a: npt.ArrayLike, right_b: npt.ArrayLike) -> tuple[Flags, Flags]:
    a, b = np.asarray(right_a, bool).ravel(), np.asarray(right_b, bool).ravel()
    if len(a) != len(b):
        raise ValueError(f"Expected two calls for each tile. Received: {len(a)} and {len(b)}.")
    return a, b


def _scores(values: npt.ArrayLike, n: int) -> Floats:
    scores = np.asarray(values, np.float64).ravel()
    if len(scores) != n or not np.isfinite(scores).all():
        raise ValueError(f"Expected {n} finite scores. Received: shape {np.shape(values)}.")
    return scores
