"""Whether the probabilities can be taken at their word."""

import pandas as pd
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.evaluate import LabelledPart
from osteo_core.evaluate.calibration import (
    Bin,
    Temperature,
    expected_calibration_error,
    reliability,
)
from osteo_core.evaluate.scores import brier_terms, log_loss_terms
from osteo_ui import charts, metric_figures, metric_services
from osteo_ui import metric_panels as panels


def calibration(bundle: Bundle, part: LabelledPart, stem: str) -> None:
    """Draw the reliability diagram before and after a temperature, and the scores of both."""
    fitted = metric_services.temperature(bundle)
    scored = part.labels, part.probabilities, part.classes
    cooled = part.labels, fitted.apply(part.probabilities), part.classes
    before, after = (reliability(*told, calls=part.calls) for told in (scored, cooled))
    alt = f"Reliability: {_said(before)}"
    grid = st.grid(2, min_column_width=panels.PANEL, gap="medium")
    with grid.cell():
        charts.show(metric_figures.reliability(before, after), f"{stem}.reliability", alt)
    with grid.cell():
        name = f"{stem}.calibration"
        panels.table(_scores(scored, cooled, part.calls), name, "Scores of the probabilities")
        st.caption(_words(fitted))
    panels.say([fitted.note] if fitted.note else [])
    st.caption(
        "Tiles by the probability of their call: on the diagonal a call of 90 % is right nine "
        "times in ten. Bars are Wilson's 95 % intervals. Calibration error: mean distance from the "
        "diagonal over bins; on few tiles chance alone makes it positive. Brier score: 0 is "
        "perfect, 2 is sure and wrong. Log loss in nats."
    )


def _scores(
    before: tuple[list[str], object, tuple[str, ...]],
    after: tuple[list[str], object, tuple[str, ...]],
    calls: list[str],
) -> pd.DataFrame:
    rows = []
    for words, scored in (("as stored", before), ("with the temperature", after)):
        rows.append(
            {
                "probabilities": words,
                "calibration error": expected_calibration_error(*scored, calls=calls),
                "Brier score": float(brier_terms(*scored).mean()),
                "log loss": float(log_loss_terms(*scored).mean()),
            }
        )
    return pd.DataFrame(rows)


def _words(fitted: Temperature) -> str:
    if fitted.nll_before is None or fitted.nll_after is None:
        return "No temperature: the validation part holds no labelled tile."
    kind = "too sure" if fitted.value > 1 else "not sure enough"
    return (
        f"Temperature {fitted.value:.2f}, fitted on the validation part (log loss "
        f"{fitted.nll_before:.3f} to {fitted.nll_after:.3f}): there the network is {kind}. All "
        "logits are divided by it; no call changes."
    )


def _said(bins: list[Bin]) -> str:
    return "; ".join(
        f"of {b.n} tiles at {b.confidence:.0%} on average, {b.accuracy:.0%} right" for b in bins
    )
