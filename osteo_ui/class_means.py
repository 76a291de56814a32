"""Class means of a cohort: one forward pass a tile, in steps that can be stopped and resumed."""

import time
from collections.abc import Sequence
from itertools import zip_longest
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core.cohorts.table import Cohort, CohortTile
from osteo_core.errors import OsteoError
from osteo_core.explain.neurons import ClassMeans
from osteo_ui import sources, state, widgets
from osteo_ui.answers import Answers

if TYPE_CHECKING:
    from osteo_core.engine import Engine

PER_CLASS = {10: "10", 30: "30", 100: "100", 0: "All"}
_RUNNING = "osteo.means.running"


class MeansJob:
    """The class means of every fully connected layer, tile by tile; shared by all sessions.

    Args:
        tiles: What to read, in this order.
        classes: Class names.
        layers: Names of the fully connected layers.
    """

    def __init__(
        self, tiles: Sequence[CohortTile], classes: Sequence[str], layers: Sequence[str]
    ) -> None:
        self.tiles, self.done, self.read = tuple(tiles), 0, 0
        self.problems: list[str] = []
        self._means = {layer: ClassMeans(layer, classes) for layer in layers}
        self._lock = Lock()

    @property
    def complete(self) -> bool:
        """Whether every tile has been read or refused."""
        return self.done >= len(self.tiles)

    def step(self, engine: "Engine", cohort: Cohort) -> None:
        """Read one more tile; one that cannot be read leaves its sentence."""
        with self._lock:
            if self.complete:
                return
            row = self.tiles[self.done]
            self.done += 1
            try:
                reading = engine.read(cohort.load(row))
            except OsteoError as error:
                self.problems.append(str(error))
                return
            for means in self._means.values():
                means.add(reading, row.label)
            self.read += 1

    def answers(self, layer: str) -> Answers:
        """Return the class means of a layer so far, and how many units never fired."""
        with self._lock:
            found = self._means[layer].so_far()
        met = [i for i, count in enumerate(found.counts) if count]
        means = {found.classes[i]: found.means[i] for i in met}
        words = ", ".join(f"{found.counts[i]} {found.classes[i]}" for i in met)
        dead = {f"all {found.n_tiles} tiles": len(found.dead)}
        return Answers(means, dead, f"means over {words} tiles")


def sample(cohort: Cohort, part: str, per_class: int) -> list[CohortTile]:
    """Return tiles of a part, classes in turn, so that an early stop leaves them balanced.

    Args:
        cohort: Where from.
        part: "train", "validation" or "test".
        per_class: At most so many of each class; 0 for all. The order is that of the files'
            digests: as good as random, and the same on every computer.
    """
    lines = []
    for name in cohort.classes:
        tiles = sorted((t for t in cohort.part(part) if t.label == name), key=lambda t: t.sha256)
        lines.append(tiles[:per_class] if per_class else tiles)
    return [tile for row in zip_longest(*lines) for tile in row if tile is not None]


@st.cache_resource(max_entries=16, show_spinner=False)
def _job(bundle: str, cohort: str, part: str, each: int, _cohort: Cohort, _e: "Engine") -> MeansJob:
    return MeansJob(sample(_cohort, part, each), _cohort.classes, _e.dense_layers)


def draw(engine: "Engine", layer: str) -> Answers:
    """Draw the controls of the class means and return the means; stop the page while none are."""
    selection = state.selection()
    if not selection.cohort:
        st.info(
            "Class means need labelled tiles: choose Cohort in the sidebar and type its folder.",
            icon=":material/folder_open:",
        )
        st.stop()
    with st.container(horizontal=True, gap="medium"):
        part = widgets.segments(
            "Part of the split",
            "part",
            {"train": "Training", "validation": "Validation", "test": "Test"},
        )
        each = widgets.segments("Tiles of each class", "per_class", PER_CLASS)
    try:
        cohort = sources.cohort(selection.cohort)
        digest = sources.cohort_digest(selection.cohort)
    except OsteoError as error:
        st.error(str(error))
        st.stop()
    job = _job(engine.digest, digest, part, each, cohort, engine)
    if not job.complete:
        _advance(job, engine, cohort)
    for problem in job.problems[:3]:
        st.warning(problem)
    if not job.read:
        if job.complete:
            st.info("This part of the cohort has no tile that can be read.")
        st.stop()
    return job.answers(layer)


def _advance(job: MeansJob, engine: "Engine", cohort: Cohort) -> None:
    """Offer to start or go on; while running, draw progress, time left and a way to stop."""
    idle, busy = st.empty(), st.empty()
    total = len(job.tiles)
    if st.session_state.get(_RUNNING) is not job:
        with idle.container(horizontal=True, vertical_alignment="center"):
            words = f"Go on with {total - job.done} tiles" if job.done else f"Read {total} tiles"
            st.button(words, on_click=_run, args=(job,), type="primary", key="means.start")
            if job.done:
                st.caption(f"Stopped: {job.done} of {total} tiles have been read.")
        return
    with busy.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(job.done / total, text=f"{job.done} of {total} tiles")
        st.button("Stop reading", on_click=_run, args=(None,), key="means.stop")
    began, first = time.monotonic(), job.done
    while not job.complete:  # a click ends this script at its next st call; the job keeps its sums
        job.step(engine, cohort)
        each = (time.monotonic() - began) / max(1, job.done - first)
        left = f"about {each * (total - job.done):.0f} s left"
        bar.progress(job.done / total, text=f"{job.done} of {total} tiles, {left}")
    _run(None)
    busy.empty()


def _run(job: MeansJob | None) -> None:
    """Start a job, or stop the one that runs; a job of another network or part starts stopped."""
    st.session_state[_RUNNING] = job
