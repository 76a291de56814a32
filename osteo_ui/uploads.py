"""Tiles that this browser session has uploaded; they outlive the page with the upload box."""

from collections.abc import Sequence
from typing import Protocol

import streamlit as st

from osteo_core.errors import TileError
from osteo_core.tiles import Tile, load_tile
from osteo_ui import state
from osteo_ui.selection import MAX_TILES, SHORT_ID, TileRef

SESSION_BYTES = 400_000_000  # decoded pixels a session may keep; the oldest go first

_TILES = "osteo.uploads"
_SEEN = "osteo.uploads.seen"


class UploadedFile(Protocol):
    """What Streamlit hands over."""

    file_id: str
    name: str

    def getvalue(self) -> bytes:
        """Return the file's bytes."""


def uploaded() -> dict[str, Tile]:
    """Return this session's tiles by short id, oldest first."""
    return st.session_state.setdefault(_TILES, {})


def take_uploads(key: str) -> None:
    """Decode the new files of an upload box and show them; its ``on_change``.

    A link that waits for a file gets it; otherwise the new tiles take the place of the chosen.
    """
    waiting = [
        ref
        for ref in state.selection().tiles
        if ref.source == "upload" and ref.ident not in uploaded()
    ]
    new = [tile for file in st.session_state.get(key) or [] if (tile := _decode(file))]
    if new and not any(ref.ident in uploaded() for ref in waiting):
        refs = dict.fromkeys(TileRef("upload", t.sha256[:SHORT_ID], t.name) for t in new)
        state.update(tiles=tuple(refs)[:MAX_TILES])
    _forget_oldest()


def problems(files: Sequence[UploadedFile]) -> list[str]:
    """Return the sentence of each file that could not be read."""
    seen = _seen()
    return [seen[f.file_id] for f in files if seen.get(f.file_id)]


def _seen() -> dict[str, str]:
    """Files decoded so far by Streamlit's id: "" or what was wrong."""
    return st.session_state.setdefault(_SEEN, {})


def _decode(file: UploadedFile) -> Tile | None:
    if file.file_id in _seen():
        return None
    try:
        tile = load_tile(file.getvalue(), name=file.name)
    except TileError as error:
        _seen()[file.file_id] = str(error)
        return None
    _seen()[file.file_id] = ""
    uploaded()[tile.sha256[:SHORT_ID]] = tile
    return tile


def _forget_oldest() -> None:
    chosen = {ref.ident for ref in state.selection().tiles}
    tiles = uploaded()
    spare = sum(tile.pixels.nbytes for tile in tiles.values()) - SESSION_BYTES
    for ident in [i for i in tiles if i not in chosen]:
        if spare <= 0:
            break
        spare -= tiles.pop(ident).pixels.nbytes
