"""Every figure of a part with its 95 % intervals: by tile, by slide, and exact where there is one.

By tile pretends that tiles are independent; by slide does not. Where the two differ, the second
is the one to go by.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate import resampled
from osteo_core.evaluate.bootstrap import (
    COUNT,
    Floats,
    Weights,
    affordable,
    caution,
    draws,
    means,
    slide_groups,
)
from osteo_core.evaluate.calibration import BINS, bin_of, confidences
from osteo_core.evaluate.collapse import collapse_calls, collapse_tumour
from osteo_core.evaluate.delong import auc_interval
from osteo_core.evaluate.intervals import Interval, wilson
from osteo_core.evaluate.metrics import Metrics
from osteo_core.evaluate.parts import CALL, LabelledPart
from osteo_core.evaluate.scores import brier_terms, class_indices, log_loss_terms
from osteo_core.evaluate.spread import fewer_classes, spread, whys, without

AREAS = ("AUC", "average precision")


@dataclass(frozen=True)
class Figure:
    """One figure with its intervals, each None where it cannot be had.

    Attributes:
        name: "accuracy", "recall", "AUC", ...
        group: the class it is of, "" for all together.
        value: the figure; None where the tiles do not define it.
        by_tile: percentile bootstrap over tiles.
        by_slide: percentile bootstrap over whole slides.
        exact: Wilson's interval of a share, DeLong's of an AUC; tiles as independent.
        exact_by: "Wilson", "DeLong" or "".
        note: why an interval is missing or another's, in sentences; "" where none is.
    """

    name: str
    group: str
    value: float | None
    by_tile: Interval | None
    by_slide: Interval | None
    exact: Interval | None = None
    exact_by: str = ""
    note: str = ""


@dataclass(frozen=True)
class Figures:
    """All figures of a part, and what to know of their intervals."""

    rows: tuple[Figure, ...]
    notes: tuple[str, ...]

    def find(self, name: str, group: str = "") -> Figure | None:
        """Return a figure by name and class, or None."""
        return next((f for f in self.rows if (f.name, f.group) == (name, group)), None)


def figures(part: LabelledPart, count: int = COUNT, seed: int = 0) -> Figures:
    """Compute every figure of a part.

    Args:
        part: labelled tiles with probabilities.
        count: bootstrap draws, each over tiles and over slides.
        seed: of the draws.

    Returns:
        Accuracy, macro precision, recall and F1, weighted F1, Brier score, log loss and expected
        calibration error of all tiles; precision, recall, specificity, F1, AUC and average
        precision of each class.
        None and a note where a figure is not defined; no rows without tiles.
    """
    if not part.n_tiles:
        return Figures((), ("There is no labelled tile in this part.",))
    groups = slide_groups(part.table)
    wanted, count = count, affordable(count, part.n_tiles + len(part.classes) ** 2)
    by_tile = draws(None, part.n_tiles, count, seed).astype(np.float64)
    by_slide = None
    if len(set(groups)) > 1:
        by_slide = draws(groups, part.n_tiles, count, seed).astype(np.float64)
    rows = tuple(_rows(part, part.metrics(), (by_tile, by_slide)))
    few = f"So many tiles or classes leave memory for {count} draws." if count < wanted else ""
    told = (caution(groups), few, _fewer(part, by_slide), *whys(rows), _told(rows))
    return Figures(rows, tuple(note for note in told if note))


def tumour_figures(part: LabelledPart, count: int = COUNT, seed: int = 0) -> Figures:
    """Compute every figure of a part collapsed to tumour or no tumour, as `tumour_view` does.

    Args:
        part: labelled tiles of classes that can be collapsed.
        count: bootstrap draws, each over tiles and over slides.
        seed: of the draws.

    Raises:
        ValueError: the classes cannot be collapsed.
    """
    labels, summed, names = collapse_tumour(part.labels, part.probabilities, part.classes)
    table = part.table.assign(label=labels)
    table[CALL] = collapse_calls(part.calls)  # before the sum: of three classes the likeliest
    return figures(LabelledPart(part.part, names, table, summed, part.notes), count, seed)


def _rows(
    part: LabelledPart, metrics: Metrics, weights: tuple[Weights, Weights | None]
) -> Iterator[Figure]:
    truth = class_indices(part.labels, part.classes)
    calls = class_indices(part.calls, part.classes)
    k = len(part.classes)
    confusion = [
        None if w is None else resampled.confusion_draws(w, truth, calls, k) for w in weights
    ]
    yield from _whole(part, metrics, weights, confusion)
    drawn = [None if c is None else resampled.class_draws(c) for c in confusion]
    slides = slide_groups(part.table)
    for i, name in enumerate(part.classes):
        lacks = without(slides, truth == i, name)
        yield from _shares(metrics, name, i, drawn, lacks)
        yield from _areas(name, truth == i, part.probabilities[:, i], weights, lacks)


def _fewer(part: LabelledPart, by_slide: Weights | None) -> str:
    truth, k = class_indices(part.labels, part.classes), len(part.classes)
    confusion = None if by_slide is None else resampled.confusion_draws(by_slide, truth, truth, k)
    return fewer_classes(confusion, np.bincount(truth, minlength=k) > 0)


def _whole(
    part: LabelledPart,
    metrics: Metrics,
    weights: Sequence[Weights | None],
    confusion: Sequence[Floats | None],
) -> Iterator[Figure]:
    accuracies = [None if c is None else resampled.accuracy_draws(c) for c in confusion]
    macro = [None if c is None else resampled.macro_draws(c) for c in confusion]
    weighted = [None if c is None else resampled.mean_f1_draws(c)[1] for c in confusion]
    yield _figure("accuracy", "", metrics.accuracy, accuracies, metrics.interval, "Wilson")
    for what in ("precision", "recall", "f1"):
        found = [None if m is None else m[what] for m in macro]
        yield _figure(f"macro {what.replace('f1', 'F1')}", "", getattr(metrics.macro, what), found)
    yield _figure("weighted F1", "", metrics.weighted.f1, weighted)
    scored = part.labels, part.probabilities, part.classes
    for name, terms in (
        ("Brier score", brier_terms(*scored)),
        ("log loss", log_loss_terms(*scored)),
    ):
        found = [None if w is None else means(w, terms) for w in weights]
        yield _figure(name, "", float(terms.mean()), found)
    yield _calibration(*confidences(*scored, part.calls), weights)


def _calibration(
    confidence: Floats, right: npt.NDArray[np.bool_], weights: Sequence[Weights | None]
) -> Figure:
    bins, excess = bin_of(confidence), confidence - right

    def error(taken: Weights) -> Floats:
        return resampled.binned_error_draws(taken, bins, BINS, excess)

    value = float(error(np.ones((1, len(bins))))[0])
    found = [None if w is None else error(w) for w in weights]
    return _figure("calibration error", "", value, found)


def _shares(
    metrics: Metrics,
    name: str,
    i: int,
    drawn: Sequence[dict[str, Floats] | None],
    lacks: str,
) -> Iterator[Figure]:
    counts = metrics.confusion
    hit, support, called = int(counts[i, i]), int(counts[i].sum()), int(counts[:, i].sum())
    rest = metrics.n - support
    pairs = {
        "precision": (hit, called),
        "recall": (hit, support),
        "specificity": (rest - called + hit, rest),
    }
    for what, (part, whole) in pairs.items():
        found = [None if d is None else d[what][:, i] for d in drawn]
        exact = wilson(part, whole) if whole else None
        value = part / whole if whole else None
        yield _figure(what, name, value, found, exact, "Wilson", lacks)
    found = [None if d is None else d["f1"][:, i] for d in drawn]
    yield _figure("F1", name, metrics.per_class[i].f1, found, lacks=lacks)


def _areas(
    name: str,
    positive: npt.NDArray[np.bool_],
    score: Floats,
    weights: Sequence[Weights | None],
    lacks: str,
) -> Iterator[Figure]:
    if not positive.any() or positive.all():  # the class against nothing
        yield from (_figure(what, name, None, (None, None)) for what in AREAS)
        return
    once = resampled.area_draws(np.ones((1, len(score))), positive, score)
    drawn = [None if w is None else resampled.area_draws(w, positive, score) for w in weights]
    exact = auc_interval(score[positive], score[~positive]), None
    for i, what in enumerate(AREAS):
        found = [None if d is None else d[i] for d in drawn]
        yield _figure(what, name, float(once[i][0]), found, exact[i], "DeLong", lacks)


def _figure(
    name: str,
    group: str,
    value: float | None,
    drawn: Sequence[Floats | None],
    exact: Interval | None = None,
    exact_by: str = "",
    lacks: str = "",
) -> Figure:
    if value is None:
        return Figure(name, group, None, None, None, exact, exact_by if exact else "")
    instead = exact if exact_by == "Wilson" else None  # it counts tiles, so never for slides
    tile, why_tile = spread(drawn[0], "tile", instead=instead)
    slide, why_slide = spread(drawn[1], "slide", lacks=lacks)
    note = " ".join(filter(None, (why_tile, why_slide)))
    return Figure(name, group, value, tile, slide, exact, exact_by if exact else "", note)


def _told(rows: Sequence[Figure]) -> str:
    missing = [f"{f.name} of {f.group}" for f in rows if f.value is None and f.group]
    if not missing:
        return ""
    return f"Not defined on these tiles: {', '.join(missing)}."
