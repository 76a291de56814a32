"""A list of labelled tiles: pictures of the first where they are at hand, and a table to pick from.

A picked tile goes on view at the top of the page, from where every other page can read it.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from osteo_core import crops, pictures
from osteo_core.errors import OsteoError
from osteo_ui import atlas, metric_panels, metric_services, sources, state
from osteo_ui.markdown import md
from osteo_ui.selection import TileRef, to_query
from osteo_ui.store import WeighedStore

SIDE = 96  # px of a picture
MOST = 12  # pictures in a strip
_BYTES = 40_000_000


def tile_list(
    table: pd.DataFrame,
    name: str,
    alt: str,
    caption: Callable[[pd.Series], str] | None = None,
    **options: Any,
) -> None:
    """Draw tiles, each a click from being read.

    Args:
        table: One row a tile; columns tile (SHA-256) and file among them.
        name: Of the file and the widgets, without suffix.
        alt: The list in words.
        caption: What stands under a tile's picture; no pictures are drawn without it.
        **options: Passed on to the table.
    """
    key = f"table.{name}"
    if caption is not None:
        _strip(table, name, alt, caption)
    metric_panels.table(
        table,
        name,
        alt,
        files=("file",),
        on_select=lambda: open_row(table, key),
        selection_mode="single-row",
        **options,
    )
    rows = st.session_state[key].selection.rows
    if rows and rows[0] < len(table):
        say_where(table.iloc[rows[0]])


def open_row(table: pd.DataFrame, key: str) -> None:
    """Put the tile of the chosen row on view, if its picture is at hand. For callbacks."""
    rows = st.session_state[key].selection.rows
    if not rows or rows[0] >= len(table):
        return
    ref = ref_of(str(table.iloc[rows[0]]["tile"]))
    if ref is not None:
        show(ref)


def show(ref: TileRef) -> None:
    """Put a tile alone on view. For callbacks."""
    state.update(source=ref.source, tiles=(ref,))


def say_where(row: pd.Series) -> None:
    """Say that a row's tile is on view above, or how to get its picture."""
    ref = ref_of(str(row["tile"]))
    if ref is not None and ref in state.selection().tiles:
        st.success(md("[On view above](#tiles): {}", row["file"]), icon=":material/visibility:")
        query = to_query(state.selection())
        st.page_link(
            "pages/read_tile.py",
            label="Read this tile",
            icon=":material/biotech:",
            query_params=query,
        )
        return
    st.info(
        md(
            "This row is the file `{}` (its SHA-256 starts with `{}`), which is not shipped. To "
            "see it, choose Cohort in the sidebar and name the folder that `osteo cohort import "
            "SRC --to DIR` wrote from the data set (doi:10.7937/tcia.2019.bvhjhdas), or upload "
            "that file; then choose the row again.",
            row["file"],
            row["tile"][:12],
        ),
        icon=":material/folder_open:",
    )


def ref_of(sha256: str) -> TileRef | None:
    """Return the address of a tile among uploads, the cohort of the sidebar and the examples."""
    found = metric_services.tile_ref(state.selection(), sha256)
    if found is None and sha256 in _examples():
        return TileRef("example", _examples()[sha256])
    return found


@st.cache_data(show_spinner=False)
def _examples() -> dict[str, str]:
    """Names of the shipped examples by SHA-256."""
    refs = [entry.ref for entry in sources.entries("example")]
    return {
        hashlib.sha256(sources.tile_path(ref).read_bytes()).hexdigest(): ref.ident for ref in refs
    }


def _strip(table: pd.DataFrame, name: str, alt: str, caption: Callable[[pd.Series], str]) -> None:
    now = state.selection()
    found = []
    for _, row in table.head(MOST).iterrows():
        ref = ref_of(str(row["tile"]))
        pixels = None if ref is None else _small(ref, now.cohort)
        if pixels is not None:
            found.append((ref, pixels, caption(row)))
    if not found:
        return
    refs = [ref for ref, _, _ in found]
    here = [i for i, ref in enumerate(refs) if ref in now.tiles]
    atlas.strip(
        f"strip.{name}",
        pictures.png(crops.strip([pixels for _, pixels, _ in found], SIDE, 4)),
        count=len(found),
        cell=(SIDE, SIDE),
        gap=4,
        captions=[text for _, _, text in found],
        selected=here[0] if here else None,
        alt=f"{alt}: the first {len(found)}",
        on_pick=lambda i: show(refs[i]),
        side=SIDE,
    )


def _small(ref: TileRef, folder: str) -> Any:
    """A tile's picture of at most SIDE px; None where it cannot be read."""

    def make() -> Any:
        return pictures.thumbnail(sources.tile(ref, folder).pixels, SIDE).copy()

    try:
        return _smalls().get((folder, ref.encode()), make, lambda made: made.nbytes)
    except OsteoError:
        return None


@st.cache_resource(show_spinner=False)
def _smalls() -> WeighedStore:
    return WeighedStore(_BYTES)
