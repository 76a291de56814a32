"""How far the grid is: its cost before, progress with time left and Stop while it is computed."""

import time
from collections.abc import Sequence

import streamlit as st

from osteo_ui import grid_cells, heat_services, jobs
from osteo_ui.grid_cells import Found, Task
from osteo_ui.markdown import md
from osteo_ui.state import rerun

_BEGAN = "osteo.grid.began"  # when, and how much was to be done then
_SETTLED_S = 4.0  # before there is a pace
_SLOWEST = 20.0  # times slower than estimated


def draw(found: Sequence[Found]) -> None:
    """Draw what the cells that are missing cost, or how far they are.

    Args:
        found: All cells.
    """
    missing = [one for one in found if one.tasks and not one.problem]
    active = [one for one in missing if one.active]
    idle = [one for one in missing if not one.active]
    if active:
        tasks = tuple(task for one in active for task in one.tasks)
        total = sum(one.total for one in found if one not in idle)
        _watch(tuple(one.ident for one in active), tasks, total)
    else:
        st.session_state.pop(_BEGAN, None)
    if idle:
        _offer(idle)


def _offer(idle: Sequence[Found]) -> None:
    maps = sum(one.heat is None for one in idle)
    counts = ((maps, "map"), (len(idle), "grade"))
    what = " and ".join(f"{n} {word}{'s' * (n > 1)}" for n, word in counts if n)
    keys = tuple(task.key for one in idle for task in one.tasks if task.key)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.button(
            "Compute",
            type="primary",
            icon=":material/play_arrow:",
            key="grid.compute",
            on_click=grid_cells.want,
            args=(tuple(one.ident for one in idle), keys),
        )
        told = heat_services.told(sum(one.left for one in idle))
        st.markdown(md("{} to go: **{}** on this computer.", what, told))


@st.fragment(run_every=jobs.LOOK_S)
def _watch(idents: Sequence[str], tasks: Sequence[Task], total: float) -> None:
    """Look once a second by itself; the page is drawn anew when a job is finished."""
    states = {task.key: jobs.look(task.key) for task in tasks if task.key}
    left = sum(_left(task, states.get(task.key)) for task in tasks)
    share = min(1.0, max(0.0, 1 - left / total)) if total > 0 else 0.0
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        what = f"{len(idents)} cell{'s' * (len(idents) > 1)} to go"
        st.progress(share, text=f"{what}, {heat_services.told(at_pace(left))} left")
        st.button(
            "Stop",
            key="grid.stop",
            icon=":material/stop_circle:",
            type="tertiary",
            on_click=grid_cells.stop,
            args=(tuple(idents), tuple(states)),
        )
    if not all(state and state.unfinished for state in states.values()):
        rerun()


def at_pace(left: float) -> float:
    """Return the seconds that are left at the pace so far: a busy computer is slower than told.

    Args:
        left: As estimated from what a forward pass takes when nothing else runs.
    """
    now = time.monotonic()
    began, at_first = st.session_state.get(_BEGAN, (now, left))
    if left > at_first or left <= 0:  # more was asked for, or it is done
        began, at_first = now, left
    st.session_state[_BEGAN] = began, at_first
    done, took = at_first - left, now - began
    if took < _SETTLED_S or done <= 0:
        return left
    return left * min(_SLOWEST, max(1.0, took / done))


def _left(task: Task, state: jobs.JobState | None) -> float:
    if state is None or not state.unfinished or state.seconds_left is None:
        return task.seconds
    return state.seconds_left
