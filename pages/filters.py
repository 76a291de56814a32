"""Page 2: every feature map of a layer, and one of them large."""

import streamlit as st

from osteo_ui import filter_views, layers, services, state, unit_links, widgets
from osteo_ui.selection import SEQUENTIAL

state.require_app()

ORDERS = {
    "index": "Index",
    "mean": "Mean",
    "maximum": "Maximum",
    "contribution": "Share of class score",
}

st.caption("What each filter of a convolution answers to: its map, bright where it fires.")
bundle = widgets.require_bundle()
shown = widgets.require_tiles()
engine = widgets.open_engine(bundle)

widgets.require_maps(engine)
first, last = layers.landmark_layers(engine)
chosen, jumps = st.columns([2, 1], vertical_alignment="bottom")
with chosen:
    layer = widgets.choose_layer("Layer", "layer", engine, engine.conv_layers, last)
with jumps, st.container(horizontal=True):
    for name in dict.fromkeys((first, last)):  # one layer may be both
        st.button(
            name,
            key=f"jump.{name}",
            type="primary" if name == layer else "secondary",
            on_click=state.update,
            kwargs={"layer": name, "unit": -1},
            help="Go to this layer",
        )
filter_views.layer_table(engine)

with st.container(horizontal=True, gap="medium"):
    order_by = widgets.segments("Order", "order", ORDERS)
    scale = widgets.segments("Scale", "map_scale", {"map": "Each map", "layer": "Whole layer"})
    colours = widgets.choose("Colours", "map_colours", SEQUENTIAL, width=130)
    target = ""
    if order_by == "contribution":
        target = widgets.choose_class("Class", engine.classes, width=220)

with widgets.computing("Reading the tiles"):
    readings = [services.reading(engine, item.tile) for item in shown]
    target = layers.target_of(readings[0], target)
    order = tuple(int(i) for i in layers.rank(readings[0], layer, order_by, target))
    unit = filter_views.unit_on_view(readings[0], layer)

filter_views.atlases(shown, readings, layer, order, order_by, target, colours, scale, unit)
st.caption(filter_views.mosaic_words(engine, shown, layer, order_by, scale, target))

st.divider()
st.subheader("One map large", anchor=False)
with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
    filter_views.choose_unit(len(order), layer, unit)
    opacity = widgets.opacity()
    unit_links.unit_link("Open the unit's card", layer=layer, unit=unit)
filter_views.one_map(shown, readings, layer, unit, colours, opacity)
filter_views.strongest(shown[0], readings[0], layer, order_by, target)
