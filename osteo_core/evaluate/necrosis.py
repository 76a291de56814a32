"""The necrosis meter: how much of the tumour is dead, how sure that is, and what would change it.

For research only. Pathologists estimate necrosis over the whole tumour bed by area; here tiles are
counted, and the tiles of the collection were picked by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.bootstrap import percentile, ratio, unless_flat
from osteo_core.evaluate.intervals import Interval, wilson
from osteo_core.evaluate.metrics import most_probable

DEAD_CLASS, LIVE_CLASS = "Non-Viable-Tumor", "Viable"
GOOD_RESPONSE = 0.90  # Huvos grades III and IV: at least 90 % necrosis
HARDLY_ANY = 0.5  # share of draws that may have no tumour tile
DRAWS = 4000
_ROUNDING = 1e-12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Flips:
    """The fewest tiles whose other call would carry the share across the line.

    `tiles` are places in the given order, the most plausible first; `to` is the class each would
    have to be. `plausibility` is the probability that all of them are, if tiles are independent.
    """

    tiles: tuple[int, ...]
    to: str
    plausibility: float


@dataclass(frozen=True, eq=False)
class Necrosis:
    """Share of dead among tumour over some tiles, 0 to 1; None where there is hardly any tumour.

    Hardly any: more than half of the draws have no tumour tile. What little probability of tumour
    is spread over such tiles says nothing of a share.

    Attributes:
        n: Number of tiles.
        expected: From summed probabilities.
        by_calls: From the calls, with how many are dead and alive.
        these: Interval for the share among these very tiles: only their classes are uncertain.
        more: Interval that also allows for other tiles having been picked; Wilson's of the calls
            where every draw gives the same.
        good: Probability of at least 90 %, from the draws behind `more`.
        leverage: (n,) standard deviation that the uncertain class of each tile brings into the
            expected share, as a share.
        flips: What would carry the share by calls across the line, or None.
        truth: Share by the labels, or None where they are not known or show no tumour.
    """

    n: int
    expected: float | None
    by_calls: float | None
    n_dead: int
    n_live: int
    these: Interval | None
    more: Interval | None
    good: float | None
    leverage: Floats
    flips: Flips | None
    truth: float | None

    @property
    def distance(self) -> float | None:
        """Expected share less the line of 90 %; negative below it."""
        return None if self.expected is None else self.expected - GOOD_RESPONSE

    def standing(self) -> str:
        """Say on which side of the line the share lies, and how sure that is."""
        if self.expected is None or self.more is None or self.good is None:
            return "There is hardly any tumour among these tiles, so no share can be given."
        side = "above" if self.expected >= GOOD_RESPONSE else "below"
        points = abs(100 * (self.expected - GOOD_RESPONSE))
        if self.more.low >= GOOD_RESPONSE or self.more.high < GOOD_RESPONSE:
            sure = "the whole interval lies on that side"
        else:
            sure = "the interval crosses the line, so these tiles do not tell"
        return f"{points:.1f} points {side} the 90 % line; {sure}."


def knows_necrosis(classes: Sequence[str]) -> bool:
    """Say whether dead and living tumour are among the classes."""
    return DEAD_CLASS in classes and LIVE_CLASS in classes


def measure(
    probabilities: npt.ArrayLike,
    classes: Sequence[str],
    *,
    calls: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    level: float = 0.95,
    count: int = DRAWS,
    seed: int = 0,
) -> Necrosis:
    """Measure the share of dead tumour among tumour over the tiles of a slide or a case.

    The class of each tile is drawn from its probabilities, independently, `count` times. The
    interval is right as far as the probabilities are: pass calibrated ones.

    Args:
        probabilities: (n, k), calibrated, columns in the order of `classes`.
        classes: must hold Non-Viable-Tumor and Viable.
        calls: of each tile; the most probable class when not given.
        labels: true class of each tile, where known.
        level: of the intervals.
        count: number of draws.
        seed: of the draws.

    Raises:
        ValueError: the classes or shapes do not fit.

    Reference:
        A. G. Huvos and others (1977), Arch. Pathol. Lab. Med. 101:14, for the grades; NC / (NC +
        VT) over tiles as in H. B. Arunachalam and others (2019), PLoS ONE 14:e0210706.
    """
    if not knows_necrosis(classes):
        raise ValueError(
            f"Expected {DEAD_CLASS} and {LIVE_CLASS} among the classes. Received: {list(classes)}."
        )
    p = np.asarray(probabilities, np.float64).reshape(-1, len(classes))
    dead, live = list(classes).index(DEAD_CLASS), list(classes).index(LIVE_CLASS)
    called = most_probable(p, classes) if calls is None else list(calls)
    if len(called) != len(p) or (labels is not None and len(labels) != len(p)):
        raise ValueError(
            f"Expected a call and a label for each of {len(p)} tiles. Received: other."
        )
    n_dead, n_live = called.count(DEAD_CLASS), called.count(LIVE_CLASS)
    these, more = _drawn(p[:, dead], p[:, live], count, seed)
    above = more[np.isfinite(more)] >= GOOD_RESPONSE - _ROUNDING
    more_interval = percentile(more, level, HARDLY_ANY)
    if n_dead + n_live:  # where all are surely dead, or surely alive, every draw gives the same
        more_interval = unless_flat(more_interval, wilson(n_dead, n_dead + n_live, level))
    return Necrosis(
        n=len(p),
        expected=_share(*p[:, [dead, live]].sum(axis=0).tolist()) if more_interval else None,
        by_calls=_share(n_dead, n_live),
        n_dead=n_dead,
        n_live=n_live,
        these=percentile(these, level, HARDLY_ANY),
        more=more_interval,
        good=float(above.mean()) if more_interval is not None else None,
        leverage=_leverage(p[:, dead], p[:, live]),
        flips=fewest_flips(p[:, dead], p[:, live], called),
        truth=_of_labels(labels),
    )


def fewest_flips(dead: Floats, live: Floats, calls: Sequence[str]) -> Flips | None:
    """Find the fewest tiles whose other call would carry the share by calls across 90 %.

    Living called dead (or dead called living) moves the share more than any other change of one
    call, so only these are looked at, the most probable first.

    Args:
        dead: (n,) probability of dead tumour.
        live: (n,) probability of living tumour.
        calls: of each tile.

    Returns:
        The tiles, or None when no tile is called tumour.
    """
    names = np.asarray(calls, object)
    n_dead, n_live = int((names == DEAD_CLASS).sum()), int((names == LIVE_CLASS).sum())
    total = n_dead + n_live
    if not total:
        return None
    line = GOOD_RESPONSE * total
    if n_dead >= line - 1e-9:  # to fall below: n_dead - m < line
        needed, now, to, p = floor(n_dead - line + 1e-9) + 1, DEAD_CLASS, LIVE_CLASS, live
    else:  # to reach it: n_dead + m >= line
        needed, now, to, p = ceil(line - n_dead - 1e-9), LIVE_CLASS, DEAD_CLASS, dead
    candidates = np.flatnonzero(names == now)
    chosen = candidates[np.argsort(-p[candidates], kind="stable")][:needed]
    return Flips(tuple(int(i) for i in chosen), to, float(np.prod(p[chosen])))


def _drawn(dead: Floats, live: Floats, count: int, seed: int) -> tuple[Floats, Floats]:
    """The share in each draw, (count,) twice: over these tiles, and over tiles drawn again."""
    rng = np.random.default_rng(seed)
    n = len(dead)
    if not n:
        return np.full(count, np.nan), np.full(count, np.nan)
    place = rng.random((count, n), np.float32)
    these = _shares(place < dead, place < dead + live)
    taken = rng.integers(0, n, (count, n))
    place = rng.random((count, n), np.float32)  # a tile taken twice stands for two tiles
    return these, _shares(place < dead[taken], place < (dead + live)[taken])


def _shares(is_dead: npt.NDArray[np.bool_], is_tumour: npt.NDArray[np.bool_]) -> Floats:
    return ratio(is_dead.sum(axis=1).astype(float), is_tumour.sum(axis=1).astype(float))


def _leverage(dead: Floats, live: Floats) -> Floats:
    """Standard deviation of each tile's influence on the share (delta method), (n,)."""
    tumour = float((dead + live).sum())
    if tumour <= 0:
        return np.zeros(len(dead))
    share = float(dead.sum()) / tumour
    if_dead, if_live = (1 - share) / tumour, -share / tumour
    mean = dead * if_dead + live * if_live
    spread: Floats = np.sqrt(np.maximum(dead * if_dead**2 + live * if_live**2 - mean**2, 0.0))
    return spread


def _share(dead: float, live: float) -> float | None:
    return dead / (dead + live) if dead + live > 1e-9 else None


def _of_labels(labels: Sequence[Any] | None) -> float | None:
    if labels is None:
        return None
    known = [str(label) for label in labels]
    return _share(known.count(DEAD_CLASS), known.count(LIVE_CLASS))
