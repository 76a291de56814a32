"""Whether a probability of 0.9 is right nine times in ten, and a temperature that helps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.intervals import Interval, wilson
from osteo_core.evaluate.metrics import checked_probabilities, most_probable
from osteo_core.evaluate.scores import SMALLEST, class_indices

BINS = 10
_COLDEST, _HOTTEST = 0.05, 20.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Temperature:
    """One number that all logits are divided by; above 1 it takes confidence away.

    Attributes:
        value: the temperature, 0.05 to 20.
        nll_before: mean negative log likelihood (natural logarithm) of the labels at 1; None
            without tiles.
        nll_after: the same at `value`.
        note: why it was left at 1 or stopped at a bound; "" when neither.
    """

    value: float
    nll_before: float | None
    nll_after: float | None
    note: str = ""

    def apply(self, probabilities: npt.ArrayLike) -> Floats:
        """Return softmax(log p / T), float64 of the same shape; calls stay as they are."""
        matrix = np.asarray(probabilities, np.float64)
        scaled: Floats = _scaled(_logits(matrix), self.value)
        return scaled


@dataclass(frozen=True)
class Bin:
    """Tiles whose call has a probability in (low, high]: how sure, how often right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    interval: Interval  # Wilson's, of the accuracy


def fit_temperature(
    labels: Sequence[str], probabilities: npt.ArrayLike, classes: Sequence[str]
) -> Temperature:
    """Find the temperature with the least negative log likelihood of the labels.

    To be fitted on the validation part and applied to the test part.

    Args:
        labels: true class of each tile.
        probabilities: (n, k) finite, columns in the order of `classes`.
        classes: the k class names.

    Returns:
        The temperature; 1 with a note when there is no tile or nothing to choose by.

    Raises:
        ValueError: shapes do not fit, a value is not finite or a label is not a class.

    Reference:
        C. Guo and others (2017), "On Calibration of Modern Neural Networks", ICML, section 4.2.
    """
    from scipy.optimize import minimize_scalar

    matrix = checked_probabilities(labels, probabilities, classes)
    if not len(matrix):
        return Temperature(1.0, None, None, "There is no labelled tile to fit a temperature to.")
    logits, truth = _logits(matrix), class_indices(labels, classes)
    before = _nll(_scaled(logits, 1.0), truth)
    bounds = float(np.log(_COLDEST)), float(np.log(_HOTTEST))
    found = minimize_scalar(
        lambda t: _nll(_scaled(logits, float(np.exp(t))), truth), bounds=bounds, method="bounded"
    )
    value, after = float(np.exp(found.x)), float(found.fun)
    if after >= before - 1e-12:
        return Temperature(1.0, before, before, "No temperature fits these tiles better than 1.")
    note = ""
    if value < 1.05 * _COLDEST or value > 0.95 * _HOTTEST:
        value = _COLDEST if value < 1 else _HOTTEST
        after = _nll(_scaled(logits, value), truth)
        note = (
            "The fit ran to the end of its range: these tiles are all called rightly, or their "
            "probabilities say nothing, so the temperature is not to be trusted."
        )
    return Temperature(value, before, after, note)


def reliability(
    labels: Sequence[str],
    probabilities: npt.ArrayLike,
    classes: Sequence[str],
    n_bins: int = BINS,
    calls: Sequence[str] | None = None,
) -> list[Bin]:
    """Group tiles by the probability of their call; empty bins are left out.

    Args:
        labels: true class of each tile.
        probabilities: (n, k) finite.
        classes: the k class names.
        n_bins: bins of equal width over (0, 1], closed above.
        calls: class called for each tile; the most probable one when not given.

    Raises:
        ValueError: shapes do not fit, a value is not finite or a label is not a class.

    Reference:
        Guo and others (2017), section 2; the diagram after A. Niculescu-Mizil, R. Caruana (2005).
    """
    confidence, right = confidences(labels, probabilities, classes, calls)
    place = bin_of(confidence, n_bins)
    found = []
    for i in range(n_bins):
        inside = place == i
        n, hits = int(inside.sum()), int(right[inside].sum())
        if n:
            mean = float(confidence[inside].mean())
            found.append(Bin(i / n_bins, (i + 1) / n_bins, n, mean, hits / n, wilson(hits, n)))
    return found


def expected_calibration_error(
    labels: Sequence[str],
    probabilities: npt.ArrayLike,
    classes: Sequence[str],
    n_bins: int = BINS,
    calls: Sequence[str] | None = None,
) -> float | None:
    """Mean distance of confidence and accuracy over the bins of `reliability`, 0..1.

    Bins count by their tiles.

    Returns:
        None without tiles. On few tiles it leans high: chance alone gives distances.

    Reference:
        M. P. Naeini and others (2015), AAAI; Guo and others (2017), equation 3.
    """
    bins = reliability(labels, probabilities, classes, n_bins, calls)
    total = sum(b.n for b in bins)
    return sum(b.n * abs(b.confidence - b.accuracy) for b in bins) / total if total else None


def confidences(
    labels: Sequence[str],
    probabilities: npt.ArrayLike,
    classes: Sequence[str],
    calls: Sequence[str] | None = None,
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the probability of each tile's call and whether that class is the true one, both (n,).

    Called is the most probable class, where no calls are given.
    """
    matrix = checked_probabilities(labels, probabilities, classes)
    truth = class_indices(labels, classes)
    called = class_indices(most_probable(matrix, classes) if calls is None else calls, classes)
    return matrix[np.arange(len(matrix)), called], called == truth


def bin_of(confidence: Floats, n_bins: int = BINS) -> npt.NDArray[np.intp]:
    """Return the bin of each confidence, 0 to n_bins - 1; an edge belongs to the bin below it."""
    place = np.ceil(np.round(confidence * n_bins, 9)).astype(np.intp) - 1
    return np.clip(place, 0, n_bins - 1)


def _logits(probabilities: Floats) -> Floats:
    logits: Floats = np.log(np.maximum(probabilities, SMALLEST))
    return logits


def _scaled(logits: Floats, temperature: float) -> Floats:
    from scipy.special import softmax

    scaled: Floats = softmax(logits / temperature, axis=-1)
    return scaled


def _nll(probabilities: Floats, truth: npt.NDArray[np.intp]) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-300)).mean())
