"""A unit's dream on request: its cost told before, progress, a way to stop, and the result kept."""

import json
from collections.abc import Iterator
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core import pictures
from osteo_core.errors import OsteoError
from osteo_core.explain.dream_store import DreamStore, describe
from osteo_core.explain.synthesis import (
    Dream,
    DreamSettings,
    DreamStep,
    dream,
    dream_cost,
    forward_time,
)
from osteo_core.units import Unit
from osteo_ui import saving, words
from osteo_ui.markdown import md

if TYPE_CHECKING:
    from osteo_core.engine import Engine

_JOB = "osteo.dream"
_WIDTH = 384  # px on screen; a canvas has 96 px or more


class DreamJob:
    """One dream on its way, or done; of one session, carried on by whichever script draws it.

    Args:
        engine: The network.
        unit: The unit.
        settings: How to make it.
    """

    def __init__(self, engine: "Engine", unit: Unit, settings: DreamSettings) -> None:
        self.key = (engine.digest, unit, settings)
        self.done, self.total = 0, settings.steps
        self.left: float | None = None
        self.dream: Dream | None = None
        self.picture = None
        self.problem = ""
        self._steps: Iterator[DreamStep] = dream(engine, unit, settings)
        self._lock = Lock()  # a script cut short by a click may still be within its last step

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do."""
        return self.dream is not None or bool(self.problem)

    def step(self) -> None:
        """Take one more step; the last one leaves the dream in the store."""
        with self._lock:
            if self.complete:
                return
            try:
                now = next(self._steps, None)
            except OsteoError as error:
                self.problem = str(error)
                return
            if now is None:  # an earlier step broke off
                self.problem = "This run ended early. Make the picture anew."
                return
            self.done, self.left = now.done, now.seconds_left
            self.picture = self.picture if now.picture is None else now.picture
            if now.dream is not None:
                self._keep(now.dream)

    def _keep(self, made: Dream) -> None:
        try:
            DreamStore().save(made)
        except OsteoError as error:  # shown from here then, as long as the session lasts
            self.problem = str(error)
        self.dream, self._steps = made, iter(())  # the compiled network goes with the steps


def draw(engine: "Engine", unit: Unit, strongest: float | None = None) -> None:
    """Draw a unit's dream, or offer to make it. Call last: a run keeps the script busy.

    Args:
        engine: The network.
        unit: The unit.
        strongest: Its greatest activation over real tiles, where that is known.
    """
    settings = DreamSettings()
    job = st.session_state.get(_JOB)
    if job is not None and job.key == (engine.digest, unit, settings):
        if not job.complete:
            _advance(job)
        if job.problem:
            st.warning(job.problem)
        if job.dream is not None:
            _show(engine, job.dream, strongest)
            return
    found = _kept(engine, unit, settings)
    if found is None:
        _offer(engine, unit, settings, job)
    else:
        _show(engine, found, strongest)


def _kept(engine: "Engine", unit: Unit, settings: DreamSettings) -> Dream | None:
    try:
        return DreamStore().load(engine.digest, unit, settings)
    except OsteoError as error:
        st.warning(f"{error} Make it anew to repair it.")
        return None


def _offer(engine: "Engine", unit: Unit, settings: DreamSettings, other: DreamJob | None) -> None:
    st.markdown(
        f"A picture that drives {unit} as strongly as possible can be made from noise, "
        f"in {settings.steps} steps (activation maximisation)."
    )
    st.button(
        "Make the picture",
        on_click=_start,
        args=(engine, unit, settings),
        type="primary",
        key="dream.start",
    )
    note = st.empty()
    note.caption("Measuring how long that takes on this computer…")
    seconds = dream_cost(engine, unit, settings, _forward_time(engine.digest, engine))
    told = f"This takes {_duration(seconds)} on this computer and is kept for next time."
    if other is not None and not other.complete:
        told += (
            f" The picture of {other.key[1]} waits at step {other.done} of {other.total}; "
            "starting this one gives it up."
        )
    note.caption(told)


@st.cache_data(max_entries=8, ttl=600, show_spinner=False)
def _forward_time(bundle: str, _engine: "Engine") -> float:
    return forward_time(_engine)


def _advance(job: DreamJob) -> None:
    """Carry a job on to its end; draw progress, the picture so far and a way to stop."""
    _, unit, _ = job.key
    busy = st.empty()
    with busy.container():
        with st.container(horizontal=True, vertical_alignment="center"):
            bar = st.progress(job.done / job.total, text=_progress(job))
            st.button("Stop", on_click=_drop, key="dream.stop", help="Nothing of it is kept")
        place = st.empty()
    seen = None
    while not job.complete:  # a click ends this script at its next st call; the job keeps its place
        if job.picture is not None and job.picture is not seen:
            seen = job.picture
            alt = f"Picture for {unit} after {job.done} of {job.total} steps"
            place.image(pictures.png(seen), width=_WIDTH, alt=alt, output_format="PNG")
        job.step()
        bar.progress(job.done / job.total, text=_progress(job))
    busy.empty()


def _progress(job: DreamJob) -> str:
    if job.left is None:
        return "Preparing the network in front of the unit"
    return f"Step {job.done} of {job.total}, {_duration(job.left)} left"


def _show(engine: "Engine", made: Dream, strongest: float | None) -> None:
    height, width = made.picture.shape[:2]
    png = pictures.png(made.picture, text={"dream": json.dumps(describe(made))})
    alt = f"Made-up picture that drives {made.unit} of {engine.name} most; no tile"
    st.image(png, width=_WIDTH, alt=alt, output_format="PNG")
    st.markdown(_reached(made, strongest))
    aim = "its mean over the picture" if engine.layer(made.unit.layer).receptive_field else "it"
    st.caption(
        f"Made from noise in {made.settings.steps} steps that each raise {aim} "
        f"(tf-keras-vis, {width} × {height} px, seed {made.settings.seed}, "
        f"{made.seconds:.0f} s). No tile looks like this: it shows what the unit answers to, in "
        "colours and contrasts stronger than any stain."
    )
    name = saving.file_stem(engine.name, f"{made.unit.layer}-{made.unit.index}", "dream")
    saving.downloads(name, png)


def _reached(made: Dream, strongest: float | None) -> str:
    reached = md("It drives {} to **{}**", made.unit, words.number(made.activation))
    grey = f"a grey picture to {words.number(made.on_grey)}"
    if strongest is None:
        return md("{}, {}.", reached, grey)
    return md("{}, the strongest real tile to {}, {}.", reached, words.number(strongest), grey)


def _duration(seconds: float) -> str:
    """Return a time in round figures."""
    if seconds < 5:
        return "a few seconds"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} s"
    return f"about {round(seconds / 60)} min"


def _start(engine: "Engine", unit: Unit, settings: DreamSettings) -> None:
    st.session_state[_JOB] = DreamJob(engine, unit, settings)


def _drop() -> None:
    st.session_state.pop(_JOB, None)
