"""What may follow a click: worked out when the hand rests, then drawn with everything else."""

import time
from collections.abc import Generator
from typing import Any

import streamlit as st

from osteo_ui import jobs, progress, state
from osteo_ui.unit_services import Late

REST_S = 0.5  # without another click, before anything slow is begun
_NAP_S = 0.02
_LAST = "osteo.late"


def follow(wanted: Late) -> None:
    """Work out what is not known yet, beside the script, and draw again when it is.

    Holding an arrow key down must not have to wait for the effective field of every unit on the
    way: what was wanted before is forgotten unless it has begun, and nothing is begun within the
    rest after a click.

    Args:
        wanted: What the page wants.
    """
    key = " ".join(map(str, ("late", *wanted.key)))
    before = st.session_state.get(_LAST)
    if before not in (None, key):
        jobs.forget(before)
    st.session_state[_LAST] = key
    if wanted.known:
        return
    state.leave()
    found = jobs.ask(key, lambda: _steps(wanted))
    if found.status == "done":  # and dropped from what is kept since
        jobs.forget(key)
        found = jobs.ask(key, lambda: _steps(wanted))
    if found.problem:
        st.warning(found.problem)
    progress.follow([key])


def _steps(wanted: Late) -> Generator[float, None, Any]:
    end = time.monotonic() + REST_S
    while time.monotonic() < end:
        yield 0.0
        time.sleep(_NAP_S)
    wanted.get()
    return True
