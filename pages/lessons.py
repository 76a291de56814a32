"""Page 11: a fault planted in a network on purpose, to be found with the dashboard's own tools."""

import streamlit as st

from osteo_ui import lesson_views, progress, state, widgets

state.require_app()

st.caption("Two small networks. One of them goes by something that is not tissue. Which, and how?")
st.markdown(
    "Choose tiles, add the ink and take it away, and watch the calls and the maps. The tiles are "
    "drawn by a program, and the networks are this page's own, not the one chosen at the side."
)
shown, method = lesson_views.choose()
with widgets.computing("Opening the two networks", height=320):
    asked = {which: lesson_views.ask(which, shown, method) for which in lesson_views.NAMES}

sides = st.grid(2, min_column_width=320, gap="large")
for which, (heat, grade, _) in asked.items():
    with sides.cell():
        lesson_views.network(which, shown, heat, grade.result if grade.status == "done" else None)
progress.follow([key for _, _, key in asked.values()])

reveal = st.expander(
    "What was planted", icon=":material/school:", key="l.answer", on_change="rerun"
)
if reveal.open:
    with reveal, widgets.computing("Putting both networks to the test", height=160):
        lesson_views.answer(method)
