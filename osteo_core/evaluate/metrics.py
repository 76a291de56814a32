"""How good the calls of a network are: accuracy, per-class scores, means and confusion.

A number that cannot be computed (a recall without tiles, an accuracy of an empty part) is None and
a note says why; nothing here returns NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.intervals import Interval, wilson
from osteo_core.wording import count, listed


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 in [0, 1] (None: undefined) over `support` tiles."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True, eq=False)
class Metrics:
    """Scores of one set of calls; `confusion` is int64 (k, k), rows the truth, columns the call."""

    classes: tuple[str, ...]
    n: int
    correct: int
    per_class: tuple[Score, ...]
    macro: Score
    weighted: Score
    confusion: npt.NDArray[np.int64]
    notes: tuple[str, ...]

    @property
    def accuracy(self) -> float | None:
        """Share of tiles called rightly, or None without tiles."""
        return self.correct / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95 % interval of the accuracy, or None without tiles."""
        return wilson(self.correct, self.n) if self.n else None

    @property
    def row_shares(self) -> npt.NDArray[np.float64]:
        """Confusion as shares of each true class, float64 (k, k); 0 in the row of an absent one."""
        totals = self.confusion.sum(axis=1, keepdims=True)
        shares: npt.NDArray[np.float64] = self.confusion / np.maximum(totals, 1)
        return shares

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a class and one a mean, ready for a table or a CSV file."""
        return [
            {
                "class": s.name,
                "precision": s.precision,
                "recall": s.recall,
                "f1": s.f1,
                "support": s.support,
            }
            for s in (*self.per_class, self.macro, self.weighted)
        ]


def evaluate(
    labels: Sequence[str], probabilities: npt.ArrayLike, classes: Sequence[str]
) -> Metrics:
    """Score the most probable class of each tile against its label.

    Args:
        labels: true class of each tile, each one of `classes`.
        probabilities: (n, k) finite, columns in the order of `classes`.
        classes: the k class names.

    Returns:
        The metrics; a tie goes to the class that comes first, and a note counts the ties.

    Raises:
        ValueError: when shapes do not fit, a value is not finite or a label is not a class.
    """
    matrix = checked_probabilities(labels, probabilities, classes)
    calls = most_probable(matrix, classes)
    highest = matrix == matrix.max(axis=1, keepdims=True)
    ties = int((highest.sum(axis=1) > 1).sum())
    notes = (
        (
            f"{count(ties, 'tile')} had two or more classes at the same highest probability; "
            "the class that comes first was counted.",
        )
        if ties
        else ()
    )
    return evaluate_calls(labels, calls, classes, notes=notes)


def most_probable(probabilities: npt.ArrayLike, classes: Sequence[str]) -> list[str]:
    """Name the most probable class of each row of (n, k) probabilities; of equals, the first."""
    matrix = np.asarray(probabilities).reshape(-1, len(classes))
    return [classes[i] for i in matrix.argmax(axis=1)]


def evaluate_calls(
    labels: Sequence[str], calls: Sequence[str], classes: Sequence[str], notes: tuple[str, ...] = ()
) -> Metrics:
    """Score calls against labels, both sequences of class names of equal length.

    The macro mean is over the classes that occur among the labels; there, a precision without a
    single call counts as 0, as in scikit-learn. Classes that do not occur are named in a note.

    Raises:
        ValueError: when lengths differ or a name is not among `classes`.
    """
    confusion = confusion_counts(labels, calls, classes)
    scores = tuple(_score(name, confusion, i) for i, name in enumerate(classes))
    return Metrics(
        classes=tuple(classes),
        n=int(confusion.sum()),
        correct=int(confusion.trace()),
        per_class=scores,
        macro=_mean("macro mean", scores, weighted=False),
        weighted=_mean("weighted mean", scores, weighted=True),
        confusion=confusion,
        notes=(*_part_notes(confusion, classes), *notes),
    )


def confusion_counts(
    labels: Sequence[str], calls: Sequence[str], classes: Sequence[str]
) -> npt.NDArray[np.int64]:
    """Count tiles by true class (row) and call (column), int64 (k, k)."""
    if len(labels) != len(calls):
        raise ValueError(
            f"Expected a call for each label. Received: {len(labels)} labels, {len(calls)} calls."
        )
    place = {name: i for i, name in enumerate(classes)}
    strangers = sorted({str(name) for name in (*labels, *calls)} - set(place))
    if strangers:
        raise ValueError(f"Expected names among {list(classes)}. Received: {strangers}.")
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for label, call in zip(labels, calls, strict=True):
        counts[place[label], place[call]] += 1
    return counts


def checked_probabilities(
    labels: Sequence[str], probabilities: npt.ArrayLike, classes: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Return the probabilities as float64 (n, k), or raise ValueError when they do not fit."""
    matrix = np.asarray(probabilities, np.float64).reshape(-1, len(classes))
    if len(matrix) != len(labels):
        raise ValueError(
            f"Expected one row of {len(classes)} probabilities for each of {len(labels)} labels. "
            f"Received: shape {np.shape(probabilities)}."
        )
    if not np.isfinite(matrix).all():
        raise ValueError("Expected finite probabilities. Received: NaN or infinity among them.")
    return matrix


def _score(name: str, confusion: npt.NDArray[np.int64], i: int) -> Score:
    hit, support, called = confusion[i, i], confusion[i].sum(), confusion[:, i].sum()
    return Score(
        name=name,
        precision=_share(hit, called),
        recall=_share(hit, support),
        f1=_share(2 * hit, support + called),
        support=int(support),
    )


def _share(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None


def _mean(name: str, scores: Sequence[Score], *, weighted: bool) -> Score:
    present = [s for s in scores if s.support]
    total = sum(s.support for s in present)
    if not present:
        return Score(name, None, None, None, 0)
    weights = [s.support / total if weighted else 1 / len(present) for s in present]

    def mean(field: str) -> float:
        return sum(w * (getattr(s, field) or 0.0) for w, s in zip(weights, present, strict=True))

    return Score(name, mean("precision"), mean("recall"), mean("f1"), total)


def _part_notes(confusion: npt.NDArray[np.int64], classes: Sequence[str]) -> tuple[str, ...]:
    support, called = confusion.sum(axis=1), confusion.sum(axis=0)
    if not support.sum():
        return ("There is no labelled tile in this part, so nothing can be scored.",)
    notes = []
    absent = [name for name, count in zip(classes, support, strict=True) if not count]
    silent = [n for n, s, c in zip(classes, support, called, strict=True) if s and not c]
    if absent:
        notes.append(
            f"No tile of this part is {listed(absent, 'or')}: recall is not defined there, and the "
            "means leave the class out."
        )
    if silent:
        notes.append(
            f"No tile was called {listed(silent, 'or')}: precision is not defined there and counts "
            "as 0 in the means."
        )
    if np.count_nonzero(called) == 1 and np.count_nonzero(support) > 1:
        notes.append("Every tile got the same call, so this accuracy is just that class's share.")
    return tuple(notes)
