"""How far two networks are apart on the same tiles, figure by figure, with bootstrap intervals.

Each draw takes the same tiles for both networks, so what makes a tile hard for both cancels out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from osteo_core.evaluate import resampled
from osteo_core.evaluate.bootstrap import (
    COUNT,
    Draws,
    Floats,
    affordable,
    draws,
    means,
    percentile,
    slide_groups,
)
from osteo_core.evaluate.intervals import Interval
from osteo_core.evaluate.parts import LabelledPart
from osteo_core.evaluate.scores import brier_terms, class_indices, log_loss_terms

LESS_IS_BETTER = ("Brier score", "log loss")


@dataclass(frozen=True)
class Difference:
    """One figure of two networks on the same tiles.

    Attributes:
        name: of the figure, such as "accuracy" or "AUC Viable".
        first: of the first network.
        second: of the second.
        by_tile: interval of first less second, tiles resampled; None where it is not defined.
        by_slide: the same, whole slides resampled; None too when all tiles are of one slide.
    """

    name: str
    first: float
    second: float
    by_tile: Interval | None
    by_slide: Interval | None

    @property
    def difference(self) -> float:
        """First less second."""
        return self.first - self.second


def paired_differences(
    first: LabelledPart, second: LabelledPart, count: int = COUNT, seed: int = 0
) -> tuple[Difference, ...]:
    """Compare two networks: accuracy, macro F1, recalls, AUCs, Brier score and log loss.

    Args:
        first: labelled tiles with the first network's probabilities.
        second: the same tiles in the same order with the second's; its classes may be others.
        count: bootstrap draws.
        seed: of the draws.

    Returns:
        One entry a figure that can be computed: recalls of classes that occur, AUCs of those that
        some but not all tiles are of. Nothing without tiles.

    Raises:
        ValueError: when the two do not hold the same tiles in the same order.

    Reference:
        B. Efron, R. J. Tibshirani (1993), "An Introduction to the Bootstrap", section 13.3
        (percentile intervals, of the paired difference).
    """
    if list(first.table["tile"]) != list(second.table["tile"]):
        raise ValueError("Expected the same tiles in the same order. Received: two lists.")
    n = first.n_tiles
    if not n:
        return ()
    slides, count = slide_groups(first.table), affordable(count, n + len(first.classes) ** 2)
    values = [_drawn(part, np.ones((1, n), np.int32)) for part in (first, second)]
    by_tile = _apart(first, second, draws(None, n, count, seed))
    one = len(set(slides)) == 1  # nothing to resample
    by_slide = {} if one else _apart(first, second, draws(slides, n, count, seed))
    return tuple(
        Difference(
            name,
            float(value[0]),
            float(values[1][name][0]),
            percentile(by_tile[name]),
            None if one else percentile(by_slide[name]),
        )
        for name, value in values[0].items()
    )


def table(differences: Sequence[Difference], first: str, second: str) -> pd.DataFrame:
    """One row a figure: its value for either network, the difference and both intervals."""
    return pd.DataFrame(
        [
            {
                "figure": d.name,
                first: d.first,
                second: d.second,
                "difference": d.difference,
                "tiles: 95 % from": d.by_tile.low if d.by_tile else None,
                "tiles: 95 % to": d.by_tile.high if d.by_tile else None,
                "slides: 95 % from": d.by_slide.low if d.by_slide else None,
                "slides: 95 % to": d.by_slide.high if d.by_slide else None,
            }
            for d in differences
        ]
    )


def _apart(first: LabelledPart, second: LabelledPart, weights: Draws) -> dict[str, Floats]:
    a, b = _drawn(first, weights), _drawn(second, weights)
    return {name: a[name] - b[name] for name in a}


def _drawn(part: LabelledPart, weights: Draws) -> dict[str, Floats]:
    """Every figure in every draw, (count,) each; in one order, whatever the order of classes."""
    scored = part.labels, part.probabilities, part.classes
    truth, calls = (class_indices(names, part.classes) for names in (part.labels, part.calls))
    confusion = resampled.confusion_draws(weights, truth, calls, len(part.classes))
    recall = resampled.class_draws(confusion)["recall"]
    present = sorted(set(part.labels))
    rows = [part.classes.index(name) for name in present]
    found = {
        "accuracy": resampled.accuracy_draws(confusion),
        "macro F1": resampled.mean_f1_draws(confusion)[0],
    }
    found |= {f"recall {name}": recall[:, i] for name, i in zip(present, rows, strict=True)}
    if len(present) > 1:
        for name, i in zip(present, rows, strict=True):
            scores = part.probabilities[:, i]
            found[f"AUC {name}"] = resampled.area_draws(weights, truth == i, scores)[0]
    found["Brier score"] = means(weights, brier_terms(*scored))
    found["log loss"] = means(weights, log_loss_terms(*scored))
    return found
