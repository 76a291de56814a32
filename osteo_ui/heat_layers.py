"""Which layer? Grad-CAM along all convolutions, each with its grade, and the best one named."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core.explain import Question, find_method
from osteo_ui import (
    drawn,
    heat_asked,
    heat_badges,
    heat_services,
    heat_views,
    jobs,
    services,
    state,
    widgets,
)
from osteo_ui.heat_controls import DEFAULT, View
from osteo_ui.markdown import md
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.grades import Grade, GradeSettings
    from osteo_core.heatmap import HeatMap

_WANTED = "osteo.heat.advice"  # what this session asked to be compared
_CELL = 118  # px of a thumbnail, at least
_ORDER = {"pass": 2, "weak": 1, "fail": 0}


@dataclass(frozen=True, eq=False)
class Advice:
    """A layer's map and its grade."""

    layer: str
    heat: "HeatMap"
    grade: "Grade"

    @property
    def rank(self) -> tuple[int, float]:
        """Higher is better: the badge, then the faithfulness."""
        return _ORDER[self.grade.badge], self.grade.figures.get("faithfulness", -2.0)


def draw(engine: "Engine", item: Shown, asked: Question, view: View) -> None:
    """Draw the panel, or what it would cost; nothing is computed before it is asked for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        names = {"none": "Map only", "layers": "Which layer?"}
        panel = widgets.segments("Ask more", "heat_panel", names)
    if panel != "layers":
        return
    keys = {name: _key(engine, item, name, asked, view.grading) for name in engine.conv_layers}
    if st.session_state.get(_WANTED) == _subject(engine, item, asked, view):
        for layer in keys:
            _ask(engine, item, layer, asked, view.grading, keys[layer])
    states = {layer: jobs.look(key) for layer, key in keys.items()}
    for problem in {s.problem for s in states.values() if s and s.problem}:
        st.error(problem, icon=":material/error:")
    found = [s.result for s in states.values() if s and s.status == "done"]
    running = [keys[layer] for layer, s in states.items() if s and s.unfinished]
    if running:
        heat_asked.watch(running, f"{len(found)} of {len(keys)} layers")
    elif len(found) < len(keys):
        _offer(
            engine, item, asked, view, [n for n in keys if states[n] is None], tuple(keys.values())
        )
    if found:
        _say(found, item, asked, len(keys))
        _strip(found, item, view)


def _subject(engine: "Engine", item: Shown, asked: Question, view: View) -> tuple[str, ...]:
    sha = item.tile.sha256 if item.tile else ""
    return engine.digest, sha, asked.target, asked.against or "", repr(view.grading)


def _key(
    engine: "Engine", item: Shown, layer: str, asked: Question, settings: "GradeSettings"
) -> str:
    sha = item.tile.sha256 if item.tile else ""
    heat = heat_services.heat_key(engine, sha, DEFAULT, layer, asked.target, asked.against)
    return f"advice|{heat}|{settings!r}"


def _ask(
    engine: "Engine",
    item: Shown,
    layer: str,
    asked: Question,
    settings: "GradeSettings",
    key: str,
) -> None:
    """Ask for one layer's map and grade, as one job."""
    tile = item.tile
    if tile is None:
        return

    def make() -> Generator[float, None, Advice]:
        yield 0.0
        reading = services.reading(engine, tile)
        heat = yield from reading.heatmap_steps(DEFAULT, layer, asked.target, asked.against)
        grade = yield from heat_services.grade_steps(engine, tile, heat, settings)
        return Advice(layer, heat, grade)

    jobs.ask(key, make)


def _offer(
    engine: "Engine",
    item: Shown,
    asked: Question,
    view: View,
    missing: Sequence[str],
    keys: tuple[str, ...],
) -> None:
    seconds = sum(_seconds(engine, item, layer, asked, view.grading) for layer in missing)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.button(
            "Compare layers",
            type="primary",
            icon=":material/play_arrow:",
            key="heat.advise",
            on_click=_want,
            args=(_subject(engine, item, asked, view), keys),
        )
        st.markdown(
            md(
                "Grad-CAM for {} on {} at {} convolutions, each graded: **{}** on this computer.",
                asked.score,
                item.entry.title,
                len(missing),
                heat_services.told(seconds),
            )
        )


def _seconds(
    engine: "Engine", item: Shown, layer: str, asked: Question, settings: "GradeSettings"
) -> float:
    from osteo_core.grades import grade_cost

    question = Question(layer, asked.target, asked.against, {})
    method = find_method(DEFAULT)
    forwards = method.cost(engine, question)
    forwards += grade_cost(engine, method, settings, layer != engine.conv_layers[0], question)
    return heat_services.seconds(engine, forwards)


def _want(subject: tuple[str, ...], keys: tuple[str, ...]) -> None:
    st.session_state[_WANTED] = subject
    jobs.start(*keys)


def _say(found: Sequence[Advice], item: Shown, asked: Question, total: int) -> None:
    best = max(found, key=lambda one: one.rank)
    said = md("**{}**, faithfulness {:z.2f}", best.layer, best.grade.figures.get("faithfulness", 0))
    so_far = "" if len(found) == total else f" of the {len(found)} layers so far"
    if best.grade.badge == "pass":
        st.markdown(md("{} Best{}: {}.", heat_badges.pill("pass"), so_far, said))
    else:
        st.markdown(
            md(
                "{} No layer{} gives a map that passes; the best is {}.",
                heat_badges.pill(best.grade.badge),
                so_far,
                said,
            )
        )
    st.caption(
        f"Grad-CAM for {asked.score} on {item.entry.title}, from the first convolution to the "
        "last; each map from 0 to its own highest value. Best: the badge, then the faithfulness. "
        "Pick a layer to see its map above."
    )


def _strip(found: Sequence[Advice], item: Shown, view: View) -> None:
    tile, best = item.tile, max(found, key=lambda one: one.rank)
    if tile is None:
        return
    colours = state.selection().heat_colours
    grid = st.grid(max(1, min(8, len(found))), min_column_width=_CELL, gap="small")
    for one in found:
        with grid.cell():
            faded, high = heat_badges.demoted(one.grade), heat_views.highest(one.heat)
            png = drawn.heat_thumbnail(one.heat, tile, colours, high, faded)
            st.image(png, width="stretch", alt=f"Grad-CAM at {one.layer}: {one.grade.badge}")
            score = one.grade.figures.get("faithfulness")
            told = "" if score is None else f" {score:z.2f}"
            st.markdown(heat_badges.pill(one.grade.badge) + told)
            st.button(
                one.layer,
                key=f"advice.{one.layer}",
                type="primary" if one is best else "secondary",
                disabled=one.layer == view.layer and view.method.name == DEFAULT,
                on_click=state.update,
                kwargs={"layer": one.layer, "method": DEFAULT},
                help=f"{one.layer}. {one.grade.reason}",
                width="stretch",
            )
