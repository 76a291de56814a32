"""Page: what to do with a call. One panel of thresholds drives every table."""

import streamlit as st

from osteo_core.ensemble_bundles import EnsembleBundle
from osteo_core.errors import OsteoError
from osteo_ui import (
    decision_controls,
    decision_meter,
    decision_mix,
    decision_services,
    decision_views,
    saving,
    state,
    widgets,
)
from osteo_ui import metric_panels as panels

state.require_app()

bundle = widgets.require_bundle()
st.caption(
    "From probabilities to calls: thresholds, costs, and which tiles a person should see. All "
    "tables follow the panel. For research and teaching, not diagnosis."
)
with st.container(key="decision-columns"):
    controls, results = st.columns([1, 2.3], gap="medium")
with controls.container(key="decision-panel"):
    st.html(decision_controls.STYLE)
    deciding = decision_mix.choose(bundle)
    part = panels.choose_part()
    panel = decision_controls.draw(deciding, part)

calibrated = bool(state.selection().calibrated)
try:
    ready = decision_services.prepared(deciding, part, calibrated)
    other = "validation" if part == "test" else "test"
    there = decision_services.prepared(deciding, other, calibrated)
except OsteoError as error:
    results.error(str(error))
    results.info("Choose another network in the sidebar, or other networks to put together.")
    st.stop()
if not ready.part.n_tiles:
    results.info(
        f"The {part} part holds no labelled tile of these classes. Choose another part beside this."
    )
    st.stop()

decided = ready.decide(panel.rule, panel.referral)
stem = saving.file_stem(deciding.name, part, "decisions")
with results:
    decision_views.key_figures(ready, decided, panel)
    panels.say(ready.part.notes)
    grid = st.grid(2, min_column_width=decision_views.PANEL, gap="small")
    with grid.cell():
        st.subheader("What became of the tiles", anchor="outcomes")
        decision_views.outcomes(decided, stem)
    with grid.cell():
        st.subheader("Risk and coverage", anchor="coverage")
        decision_views.curves(ready, decided, panel, stem)
    decision_views.tables(decided, stem)
    decision_views.both_parts((part, ready), (other, there), panel, stem)
    decision_views.tiles(ready, decided, stem)
if isinstance(deciding, EnsembleBundle):
    decision_mix.result(deciding, part, stem)
decision_meter.draw(deciding, ready, panel, stem)
