"""How a unit's values are spread over many labelled tiles, class by class."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from osteo_core.errors import OsteoError
from osteo_ui import saving, state, unit_curves, unit_figures, unit_rows
from osteo_ui import unit_words as words
from osteo_ui.markdown import md

if TYPE_CHECKING:
    from osteo_core.bundles import Bundle
    from osteo_core.explain.cards import UnitCard
    from osteo_core.unit_index import UnitFigures, UnitSummary
    from osteo_core.units import Unit

_TITLES = {"maximum": "Greatest value on a tile", "mean": "Mean value on a tile"}


def draw(bundle: "Bundle", card: "UnitCard") -> None:
    """Draw the unit's distribution in each class and how well it tells the classes apart."""
    by, unit = state.selection().best, card.unit
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
    sides = st.grid(2, min_column_width=340, gap="large")
    with sides.cell():
        unit_curves.draw(
            "unit.spread",
            *figures.histogram(by),
            summary.classes,
            title=_TITLES[by] if card.map is not None else "Value on a tile",
            now=card.mean if by == "mean" else card.value,
            name=saving.file_stem(str(unit), by, "distribution"),
            alt=words.spread_alt(unit, summary.classes, figures, by),
        )
        st.caption(words.spread(summary))
    with sides.cell():
        _selectivity(unit, summary, figures, by)


def _selectivity(unit: "Unit", summary: "UnitSummary", figures: "UnitFigures", by: str) -> None:
    st.markdown(md("**Does it tell a class from the rest?**"))
    area = figures.selectivity if by == "mean" else figures.selectivity_maximum
    rows = [
        unit_rows.Row(name, float(a) - 0.5, f"{a:.2f}", words.side(a))
        for name, a in zip(summary.classes, area, strict=True)
        if np.isfinite(a)
    ]
    unit_rows.draw("unit.selectivity", rows, alt=f"Selectivity of {unit} for each class", most=0.5)
    st.caption(words.selectivity(summary, figures, area))
