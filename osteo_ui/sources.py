"""Where tiles come from: the shipped examples, uploads of this session, a cohort's folder."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from osteo_core import roots
from osteo_core.cohorts.synthetic import Example, examples
from osteo_core.cohorts.table import CARD, TABLE, Cohort, CohortTile, read_cohort
from osteo_core.errors import CohortError, OsteoError, TileError
from osteo_core.tiles import Tile, load_tile
from osteo_ui.selection import SHORT_ID, Selection, TileRef
from osteo_ui.store import WeighedStore
from osteo_ui.uploads import get, uploaded, was_let_go

LOCAL = ("localhost", "127.0.0.1", "::1")
TILES_BYTES = 400_000_000  # two tiles of the largest size, or some 500 of 512 px


@dataclass(frozen=True)
class Entry:
    """A tile that can be chosen; nothing is decoded yet.

    Attributes:
        ref: Its address.
        title: A short name for screens.
        label: True class, "" when unknown.
        case: Case, "" when unknown.
        slide: Slide, "" when unknown.
        part: Part of the cohort's split, "" when there is none.
        note: Where it comes from, in words.
    """

    ref: TileRef
    title: str
    label: str = ""
    case: str = ""
    slide: str = ""
    part: str = ""
    note: str = ""


@dataclass(frozen=True)
class Shown:
    """A chosen tile: decoded, or the sentence that says why it is not here."""

    entry: Entry
    tile: Tile | None = None
    problem: str = ""


def entries(source: str, cohort_folder: str = "") -> tuple[Entry, ...]:
    """Return what a source has to offer.

    Raises:
        CohortError: If the source is a cohort whose folder cannot be read.
    """
    if source == "upload":
        return tuple(_upload_entry(tile) for tile in uploaded().values())
    if source == "cohort":
        return tuple(_cohort_entries(*_stamped(cohort_folder)).values()) if cohort_folder else ()
    return tuple(_example_entries().values())


def shown(selection: Selection) -> list[Shown]:
    """Decode the chosen tiles, in order; one that cannot be had carries its sentence."""
    return [_show(ref, selection.cohort) for ref in selection.tiles]


def entry(ref: TileRef, cohort_folder: str = "") -> Entry:
    """Return the entry at an address.

    Raises:
        OsteoError: If there is no such tile.
    """
    if ref.source == "example":
        found = _example_entries().get(ref.ident)
        if found is None:
            raise TileError(f"No example tile has this name. Received: {ref.ident}.")
    elif ref.source == "upload":
        tile = uploaded().get(ref.ident)
        if tile is None:
            raise _not_here(ref)
        found = _upload_entry(tile)
    else:
        if not cohort_folder:
            raise CohortError("A tile of a cohort needs the cohort's folder. Received: none.")
        found = _cohort_entries(*_stamped(cohort_folder)).get(ref.ident)
        if found is None:
            raise CohortError(f"No tile of this cohort has this SHA-256. Received: {ref.ident}.")
    return found


def cohort(folder: str) -> Cohort:
    """Read a cohort's table; cached until its files change.

    Raises:
        CohortError: If the folder holds no readable cohort.
    """
    return _cohort(*_stamped(folder))


def cohort_digest(folder: str) -> str:
    """Return the digest of a cohort, computed once."""
    return _cohort_digest(*_stamped(folder))


def tile(ref: TileRef, cohort_folder: str = "") -> Tile:
    """Return a decoded tile.

    Raises:
        OsteoError: If there is no such tile or it cannot be decoded.
    """
    if ref.source == "upload":
        uploaded_tile = get(ref.ident)
        if uploaded_tile is None:
            raise _not_here(ref)
        return uploaded_tile
    path = tile_path(ref, cohort_folder)
    try:
        stamp = path.stat().st_mtime_ns
    except OSError as error:
        raise TileError(f"The image of this tile is missing. Received: {path.name}.") from error
    return _tiles().get((str(path), stamp), lambda: load_tile(path), lambda t: t.pixels.nbytes)


def tile_path(ref: TileRef, cohort_folder: str = "") -> Path:
    """Return where an example's or a cohort tile's image lies.

    Raises:
        OsteoError: If there is no such tile.
    """
    entry(ref, cohort_folder)
    if ref.source == "example":
        return next(Path(e.path) for e in _gallery() if e.name == ref.ident)
    table = cohort(cohort_folder)
    return table.path(next(t for t in table.tiles if t.sha256.startswith(ref.ident)))


def _show(ref: TileRef, folder: str) -> Shown:
    try:
        found = entry(ref, folder)
    except OsteoError as error:
        return Shown(Entry(ref, ref.name or ref.ident), problem=str(error))
    try:
        decoded = tile(ref, folder)
    except OsteoError as error:
        return Shown(found, problem=str(error))
    if ref.source == "cohort" and not decoded.sha256.startswith(ref.ident):
        found = replace(found, note=f"{found.note}; the file has changed since the import")
    return Shown(found, decoded)


def _not_here(ref: TileRef) -> TileError:
    which = f"the file whose SHA-256 starts with {ref.ident}"
    again = f"Upload {ref.name or 'it'} again to see it: {which}."
    if was_let_go(ref.ident):
        return TileError(f"This uploaded file had to make room for others. {again}")
    return TileError(f"This view shows an uploaded file. {again}")


def _upload_entry(tile: Tile) -> Entry:
    ref = TileRef("upload", tile.sha256[:SHORT_ID], tile.name)
    return Entry(ref, tile.name, note="uploaded")


def _gallery() -> list[Example]:
    try:
        return examples()
    except OSError:  # a copy without its gallery still reads uploads and cohorts
        return []


@st.cache_resource(max_entries=1, show_spinner=False)
def _example_entries() -> dict[str, Entry]:
    return {
        e.name: Entry(
            TileRef("example", e.name), e.name, e.label, note=f"drawn by a program, seed {e.seed}"
        )
        for e in _gallery()
    }


def named_folder(text: str) -> Path:
    """Return the folder that a visitor names.

    Raises:
        CohortError: If it is no name of a folder, or outside what visitors may name.
    """
    return roots.visitor_folder(text, local=_local())


def may_be_named(folder: str) -> bool:
    """Return whether a visitor may name a folder."""
    try:
        return bool(named_folder(folder))
    except CohortError:
        return False


def _local() -> bool:
    """Whether only this computer can reach the dashboard: no other name, no proxy before it."""
    headers = _headers()
    try:
        host = urlsplit(f"//{headers.get('Host', LOCAL[0])}").hostname
    except ValueError:  # no name of a host
        return False
    proxied = any(name in headers for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host"))
    return st.get_option("server.address") in LOCAL and host in LOCAL and not proxied


def _headers() -> Mapping[str, str]:
    return st.context.headers  # none outside a page's run


def _stamped(folder: str) -> tuple[str, int]:
    """A cohort's folder with the time its files last changed, which makes a cache key."""
    path = named_folder(folder)
    try:
        stamps = [file.stat().st_mtime_ns for file in (path / TABLE, path / CARD) if file.is_file()]
    except OSError:  # the reader says what is wrong
        stamps = []
    return str(path), max(stamps, default=0)


def _cohort(folder: str, stamp: int) -> Cohort:
    found = _read(folder, stamp)
    if isinstance(found, str):
        raise CohortError(found)
    if not roots.may_be_named(found.root, local=True):
        raise CohortError(
            f"Expected a cohort whose pictures lie inside the folders of {roots.VARIABLE}. "
            "Received: one whose pictures lie outside."
        )
    return found


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(folder: str, stamp: int) -> Cohort | str:
    """The cohort, or the sentence that says why there is none: that is not read again either."""
    try:
        return read_cohort(folder)
    except CohortError as error:
        return str(error)


@st.cache_data(max_entries=4, show_spinner=False)
def _cohort_digest(folder: str, stamp: int) -> str:
    return _cohort(folder, stamp).digest


@st.cache_resource(max_entries=4, show_spinner=False)
def _cohort_entries(folder: str, stamp: int) -> dict[str, Entry]:
    return {t.sha256[:SHORT_ID]: _cohort_entry(t) for t in _cohort(folder, stamp).tiles}


def _cohort_entry(row: CohortTile) -> Entry:
    ref = TileRef("cohort", row.sha256[:SHORT_ID])
    part = f"{row.split} part" if row.split else ""
    note = ", ".join(text for text in (row.slide or row.case, part) if text)
    return Entry(ref, Path(row.file).stem, row.label, row.case, row.slide, row.split, note)


@st.cache_resource(show_spinner=False)
def _tiles() -> WeighedStore:
    return WeighedStore(TILES_BYTES)
