"""Curves: ROC of each class against the rest, and loss and accuracy over the epochs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from osteo_core.evaluate.metrics import checked_probabilities

_TOLD = "Epoch {} was kept: the card names it."
HISTORY_COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy")


@dataclass(frozen=True, eq=False)
class RocCurve:
    """One class against the rest: rates in [0, 1] by falling threshold; `auc` None with a note."""

    name: str
    fpr: npt.NDArray[np.float64]
    tpr: npt.NDArray[np.float64]
    thresholds: npt.NDArray[np.float64]
    auc: float | None
    note: str = ""


@dataclass(frozen=True, eq=False)
class LearningCurves:
    """History by epoch counted from 1 over all stages, the epoch that was kept, and why."""

    table: Any  # DataFrame: epoch, stage, loss, accuracy, val_loss, val_accuracy, ...
    best_epoch: int | None
    reason: str
    stages: tuple[tuple[str, int, int], ...]  # name, first epoch, last epoch


def roc_one_vs_rest(
    labels: Sequence[str], probabilities: npt.ArrayLike, classes: Sequence[str]
) -> list[RocCurve]:
    """Trace the ROC curve of each class against all others.

    Tiles of equal probability move together, so ties give a slanted step and half their weight
    in the area (the Mann-Whitney count).

    Args:
        labels: true class of each tile.
        probabilities: (n, k) finite, columns in the order of `classes`.
        classes: the k class names.

    Returns:
        One curve a class; where all tiles or none are of the class, an empty one with a note.

    Raises:
        ValueError: when shapes do not fit or a value is not finite.

    Reference:
        T. Fawcett (2006), Pattern Recognition Letters 27:861, algorithms 1 and 2.
    """
    matrix = checked_probabilities(labels, probabilities, classes)
    truth = np.asarray(labels, object)
    return [_roc(name, truth == name, matrix[:, i]) for i, name in enumerate(classes)]


def learning_curves(
    history: pd.DataFrame, best_epochs: Mapping[str, int] | None = None
) -> LearningCurves:
    """Order a training history and find the epoch whose weights were kept.

    Args:
        history: columns epoch, stage and those of `HISTORY_COLUMNS`, one row an epoch. Epochs that
            start anew in each stage are counted on.
        best_epochs: the epoch kept of each stage, as the card has it and the history numbers it;
            the last stage's is the one in the bundle. Without it, the epoch of the last stage's
            lowest validation loss (the first of equals).
    """
    table = history.reset_index(drop=True).copy()
    if not len(table):
        return LearningCurves(table, None, "No epoch has been recorded.", ())
    if "stage" not in table:
        table["stage"] = "training"
    told = _told(table, best_epochs or {})
    table["epoch"] = range(1, len(table) + 1)
    stages = tuple(
        (str(name), int(rows["epoch"].min()), int(rows["epoch"].max()))
        for name, rows in table.groupby("stage", sort=False)
    )
    kept, reason = (told, _TOLD.format(told)) if told else _lowest(table)
    return LearningCurves(table, kept, reason, stages)


def _roc(name: str, positive: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> RocCurve:
    hits, rest = int(positive.sum()), int((~positive).sum())
    if not hits or not rest:
        empty = np.zeros(0)
        if not hits and not rest:
            why = "There is no tile, so there is no curve."
        elif not hits:
            why = f"No tile of this part is {name}, so there is no curve."
        else:
            why = f"Every tile of this part is {name}, so there is nothing to set it against."
        return RocCurve(name, empty, empty, empty, None, why)
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # end of each run of ties
    tpr = np.append(0.0, np.cumsum(positive[order])[last] / hits)
    fpr = np.append(0.0, np.cumsum(~positive[order])[last] / rest)
    auc = float(np.trapezoid(tpr, fpr))
    note = "All tiles have the same probability; 0.5 means no ranking." if len(last) == 1 else ""
    return RocCurve(name, fpr, tpr, np.append(np.inf, ranked[last]), auc, note)


def _told(table: pd.DataFrame, best_epochs: Mapping[str, int]) -> int | None:
    stage = table["stage"].iloc[-1]
    rows = np.flatnonzero((table["stage"] == stage) & (table["epoch"] == best_epochs.get(stage)))
    return int(rows[-1]) + 1 if len(rows) else None


def _lowest(table: pd.DataFrame) -> tuple[int | None, str]:
    last = table[table["stage"] == table["stage"].iloc[-1]]
    if "val_loss" not in last or not last["val_loss"].notna().any():
        return None, "No validation loss was recorded, so no epoch is marked."
    best = int(last["epoch"].loc[last["val_loss"].idxmin()])
    return best, f"Epoch {best} has the lowest validation loss of the last stage."
