"""Page 7: many heat maps of one tile beside each other, each graded, and what they agree on."""

from functools import partial

import streamlit as st

from osteo_ui import (
    grid_agreement,
    grid_cells,
    grid_controls,
    grid_files,
    grid_progress,
    grid_views,
    heat_services,
    saving,
    state,
    widgets,
)

state.require_app()

st.caption("Methods against classes, layers or networks: one tile, each map with its grade.")
bundle = widgets.require_bundle()
shown = widgets.require_tiles()
item = shown[0]
engine = widgets.open_engine(bundle)
view = grid_controls.draw(engine)
if len(shown) > 1:
    st.caption(f"Of the chosen tiles the first is shown: {item.entry.title}.")

progress = st.container()
with progress, widgets.computing("Computing the quick maps", height=40):
    for column in view.columns:
        heat_services.seconds(column.engine, 1)  # measured before jobs keep the computer busy
    cells = grid_cells.cells(view.methods, view.columns, item.tile)
    grid = grid_cells.look(cells, view.settings)
flat = [found for row in grid for found in row]

grid_views.draw(view, grid, item)
st.caption(grid_views.explanation(view, item))
name = saving.tile_stem(item, bundle.name, "grid", view.by)
with st.container(horizontal=True, gap="small"):
    saving.download(
        "Grid",
        partial(grid_files.picture, view, grid, item),
        f"{name}.png",
        "image/png",
        "The grid as one picture, with how each map was made",
    )
    saving.download(
        "Maps",
        partial(grid_files.archive, view, grid, item),
        f"{name}.zip",
        "application/zip",
        "Raw float32 values of each map (NumPy .npz), and the numbers",
    )
    saving.download(
        "Numbers",
        partial(grid_files.numbers, grid, item),
        f"{name}.csv",
        "text/csv",
        "One row a map: what it is, its grade and every figure",
    )

st.header("What the methods agree on", anchor="agreement")
grid_agreement.draw(view, grid, item)
with progress:
    grid_progress.draw(flat)
