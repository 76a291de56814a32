"""Tiles that this browser session has uploaded; they outlive the page with the upload box.

All sessions share one budget. What was looked at longest ago goes first, of whichever session, and
its place says that it has to be uploaded again; what a session ends with goes with it.
"""

import gc
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from typing import Protocol

import streamlit as st

from osteo_core.errors import TileError
from osteo_core.tiles import Tile, load_tile
from osteo_ui import state
from osteo_ui.selection import MAX_TILES, SHORT_ID, TileRef
from osteo_ui.streamlit_compat import forget_upload

SESSION_BYTES = 400_000_000  # decoded pixels a session may keep
TOTAL_BYTES = 1_600_000_000  # and all of them together
SESSION_FILES = 200
UPLOAD_MB = 50  # a file; .streamlit/config.toml says it to the server
BOX_MB = 200  # all files of one go

_HELD = "osteo.uploads"
_SEEN = "osteo.uploads.seen"
_LATEST = "osteo.uploads.latest"


class UploadedFile(Protocol):
    """What Streamlit hands over."""

    file_id: str
    name: str
    size: int

    def getvalue(self) -> bytes:
        """Return the file's bytes."""


class Holding:
    """A session's tiles; when the session ends nothing refers to it any more.

    Attributes:
        tiles: By short id, oldest first.
        used: When each was last looked at.
        let_go: Names of those that had to make room.
    """

    def __init__(self) -> None:
        self.tiles: dict[str, Tile] = {}
        self.used: dict[str, float] = {}
        self.let_go: set[str] = set()
        with _lock:
            _all.add(self)

    @property
    def weight(self) -> int:
        """Bytes of pixels."""
        return sum(tile.pixels.nbytes for tile in list(self.tiles.values()))

    def drop(self, ident: str) -> None:
        """Let a tile go."""
        if self.tiles.pop(ident, None) is not None:
            self.let_go.add(ident)


_lock = threading.RLock()
_all: "weakref.WeakSet[Holding]" = weakref.WeakSet()


def uploaded() -> dict[str, Tile]:
    """Return this session's tiles by short id, oldest first."""
    return _holding().tiles


def get(ident: str) -> Tile | None:
    """Return one of this session's tiles if it is still there, which counts as looking at it."""
    _holding().used[ident] = time.monotonic()
    return uploaded().get(ident)


def was_let_go(ident: str) -> bool:
    """Say whether a tile had to make room."""
    return ident in _holding().let_go


def total_bytes() -> int:
    """Return what all living sessions hold, in bytes of pixels."""
    with _lock:
        return sum(holding.weight for holding in list(_all))


def take_uploads(key: str) -> None:
    """Decode the new files of an upload box and show them; its ``on_change``.

    A link that waits for a file gets it; otherwise the new tiles take the place of the chosen.
    """
    waiting = [
        ref
        for ref in state.selection().tiles
        if ref.source == "upload" and ref.ident not in uploaded()
    ]
    files = [f for f in st.session_state.get(key) or [] if f.file_id not in _seen()]
    st.session_state[_LATEST] = [file.file_id for file in files]
    new = [tile for file in _allowed(files) if (tile := _decode(file))]
    if new and not any(ref.ident in uploaded() for ref in waiting):
        refs = dict.fromkeys(TileRef("upload", t.sha256[:SHORT_ID], t.name) for t in new)
        state.update(tiles=tuple(refs)[:MAX_TILES])
    _make_room({ref.ident for ref in state.selection().tiles})


def problems() -> list[str]:
    """Return the sentence of each of the latest files that could not be read."""
    seen = _seen()
    return [seen[i] for i in st.session_state.get(_LATEST, []) if seen.get(i)]


def _holding() -> Holding:
    if _HELD not in st.session_state:
        st.session_state[_HELD] = Holding()
    return st.session_state[_HELD]


def _seen() -> dict[str, str]:
    """Files decoded so far by Streamlit's id: "" or what was wrong."""
    return st.session_state.setdefault(_SEEN, {})


def _allowed(files: Sequence[UploadedFile]) -> Iterator[UploadedFile]:
    """Pass on what a session may send at a time; the others are named and let go."""
    room = BOX_MB * 1_000_000
    for number, file in enumerate(files):
        room -= file.size
        if number < SESSION_FILES and room >= 0:
            yield file
            continue
        _seen()[file.file_id] = (
            f"Expected at most {SESSION_FILES} files and {BOX_MB} MB at a time. "
            f"Received: more; {file.name} was left out."
        )
        forget_upload(file.file_id)


def _decode(file: UploadedFile) -> Tile | None:
    try:
        tile = load_tile(file.getvalue(), name=file.name)
    except TileError as error:
        _seen()[file.file_id] = str(error)
        return None
    finally:
        forget_upload(file.file_id)
    _seen()[file.file_id] = ""
    ident, held = tile.sha256[:SHORT_ID], _holding()
    held.tiles[ident] = tile
    held.used[ident] = time.monotonic()
    held.let_go.discard(ident)
    return tile


def _make_room(chosen: set[str]) -> None:
    """Let go what was looked at longest ago: of this session first, then of all."""
    own = _holding()
    _shed([own], SESSION_BYTES, own, chosen)
    if total_bytes() > TOTAL_BYTES:
        gc.collect()  # sessions that have ended may wait for this
        _shed(list(_all), TOTAL_BYTES, own, chosen)
    for ident in list(own.tiles)[: -SESSION_FILES or None]:
        own.drop(ident)


def _shed(holdings: list[Holding], limit: int, own: Holding, chosen: set[str]) -> None:
    with _lock:
        spare = sum(holding.weight for holding in holdings) - limit
        tiles = sorted(
            (holding.used.get(ident, 0.0), number, ident)
            for number, holding in enumerate(holdings)
            for ident in list(holding.tiles)
            if holding is not own or ident not in chosen
        )
        for _, number, ident in tiles:
            if spare <= 0:
                return
            spare -= holdings[number].tiles[ident].pixels.nbytes
            holdings[number].drop(ident)
