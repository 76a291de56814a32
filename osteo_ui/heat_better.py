"""Where a map has failed: the methods that did better here, one click away, or one to try."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from osteo_core.explain import Method, Question, find_method
from osteo_core.grades.better import Better, better
from osteo_core.wording import count
from osteo_ui import heat_badges, heat_controls, heat_services, heat_words, jobs, state
from osteo_ui.markdown import md
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.grades import Grade
    from osteo_core.heatmap import HeatMap


def graded() -> "list[Grade]":
    """Return every grade that has been made while the dashboard runs."""
    from osteo_core.grades import Grade

    found: list[Any] = [getattr(result, "grade", result) for result in jobs.results()]
    return [one for one in found if isinstance(one, Grade)]


def draw(engine: "Engine", item: Shown, heat: "HeatMap", grade: "Grade") -> None:
    """Name what did better than a failed map, each with a button that shows it."""
    found = better(grade, graded())
    if not found:
        _offer(engine, item, heat, grade)
        return
    where = "on this tile" if found[0].here else "on other tiles"
    st.markdown(md("**Did better for {} {}**", heat.score, where))
    for one in found:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(md("{} {}", heat_badges.pill(one.badge), _told(one)), width="content")
            _button(f"Show {find_method(one.method).title}", one.method, one.layer, item)


def _told(one: Better) -> str:
    how = f"{find_method(one.method).title} {heat_words.place(one.layer)}"
    if one.here:
        return f"{how}, faithfulness {one.score:z.2f}"
    return f"{how}, on {one.got} of {count(one.tiles, 'graded tile')}"


def _offer(engine: "Engine", item: Shown, heat: "HeatMap", grade: "Grade") -> None:
    """Offer the cheapest method that has not been graded on this tile."""
    same = (one for one in graded() if one.settings == grade.settings and _same_map(one, heat))
    made = {one.provenance["method"] for one in same}
    here = heat_controls.offered(engine).values()
    left = [method for method in here if method.name not in {*made, heat.method}]
    if not left:
        return
    method = min(left, key=lambda one: one.cost(engine, _question(engine, one, heat)))
    question = _question(engine, method, heat)
    seconds = heat_services.seconds(engine, method.cost(engine, question))
    tile = item.tile
    if tile is not None:
        made_in = heat_services.grade_seconds(engine, tile, method.name, question, grade.settings)
        seconds += made_in
    others = "No other method has been graded" if len(made) < 2 else "No method did better"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{others} for {heat.score} on this tile yet.", width="content")
        title = f"Try {method.title} ({heat_services.told(seconds)})"
        _button(title, method.name, question.layer, item)


def _same_map(one: "Grade", heat: "HeatMap") -> bool:
    told = one.provenance
    ours = (heat.bundle_digest, heat.tile_sha256, heat.target, heat.against)
    return ours == tuple(told[n] for n in ("bundle_digest", "tile_sha256", "target", "against"))


def _question(engine: "Engine", method: Method, heat: "HeatMap") -> Question:
    layer = method.default_layer(engine)
    return Question(layer, heat.target, heat.against, method.settings({}))


def _button(label: str, method: str, layer: str, item: Shown) -> None:
    st.button(
        label,
        key=f"better.{item.entry.ref.encode()}.{method}.{layer}",
        type="tertiary",
        icon=":material/arrow_forward:",
        on_click=state.update,
        kwargs={"method": method, "layer": layer},
    )
