"""The grade beside a map: its badge, what it rests on, and the curves on demand."""

import hashlib
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core.explain import find_method
from osteo_ui import (
    charts,
    heat_asked,
    heat_badges,
    heat_better,
    heat_charts,
    heat_figures,
    heat_services,
    jobs,
    saving,
)
from osteo_ui.markdown import md
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.explain import Question
    from osteo_core.grades import Grade, GradeSettings
    from osteo_core.heatmap import HeatMap
    from osteo_ui.drawn import Mask


def known(key: str) -> "Grade | None":
    """Return the grade of that name if it is at hand; starts nothing."""
    state = jobs.look(key)
    return state.result if state and state.status == "done" else None


def draw(
    engine: "Engine",
    item: Shown,
    heat: "HeatMap",
    question: "Question",
    settings: "GradeSettings",
    mask: "Mask | None",
    alone: bool,
) -> "Grade | None":
    """Draw the grade of a map; where there is none yet, ask for it and draw how far it is.

    Args:
        engine: The network.
        item: The tile.
        heat: Its map.
        question: What the map answers.
        settings: How to grade.
        mask: Where the evidence lies, if that is known.
        alone: Whether there is room for the figures.

    Returns:
        The grade, if there is one.
    """
    key = heat_services.grade_key(heat, settings, mask)
    state = heat_services.grade_job(engine, item.tile, heat, settings, mask)
    if state.status == "done":
        _show(engine, item, heat, state.result, key, alone)
        return state.result  # type: ignore[no-any-return]
    if state.unfinished:
        st.markdown(heat_badges.pending())
        heat_asked.watch([key], "Grading")
    else:
        seconds = heat_services.grade_seconds(engine, item.tile, heat.method, question, settings)
        _offer(key, state, seconds)
    return None


def _offer(key: str, state: jobs.JobState, seconds: float) -> None:
    st.markdown(heat_badges.pending("Not graded"))
    if state.problem:
        st.warning(state.problem)
    st.button(
        "Try again" if state.problem else "Grade",
        icon=":material/verified:",
        key=f"grade.{_short(key)}",
        on_click=jobs.start,
        args=(key,),
    )
    st.caption(f"Grading takes {heat_services.told(seconds)} on this computer.")


def _show(
    engine: "Engine", item: Shown, heat: "HeatMap", grade: "Grade", key: str, alone: bool
) -> None:
    # The reason stands among the answers, and of a failed map beside it as well.
    heat_badges.badge(grade, reason=not (grade.criteria or heat_badges.demoted(grade)))
    heat_badges.criteria(grade)
    if heat_badges.demoted(grade):
        heat_better.draw(engine, item, heat, grade)
    name = saving.tile_stem(item, heat.bundle, heat.method, heat.layer, heat.target, "grade")
    if grade.figures and alone:
        _figures(grade, name, narrow=False)
    elif grade.figures:
        figures = st.expander("Figures", key=f"figures.{_short(key)}", on_change="rerun")
        if figures.open:
            with figures:
                _figures(grade, name, narrow=True)
    if grade.curves:
        curves = st.expander(
            "Deletion and insertion curves", key=f"curves.{_short(key)}", on_change="rerun"
        )
        if curves.open:
            with curves:
                _curves(item, heat, grade, name, alone)


def _figures(grade: "Grade", name: str, narrow: bool) -> None:
    st.markdown(heat_figures.table(grade, narrow))
    st.caption(heat_figures.note(grade, narrow))
    with st.container(horizontal=True, gap="small"):
        text = partial(_json, grade)
        help_text = "Every figure and curve with how it was made"
        saving.download("Grade", text, f"{name}.json", "application/json", help_text)


def _json(grade: "Grade") -> bytes:
    return grade.to_json().encode()


def _curves(item: Shown, heat: "HeatMap", grade: "Grade", name: str, alone: bool) -> None:
    method = find_method(heat.method)
    sides = st.grid(2 if alone else 1, min_column_width=260, gap="small")
    for kind in ("deletion", "insertion"):
        with sides.cell():
            st.markdown(md("**{}**", kind.capitalize()))
            figure = heat_charts.curves(grade, kind, method.title)
            charts.show(figure, f"{name}.{kind}", heat_charts.alt(grade, kind, item.entry.title))
    st.caption(heat_charts.caption(grade))


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]
