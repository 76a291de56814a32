"""Page 3: how the units of the fully connected layers answer."""

import streamlit as st

from osteo_ui import class_means, layers, neuron_views, services, state, widgets

state.require_app()

st.caption("The fully connected layers, unit by unit: which neurons answer to which tissue.")
bundle = widgets.require_bundle()
series = state.selection().series
shown = widgets.require_tiles() if series == "tiles" else []
engine = widgets.open_engine(bundle)
if not engine.dense_layers:
    st.info("This network has no fully connected layer.", icon=":material/info:")
    st.stop()

with st.container(horizontal=True, gap="medium"):
    layer = neuron_views.choose_layer(engine)
    widgets.segments("Show", "series", {"tiles": "Tiles on view", "means": "Class means"})
    sort = widgets.segments("Sort by", "sort", neuron_views.SORTS)
    target = ""
    if sort == "contribution":
        target = widgets.choose_class("Contribution to", engine.classes, width=220)

if series == "means":
    answers = class_means.draw(engine, layer)
else:
    with widgets.computing("Reading the tiles"):
        readings = [services.reading(engine, item.tile) for item in shown]
        answers = neuron_views.of_tiles(shown, readings, layer)

shares = None
if sort == "contribution":
    if series == "means":
        st.caption("Contribution is a matter of one tile; class means are sorted by activation.")
        sort = "activation"
    else:
        target = layers.target_of(readings[0], target)
        shares = services.contributions(readings[0], layer, target)

neuron_views.plot(engine, layer, answers, sort, shares, target)
neuron_views.chosen(layer, answers, shares)
neuron_views.dead_units(layer, answers)
neuron_views.strongest(layer, answers, shares, target)
