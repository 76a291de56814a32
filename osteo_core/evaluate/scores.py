"""Scores of probabilities: Brier, log loss, and what a threshold finds and keeps out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.intervals import Interval, wilson
from osteo_core.evaluate.metrics import checked_probabilities

SMALLEST = 5e-7  # half of the last digit of stored probabilities: a stored 0 is at most this

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OperatingPoint:
    """What "call it so from this probability on" gives for one class.

    Shares are None without a tile to count over; intervals are Wilson's, tiles as independent.
    """

    name: str
    threshold: float
    sensitivity: float | None
    sensitivity_interval: Interval | None
    specificity: float | None
    specificity_interval: Interval | None
    precision: float | None
    precision_interval: Interval | None


def class_indices(labels: Sequence[str], classes: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the place of each label among the classes, (n,).

    Raises:
        ValueError: a label is not a class.
    """
    place = {name: i for i, name in enumerate(classes)}
    strangers = sorted(set(labels) - set(place))
    if strangers:
        raise ValueError(f"Expected labels among {list(classes)}. Received: {strangers}.")
    return np.asarray([place[label] for label in labels], np.intp)


def brier_terms(
    labels: Sequence[str], probabilities: npt.ArrayLike, classes: Sequence[str]
) -> Floats:
    """Return each tile's share of the Brier score, (n,), 0 (right and sure) to 2 (wrong and sure).

    The sum over all classes of the squared distance of probability and truth, as Brier wrote it;
    for two classes it is twice what scikit-learn's binary `brier_score_loss` gives.

    Reference:
        G. W. Brier (1950), Monthly Weather Review 78:1, equation 2.
    """
    matrix = checked_probabilities(labels, probabilities, classes)
    truth = np.eye(len(classes))[class_indices(labels, classes)].reshape(matrix.shape)
    terms: Floats = ((matrix - truth) ** 2).sum(axis=1)
    return terms


def log_loss_terms(
    labels: Sequence[str], probabilities: npt.ArrayLike, classes: Sequence[str]
) -> Floats:
    """Return each tile's negative log likelihood in nats, (n,).

    A probability below half of the last stored digit counts as that half: stored probabilities
    have six digits, and a stored 0 must not count as infinitely wrong.
    """
    matrix = checked_probabilities(labels, probabilities, classes)
    own = matrix[np.arange(len(matrix)), class_indices(labels, classes)]
    terms: Floats = -np.log(np.maximum(own, SMALLEST))
    return terms


def operating_point(
    labels: Sequence[str],
    probabilities: npt.ArrayLike,
    classes: Sequence[str],
    name: str,
    threshold: float,
) -> OperatingPoint:
    """Count what is found and kept out when a class is called from a probability on.

    Args:
        labels: true class of each tile.
        probabilities: (n, k) finite.
        classes: the k class names.
        name: the class that is looked for.
        threshold: called when the probability is at least this.

    Raises:
        ValueError: `name` is not a class, or shapes do not fit.
    """
    if name not in classes:
        raise ValueError(f"Expected a class among {list(classes)}. Received: {name!r}.")
    matrix = checked_probabilities(labels, probabilities, classes)
    called = matrix[:, list(classes).index(name)] >= threshold
    own = np.asarray(labels, object) == name
    found, kept_out = int((called & own).sum()), int((~called & ~own).sum())
    return OperatingPoint(
        name,
        threshold,
        *_share(found, int(own.sum())),
        *_share(kept_out, int((~own).sum())),
        *_share(found, int(called.sum())),
    )


def _share(k: int, n: int) -> tuple[float | None, Interval | None]:
    return (k / n, wilson(k, n)) if n else (None, None)
