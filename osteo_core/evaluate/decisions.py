"""From probabilities to calls: thresholds, costs and two stages, and choosing them.

The most probable class is the right call only where every error costs the same. What is chosen
here must be chosen on tiles that nothing is reported on: the validation part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.collapse import NO_TUMOUR_CLASS, TUMOUR_CLASSES, can_collapse

RuleKind = Literal["top", "thresholds", "costs", "two-stage"]
GATE = 0.5  # from this probability of tumour on, a two-stage call asks which
_ROUNDING = 1e-9  # sums of probabilities carry an error of this size at most

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Rule:
    """How a class is called from probabilities.

    Args:
        kind: "top", the most probable class; "thresholds"; "costs"; "two-stage".
        thresholds: of each class, above 0 and at most 1; for "thresholds".
        costs: of missing each class, not negative; for "costs".
        gate: from this probability of tumour on, tumour is called, 0 to 1; for "two-stage".
    """

    kind: RuleKind = "top"
    thresholds: tuple[float, ...] = ()
    costs: tuple[float, ...] = ()
    gate: float = GATE

    def call(self, probabilities: npt.ArrayLike, classes: Sequence[str]) -> Numbers:
        """Number of the class that is called for each tile.

        Args:
            probabilities: (n, k), columns in the order of `classes`.
            classes: the k class names.

        Returns:
            int (n,); of equals, the class that comes first.

        Raises:
            ValueError: the rule does not fit the classes.
        """
        values = np.asarray(probabilities, np.float64).reshape(-1, len(classes))
        if self.kind == "thresholds":
            return call_by_thresholds(values, self.thresholds)
        if self.kind == "costs":
            return call_by_costs(values, miss_costs(self.costs))
        if self.kind == "two-stage":
            return call_in_two_stages(values, classes, self.gate)
        return _largest(values)


def call_by_thresholds(probabilities: Floats, thresholds: Sequence[float]) -> Numbers:
    """Call the class whose probability is the largest multiple of its threshold.

    With two classes whose thresholds sum to 1 this is the plain rule: the class is called from its
    threshold on. With equal thresholds it is the most probable class. Only the ratios of the
    thresholds matter, and every tile gets a call; dividing by t is the same as saying that missing
    the class costs 1/t.

    Args:
        probabilities: (n, k).
        thresholds: (k,), each above 0.

    Raises:
        ValueError: one for each class was expected, all above 0.
    """
    limits = np.asarray(thresholds, np.float64)
    if limits.shape != (probabilities.shape[1],) or not (limits > 0).all():
        raise ValueError(
            f"Expected {probabilities.shape[1]} thresholds above 0. Received: {list(thresholds)}."
        )
    return _largest(probabilities / limits)


def call_by_costs(probabilities: Floats, costs: npt.ArrayLike) -> Numbers:
    """Call the class that costs least on average, if the probabilities are right.

    Args:
        probabilities: (n, k), calibrated.
        costs: (k, k), not negative; row the true class, column the call.

    Raises:
        ValueError: costs of another shape, or a negative one.

    Reference:
        C. Elkan (2001), "The foundations of cost-sensitive learning", IJCAI, equation 1.
    """
    table = np.asarray(costs, np.float64)
    k = probabilities.shape[1]
    if table.shape != (k, k) or not (table >= 0).all():
        raise ValueError(f"Expected {k} x {k} costs, none negative. Received: {table.tolist()}.")
    return _largest(-(probabilities @ table))


def miss_costs(of_each: Sequence[float]) -> Floats:
    """Costs where only the class that was missed matters, float64 (k, k); a right call is free."""
    values = np.asarray(of_each, np.float64)
    table: Floats = np.repeat(values[:, None], len(values), axis=1)
    np.fill_diagonal(table, 0)
    return table


def call_in_two_stages(probabilities: Floats, classes: Sequence[str], gate: float) -> Numbers:
    """Call tumour or not first, then which.

    Args:
        probabilities: (n, k), columns in the order of `classes`.
        classes: Non-Tumor and at least one tumour class, and no other.
        gate: from this probability of tumour on, 0 to 1, tumour is called.

    Raises:
        ValueError: the classes do not allow the question.
    """
    if not can_collapse(classes):
        raise ValueError(
            f"Expected the classes {NO_TUMOUR_CLASS} and at least one of {list(TUMOUR_CLASSES)}. "
            f"Received: {list(classes)}."
        )
    none = list(classes).index(NO_TUMOUR_CLASS)
    tumour = np.array([i for i, name in enumerate(classes) if name in TUMOUR_CLASSES])
    which = tumour[_largest(probabilities[:, tumour])]
    is_tumour = probabilities[:, tumour].sum(axis=1) >= gate - _ROUNDING
    return np.where(is_tumour, which, none).astype(np.intp)


def two_stage_calls(
    probabilities: npt.ArrayLike, classes: Sequence[str], gate: float = GATE
) -> list[str]:
    """Names of the classes called in two stages; see `call_in_two_stages`."""
    values = np.asarray(probabilities, np.float64).reshape(-1, len(classes))
    return [classes[i] for i in call_in_two_stages(values, classes, gate)]


def mean_cost(truth: Numbers, calls: Numbers, costs: npt.ArrayLike) -> float | None:
    """Average cost of the calls, or None without tiles; `truth` and `calls` are (n,) numbers."""
    table = np.asarray(costs, np.float64)
    return float(table[truth, calls].mean()) if len(truth) else None


def choose_thresholds(
    truth: Numbers, probabilities: Floats, costs: npt.ArrayLike, step: float = 0.05
) -> tuple[float, ...]:
    """Find the thresholds whose calls cost least on labelled tiles of the validation part.

    Every combination of multiples of `step` is tried; of equals, those nearest 0.5 are taken.

    Args:
        truth: number of the true class of each tile, (n,), n at least 1.
        probabilities: (n, k) for two or three classes.
        costs: (k, k), row the true class, column the call.
        step: between two thresholds.

    Raises:
        ValueError: there is no tile, or there are more than three classes.
    """
    k = probabilities.shape[1]
    if not len(truth) or k > 3:
        raise ValueError(
            f"Expected labelled tiles of two or three classes. Received: {len(truth)} tiles, {k} "
            "classes."
        )
    grid = np.arange(1, round(1 / step)) * step
    tried = np.array(list(product(grid, repeat=k)))  # (combinations, k)
    table = np.asarray(costs, np.float64)
    paid = np.concatenate([_paid(some, truth, probabilities, table) for some in _some(tried)])
    order = np.lexsort((np.abs(tried - 0.5).sum(axis=1), paid.round(9)))
    return tuple(float(t) for t in tried[order[0]].round(6))


def choose_gate(
    truth: Numbers, probabilities: Floats, classes: Sequence[str], costs: npt.ArrayLike
) -> float:
    """Find the gate of two-stage calls that costs least, as `choose_thresholds` does."""
    if not len(truth):
        raise ValueError("Expected labelled tiles. Received: none.")
    gates = np.arange(1, 100) / 100
    calls = [call_in_two_stages(probabilities, classes, gate) for gate in gates]
    paid = np.array([mean_cost(truth, called, costs) for called in calls])
    return float(gates[np.lexsort((np.abs(gates - GATE), paid.round(9)))[0]])


def _paid(tried: Floats, truth: Numbers, probabilities: Floats, costs: Floats) -> Floats:
    calls = _largest(probabilities[None] / tried[:, None])  # (combinations, n)
    paid: Floats = costs[truth[None], calls].mean(axis=1)
    return paid


def _some(tried: Floats, size: int = 512) -> Iterator[Floats]:
    return (tried[i : i + size] for i in range(0, len(tried), size))


def _largest(values: Floats) -> Numbers:
    """Place of the largest along the last axis; the first of those that differ by rounding only."""
    best = values.max(axis=-1, keepdims=True)
    first: Numbers = (values >= best - _ROUNDING * np.abs(best)).argmax(axis=-1)
    return first
