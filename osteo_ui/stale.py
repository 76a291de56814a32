"""An answer to what was asked before is never shown as the answer to what is asked now.

While a page is drawn anew, the browser keeps every part of the old page until a new part has taken
its place: beside a new tile the old tile's probabilities would stand for as long as the network
reads. Streamlit marks such parts `data-stale`. Here they are hidden, on every page, from the moment
that something else is asked until the page is complete. Their room is kept, so that nothing jumps.

Answers that are at hand come so soon that parts which vanish in between would only flicker: those
are left for a moment, unless the tile or the network is one that this session has not had yet.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

import streamlit as st

from osteo_ui import state
from osteo_ui.streamlit_compat import CutShort, in_fragment

_ON_SCREEN = "osteo.stale.questions"  # what parts that may be on the screen answer
_READ = "osteo.stale.read"  # networks and tiles whose page was complete once
_REMEMBERED = 200
_MOMENT_S = 0.25
_NO_RULE = "<style></style>"
# How answers look, and what is kept beside them. Whatever is not named here counts as a question.
_LOOKS = frozenset(("opacity", "map_colours", "heat_colours", "signed_colours", "outline", "marks"))
_ALSO = ("l.tile", "l.ink", "l.method")  # what the lesson asks: its choices are in no link
_MASKS = "osteo.masks"  # uploaded for the tiles: part of what a grade answers

Question = tuple[object, ...]


@contextmanager
def hidden() -> Iterator[None]:
    """Hide the parts of the page that answer another question, until all within is drawn."""
    asked = _question()
    on_screen: set[Question] = st.session_state.setdefault(_ON_SCREEN, set())
    hides = bool(on_screen - {asked})
    # Drawn where it hides nothing too, and left there: a browser fetches the code of `st.html` when
    # it meets the first, and would show old answers until that has come.
    rule = st.html(_rule(_delay()) if hides else _NO_RULE)
    on_screen.add(asked)
    try:
        yield
    except CutShort:  # cut short: parts of it are on the screen, beside older ones
        raise
    except BaseException:  # stopped behind a sentence, or failed with one: that is all there is
        _complete()
        raise
    else:
        _complete()
    finally:
        if hides:
            rule.empty()


@contextmanager
def hidden_in_fragment() -> Iterator[None]:
    """Do the same in a run of a fragment alone, which does not begin with the page's own."""
    if not in_fragment():
        yield
        return
    with hidden():
        yield


def _question() -> Question:
    now = state.selection()
    asked = [getattr(now, field.name) for field in fields(now) if field.name not in _LOOKS]
    masks = [(sha, id(mask)) for sha, mask in st.session_state.get(_MASKS, {}).items()]
    return (state.page(), *asked, *(st.session_state.get(key) for key in _ALSO), *masks)


def _seen() -> tuple[object, ...]:
    now = state.selection()
    return now.models, now.tiles, now.cohort


def _delay() -> float:
    """Seconds for which an old part may stand: none where a new tile has to be read first."""
    return _MOMENT_S if _seen() in st.session_state.get(_READ, ()) else 0.0


def _complete() -> None:
    st.session_state[_ON_SCREEN] = {_question()}  # a page may settle what was left open
    read: dict[object, None] = st.session_state.setdefault(_READ, {})
    read[_seen()] = None
    for old in list(read)[:-_REMEMBERED]:
        del read[old]


def _rule(delay: float) -> str:
    # What has the focus stays: who chose from a list by keyboard would lose the place. Parts within
    # are named too, since some make themselves visible whatever they stand in.
    old = '[data-testid="stMain"] [data-stale="true"]:not(:focus-within)'
    return (
        f"<style>{old}, {old} * {{"
        "opacity: 0 !important; visibility: hidden !important; "
        f"transition: opacity 0s {delay}s, visibility 0s {delay}s !important;"
        "}</style>"
    )
