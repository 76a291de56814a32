"""What is saved from a page: download buttons and the names of files."""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core.text import table_for_people
from osteo_ui import sources

if TYPE_CHECKING:
    import pandas as pd

NPZ = "application/octet-stream"
NPZ_HELP = "Raw float32 values (NumPy .npz) with how they were made"
_LONGEST = 120
_TITLE = 40  # of a tile, beside its digest
Content = bytes | Callable[[], bytes]  # a callable is asked only when the button is pressed


def download(label: str, data: Content, file: str, mime: str, help_text: str) -> None:
    """Draw one download button."""
    st.download_button(
        label,
        data,
        file,
        mime,
        key=f"download.{file}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        help=help_text,
    )


def csv(frame: "pd.DataFrame", index: bool = False) -> bytes:
    """Return a table as CSV that no spreadsheet runs as formulas."""
    return table_for_people(frame).to_csv(index=index).encode()


def downloads(name: str, png: Content, floats: Content | None = None) -> None:
    """Draw the download buttons of a picture: the PNG, and the raw values where there are any."""
    with st.container(horizontal=True, gap="small"):
        download("PNG", png, f"{name}.png", "image/png", "The picture in full size")
        if floats is not None:
            download("Values", floats, f"{name}.npz", NPZ, NPZ_HELP)


def tile_stem(item: sources.Shown, *parts: str) -> str:
    """Return a file name without suffix for a picture of a tile; unlike titles, never shared."""
    return file_stem(_plain(item.entry.title)[:_TITLE], item.tile.short_id, *parts)


def file_stem(*parts: str) -> str:
    """Return a file name without suffix made of parts; other parts, another name.

    Widgets go by these names, so that two must not share one: where signs had to be replaced or
    the name cut, it ends in a few of the letters of a digest.
    """
    given = [part for part in parts if part]
    text = ".".join(map(_plain, given))
    if len(text) <= _LONGEST and all(part == _plain(part) for part in given):
        return text
    digest = hashlib.sha256("\0".join(given).encode(errors="surrogatepass")).hexdigest()
    return f"{text[: _LONGEST - 7]}-{digest[:6]}"


def _plain(text: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in text)
