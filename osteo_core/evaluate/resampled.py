"""Figures in every bootstrap draw at once: confusion counts, areas and errors of weighted tiles.

All of it is matrix products and running sums over (draws, tiles); no draw is looped over. A
figure that a draw does not define (a recall without tiles) is NaN there, and `percentile` leaves
it out.
"""

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.bootstrap import Floats, Weights, ratio, totals

Indices = npt.NDArray[np.intp]
Truths = npt.NDArray[np.bool_]


def confusion_draws(
    weights: Weights, truth: Indices, calls: Indices, k: int, rows: Indices | None = None
) -> Floats:
    """Count tiles by true class and call in each draw.

    Args:
        weights: (count, n) how often each tile is taken.
        truth: (m,) index of the true class of each call, 0 ≤ i < k.
        calls: (m,) index of the class called.
        k: number of classes.
        rows: (m,) the tile of each call, where tiles were called never or several times; without
            it, m = n and each tile was called once.

    Returns:
        float64 (count, k, k), rows the truth, columns the call.
    """
    cells, place = np.unique(truth * k + calls, return_inverse=True)  # of many classes few occur
    cell = np.zeros((weights.shape[1], len(cells)))
    np.add.at(cell, (np.arange(len(truth)) if rows is None else rows, place), 1.0)
    counts = np.zeros((len(weights), k * k))
    counts[:, cells] = totals(weights, cell)
    return counts.reshape(len(weights), k, k)


def accuracy_draws(confusion: Floats) -> Floats:
    """Share of tiles called rightly, (count,)."""
    return ratio(np.trace(confusion, axis1=1, axis2=2), confusion.sum(axis=(1, 2)))


def class_draws(confusion: Floats) -> dict[str, Floats]:
    """Precision, recall, specificity and F1 of each class, each (count, k).

    In a draw without a tile of the class none of them but specificity is defined: a precision or
    an F1 of 0 there would say that the draw had no such tile, and nothing of the network.
    """
    hit = np.diagonal(confusion, axis1=1, axis2=2)
    support, called = confusion.sum(axis=2), confusion.sum(axis=1)
    everything = confusion.sum(axis=(1, 2))[:, None]
    absent = support == 0
    return {
        "precision": np.where(absent, np.nan, ratio(hit, called)),
        "recall": ratio(hit, support),
        "specificity": ratio(everything - support - called + hit, everything - support),
        "f1": np.where(absent, np.nan, ratio(2 * hit, support + called)),
    }


def macro_draws(confusion: Floats) -> dict[str, Floats]:
    """Macro precision, recall and F1, each (count,), over the classes that a draw has tiles of.

    A precision without a single call counts as 0, as in scikit-learn.
    """
    present = (confusion.sum(axis=2) > 0).astype(np.float64)
    n = present.sum(axis=1)
    per_class = class_draws(confusion)
    return {
        name: ratio((np.nan_to_num(per_class[name]) * present).sum(axis=1), n)
        for name in ("precision", "recall", "f1")
    }


def mean_f1_draws(confusion: Floats) -> tuple[Floats, Floats]:
    """Macro and weighted F1, each (count,), over the classes that a draw has tiles of."""
    support = confusion.sum(axis=2)
    f1 = np.nan_to_num(class_draws(confusion)["f1"])
    return macro_draws(confusion)["f1"], ratio((f1 * support).sum(axis=1), support.sum(axis=1))


def area_draws(weights: Weights, positive: Truths, score: Floats) -> tuple[Floats, Floats]:
    """Area under the ROC curve and average precision in each draw.

    Ties count half in the area. Average precision is the precision at each threshold weighted by
    the recall gained there, as in scikit-learn; nothing is interpolated.

    Args:
        weights: (count, n).
        positive: (n,) whether a tile is of the class.
        score: (n,) its probability.

    Returns:
        Two of float64 (count,), NaN where a draw has tiles of one kind only; average precision
        needs one tile of the class.
    """
    pos, neg = _by_rank(weights, positive, score)
    n_pos, n_neg = pos.sum(axis=1), neg.sum(axis=1)
    neg_from_top = np.cumsum(neg[:, ::-1], axis=1)[:, ::-1]
    pos_from_top = np.cumsum(pos[:, ::-1], axis=1)[:, ::-1]
    below = n_neg[:, None] - neg_from_top
    auc = ratio((pos * (below + neg / 2)).sum(axis=1), n_pos * n_neg)
    called = pos_from_top + neg_from_top
    np.divide(pos_from_top, called, out=pos_from_top, where=called != 0)  # precision
    return auc, ratio((pos * pos_from_top).sum(axis=1), n_pos)


def auc_draws(weights: Weights, positive: Truths, score: Floats) -> Floats:
    """Area under the ROC curve in each draw, as in `area_draws`."""
    return area_draws(weights, positive, score)[0]


def binned_error_draws(weights: Weights, bins: Indices, n_bins: int, excess: Floats) -> Floats:
    """Expected calibration error in each draw.

    Args:
        weights: (count, n).
        bins: (n,) bin of each tile's confidence.
        n_bins: number of bins.
        excess: (n,) confidence less 1 if right, 0 if wrong.
    """
    spread = np.zeros((len(bins), n_bins))
    spread[np.arange(len(bins)), bins] = excess
    sizes = weights.sum(axis=1, dtype=np.float64)
    return ratio(np.abs(totals(weights, spread)).sum(axis=1), sizes)


def _by_rank(weights: Weights, positive: Truths, score: Floats) -> tuple[Floats, Floats]:
    """Weights of tiles of the class and of the rest at each distinct score, rising: (count, t)."""
    if not len(score):
        return np.zeros((len(weights), 0)), np.zeros((len(weights), 0))
    order = np.argsort(score, kind="stable")
    ranked, mine = score[order], positive[order]
    first = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])  # of each run of ties
    taken = np.asarray(weights[:, order], np.float64)
    if len(first) == len(score):
        return taken * mine, taken * ~mine
    pos, neg = (np.add.reduceat(taken * some, first, axis=1) for some in (mine, ~mine))
    return pos, neg
