"""Find units: by class, by what they do on the tiles on view, dead ones; and the bookmarks."""

import streamlit as st

from osteo_ui import bookmarks, find_data, find_searches, find_views, state, widgets
from osteo_ui.markdown import md

state.require_app()

st.caption(
    "Every channel of a convolution and every neuron is a unit. Search all of them, go to one, "
    "and keep those that matter."
)
bundle = widgets.require_bundle()
with widgets.computing("Opening what is known of the units"):
    found, problem = find_data.try_known(bundle)
    layers = find_data.unit_layers(bundle, found)
if problem:
    st.warning(problem)
if not layers:
    st.info(md("`{}` has no convolution and no fully connected layer, so no unit.", bundle.name))
    st.stop()

find = widgets.segments("Find by", "find", find_searches.FINDS)
row = st.container(horizontal=True, gap="medium")
with row:
    layer = find_searches.choose_layer(layers)
search = find_searches.SEARCHES[find](bundle, found, layer, row)
if find == "dead" and found is not None:
    find_views.dead_layers(widgets.open_engine(bundle), found)
if search is None:
    find_views.picked(layers)
else:
    find_views.draw(search, layers)
    find_views.along(search, "AUC")

st.divider()
bookmarks.panel(widgets.open_engine(bundle))
