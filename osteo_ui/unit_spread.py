"""How a unit's values are spread over many labelled tiles, class by class."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from osteo_core.errors import OsteoError
from osteo_ui import charts, state, unit_charts, unit_figures, unit_rows, widgets
from osteo_ui import unit_words as words

if TYPE_CHECKING:
    from osteo_core.bundles import Bundle
    from osteo_core.unit_index import UnitFigures, UnitSummary
    from osteo_core.units import Unit

_TITLES = {"maximum": "Greatest value on a tile", "mean": "Mean value on a tile"}


def draw(bundle: "Bundle", unit: "Unit", has_map: bool) -> None:
    """Draw the unit's distribution in each class and how well it tells the classes apart."""
    by = state.selection().best
    summary, problem = unit_figures.summary(bundle)
    if problem:
        st.warning(problem)
    if summary is None:
        st.caption(words.no_summary(bundle.name))
        return
    try:
        figures = summary.figures(unit)
    except OsteoError as error:
        st.warning(str(error))
        return
    chart, areas = st.columns([1.3, 1], gap="medium")
    with chart:
        edges, counts = figures.histogram(by)
        title = _TITLES[by] if has_map else "Value on a tile"
        name = widgets.file_stem(str(unit), by, "distribution")
        figure = unit_charts.distribution(edges, counts, summary.classes, title)
        charts.show(figure, name, words.spread_alt(unit, summary.classes, figures, by))
        st.caption(words.spread(summary, len(edges) - 1))
    with areas:
        _selectivity(unit, summary, figures, by)


def _selectivity(unit: "Unit", summary: "UnitSummary", figures: "UnitFigures", by: str) -> None:
    st.markdown("**Does it tell a class from the rest?**")
    area = figures.selectivity if by == "mean" else figures.selectivity_maximum
    rows = [
        unit_rows.Row(name, float(a) - 0.5, f"{a:.2f}", words.side(a))
        for name, a in zip(summary.classes, area, strict=True)
        if np.isfinite(a)
    ]
    unit_rows.draw("unit.selectivity", rows, alt=f"Selectivity of {unit} for each class", most=0.5)
    st.caption(words.selectivity(summary, figures, area))
