"""The selection of this browser session, kept in step with the URL.

The URL is written by hand from one dataclass. Streamlit's ``bind="query-params"`` ties a value to
a widget, and a widget that is not on the page in front loses its binding: a link copied on the
filters page would forget the class chosen on the heat-map page.
"""

import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from osteo_ui.selection import (
    MAX_MODELS,
    MAX_TILES,
    SHORT_ID,
    Selection,
    TileRef,
    from_query,
    to_query,
)

__all__ = ["MAX_MODELS", "MAX_TILES", "SHORT_ID", "Selection", "TileRef"]

_SELECTION = "osteo.selection"
_WRITTEN = "osteo.written"
_CHANGED = "osteo.changed"
_NOTICES = "osteo.notices"
_FRESH = "osteo.fresh"
_PAGE = "osteo.page"
_ENTERED = "osteo.entered"
_PUT = "osteo.put"
_SENT = "osteo.sent"
_OVER = "osteo.over"

# Longer than a new value takes to reach a browser, shorter than a person to see and undo it.
MOMENT_S = 0.5


@dataclass
class _Over:
    """What a widget showed when another value was put over it, and when the browser was told."""

    shown: Any
    told: float | None = None


def selection() -> Selection:
    """Return the selection of this browser session."""
    return st.session_state.setdefault(_SELECTION, Selection())


def update(**changes: Any) -> None:
    """Change fields of the selection. For callbacks: the URL is written as the run starts."""
    st.session_state[_SELECTION] = replace(selection(), **changes)
    st.session_state[_CHANGED] = True


def settle(**changes: Any) -> None:
    """Fill fields that were left open; unlike ``update``, not a user's doing."""
    st.session_state[_SELECTION] = replace(selection(), **changes)


def require_app() -> None:
    """Hand over to app.py if it did not start this run. Each page's first call.

    Until `st.navigation` has run once on a server, Streamlit takes a folder called `pages` for
    an app of its own kind and runs a page's script by itself: the first link opened on a new
    server would show a bare page. Streamlit's AppTest begins every run like a new server.
    """
    if not st.session_state.pop(_ENTERED, False):
        PagesManager.uses_pages_directory = False
        st.rerun()


def take(field: str, key: str) -> None:
    """Carry a widget's new value into the selection; the ``on_change`` of every bound widget."""
    value = st.session_state.get(key)
    if value is not None and not is_echo(key):
        update(**{field: tuple(value) if isinstance(value, list) else value})


def enter(page: str) -> None:
    """Note which page is in front. Call before anything is drawn."""
    st.session_state[_PAGE] = page
    st.session_state[_ENTERED] = True
    st.session_state[_PUT] = set()


def put(key: str, value: Any) -> None:
    """Make the widget of this key show a value. Call before it is drawn.

    A value is set only when it must be, since it takes the place of a choice that is on its way.
    It must be where the widget shows another one; on another page, where the key still answers
    with the value it had on the page before, but the widget is a new one; and after a run that a
    click cut short, because Streamlit drops what such a run had to tell the browser.
    """
    sent, here = st.session_state.setdefault(_SENT, {}), st.session_state.get(_PAGE)
    shown = st.session_state.get(key)
    if sent.get(key) != here or shown != value:
        over = st.session_state.setdefault(_OVER, {})
        if shown is not None and shown != value and (key not in over or over[key].shown != shown):
            over[key] = _Over(shown)
        st.session_state[key] = value
        sent.pop(key, None)
    st.session_state.setdefault(_PUT, set()).add(key)


def leave() -> None:
    """Note that the page was drawn to its end, so that the browser hears of all that was put."""
    sent, here = st.session_state.setdefault(_SENT, {}), st.session_state.get(_PAGE)
    sent.update(dict.fromkeys(st.session_state.get(_PUT, ()), here))
    for over in st.session_state.get(_OVER, {}).values():
        over.told = over.told or time.monotonic()


def is_echo(key: str) -> bool:
    """Say whether a widget's "new" value is but the one it showed before another was put over it.

    A browser sends what all its widgets show with whatever is clicked. Who picks a tile in the
    gallery and goes on to a page at once sends the old tile along with the page, because the new
    one is still on its way; Streamlit takes it for a choice, and it would undo the real one.

    So the old value counts as none, once, if it cut short the run that put the new one, however
    long that took, and in the moment after that run: a request made while a run goes on may have
    to wait for its end. At any other time it is a choice, or who takes one back were not heard.
    """
    over = st.session_state.setdefault(_OVER, {})
    last = over.get(key)
    same = last is not None and last.shown == st.session_state.get(key)
    now = time.monotonic()
    if same and (last.told is None or now - last.told < MOMENT_S):
        last.told = last.told or now
        return True
    over.pop(key, None)
    return False


def sync() -> None:
    """Take over a changed URL. Call once, as a run starts; ``write_url`` follows.

    The URL wins in a new session, and when it changed while no widget did (Back, an edited
    address); else the session wins. A page change empties the URL, which is then written again.
    """
    incoming = {key: st.query_params.get_all(key) for key in st.query_params}
    changed = st.session_state.pop(_CHANGED, False)
    new = _SELECTION not in st.session_state
    moved = bool(incoming) and not changed and incoming != st.session_state.get(_WRITTEN)
    if new or moved:
        st.session_state[_SELECTION], found = from_query(incoming)
        st.session_state[_NOTICES] = found
    if new:
        st.session_state[_FRESH] = True


def is_fresh() -> bool:
    """Say whether this session has not settled yet: a click may cut its first run short."""
    return bool(st.session_state.get(_FRESH))


def write_url() -> None:
    """Write the selection, which is settled now, into the URL."""
    st.session_state[_FRESH] = False
    query = to_query(selection())
    if query != {key: st.query_params.get_all(key) for key in st.query_params}:
        st.query_params.from_dict(query)
    st.session_state[_WRITTEN] = query


def write_url_in_fragment() -> None:
    """Write the URL in the run of a fragment alone, which does not begin with ``sync``."""
    st.session_state.pop(_CHANGED, None)
    write_url()


def link() -> str:
    """Return the query string of the present view, for copying."""
    return "?" + urlencode(to_query(selection()), doseq=True)


def note(sentence: str) -> None:
    """Keep a sentence to be shown with the page's notices."""
    kept = st.session_state.setdefault(_NOTICES, [])
    if sentence not in kept:
        kept.append(sentence)


def take_notices() -> list[str]:
    """Return the sentences kept so far and forget them."""
    return st.session_state.pop(_NOTICES, [])
