"""The heat-map grid on the screen: rows of maps, each with its grade and the way to it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.errors import StreamlitAPIException

from osteo_ui import drawn, heat_badges, heat_views, heat_words, state, words
from osteo_ui.grid_cells import Found
from osteo_ui.grid_controls import View
from osteo_ui.markdown import md
from osteo_ui.selection import to_query
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.heatmap import HeatMap

CELL = 140  # px, least width of a map; what does not fit goes into the next line
SIDE = 320  # px of a map's picture
PAGE = "pages/heat_maps.py"
# Shares of the logit, one a place: within one layer these add up in the same unit.
IN_LOGITS = ("gradcam", "hirescam", "layercam", "gradient_x_input", "integrated_gradients")

Ends = Mapping[tuple[str, ...], float]


def scale_group(heat: "HeatMap") -> tuple[str, ...]:
    """Name the maps that one scale can serve: of one network and layer, in one unit."""
    unit = "logit" if heat.method in IN_LOGITS else heat.method
    return unit, heat.layer, heat.bundle_digest


def ends(found: Sequence[Found]) -> Ends:
    """Return the highest value of each group of maps."""
    highs: dict[tuple[str, ...], float] = {}
    for one in found:
        if one.heat is not None:
            group = scale_group(one.heat)
            highs[group] = max(highs.get(group, 0.0), heat_views.highest(one.heat))
    return highs


def high_of(heat: "HeatMap", scale: str, shared: Ends) -> float:
    """Return the raw value at the upper end of a map's colours."""
    return shared[scale_group(heat)] if scale == "shared" else heat_views.highest(heat)


def draw(view: View, grid: Sequence[Sequence[Found]], item: Shown) -> None:
    """Draw the grid, a row of maps for each method."""
    _legends(view)
    shared = ends([one for row in grid for one in row])
    for method, row in zip(view.methods, grid, strict=True):
        at = {heat_words.place(one.cell.question.layer) for one in row}
        st.markdown(md("**{}** {}", method.title, at.pop() if len(at) == 1 else ""))
        places = st.grid(len(row), min_column_width=CELL, gap="small")
        for one in row:
            with places.cell():
                _cell(view, one, item, shared)


def _legends(view: View) -> None:
    signed = {method.signed for method in view.methods}
    with st.container(horizontal=True, gap="medium"):
        for has_sign in sorted(signed):
            colours = view.signed_colours if has_sign else view.colours
            low, high = ("against", "for the class") if has_sign else ("0", "highest value")
            with st.container(width=300, horizontal=True, vertical_alignment="center", wrap=False):
                st.caption(low, width="content")
                alt = f"{colours}: {low} to {high}"
                st.image(drawn.legend_png(colours), width="stretch", alt=alt)
                st.caption(high, width="content")


def _cell(view: View, one: Found, item: Shown, shared: Ends) -> None:
    if one.heat is None:
        _blank(one, item)
        return
    heat, faded = one.heat, heat_badges.demoted(one.grade)
    high = 0.0 if heat.empty_reason else high_of(heat, view.scale, shared)
    colours = view.colours_of(one.cell.method)
    png = drawn.heat_thumbnail(heat, item.tile, colours, high, faded, SIDE)
    alt = heat_words.alt(one.cell.method, heat, item.entry.title)
    alt = f"{alt}, drawn pale: it failed" if faded else alt
    st.image(png, width="stretch", output_format="PNG", alt=alt)
    told = heat_badges.told(one.grade) if one.grade else _pending_help(one)
    why = heat.empty_reason or told
    st.markdown(md("{} {}", one.cell.column.title, _pill(one)), help=why)
    low = f"−{words.number(high)}" if heat.signed else "0"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        ends_told = "empty" if heat.empty_reason else f"{low} to {words.number(high)}"
        st.caption(ends_told, width="content")
        _link(one)


def _pill(one: Found) -> str:
    if one.grade is not None:
        return heat_badges.pill(one.grade.badge)
    return heat_badges.pending("Grading" if one.active else "Not graded")


def _pending_help(one: Found) -> str:
    if one.problem:
        return one.problem
    return "The grade is being made." if one.active else "Press Compute to grade it."


def _blank(one: Found, item: Shown) -> None:
    alt = f"Tile {item.entry.title}, H&E stain, without a map"
    st.image(drawn.tile_png(item.tile, SIDE), width="stretch", output_format="PNG", alt=alt)
    title = one.cell.column.title
    if one.problem:
        st.markdown(md("{} {}", title, heat_badges.pending("No map")))
        st.caption(one.problem)
    elif not one.active:
        st.markdown(md("{} {}", title, heat_badges.pending("Not computed")))
    else:
        share = one.job.share if one.job else 0.0
        doing = heat_badges.pending("Computing" if share else "Waiting")
        st.markdown(md("{} {}", title, doing))


def _link(one: Found) -> None:
    """Draw the way to this map on the page of heat maps."""
    cell, now = one.cell, state.selection()
    names = (cell.engine.name, *(name for name in now.models if name != cell.engine.name))
    there = replace(
        now,
        models=names,
        method=cell.method.name,
        layer=cell.question.layer,
        target=cell.question.target,
        versus=cell.question.against or "",
    )
    try:
        st.page_link(
            PAGE, label="Open", icon=":material/open_in_full:", query_params=to_query(there)
        )
    except StreamlitAPIException:
        return  # the page is not among those of this dashboard


def explanation(view: View, item: Shown) -> str:
    """Return how the grid is made and scaled."""
    if view.scale == "shared":
        scale = (
            "Maps of one unit share a scale: Grad-CAM, HiResCAM, LayerCAM, gradient × input and "
            "integrated gradients split one logit over the places of a layer, so at one layer of "
            "one network they have one scale; every other method has one of its own there. Maps of "
            "two layers or two networks have no common unit."
        )
    else:
        scale = (
            "Each map is coloured from 0 to its own highest value, so compare places, not heights."
        )
    signed = (
        " Signed maps run as far below 0 as above." if any(m.signed for m in view.methods) else ""
    )
    cams = (
        ""
        if view.by == "layers"
        else " CAMs are at the layer chosen, else at the last convolution (Score-CAM and Eigen-CAM "
        "behind its activation); the other methods are at the network's input."
    )
    return f"Maps of {item.entry.title}. {scale}{signed}{cams} A pale map has failed its grade."
