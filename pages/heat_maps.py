"""Page 4: which regions of a tile carry a class score."""

import streamlit as st

from osteo_ui import heat_views, services, state, widgets
from osteo_ui.selection import SEQUENTIAL

state.require_app()

st.caption("Where in the tile the evidence for a class lies, by Grad-CAM.")
bundle = widgets.require_bundle()
shown = widgets.require_tiles()
slots = heat_views.slots(shown)
engine = widgets.open_engine(bundle)

with slots.controls.container():
    left, right = st.columns([1.4, 1], vertical_alignment="bottom")
    with left:
        layer = widgets.choose_layer(
            "Layer", "layer", engine, engine.conv_layers, engine.default_layer
        )
    with right:
        target = widgets.choose_class("Class", engine.classes)
    with st.container(horizontal=True, gap="medium"):
        opacity = widgets.opacity()
        colours = widgets.choose("Colours", "heat_colours", SEQUENTIAL, width=130)
        scale = "tile"
        if len(shown) > 1:
            scale = widgets.segments(
                "Scale", "heat_scale", {"tile": "Each tile", "shared": "All tiles"}
            )

with slots.note.container(), widgets.computing("Computing Grad-CAM", height=40):
    readings = [services.reading(engine, item.tile) for item in shown]
    heats = [heat_views.heat_of(reading, layer, target) for reading in readings]

highs = [heat_views.highest(heat) for heat in heats]
if scale == "shared":
    highs = [max(highs)] * len(highs)
for place, item, reading, heat, high in zip(
    slots.tiles, shown, readings, heats, highs, strict=True
):
    with place.container():
        heat_views.draw(bundle, item, reading, heat, colours, opacity, high)
slots.note.caption(heat_views.explanation(engine, layer, scale))
