"""ROC and precision-recall curves, and what a probability to call from gives."""

import pandas as pd
import streamlit as st

from osteo_core.evaluate import Interval, LabelledPart
from osteo_core.evaluate.figures import Figures
from osteo_core.evaluate.precision_recall import PrCurve, pr_one_vs_rest
from osteo_core.evaluate.scores import OperatingPoint, operating_point
from osteo_ui import charts, metric_figures, state, widgets
from osteo_ui import metric_panels as panels
from osteo_ui.metric_tables import words


def precision_recall(part: LabelledPart, found: Figures, stem: str) -> None:
    """Draw the precision-recall curves; those that do not exist are a sentence."""
    curves = pr_one_vs_rest(part.labels, part.probabilities, part.classes)
    drawn = [c for c in curves if c.average_precision is not None]
    if drawn:
        said = ", ".join(f"{c.name} {c.average_precision:.3f}" for c in drawn)
        figure = metric_figures.precision_recall(drawn)
        charts.show(figure, f"{stem}.pr", f"Precision against recall; average precision: {said}")
        st.caption(
            "Beside each class its average precision; 95 % by slide: "
            + "; ".join(_interval(c, found) for c in drawn)
            + ". Dotted: the class's share of the tiles, which is what guessing would give."
        )
    panels.say([f"{curve.name}: {curve.note}" for curve in curves if curve.note])


def at_a_point(part: LabelledPart, stem: str) -> None:
    """Draw the choice of a probability to call from, and what it finds and keeps out."""
    classes = list(part.classes)
    now = state.selection()
    left, right = st.columns(2)
    with left:
        name = widgets.choose("Class looked for", "target", classes[::-1])
    with right:
        percent = widgets.bound(
            st.slider,
            "Called so from a probability of",
            "point",
            now.point,
            min_value=0,
            max_value=100,
            step=1,
            format="%d %%",
        )
    point = operating_point(part.labels, part.probabilities, classes, name, percent / 100)
    panels.table(_rows(point), f"{stem}.point", f"What is found of {name} from {percent} % on")
    st.caption(
        f"{name} against the rest, called from {percent} % on; Wilson's 95 % intervals, tiles as "
        "independent. A probability chosen on the test part flatters: the page Decisions chooses "
        "on the validation part."
    )


def _rows(point: OperatingPoint) -> pd.DataFrame:
    shares = (
        ("sensitivity", point.sensitivity, point.sensitivity_interval),
        ("specificity", point.specificity, point.specificity_interval),
        ("precision", point.precision, point.precision_interval),
    )
    return pd.DataFrame([_row(point.name, *share) for share in shares])


def _row(name: str, what: str, value: float | None, interval: Interval | None) -> dict[str, object]:
    return {
        "class": name,
        "figure": what,
        "value": value,
        "95 % from": interval.low if interval else None,
        "95 % to": interval.high if interval else None,
    }


def _interval(curve: PrCurve, found: Figures) -> str:
    figure = found.find("average precision", curve.name)
    return f"{curve.name} {words(figure.by_slide if figure else None)}"
