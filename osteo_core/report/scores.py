"""What a report says of each network by itself: figures with intervals, confusion, curves."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from osteo_core.bundles import Bundle
from osteo_core.errors import OsteoError
from osteo_core.evaluate.calibration import reliability
from osteo_core.evaluate.collapse import TumourView, can_collapse, tumour_view
from osteo_core.evaluate.curves import learning_curves, roc_one_vs_rest
from osteo_core.evaluate.figures import Figures, figures
from osteo_core.evaluate.parts import LabelledPart
from osteo_core.report import html, svg
from osteo_core.report.gather import Request, Said
from osteo_core.wording import between

SERIES = ("tiles resampled", "slides resampled")
INTERVALS = (
    "95 % intervals: percentiles of 2,000 bootstrap draws. Tiles of one slide resemble each other, "
    "so the interval over slides is the one to go by; the one over tiles is what most papers print."
)

MET = {
    "all": "Most of these tiles were trained on: the figures say how well the networks remember, "
    "not how well they work. The test part is the one to go by.",
    "train": "These tiles were trained on: the figures say how well the networks remember, not how "
    "well they work.",
    "validation": "Epochs were chosen on these tiles, so the figures lean high.",
}


def figure_table(found: Figures, names: Sequence[str] = ()) -> pd.DataFrame:
    """One row a figure with its intervals, as text; all of them, or some by name."""
    rows = [f for f in found.rows if not names or f.name in names]
    return pd.DataFrame(
        {
            "figure": [f"{f.name} {f.group}".strip() for f in rows],
            "value": [f.value for f in rows],
            "95 %, over tiles": [between(f.by_tile) for f in rows],
            "95 %, over slides": [between(f.by_slide) for f in rows],
            "95 %, exact": [f"{between(f.exact)} ({f.exact_by})" if f.exact else "–" for f in rows],
        }
    )


def confusion_table(part: LabelledPart) -> pd.DataFrame:
    """Counts by true class (rows) and call (columns)."""
    names = list(part.classes)
    return pd.DataFrame(part.metrics().confusion, index=names, columns=names)


def glance(request: Request, said: Said) -> str:
    """The front of the report: every network's accuracy with both intervals."""
    rows, notes = [], []
    for bundle in request.bundles:
        part = said.parts[bundle.name]
        found = figures(part)
        accuracy, f1 = found.find("accuracy"), found.find("macro F1")
        if accuracy is None or accuracy.value is None or f1 is None:
            notes.append(f"{bundle.name}: {part.standing(bundle.card.split.kind)}")
            continue
        intervals = (accuracy.by_tile, accuracy.by_slide)
        rows.append((bundle.name, accuracy.value, intervals, f1.value, part))
    if not rows:
        return html.bullets(notes)
    chart = svg.intervals(
        [(name, value, intervals) for name, value, intervals, _, _ in rows],
        SERIES,
        "Accuracy of each network with its 95 % intervals: "
        + "; ".join(f"{name} {value:.3f}" for name, value, *_ in rows),
    )
    frame = pd.DataFrame(
        [
            {
                "network": name,
                "accuracy": value,
                "95 %, over tiles": between(intervals[0]),
                "95 %, over slides": between(intervals[1]),
                "macro F1": f1,
                "tiles": part.n_tiles,
                "slides": part.n_slides,
                "cases": part.n_cases,
            }
            for name, value, intervals, f1, part in rows
        ]
    )
    title = f"Accuracy on the {part_words(request.part)}"
    notes = [*filter(None, [MET.get(request.part)]), *notes]
    parts = [
        html.figure(chart, f"{title}, each network on its own tiles."),
        html.table(frame, title),
    ]
    told = [html.paragraph(note, "warning") for note in notes]
    return "".join([*told, *parts, html.paragraph(INTERVALS, "note")])


def network(bundle: Bundle, part: LabelledPart) -> str:
    """Everything about one network on one part."""
    metrics = part.metrics()
    kind = bundle.card.split.kind
    if not part.n_tiles:
        return html.paragraph(part.standing(kind))
    found = figures(part)
    pieces = [html.paragraph(part.standing(kind))]
    pieces += [html.paragraph(note, "warning") for note in found.notes]
    pieces.append(html.table(figure_table(found), f"{bundle.name}: figures with intervals"))
    pieces.append(html.paragraph(INTERVALS, "note"))
    per_class = pd.DataFrame(metrics.rows()).rename(columns={"f1": "F1", "support": "tiles"})
    pieces.append(html.table(per_class, f"{bundle.name}: by class"))
    pieces.append(
        html.counts(confusion_table(part), f"{bundle.name}: confusion, tiles and share of the row",
                    "true class, called")
    )  # fmt: skip
    pieces += [_roc(bundle.name, part), _reliability(bundle.name, part), _tumour(part)]
    pieces.append(_slides(bundle.name, part))
    pieces += [_learning(bundle), html.bullets([*part.notes, *metrics.notes])]
    return "".join(pieces)


def _roc(name: str, part: LabelledPart) -> str:
    curves = roc_one_vs_rest(part.labels, part.probabilities, part.classes)
    drawn = [c for c in curves if c.auc is not None]
    if not drawn:
        return html.bullets([f"{c.name}: {c.note}" for c in curves if c.note])
    alt = "ROC curves: " + ", ".join(f"{c.name} AUC {c.auc:.3f}" for c in drawn)
    chart = svg.lines(
        [(f"{c.name}, AUC {c.auc:.3f}", c.fpr, c.tpr) for c in drawn],
        alt,
        titles=("false positive rate", "true positive rate"),
        square=True,
        diagonal=True,
    )
    return html.figure(chart, f"{name}: each class against the rest.")


def _reliability(name: str, part: LabelledPart) -> str:
    bins = reliability(part.labels, part.probabilities, part.classes, calls=part.calls)
    chart = svg.lines(
        [
            (
                "share called rightly",
                np.array([b.confidence for b in bins]),
                np.array([b.accuracy for b in bins]),
            )
        ],
        "Calibration: "
        + ", ".join(f"{b.n} tiles at {b.confidence:.2f}: {b.accuracy:.2f}" for b in bins),
        titles=("probability of the call", "share right"),
        square=True,
        diagonal=True,
        marks=True,
    )
    told = (
        f"{name}: how often calls of a probability are right; on the diagonal they keep their word."
    )
    counts = pd.DataFrame(
        {
            "probability": [f"{b.low:.1f} to {b.high:.1f}" for b in bins],
            "tiles": [b.n for b in bins],
            "mean probability": [b.confidence for b in bins],
            "share right": [b.accuracy for b in bins],
        }
    )
    return html.figure(chart, told) + html.details(
        "Calibration in figures", html.table(counts, told)
    )


def _tumour(part: LabelledPart) -> str:
    if not can_collapse(part.classes) or len(part.classes) < 3:
        return ""  # of two classes the table above says the same
    view: TumourView = tumour_view(part.labels, part.probabilities, part.classes, part.calls)
    values = {
        "sensitivity": view.sensitivity,
        "specificity": view.specificity,
        "accuracy": view.metrics.accuracy,
        "AUC": view.curve.auc,
    }
    frame = pd.DataFrame({"figure": list(values), "value": list(values.values())})
    return html.table(frame, "Tumour, dead or viable, against no tumour")


def _slides(name: str, part: LabelledPart) -> str:
    frame = part.by_slide()
    return html.details(
        f"Accuracy by slide, the worst first ({len(frame)})",
        html.table(frame, f"{name}: accuracy by slide"),
    )


def _learning(bundle: Bundle) -> str:
    try:
        curves = learning_curves(bundle.history(), bundle.card.provenance.best_epochs)
    except OsteoError:  # an ensemble was never trained
        return ""
    table = curves.table
    lines = [
        (words, table["epoch"].to_numpy(np.float64), table[column].to_numpy(np.float64))
        for words, column in (("training loss", "loss"), ("validation loss", "val_loss"))
        if column in table and table[column].notna().any()
    ]
    if not lines:
        return ""
    alt = f"Loss of {bundle.name} by epoch. {curves.reason}"
    chart = svg.lines(lines, alt, titles=("epoch", "loss"))
    return html.figure(chart, f"{bundle.name}: learning curves. {curves.reason}")


def part_words(part: str) -> str:
    """A part of the split in words."""
    return {"all": "whole cohort", "train": "training part"}.get(part, f"{part} part")
