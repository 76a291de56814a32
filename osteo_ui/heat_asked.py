"""Getting the maps: at once where that is quick; else told, asked for, followed and stopped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core.explain import Question
from osteo_ui import heat_services, heat_words, jobs, progress
from osteo_ui.heat_controls import View
from osteo_ui.markdown import md
from osteo_ui.sources import Shown
from osteo_ui.state import rerun
from osteo_ui.unit_words import passes

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.heatmap import HeatMap
    from osteo_core.reading import Reading

_WANTED = "osteo.heat.wanted"  # keys of the slow maps that this session asked for
_SHOWN = "osteo.heat.shown"  # keys of the maps and grades on view
_REMEMBERED = 200


@dataclass(frozen=True)
class Maps:
    """The maps of the tiles on view.

    Attributes:
        questions: What is asked of each tile.
        heats: Its map; None where it is not there yet.
        keys: Names of the maps that come as jobs; "" where it comes at once.
    """

    questions: tuple[Question, ...]
    heats: "tuple[HeatMap | None, ...]"
    keys: tuple[str, ...]

    @property
    def missing(self) -> list[int]:
        """Numbers of the tiles whose map is not there."""
        return [i for i, heat in enumerate(self.heats) if heat is None]


def maps(
    engine: "Engine", shown: Sequence[Shown], readings: "Sequence[Reading]", view: View
) -> Maps:
    """Return what maps there are; quick ones are computed now, wanted ones go on.

    Raises:
        OsteoError: A quick one cannot be computed.
    """
    questions, heats, keys = [], [], []
    for item, reading in zip(shown, readings, strict=True):
        question = view.question(reading)
        questions.append(question)
        if heat_services.cheap(engine, view.method, question):
            heats.append(heat_services.heat_now(engine, item.tile, view.method.name, question))
            keys.append("")
            continue
        asked = (question.layer, question.target, question.against, question.parameters)
        key = heat_services.heat_key(engine, item.tile.sha256, view.method.name, *asked)
        state = jobs.look(key)
        if key in _wanted():
            state = heat_services.heat_job(engine, item.tile, view.method.name, *asked)
        heats.append(state.result if state and state.status == "done" else None)
        keys.append(key)
    return Maps(tuple(questions), tuple(heats), tuple(keys))


def follow(engine: "Engine", view: View, found: Maps) -> None:
    """Draw how far the maps that are missing are, or what they cost and a button."""
    missing = found.missing
    if not missing:
        return
    keys = [found.keys[i] for i in missing]
    states = [jobs.look(key) for key in keys]
    for problem in {state.problem for state in states if state and state.problem}:
        st.error(problem, icon=":material/error:")
    running = [k for k, state in zip(keys, states, strict=True) if state and state.unfinished]
    if running:
        watch(running, f"{view.method.title} {heat_words.place(view.layer)}")
        return
    forwards = sum(view.method.cost(engine, found.questions[i]) for i in missing)
    seconds = heat_services.seconds(engine, forwards)
    tiles = f" for {len(missing)} tiles" if len(missing) > 1 else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.button(
            "Compute",
            type="primary",
            icon=":material/play_arrow:",
            key="heat.compute",
            on_click=want,
            args=(tuple(keys),),
        )
        st.markdown(
            md(
                "{} {}{}: **{}** on this computer ({}), kept while the dashboard runs.",
                view.method.title,
                heat_words.place(view.layer),
                tiles,
                heat_services.told(seconds),
                passes(forwards),
            )
        )


def watch(keys: Sequence[str], label: str) -> None:
    """Draw how far jobs are that were unfinished a moment ago; draw anew if one no longer is."""
    progress.bar(keys, label)
    states = [jobs.look(key) for key in keys]
    if not all(state and state.unfinished for state in states):
        rerun()


def only(keys: Sequence[str]) -> None:
    """Want no more what this page asked for before and shows no longer.

    Else a grade of the map of before would be worked on in front of the map that waits.
    """
    before = st.session_state.get(_SHOWN, ())
    st.session_state[_SHOWN] = tuple(key for key in keys if key)
    jobs.start(*(key for key in before if key not in keys))  # forgets them; they may come again


def wanted_job(key: str, ask: Callable[[], jobs.JobState]) -> jobs.JobState | None:
    """Return how a job is: asked for where this session wants it, else only looked at."""
    return ask() if key in _wanted() else jobs.look(key)


def want(keys: tuple[str, ...]) -> None:
    """Want these jobs from now on. For callbacks."""
    wanted = _wanted()
    for key in keys:
        wanted[key] = None
    for old in list(wanted)[:-_REMEMBERED]:
        del wanted[old]
    jobs.start(*keys)


def _wanted() -> dict[str, None]:
    kept: dict[str, None] = st.session_state.setdefault(_WANTED, {})
    return kept
