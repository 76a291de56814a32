"""A map's grade where the map is only a part of the page: known, under way, or a click away."""

import hashlib
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core.explain import Question
from osteo_ui import heat_asked, heat_badges, heat_grades, heat_masks, heat_services, state
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.grades import Grade, GradeSettings
    from osteo_core.heatmap import HeatMap


def _settings() -> "GradeSettings":
    """Those of the page of heat maps, so that a map has one grade on all pages."""
    from osteo_core.grades import GradeSettings

    return GradeSettings(baseline=state.selection().baseline)  # type: ignore[arg-type]


def known(item: Shown, heat: "HeatMap") -> "Grade | None":
    """Return the grade of a map if it is at hand; starts nothing."""
    return heat_grades.known(heat_services.grade_key(heat, _settings(), heat_masks.mask_of(item)))


def draw(engine: "Engine", item: Shown, heat: "HeatMap", network: str = "") -> None:
    """Draw a map's grade; where there is none, say so and offer to make it.

    Args:
        engine: The network.
        item: The tile.
        heat: The map.
        network: Its name, where another of the same weights may stand beside it.
    """
    settings, mask = _settings(), heat_masks.mask_of(item)
    key = heat_services.grade_key(heat, settings, mask)
    job = heat_asked.wanted_job(
        key, lambda: heat_services.grade_job(engine, item.tile, heat, settings, mask)
    )
    if job and job.status == "done":
        heat_badges.badge(job.result)
    elif job and job.unfinished:
        st.markdown(heat_badges.pending())
        heat_asked.watch([key], "Grading")
    else:
        _offer(engine, item, heat, f"{key}|{network}", key, settings, job and job.problem)


def _offer(
    engine: "Engine",
    item: Shown,
    heat: "HeatMap",
    place: str,
    key: str,
    settings: "GradeSettings",
    problem: str | None,
) -> None:
    if problem:
        st.warning(problem)
    name = hashlib.sha256(f"{place}|{item.entry.ref.encode()}".encode()).hexdigest()[:16]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(heat_badges.pending("Not graded yet"), width="content")
        st.button(
            f"Grade it{_time(engine, item, heat, settings)}",
            key=f"grade.line.{name}",
            type="tertiary",
            on_click=heat_asked.want,
            args=((key,),),
        )


def _time(engine: "Engine", item: Shown, heat: "HeatMap", settings: "GradeSettings") -> str:
    """What grading takes, where a forward pass has been timed: this page waits for no timing."""
    if item.tile is None or not heat_services.is_measured(engine):
        return ""
    asked = Question(heat.layer, heat.target, heat.against, heat.parameters)
    seconds = heat_services.grade_seconds(engine, item.tile, heat.method, asked, settings)
    return f" ({heat_services.told(seconds)})"
