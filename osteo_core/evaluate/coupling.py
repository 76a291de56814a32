"""Putting the probabilities of networks together: coupled means, votes, chains, and weights.

Networks that know the same classes are averaged. Those that know only some of them, such as three
networks of two classes each, are coupled: found are the probabilities under which what each network
says of its own classes is most likely. Where all know all classes, that is the average again, so
one rule serves any networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.collapse import NO_TUMOUR_CLASS, TUMOUR_CLASSES

_TIE = 1e-3  # how much the mean counts beside votes: it decides ties and never a majority
_FLOOR = 1e-6  # stored probabilities have six digits

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FittedWeights:
    """Weights of the members (sum 1), and the log loss with equal weights and with these."""

    weights: tuple[float, ...]
    loss_equal: float
    loss: float
    n_tiles: int


def fit_weights(
    truth: npt.NDArray[np.int64],
    rows: Sequence[Floats],
    places: Sequence[Sequence[int]],
    n_classes: int,
) -> FittedWeights:
    """Choose the weights under which the labels are most likely (the lowest log loss).

    Args:
        truth: number of the true class of each tile, (n,), n at least 1.
        rows: of each network (n, its classes).
        places: of each network, where its classes stand among all.
        n_classes: number of all classes.

    Returns:
        The weights; equal ones where no others do better.

    Reference:
        SciPy's SLSQP on the simplex. Where all networks know all classes this is the linear
        opinion pool, and the log loss is convex in the weights.
    """
    from scipy.optimize import minimize

    def loss(weights: Floats) -> float:
        p = coupled(rows, places, shares_of(weights), n_classes)
        return float(-np.log(np.maximum(p[np.arange(len(truth)), truth], _FLOOR)).mean())

    # Without any weight a network of few classes would no longer tie its classes to the others.
    least = 0.0 if all(len(place) == n_classes for place in places) else 0.01
    equal = np.full(len(rows), 1 / len(rows))
    found = minimize(
        loss,
        equal,
        method="SLSQP",
        bounds=[(least, 1.0)] * len(rows),
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
    )
    best = shares_of(found.x)
    if loss(best) > loss(equal):  # a solver that lost its way
        best = equal
    return FittedWeights(tuple(map(float, best)), loss(equal), loss(best), len(truth))


def shares_of(weights: npt.ArrayLike) -> Floats:
    """Scale weights that are not negative to sum to 1."""
    values = np.maximum(np.asarray(weights, np.float64), 0.0)
    out: Floats = values / values.sum()
    return out


def coupled(
    rows: Sequence[Floats], places: Sequence[Sequence[int]], shares: Floats, n_classes: int
) -> Floats:
    """Average networks that may each know only some of the classes.

    Found are the probabilities p that maximise, over networks i and their classes c, the sum of
    weight_i r_ic log(p_c / sum of p over the classes of i). With all classes known to all that is
    the weighted mean; with one network a pair of classes, pairwise coupling.

    Args:
        rows: of each network (n, its classes).
        places: of each network, where its classes stand among all.
        shares: weight of each network, (networks,).
        n_classes: number of all classes.

    Returns:
        float64 (n, n_classes), rows sum to 1.

    Reference:
        T. Hastie, R. Tibshirani (1998), "Classification by pairwise coupling", Annals of
        Statistics 26:451, for the model; D. R. Hunter (2004), Annals of Statistics 32:384, for the
        MM steps. Deviation: sets of any size, not pairs only; probabilities below 1e-6 are raised
        to that, since a pair that is certain has no finite solution.
    """
    everything = list(range(n_classes))
    if all(sorted(place) == everything for place in places):
        stacked = np.stack([r[:, np.argsort(p)] for r, p in zip(rows, places, strict=True)])
        return _rows_to_one(np.tensordot(shares, stacked, axes=1))
    sure = [_rows_to_one(np.maximum(r, _FLOOR)) for r in rows]
    wins = np.zeros((len(sure[0]), n_classes))
    for r, place, share in zip(sure, places, shares, strict=True):
        wins[:, place] += share * r
    p = np.full_like(wins, 1 / n_classes)
    for _ in range(2000):
        met = np.zeros_like(p)
        for place, share in zip(places, shares, strict=True):
            met[:, place] += share / p[:, place].sum(axis=1, keepdims=True)
        new = _rows_to_one(wins / met)
        if np.abs(new - p).max(initial=0.0) < 1e-10:
            return new
        p = new
    return p


def votes(rows: Sequence[Floats], places: Sequence[Sequence[int]], mean: Floats) -> Floats:
    """Share of the votes for each class, with a little of the mean, which decides ties.

    Args:
        rows: of each network (n, its classes); it votes for its most probable class.
        places: of each network, where its classes stand among all.
        mean: the coupled mean, (n, classes).
    """
    cast = np.zeros_like(mean)
    for r, place in zip(rows, places, strict=True):
        cast[np.arange(len(r)), np.asarray(place)[r.argmax(axis=1)]] += 1 / len(rows)
    share: Floats = (1 - _TIE) * cast + _TIE * mean
    return share


def chained(
    first: Floats,
    first_classes: Sequence[str],
    second: Floats,
    second_classes: Sequence[str],
    classes: Sequence[str],
) -> Floats:
    """P(Non-Tumor) of the first network, P(tumour) of the first times P(which) of the second."""
    none = _rows_to_one(first)[:, list(first_classes).index(NO_TUMOUR_CLASS)]
    which = second[:, [list(second_classes).index(name) for name in TUMOUR_CLASSES]]
    sums = which.sum(axis=1, keepdims=True)
    even = np.full_like(which, 1 / len(TUMOUR_CLASSES))  # both exactly 0: nothing is said of which
    which = np.where(sums > 0, which / np.where(sums > 0, sums, 1), even)
    out = np.zeros((len(first), len(classes)))
    out[:, classes.index(NO_TUMOUR_CLASS)] = none
    for i, name in enumerate(TUMOUR_CLASSES):
        out[:, classes.index(name)] = (1 - none) * which[:, i]
    return out


def _rows_to_one(values: Floats) -> Floats:
    sums = values.sum(axis=1, keepdims=True)
    out: Floats = values / np.where(sums > 0, sums, 1)
    return out
