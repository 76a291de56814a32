"""A slow comparison: what it costs and a button, then progress and Stop, then what it gave."""

from typing import Any

import streamlit as st

from osteo_ui import jobs, progress

_ASKED = "osteo.compare.asked"


def result(key: str, make: jobs.Make, button: str, told: str, doing: str) -> Any:
    """Return what a job gave, or draw how to get it and return None.

    Args:
        key: Of the job.
        make: Begins it.
        button: What the button says.
        told: What it will do and cost, shown beside the button.
        doing: What is being done, for the progress bar.
    """
    if key not in _asked():
        found = jobs.look(key)  # another session may have asked for it
        if found is None or found.status != "done":
            _offer(key, button, told)
            return None
    found = jobs.ask(key, make)
    if found.status == "failed":
        st.error(found.problem)
        st.button("Try again", key=f"again.{key}", on_click=jobs.start, args=(key,))
    elif found.status == "stopped":
        _offer(key, "Go on", "Stopped. What was computed is kept.")
    elif found.unfinished:
        progress.bar([key], doing)
    return found.result if found.status == "done" else None


def _offer(key: str, button: str, told: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.button(
            button, key=f"ask.{key}", icon=":material/play_arrow:", on_click=_want, args=(key,)
        )
        st.markdown(told)


def _want(key: str) -> None:
    _asked().add(key)
    jobs.start(key)


def _asked() -> set[str]:
    kept: set[str] = st.session_state.setdefault(_ASKED, set())
    return kept
