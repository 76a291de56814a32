"""What may follow a click: worked out when the hand rests, then drawn with everything else."""

import time
from collections.abc import Sequence

import streamlit as st
from streamlit.errors import StreamlitAPIException

from osteo_core.errors import OsteoError
from osteo_ui import state
from osteo_ui.unit_services import Late

REST_S = 0.3  # without a click, before anything slow is begun


def follow(waiting: Sequence[Late]) -> None:
    """Work out what is not known yet and draw again. Call when all else has been drawn.

    Holding an arrow key down must not have to wait for the effective field of every unit on the
    way: a click within the rest ends this script before the network is kept busy.

    Args:
        waiting: What the page wants.
    """
    todo = [one for one in waiting if not one.known]
    if not todo:
        return
    state.leave()
    pause = st.empty()
    end = time.monotonic() + REST_S
    while time.monotonic() < end:
        time.sleep(0.02)
        pause.empty()  # a click ends this script here
    try:
        for one in todo:
            one.get()
    except OsteoError as error:
        pause.warning(str(error))
        return
    _again()


def _again() -> None:
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:  # this is a run of the whole page
        st.rerun()
