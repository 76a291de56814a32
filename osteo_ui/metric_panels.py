"""Blocks of the metrics and comparison pages: tables with their CSV, the recipe, the split."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.evaluate import Interval, Metrics, RocCurve, TumourView
from osteo_core.evaluate.collapse import COLLAPSED_CLASSES
from osteo_core.evaluate.figures import Figure, Figures
from osteo_ui import charts, metric_charts, metric_services, saving, widgets
from osteo_ui.markdown import md
from osteo_ui.metric_services import PARTS, PartView

PANEL = 360  # px, at least: two stand side by side at 1280 px, one below the other at 800
BY_SLIDE = "95 % by slide"  # said beside the interval of a key figure


def table(
    frame: pd.DataFrame, name: str, alt: str, files: Sequence[str] = (), **options: Any
) -> Any:
    """Draw a sortable table with its CSV; shares get three decimals.

    Args:
        frame: What is shown and saved.
        name: Of the file and the widgets, without suffix.
        alt: The table in words.
        files: Columns of paths; shown are the files' names, which leaves room for the rest.
        **options: Passed on to ``st.dataframe``.
    """
    shown = frame.assign(**{column: frame[column].map(file_name) for column in files})
    shares = frame.select_dtypes("float").columns
    formats = {column: st.column_config.NumberColumn(format="%.3f") for column in shares}
    options.setdefault("placeholder", "–")  # else a missing value is the word None
    options["column_config"] = {**formats, **options.get("column_config", {})}
    chosen = st.dataframe(
        shown, hide_index=True, width="stretch", key=f"table.{name}", alt=alt, **options
    )
    st.download_button(
        "CSV",
        saving.csv(frame),
        f"{name}.csv",
        "text/csv",
        key=f"csv.{name}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        help="The table as shown, with all digits",
    )
    return chosen


def file_name(path: Any) -> str:
    """Return the last part of a path, as it stands in a table."""
    return str(path).rsplit("/", 1)[-1]


def choose_part() -> str:
    """Draw the choice of the part of the split."""
    return str(widgets.segments("Part of the split", "part", PARTS))


def say(notes: Sequence[str]) -> None:
    """Draw notes, one a line."""
    for note in notes:
        st.caption(md(":material/info: {}", note))


def key_figures(view: PartView, found: Figures) -> None:
    """Draw the headline numbers of a part, each with what resampling slides says of it."""
    metrics, part = view.metrics, view.part
    with st.container(horizontal=True, gap="medium"):
        for words, name, shown, told in (
            ("Accuracy", "accuracy", percent(metrics.accuracy), "Share of tiles called rightly."),
            ("Macro F1", "macro F1", _number(metrics.macro.f1), "Mean over classes, each alike."),
            ("Weighted F1", "weighted F1", _number(metrics.weighted.f1), "Mean over tiles."),
        ):
            key_figure(words, shown, found.find(name), told)
        st.metric("Tiles", part.n_tiles)
        st.metric("Slides", part.n_slides)
        st.metric("Cases", part.n_cases, help="Patients.")


def key_figure(words: str, shown: str, figure: Figure | None, told: str) -> None:
    """Draw a figure, below it its interval by slide, and in its help that by tile."""
    in_percent = "%" in shown
    by_tile = _bounds(figure.by_tile if figure else None, in_percent)
    st.metric(
        words,
        shown,
        _bounds(figure.by_slide if figure else None, in_percent),
        delta_color="off",
        delta_arrow="off",
        delta_description=BY_SLIDE,
        help=f"{told} Below, the 95 % interval from resampling whole slides; that from resampling "
        f"tiles: {by_tile}.",
    )


def tumour(view: TumourView | None, bundle: Bundle, part: str) -> None:
    """Draw the collapse to tumour or no tumour, or say why there is none."""
    if view is None:
        known = " and ".join(bundle.card.classes)
        st.info(
            f"This network tells {known} apart: whether there is tumour at all is not among its "
            "answers. A network with three classes, chosen in the sidebar, has it."
        )
        return
    found = metric_services.tumour_figures(bundle, part)
    told = {
        "Precision": (view.metrics.per_class[1].precision, "precision", "Of tiles called tumour."),
        "Recall": (view.sensitivity, "recall", "Sensitivity: tumour tiles found."),
        "Specificity": (view.specificity, "specificity", "Tiles without tumour kept so."),
        "Accuracy": (view.metrics.accuracy, "accuracy", "Share of tiles called rightly."),
        "AUC": (view.curve.auc, "AUC", "Of the summed tumour probabilities."),
    }
    with st.container(horizontal=True, gap="medium"):
        for words, (value, name, help_text) in told.items():
            figure = found.find(name, "" if name == "accuracy" else COLLAPSED_CLASSES[1])
            shown = percent(value) if name == "accuracy" else _number(value)
            key_figure(words, shown, figure, help_text)
    stem = saving.file_stem(bundle.name, part, "tumour")
    grid = st.grid(2, min_column_width=PANEL, gap="medium")
    with grid.cell():
        confusion(view.metrics, stem)
    with grid.cell():
        roc([view.curve], found, stem)
    st.caption(
        "Dead or viable, tumour is tumour: a call is right here when both say tumour or both say "
        "none, as Chu and Khan read their matrix (precision 1.0, recall 0.9411, on tiles split at "
        f"random). Summing the two tumour probabilities first would change {view.n_differ} calls."
    )


def confusion(metrics: Metrics, stem: str) -> None:
    """Draw a confusion matrix."""
    rows = zip(metrics.classes, metrics.confusion.tolist(), strict=True)
    said = "; ".join(
        f"{label}: "
        + ", ".join(f"{n} called {c}" for c, n in zip(metrics.classes, row, strict=True))
        for label, row in rows
    )
    charts.show(metric_charts.confusion(metrics), f"{stem}.confusion", f"Confusion matrix. {said}")
    st.caption("Tiles, and their share of the row: of all tiles that truly are this class.")


def roc(curves: Sequence[RocCurve], found: Figures, stem: str) -> None:
    """Draw ROC curves with the intervals of their areas; those that do not exist are a sentence."""
    drawn = [f"{curve.name} AUC {curve.auc:.3f}" for curve in curves if curve.auc is not None]
    if drawn:
        charts.show(metric_charts.roc(curves), f"{stem}.roc", "ROC curves: " + ", ".join(drawn))
    say([f"{curve.name}: {curve.note}" for curve in curves if curve.note])
    if drawn:
        areas = [(curve.name, found.find("AUC", curve.name)) for curve in curves]
        told = "; ".join(
            f"{name} {_bounds(figure.by_slide, False)}" for name, figure in areas if figure
        )
        st.caption(
            "AUC is the chance that a tile of the class gets a higher probability than one of the "
            f"rest. 95 % by slide: {told}."
        )


def percent(value: float | None) -> str:
    """Return a share as per cent, or a dash."""
    return "–" if value is None else f"{value:.1%}"


def _bounds(interval: Interval | None, percent: bool) -> str:
    if interval is None:
        return "no interval"
    low, high = interval.low, interval.high
    return f"{low:.1%} to {high:.1%}" if percent else f"{low:.3f} to {high:.3f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
