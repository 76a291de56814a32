"""Precision against recall, one class against the rest: what a ROC curve hides on rare ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.metrics import checked_probabilities


@dataclass(frozen=True, eq=False)
class PrCurve:
    """One class by falling threshold; `average_precision` None with a note.

    Attributes:
        name: the class.
        recall: rising, 0..1; starts at 0.
        precision: at each recall; starts with that of the highest probability.
        thresholds: probability from which tiles are called so.
        share: share of the class among the tiles, which chance gives as precision.
        average_precision: precision at each threshold weighted by the recall gained.
        note: why there is no curve.
    """

    name: str
    recall: npt.NDArray[np.float64]
    precision: npt.NDArray[np.float64]
    thresholds: npt.NDArray[np.float64]
    share: float | None
    average_precision: float | None
    note: str = ""


def pr_one_vs_rest(
    labels: Sequence[str], probabilities: npt.ArrayLike, classes: Sequence[str]
) -> list[PrCurve]:
    """Trace the precision-recall curve of each class against all others.

    Tiles of equal probability are called together. The area is a sum of steps: a straight line
    between points would promise precisions that no threshold gives.

    Args:
        labels: true class of each tile.
        probabilities: (n, k) finite, columns in the order of `classes`.
        classes: the k class names.

    Returns:
        One curve a class; where all tiles or none are of the class, an empty one with a note.

    Raises:
        ValueError: shapes do not fit or a value is not finite.

    Reference:
        J. Davis, M. Goadrich (2006), ICML; average precision as in scikit-learn.
    """
    matrix = checked_probabilities(labels, probabilities, classes)
    truth = np.asarray(labels, object)
    return [_curve(name, truth == name, matrix[:, i]) for i, name in enumerate(classes)]


def _curve(name: str, positive: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> PrCurve:
    hits, n, empty = int(positive.sum()), len(positive), np.zeros(0)
    if not hits or hits == n:
        why = f"No tile of this part is {name}" if not hits else f"Every tile is {name}"
        share = hits / n if n else None
        return PrCurve(name, empty, empty, empty, share, None, f"{why}, so there is no curve.")
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), n - 1)  # end of each run of ties
    found = np.cumsum(positive[order])[last]
    recall, precision = found / hits, found / (last + 1)
    area = float((np.diff(recall, prepend=0.0) * precision).sum())
    return PrCurve(
        name,
        np.append(0.0, recall),
        np.append(precision[0], precision),
        np.append(ranked[0], ranked[last]),
        hits / n,
        area,
    )
