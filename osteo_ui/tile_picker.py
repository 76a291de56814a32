"""The gallery of the first page: thumbnails to choose from, with filters where there are many."""

from collections.abc import Sequence

import streamlit as st

from osteo_core.errors import OsteoError
from osteo_core.tiles import Tile
from osteo_ui import drawn, sources, state
from osteo_ui.markdown import md
from osteo_ui.selection import MAX_TILES, TileRef
from osteo_ui.sources import Entry
from osteo_ui.uploads import uploaded

PAGE_SIZE = 12
SIDE = 160  # px of a thumbnail
_FILTERS = {"label": "Class", "case": "Case", "slide": "Slide", "part": "Part"}


def draw() -> None:
    """Draw the gallery of the source chosen in the sidebar."""
    selection = state.selection()
    try:
        offered = sources.entries(selection.source, selection.cohort)
    except OsteoError:
        return  # the sidebar says what is wrong with the folder
    if not offered:
        st.info(_EMPTY[selection.source], icon=":material/image_search:")
        return
    if selection.source == "example":
        st.caption(
            "Twelve synthetic tiles, drawn by a program to look like H&E-stained tissue. They are "
            "no patient's, and prove nothing about a network's accuracy."
        )
    if selection.source == "cohort":
        offered = _filtered(offered)
    _cards(_page(offered))


_EMPTY = {
    "example": "No example tiles are shipped with this copy.",
    "upload": "Upload tiles in the sidebar: JPEG, PNG, BMP or TIFF, as many as you like.",
    "cohort": md(
        "Type the folder of a cohort in the sidebar. `osteo cohort import` makes one from "
        "labelled folders; the images stay where they are."
    ),
}


def _filtered(offered: Sequence[Entry]) -> list[Entry]:
    """Narrow the tiles down; each filter offers only what the ones before it leave."""
    left = list(offered)
    for column, (field, words) in zip(st.columns(len(_FILTERS)), _FILTERS.items(), strict=True):
        values = sorted({getattr(entry, field) for entry in left} - {""})
        wanted = column.multiselect(
            words, values, key=f"filter.{field}", persist_state="session", placeholder="All"
        )
        if wanted:
            left = [entry for entry in left if getattr(entry, field) in wanted]
    return left


def _page(offered: Sequence[Entry]) -> Sequence[Entry]:
    """Return the tiles of the page in front."""
    pages = -(-len(offered) // PAGE_SIZE)
    if pages == 0:
        st.caption("No tile matches these filters.")
    if pages < 2:
        return offered
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{len(offered):,} tiles", width="content")
        now = st.pagination(pages, key=f"gallery.{pages}")
    return offered[(now - 1) * PAGE_SIZE : now * PAGE_SIZE]


def _cards(offered: Sequence[Entry]) -> None:
    grid = st.grid(6, min_column_width=84, gap="small")
    for entry in offered:
        with grid.cell():
            _card(entry)


def _card(entry: Entry) -> None:
    chosen = state.selection().tiles
    name = entry.ref.encode()
    png = thumbnail(entry)
    if png is None:
        st.caption(md(":material/image_not_supported: The image is missing or cannot be read."))
    else:
        st.image(png, width="stretch", alt=f"{entry.title}, {entry.label or 'class unknown'}")
    if entry.ref.source == "cohort":
        st.caption(entry.label)
    with st.container(horizontal=True, wrap=False, gap="xxsmall", vertical_alignment="center"):
        st.button(
            entry.title.removeprefix("Synthetic "),  # said above all of them
            key=f"show.{name}",
            help=f"Show this tile alone. {entry.label or 'Class unknown'}, {entry.note}.",
            type="primary" if entry.ref in chosen else "secondary",
            on_click=state.update,
            kwargs={"tiles": (entry.ref,)},
            width="stretch",
            wrap=True,
        )
        inside = entry.ref in chosen
        st.button(
            "",
            key=f"add.{name}",
            icon=":material/remove:" if inside else ":material/add:",
            help="Take out of the view" if inside else "Show beside the others",
            on_click=toggle,
            args=(entry.ref,),
            type="tertiary",
            disabled=not inside and len(chosen) >= MAX_TILES,
        )


def toggle(ref: TileRef) -> None:
    """Add a tile to the view, or take it out."""
    chosen = state.selection().tiles
    rest = tuple(other for other in chosen if other != ref)
    state.update(tiles=rest if ref in chosen else (*chosen, ref)[:MAX_TILES])


def thumbnail(entry: Entry) -> bytes | None:
    """Return an entry's thumbnail as PNG, or None if its image cannot be read."""
    if entry.ref.source == "upload":
        tile: Tile = uploaded()[entry.ref.ident]
        return drawn.tile_png(tile, SIDE)
    try:
        path = sources.tile_path(entry.ref, state.selection().cohort)
        return drawn.thumbnail(str(path), path.stat().st_mtime_ns, SIDE)
    except (OsteoError, OSError):
        return None
