"""Scan of a layer: each of its units switched off in turn, in steps that can be stopped."""

import time
from collections.abc import Iterator
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from osteo_ui import atlas, layer_atlas, saving, unit_choice, unit_rows, unit_services
from osteo_ui import unit_words as words
from osteo_ui.markdown import md
from osteo_ui.words import duration

if TYPE_CHECKING:
    from osteo_core.explain.ablation import ScanRow
    from osteo_core.explain.cards import UnitCard
    from osteo_core.reading import Reading

_RUNNING = "osteo.scan"
LISTED = 12
_STEP = 8  # units between two looks at the clock


class ScanJob:
    """One layer of one tile, scanned as far as it went; shared by all sessions.

    Args:
        reading: The tile, read.
        layer: The layer.
    """

    def __init__(self, reading: "Reading", layer: str) -> None:
        self.layer, self.total = layer, reading.engine.layer(layer).n_units
        self.units: list[int] = []
        self._parts: list[tuple[Any, Any]] = []
        self._lock = Lock()

    @property
    def done(self) -> int:
        """Units switched off so far."""
        return len(self.units)

    @property
    def complete(self) -> bool:
        """Whether every unit was."""
        return self.done >= self.total

    def step(self, reading: "Reading") -> None:
        """Switch off the next few units."""
        with self._lock:
            if self.complete:
                return
            some = range(self.done, min(self.done + _STEP, self.total))
            parts: Iterator[Any] = reading.scan(self.layer, some)
            for units, logits, probabilities in parts:
                self._parts.append((logits, probabilities))
                self.units += units

    def rows(self, reading: "Reading", target: str) -> "tuple[ScanRow, ...]":
        """Rank what there is so far by what it does to a class."""
        from osteo_core.explain.ablation import rank_scan

        with self._lock:
            logits, probabilities = (
                np.concatenate(part) for part in zip(*self._parts, strict=True)
            )
            return rank_scan(reading, self.layer, self.units, logits, probabilities, target)


@st.cache_resource(max_entries=32, show_spinner=False)
def _job(bundle: str, tile: str, layer: str, _reading: "Reading") -> ScanJob:
    return ScanJob(_reading, layer)


def draw(reading: "Reading", card: "UnitCard") -> None:
    """Draw a scan of the card's layer, or offer it. Call last: a run keeps the script busy."""
    layer = card.unit.layer
    job = _job(reading.engine_digest, reading.tile_sha256, layer, reading)
    if not job.complete:
        _advance(job, reading)
    if job.done:
        _show(job, reading, card)


def _advance(job: ScanJob, reading: "Reading") -> None:
    """Offer to start or go on; while running, draw progress, time left and a way to stop."""
    idle, busy = st.empty(), st.empty()
    if st.session_state.get(_RUNNING) is not job:
        with idle.container():
            _offer(job, reading)
        return
    with busy.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(job.done / job.total, text=f"{job.done} of {job.total} units")
        st.button("Stop", on_click=_run, args=(None,), key="scan.stop")
    began, first = time.monotonic(), job.done
    while not job.complete:  # a click ends this script at its next st call; the job keeps its rows
        job.step(reading)
        each = (time.monotonic() - began) / max(1, job.done - first)
        left = f"{duration(each * (job.total - job.done))} left"
        bar.progress(job.done / job.total, text=f"{job.done} of {job.total} units, {left}")
    _run(None)
    busy.empty()


def _offer(job: ScanJob, reading: "Reading") -> None:
    from osteo_core.explain.costs import scan_cost

    left = job.total - job.done
    st.markdown(
        md(
            "Switch off each of the {} units of `{}` by itself and rank them by "
            "what that does to the class.",
            job.total,
            job.layer,
        )
    )
    text = f"Go on with {left} units" if job.done else f"Scan {job.total} units"
    st.button(text, on_click=_run, args=(job,), type="primary", key="scan.start")
    note = st.empty()
    cost = scan_cost(reading.engine, job.layer, left)
    note.caption(f"About {words.passes(cost)}; measuring one…")
    seconds = unit_services.forward_seconds(reading.engine)
    note.caption(
        f"About {words.passes(cost)} of {seconds:.2f} s: "
        f"{duration(cost * seconds)} on this computer. Kept while the dashboard runs."
    )


def _run(job: ScanJob | None) -> None:
    """Start a job, or stop the one that runs; a job of another layer or tile starts stopped."""
    st.session_state[_RUNNING] = job


def _show(job: ScanJob, reading: "Reading", card: "UnitCard") -> None:
    rows = job.rows(reading, card.target)
    changes = np.zeros(job.total, np.float32)
    changes[[row.unit.index for row in rows]] = [row.change for row in rows]
    atlas.bars(
        "unit.scan",
        {"change": changes * 100},
        order=[row.unit.index for row in rows],
        selected=card.unit.index,
        marked=layer_atlas.marked(job.layer, job.total),
        value_title=f"Change of {card.target}, points",
        rank_title="Rank by size of the change",
        alt=f"What switching off each unit of {job.layer} does to {card.target}, greatest first",
        on_pick=layer_atlas.picker(job.layer),
        height=200,
    )
    unit_rows.draw(
        "unit.scanned",
        [_row(row, card) for row in rows[:LISTED]],
        alt=f"Units of {job.layer} whose loss changes {card.target} most",
        on_pick=lambda i: unit_choice.go(rows[i].unit),
    )
    place = next((i for i, row in enumerate(rows, 1) if row.unit == card.unit), None)
    own = "not scanned yet" if place is None else f"{words.ordinal(place)} of {job.done}"
    st.caption(
        md(
            "The {} units of `{}` whose loss changes the probability "
            "of {} most, in points; the logit's change beside it. {} is {}.",
            min(LISTED, len(rows)),
            job.layer,
            card.target,
            card.unit,
            own,
        )
    )
    name = saving.file_stem("scan", job.layer, card.target, reading.tile_sha256[:12])
    csv = partial(table, rows, reading.classes)
    saving.download("CSV", csv, f"{name}.csv", "text/csv", "All units scanned, ranked")


def _row(row: "ScanRow", card: "UnitCard") -> unit_rows.Row:
    note = f"logit {words.signed(row.logit_change)}"
    text = words.points(row.change)
    return unit_rows.Row(str(row.unit), row.change, text, note, row.unit == card.unit)


def table(rows: "tuple[ScanRow, ...]", classes: tuple[str, ...]) -> bytes:
    """Return a scan as CSV, in order of rank."""
    frame = pd.DataFrame(
        [[str(r.unit), r.change, r.logit_change, *r.probabilities] for r in rows],
        columns=["unit", "change", "logit_change", *(f"p_{name}" for name in classes)],
    )
    return saving.csv(frame)
