"""Tiles of the cohort on view: small pictures, and from each the way to read it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from osteo_core.cohorts.table import CohortTile
from osteo_ui import metric_panels, state
from osteo_ui.cohort_services import View
from osteo_ui.markdown import md
from osteo_ui.selection import to_query

SIDE = 320  # px of a tile that is looked at
SMALL = 128  # px of one among many
READ = "pages/read_tile.py"


def picture(view: View, tile: CohortTile, note: str, side: int = SIDE) -> None:
    """Draw a tile with its name, what is said of it and a link to read it."""
    png = view.png(tile, side)
    if png is None:
        st.caption(md(":material/image_not_supported: The image is missing or cannot be read."))
    else:
        st.image(png, width="stretch", alt=f"Tile {tile.file}, labelled {tile.label}")
    st.caption(note)
    query = to_query(replace(state.selection(), **_on_view(view, tile)))
    st.page_link(READ, label="Read this tile", icon=":material/biotech:", query_params=query)


def gallery(view: View, tiles: Sequence[CohortTile], notes: Sequence[str]) -> None:
    """Draw many small tiles, each with a link to read it."""
    grid = st.grid(6, min_column_width=110, gap="small")
    for tile, note in zip(tiles, notes, strict=True):
        with grid.cell():
            picture(view, tile, note, SMALL)


def table(view: View, frame: pd.DataFrame, name: str, alt: str, **options: Any) -> None:
    """Draw a table with a column `tile` of files; a chosen row's tile goes on view.

    Args:
        view: The cohort.
        frame: One row a tile.
        name: Of the file and the widgets.
        alt: The table in words.
        **options: Passed on to ``st.dataframe``.
    """
    key = f"table.{name}"
    files = [str(file) for file in frame["tile"]]
    metric_panels.table(
        frame,
        name,
        alt,
        files=[column for column in ("tile", "other tile") if column in frame],
        on_select=lambda: open_row(view, files, key),
        selection_mode="single-row",
        **options,
    )
    row = chosen(key, len(files))
    tile = None if row is None else view.tile(files[row])
    if tile is not None:
        card(view, tile)


def card(view: View, tile: CohortTile) -> None:
    """Draw a tile beside what the cohort says of it."""
    with st.container(horizontal=True, gap="medium"), st.container(width=SIDE):
        picture(view, tile, describe(tile))


def describe(tile: CohortTile) -> str:
    """Return a tile in a line."""
    parts = (tile.label, tile.slide, f"{tile.split} part" if tile.split else "")
    return md("**{}**: ", tile.file.rsplit("/", 1)[-1]) + ", ".join(part for part in parts if part)


def chosen(key: str, n: int) -> int | None:
    """Return the row that is chosen in a table of `n` rows."""
    rows = st.session_state[key].selection.rows if key in st.session_state else []
    return rows[0] if rows and rows[0] < n else None


def open_row(view: View, files: Sequence[str], key: str) -> None:
    """Put the tile of the chosen row on view. For callbacks."""
    row = chosen(key, len(files))
    tile = None if row is None else view.tile(files[row])
    if tile is not None:
        show(view, tile)


def show(view: View, tile: CohortTile) -> None:
    """Put a tile alone on view. For callbacks."""
    state.update(**_on_view(view, tile))


def _on_view(view: View, tile: CohortTile) -> dict[str, Any]:
    ref = view.ref(tile)
    return {"source": ref.source, "tiles": (ref,)}
