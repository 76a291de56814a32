"""How far jobs are: drawn with the time left and Stop, or only waited for.

Both look twice a second by themselves; the page is drawn anew when a job is finished.
"""

from collections.abc import Iterable, Sequence

import streamlit as st

from osteo_ui import jobs, words
from osteo_ui.jobs import LOOK_S, JobState
from osteo_ui.state import rerun


def follow(keys: Iterable[str]) -> None:
    """Draw the page anew when any of these jobs is finished. Draws nothing."""
    waiting = _unfinished(keys)
    if waiting:
        _watch(waiting, None, False)


def bar(keys: Iterable[str], label: str, stoppable: bool = True) -> None:
    """Show how far some jobs are together, with the time left and Stop, while any is unfinished.

    The page is drawn anew when one of them is finished.

    Args:
        keys: The jobs, each asked for already.
        label: What is being done, as in "Grading".
        stoppable: Whether to offer Stop.
    """
    waiting = _unfinished(keys)
    if waiting:
        _watch(waiting, label, stoppable)


def _unfinished(keys: Iterable[str]) -> tuple[str, ...]:
    found = {key: jobs.look(key) for key in dict.fromkeys(keys)}
    return tuple(key for key, state in found.items() if state and state.unfinished)


@st.fragment(run_every=LOOK_S)
def _watch(keys: Sequence[str], label: str | None, stoppable: bool) -> None:
    states = [jobs.look(key) for key in keys]
    if label is not None:
        _draw(keys, [state for state in states if state], label, stoppable)
    if not all(state and state.unfinished for state in states):
        rerun()


def _left(states: Sequence[JobState]) -> float:
    """Seconds until all are done, those that wait taken to be like those that run."""
    left = sum(state.seconds_left or 0.0 for state in states)
    whole = [state.seconds for state in states if state.seconds is not None]
    waiting = sum(state.status == "waiting" for state in states)
    return left + waiting * sum(whole) / max(1, len(whole))


def _draw(keys: Sequence[str], states: Sequence[JobState], label: str, stoppable: bool) -> None:
    share = sum(state.share for state in states) / max(1, len(states))
    running = [state for state in states if state.status == "running"]
    left = [state.seconds_left for state in running if state.seconds_left is not None]
    told = "waiting for its turn" if not running else words.duration(_left(states)) + " left"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(share, text=f"{label}, {told if left or not running else 'just begun'}")
        if stoppable:
            st.button(
                "Stop",
                key=f"stop.{keys[0]}",
                icon=":material/stop_circle:",
                type="tertiary",
                on_click=jobs.stop,
                args=tuple(keys),
            )
