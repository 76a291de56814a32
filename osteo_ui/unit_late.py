"""What may follow a click: worked out when the hand rests, then drawn with everything else."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from osteo_core.errors import OsteoError
from osteo_ui import state
from osteo_ui.unit_services import Late

REST_S = 0.3  # without a click, before anything slow is begun
_LOOK_S = 0.02  # between two looks whether a click has come


def follow(wanted: Late) -> None:
    """Work out what is not known yet and draw again. Call when all else has been drawn.

    Holding an arrow key down must not have to wait for the effective field of every unit on the
    way: a click within the rest ends this script before the network is kept busy, and one that
    comes later need not wait for the answer, which is kept for when it is asked for again.

    Args:
        wanted: What the page wants.
    """
    if wanted.known:
        return
    state.leave()
    pause = st.empty()
    end = time.monotonic() + REST_S
    while time.monotonic() < end:
        time.sleep(_LOOK_S)
        pause.empty()  # a click ends this script here
    coming: Future[Any] = _worker().submit(wanted.get)
    try:
        while not coming.done():
            time.sleep(_LOOK_S)
            pause.empty()  # or here
        coming.result()
    except OsteoError as error:
        pause.warning(str(error))
        return
    finally:
        coming.cancel()  # does nothing to what has begun
    _again()


@st.cache_resource(show_spinner=False)
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="unit-late")  # two would share the lock


def _again() -> None:
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:  # this is a run of the whole page
        st.rerun()
