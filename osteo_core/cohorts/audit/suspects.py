"""Tiles whose label a network that was not trained on them speaks against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteo_core.cohorts.table import Cohort

KEY = ("tile", "split", "label")


@dataclass(frozen=True)
class Suspect:
    """A tile whose label may be wrong.

    Attributes:
        file: The tile.
        label: Its label.
        says: What speaks against it: the class called instead, or the other tile's label.
        confidence: Probability of `says`; None where the reason is another tile.
        reason: "out of fold", "overlap" or "near-duplicate".
        other: The other tile, where there is one.
    """

    file: str
    label: str
    says: str
    confidence: float | None
    reason: str
    other: str = ""


@dataclass(frozen=True)
class OutOfFold:
    """What was asked for out-of-fold disagreement.

    Attributes:
        by: Whose predictions, in words; "" when nothing was asked.
        tiles: Tiles with a prediction of a network that was not trained on them.
        suspects: The strongest disagreement first.
        note: What is to be known of them, or why there are none.
    """

    by: str = ""
    tiles: int = 0
    suspects: tuple[Suspect, ...] = ()
    note: str = "Not run: no network was asked."


NOT_ASKED = OutOfFold()


def held_out(predictions: pd.DataFrame, cohort: Cohort, classes: Sequence[str]) -> pd.DataFrame:
    """The stored predictions of tiles of this cohort that a network was not trained on.

    Args:
        predictions: Columns of a bundle's predictions.csv.
        cohort: The cohort; its labels count, not the stored ones.
        classes: The network's.

    Returns:
        Columns file, label and p_<class>, one row a tile of those classes; the tiles of the
        network's validation and test parts.
    """
    rows = predictions[predictions["split"].isin(["validation", "test"])].drop_duplicates("tile")
    own = pd.DataFrame(
        [(tile.sha256, tile.file, tile.label) for tile in cohort.tiles],
        columns=["tile", "file", "label"],
    )
    columns = ["tile", *(f"p_{name}" for name in classes)]
    joined = own.merge(rows[columns], on="tile").dropna()
    return joined[joined["label"].isin(list(classes))].drop(columns="tile").reset_index(drop=True)


def disagreements(frame: pd.DataFrame, classes: Sequence[str]) -> tuple[Suspect, ...]:
    """Find the tiles that confident learning takes for mislabelled.

    A class counts as called with confidence where its probability reaches the mean that tiles
    labelled so get; a tile is suspect when the likeliest class so called is not its label.

    Args:
        frame: Columns file, label and p_<class>, of tiles that were not trained on.
        classes: Order of the columns.

    Returns:
        The suspects, the most confident call first.

    Reference:
        Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset
        Labels", the off-diagonal of the confident joint (equation 1).
    """
    probabilities = frame[[f"p_{name}" for name in classes]].to_numpy(np.float64)
    if not len(frame):
        return ()
    labels = frame["label"].map({name: i for i, name in enumerate(classes)}).to_numpy(np.intp)
    confident = np.where(probabilities >= _thresholds(probabilities, labels), probabilities, -1.0)
    called, sure = confident.argmax(axis=1), confident.max(axis=1)
    found = [
        Suspect(str(frame["file"].iloc[row]), classes[labels[row]], classes[called[row]],
                float(sure[row]), "out of fold")
        for row in np.flatnonzero((sure >= 0) & (called != labels))
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda suspect: (-(suspect.confidence or 0), suspect.file)))


def _thresholds(
    probabilities: NDArray[np.float64], labels: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Mean probability of each class over the tiles labelled so; none reaches that of no tile."""
    return np.array(
        [
            probabilities[labels == k, k].mean() if (labels == k).any() else np.inf
            for k in range(probabilities.shape[1])
        ]
    )
