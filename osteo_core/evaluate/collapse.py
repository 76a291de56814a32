"""Tumour or no tumour: the three classes collapsed to the question that is asked first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.curves import RocCurve, roc_one_vs_rest
from osteo_core.evaluate.metrics import (
    Metrics,
    checked_probabilities,
    evaluate_calls,
    most_probable,
)

TUMOUR_CLASSES = ("Non-Viable-Tumor", "Viable")
NO_TUMOUR_CLASS = "Non-Tumor"
COLLAPSED_CLASSES = ("No tumour", "Tumour")


@dataclass(frozen=True, eq=False)
class TumourView:
    """The collapse of one part: scores of the collapsed calls and the ROC curve of "Tumour".

    `n_differ` counts the tiles that would be called otherwise if the two tumour probabilities were
    summed before calling (for example 0.4 no tumour, 0.3 dead, 0.3 viable).
    """

    metrics: Metrics
    curve: RocCurve
    n_differ: int

    @property
    def sensitivity(self) -> float | None:
        """Share of the tumour tiles called tumour, dead or alive."""
        return self.metrics.per_class[1].recall

    @property
    def specificity(self) -> float | None:
        """Share of the tiles without tumour called so."""
        return self.metrics.per_class[0].recall


def can_collapse(classes: Sequence[str]) -> bool:
    """Say whether the classes are Non-Tumor and at least one tumour class, and no other."""
    others = set(classes) - {NO_TUMOUR_CLASS}
    return NO_TUMOUR_CLASS in classes and bool(others) and others <= set(TUMOUR_CLASSES)


def tumour_view(
    labels: Sequence[str],
    probabilities: npt.ArrayLike,
    classes: Sequence[str],
    calls: Sequence[str] | None = None,
) -> TumourView:
    """Collapse labels and calls: a tile is called tumour when the class called is one.

    Args:
        labels: true class of each tile.
        probabilities: (n, k) finite, columns in the order of `classes`.
        classes: the k class names.
        calls: class called for each tile; the most probable one when not given.

    Raises:
        ValueError: when the classes cannot be collapsed or shapes do not fit.

    Reference:
        J. Chu, S. Khan, "Transfer learning and data augmentation in osteosarcoma cancer
        detection", J. Emerging Investigators: precision 1.0 and recall 0.9411 are read off the
        three-class confusion matrix in this way. The ROC curve is our addition.
    """
    merged, summed, names = collapse_tumour(labels, probabilities, classes)
    made = collapse_calls(most_probable(probabilities, classes) if calls is None else calls)
    by_sum = most_probable(summed, names)
    return TumourView(
        metrics=evaluate_calls(merged, made, names),
        curve=roc_one_vs_rest(merged, summed, names)[1],
        n_differ=sum(a != b for a, b in zip(made, by_sum, strict=True)),
    )


def collapse_tumour(
    labels: Sequence[str], probabilities: npt.ArrayLike, classes: Sequence[str]
) -> tuple[list[str], npt.NDArray[np.float64], tuple[str, ...]]:
    """Merge the two tumour classes: dead or alive, both mean that a tumour is there.

    Returns:
        Labels among `COLLAPSED_CLASSES`, probabilities (n, 2) with the tumour classes summed, and
        `COLLAPSED_CLASSES`.

    Raises:
        ValueError: when the classes cannot be collapsed or shapes do not fit.
    """
    matrix = checked_probabilities(labels, probabilities, classes)
    if not can_collapse(classes):
        raise ValueError(
            f"Expected the classes {NO_TUMOUR_CLASS} and at least one of {list(TUMOUR_CLASSES)}. "
            f"Received: {list(classes)}."
        )
    nothing = matrix[:, list(classes).index(NO_TUMOUR_CLASS)]
    tumour = matrix.sum(axis=1) - nothing
    return collapse_calls(labels), np.stack([nothing, tumour], axis=1), COLLAPSED_CLASSES


def collapse_calls(names: Sequence[str]) -> list[str]:
    """Turn class names into "No tumour" or "Tumour"."""
    return [COLLAPSED_CLASSES[int(name in TUMOUR_CLASSES)] for name in names]
