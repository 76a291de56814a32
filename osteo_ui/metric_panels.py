"""Blocks of the metrics and comparison pages: tables with their CSV, the recipe, the split."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.evaluate import Interval, Metrics, RocCurve, TumourView
from osteo_core.evaluate.figures import Figures
from osteo_ui import charts, metric_charts, widgets
from osteo_ui.metric_services import PARTS, PartView

PANEL = 400  # px: two stand side by side at 1280 px, one below the other at 800


def table(frame: pd.DataFrame, name: str, alt: str, **options: Any) -> Any:
    """Draw a sortable table with its CSV; shares get three decimals.

    Args:
        frame: What is shown and saved.
        name: Of the file and the widgets, without suffix.
        alt: The table in words.
        **options: Passed on to ``st.dataframe``.
    """
    shares = frame.select_dtypes("float").columns
    formats = {column: st.column_config.NumberColumn(format="%.3f") for column in shares}
    options.setdefault("placeholder", "–")  # else a missing value is the word None
    options["column_config"] = {**formats, **options.get("column_config", {})}
    chosen = st.dataframe(
        frame, hide_index=True, width="stretch", key=f"table.{name}", alt=alt, **options
    )
    st.download_button(
        "CSV",
        frame.to_csv(index=False),
        f"{name}.csv",
        "text/csv",
        key=f"csv.{name}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        help="The table as shown, with all digits",
    )
    return chosen


def choose_part() -> str:
    """Draw the choice of the part of the split."""
    return str(widgets.segments("Part of the split", "part", PARTS))


def say(notes: Sequence[str]) -> None:
    """Draw notes, one a line."""
    for note in notes:
        st.caption(f":material/info: {note}")


def key_figures(view: PartView, found: Figures) -> None:
    """Draw the headline numbers of a part, each with what resampling slides says of it."""
    metrics, part = view.metrics, view.part
    with st.container(horizontal=True, gap="medium"):
        for words, name, value, told in (
            ("Accuracy", "accuracy", percent(metrics.accuracy), "Share of tiles called rightly."),
            ("Macro F1", "macro F1", _number(metrics.macro.f1), "Mean over classes, each alike."),
            ("Weighted F1", "weighted F1", _number(metrics.weighted.f1), "Mean over tiles."),
        ):
            figure = found.find(name)
            st.metric(
                words,
                value,
                _bounds(figure.by_slide if figure else None, percent="%" in value),
                delta_color="off",
                delta_arrow="off",
                help=f"{told} Below, the 95 % interval from resampling whole slides; that from "
                f"tiles: {_bounds(figure.by_tile if figure else None, percent='%' in value)}.",
            )
        st.metric("Tiles", part.n_tiles)
        st.metric("Slides", part.n_slides)
        st.metric("Cases", part.n_cases, help="Patients.")


def tumour(view: TumourView | None, bundle: Bundle, part: str) -> None:
    """Draw the collapse to tumour or no tumour, or say why there is none."""
    if view is None:
        known = " and ".join(bundle.card.classes)
        st.info(
            f"This network tells {known} apart: whether there is tumour at all is not among its "
            "answers. A network with three classes, chosen in the sidebar, has it."
        )
        return
    tumour_score = view.metrics.per_class[1]
    with st.container(horizontal=True, gap="medium"):
        st.metric("Precision", _number(tumour_score.precision), help="Of tiles called tumour.")
        st.metric("Recall", _number(view.sensitivity), help="Sensitivity: tumour tiles found.")
        st.metric("Specificity", _number(view.specificity), help="Tiles without tumour kept so.")
        st.metric("Accuracy", percent(view.metrics.accuracy))
        st.metric("AUC", _number(view.curve.auc), help="Of the summed tumour probabilities.")
    stem = widgets.file_stem(bundle.name, part, "tumour")
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=PANEL):
            confusion(view.metrics, stem)
        with st.container(width=PANEL):
            roc([view.curve], stem)
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


def roc(curves: Sequence[RocCurve], stem: str) -> None:
    """Draw ROC curves; those that do not exist are a sentence."""
    drawn = [f"{curve.name} AUC {curve.auc:.3f}" for curve in curves if curve.auc is not None]
    if drawn:
        charts.show(metric_charts.roc(curves), f"{stem}.roc", "ROC curves: " + ", ".join(drawn))
    say([f"{curve.name}: {curve.note}" for curve in curves if curve.note])
    if drawn:
        st.caption("AUC is the chance that a tile of the class gets more than one of the rest.")


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
