"""The selection of this browser session, kept in step with the URL.

The URL is written by hand from one dataclass. Streamlit's ``bind="query-params"`` ties a value to
a widget, and a widget that is not on the page in front loses its binding: a link copied on the
filters page would forget the class chosen on the heat-map page.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from osteo_ui.selection import (
    MAX_MODELS,
    MAX_TILES,
    SHORT_ID,
    Selection,
    TileRef,
    from_query,
    to_query,
)
from osteo_ui.streamlit_compat import in_fragment, page_asked_for, router_is_ours

__all__ = ["MAX_MODELS", "MAX_TILES", "SHORT_ID", "Selection", "TileRef"]

_SELECTION = "osteo.selection"
_WRITTEN = "osteo.written"
_CHANGED = "osteo.changed"
_NOTICES = "osteo.notices"
_FRESH = "osteo.fresh"
_PAGE = "osteo.page"
_FRONT = "osteo.front"
_ENTERED = "osteo.entered"
_PUT = "osteo.put"
_SENT = "osteo.sent"
_OVER = "osteo.over"


def selection() -> Selection:
    """Return the selection of this browser session."""
    return st.session_state.setdefault(_SELECTION, Selection())


def update(**changes: Any) -> None:
    """Change fields of the selection. For callbacks: the URL is written as the run starts."""
    refuse_late()
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
        router_is_ours()
        st.rerun()


def rerun() -> None:
    """Draw the page anew, of our own accord.

    What asks for it may be a run that the browser began by itself, a fragment that looks again
    every so often, with the address of before the last click. That is no Back: it would undo the
    click.
    """
    st.session_state[_CHANGED] = True
    st.rerun()


def take(field: str, key: str) -> None:
    """Carry a widget's new value into the selection; the ``on_change`` of every bound widget."""
    value = st.session_state.get(key)
    if value is not None and not is_echo(key):
        update(**{field: tuple(value) if isinstance(value, list) else value})


def enter(page: st.Page) -> None:
    """Note which page is in front. Call before anything is drawn."""
    st.session_state[_PAGE] = page.title
    st.session_state[_FRONT] = page, page_asked_for()
    st.session_state[_ENTERED] = True
    st.session_state[_PUT] = set()


def page() -> str:
    """Return the title of the page in front."""
    return str(st.session_state.get(_PAGE, ""))


def refuse_late() -> None:
    """Draw the page in front if what is heard was done on a page that has been left. In callbacks.

    Who clicks in a fragment while the next page is on its way is heard when that page has been
    drawn. Streamlit then takes the page of the click for the one in front and runs its fragment,
    which is gone: the screen would stay empty.
    """
    page, address = st.session_state.get(_FRONT, (None, None))
    if page and in_fragment() and address != page_asked_for():
        st.switch_page(page)


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
        if shown is not None and shown != value:
            st.session_state.setdefault(_OVER, {})[key] = shown
        st.session_state[key] = value
        sent.pop(key, None)
    st.session_state.setdefault(_PUT, set()).add(key)


def leave() -> None:
    """Note that the page was drawn to its end, so that the browser hears of all that was put."""
    sent, here = st.session_state.setdefault(_SENT, {}), st.session_state.get(_PAGE)
    sent.update(dict.fromkeys(st.session_state.get(_PUT, ()), here))


def is_echo(key: str) -> bool:
    """Say whether a widget's "new" value is but the one it showed before another was put over it.

    A browser sends what all its widgets show with whatever is clicked. Who picks a tile in the
    gallery and goes on to a page at once sends the old tile along with the page, because the new
    one is still on its way; Streamlit takes it for a choice, and it would undo the real one.

    The address that comes along tells the two apart: it changes with the selection, and is sent
    to the browser before the widgets are. A browser that still has another address, or the empty
    one of a page change, has not heard of the new value, or does not answer it.
    """
    over = st.session_state.setdefault(_OVER, {})
    stale = _incoming() != st.session_state.get(_WRITTEN)
    if stale and key in over and over[key] == st.session_state.get(key):
        st.session_state[_CHANGED] = True  # the old address is no more a choice than the value
        return True
    return False


def _incoming() -> dict[str, list[str]]:
    """Return what the browser's address says; after ``write_url``, what it is told to say."""
    return {key: st.query_params.get_all(key) for key in st.query_params}


def sync() -> None:
    """Take over a changed URL. Call once, as a run starts; ``write_url`` follows.

    The URL wins in a new session, and when it changed while no widget did (Back, an edited
    address); else the session wins. A page change empties the URL, which is then written again.
    """
    incoming, changed = _incoming(), st.session_state.pop(_CHANGED, False)
    heard = incoming == st.session_state.get(_WRITTEN)
    if heard:
        st.session_state.pop(_OVER, None)  # whatever was put is on the screen by now
    new = _SELECTION not in st.session_state
    moved = bool(incoming) and not changed and not heard
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
    if query != _incoming():
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
