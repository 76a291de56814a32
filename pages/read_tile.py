"""Page 1: what a network says of a tile, and three ways into why."""

import streamlit as st

from osteo_ui import charts, drawn, saving, services, state, tile_picker, widgets, words
from osteo_ui.markdown import md
from osteo_ui.views import small_heat, small_mosaic, small_neurons

state.require_app()

st.caption("Class probabilities of each tile, and three small views: each leads to its page.")
box = st.expander("Choose tiles", expanded=True, key="gallery", on_change="rerun")
if box.open:
    with box:
        tile_picker.draw()

bundle = widgets.require_bundle()
shown = widgets.require_tiles()
single = len(shown) == 1
columns = st.columns([1, 1.6], gap="medium") if single else widgets.side_by_side(shown)
slots = []
for i, item in enumerate(shown):
    with columns[i]:
        st.image(
            drawn.tile_png(item.tile), width="stretch", alt=f"Tile {item.entry.title}, H&E stain"
        )
        st.caption(widgets.tile_caption(item))
    slots.append(columns[1 if single else i].container())

engine = widgets.open_engine(bundle)
readings = []
for item, slot in zip(shown, slots, strict=True):
    with slot, widgets.computing("Reading the tile"):
        reading = services.reading(engine, item.tile)
    readings.append(reading)
    with slot:
        truth, met = words.truth(bundle, item)
        st.subheader(words.call(reading), anchor=False)
        st.markdown(words.verdict(reading, truth))
        charts.show(
            charts.probability_bars(
                reading.classes, reading.probabilities, reading.predicted, truth, not single
            ),
            saving.tile_stem(item, bundle.name, "probabilities"),
            alt=words.probabilities(reading),
        )
        if met:
            st.caption(met)
st.caption(
    md(
        "Probabilities of one forward pass. {} The predicted class is drawn strong; a high "
        "probability is no proof of a right call.",
        engine.output,
    )
)

st.divider()
VIEWS = (
    ("pages/heat_maps.py", "Heat map", ":material/local_fire_department:", small_heat),
    ("pages/filters.py", "Filters", ":material/grid_view:", small_mosaic),
    ("pages/neurons.py", "Neurons", ":material/scatter_plot:", small_neurons),
)
if single:
    grid = st.grid(3, min_column_width=180, gap="medium")
for page, title, icon, draw in VIEWS:
    heading = grid.cell() if single else st.container()
    with heading:
        st.page_link(page, label=md("**{}**", title), icon=icon, help=f"Open the page {title}")
    cells = [heading] if single else widgets.side_by_side(shown)
    for cell, item, reading in zip(cells, shown, readings, strict=True):
        with cell:
            draw(engine, reading, item, state.selection())
