"""A slide's tiles drawn at their places, coloured by label, call, error or confidence."""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.cohorts.audit import Audit
from osteo_core.cohorts.audit.overlaps import COLLECTION_SIDE
from osteo_core.cohorts.table import CohortTile
from osteo_ui import charts, cohort_services, cohort_tiles, saving, state, widgets
from osteo_ui.chart_text import shown
from osteo_ui.cohort_services import View
from osteo_ui.markdown import md

BY = {"label": "Label", "call": "Call", "error": "Error", "confidence": "Confidence"}
MOST_PICTURES = 60  # on a map; more are coloured squares
_PICTURE = 56  # px
_HEIGHT = 620  # px of the map
_NONE = "no prediction"


def draw(view: View, audit: Audit | None, bundle: Bundle | None) -> None:
    """Draw the map of a slide, or of slides that share tissue."""
    placed = [tile for tile in view.cohort.tiles if tile.x is not None and tile.y is not None]
    if not placed:
        st.info(
            md(
                "The names of these tiles tell no places. A map is drawn of tiles named as in the "
                "public collection: `Case-48-P5-C20-54244-17885.jpg` has its origin at x 54244, "
                "y 17885 of slide `Case-48-P5-C20`."
            )
        )
        return
    with st.container(horizontal=True, gap="medium"):
        slides = _choose(placed, audit)
        by = widgets.segments("Colour", "map_by", BY)
    calls = cohort_services.calls(bundle, view)
    tiles = [tile for tile in placed if tile.slide in slides]
    name = saving.file_stem("slide", tiles[0].slide, by, bundle.name if bundle else "")
    side = audit.side.px if audit else COLLECTION_SIDE
    figure = slide_map(view, tiles, by, calls, side)
    charts.show(
        figure,
        name,
        f"{len(tiles)} tiles of {tiles[0].slide} at their places, coloured by {BY[by].lower()}",
        on_select=lambda: _take(view, f"chart.{name}"),
        selection_mode="points",
        theme="streamlit",
    )
    st.caption(_caption(by, view.cohort.classes, bundle))
    _picked(view, f"chart.{name}", tiles)
    rows = _rows(tiles, calls)
    cohort_tiles.table(view, rows, f"{name}.tiles", f"Tiles of {tiles[0].slide}")


def _choose(placed: Sequence[CohortTile], audit: Audit | None) -> set[str]:
    """Draw the choice of a slide; slides that the audit ties together can be seen as one."""
    counts = Counter(tile.slide for tile in placed)
    groups = {f"group:{group[0]}": group for group in (audit.groups if audit else ())}
    most = min(counts, key=lambda slide: (-counts[slide], slide))
    names = [most, *sorted(slide for slide in counts if slide != most), *groups]

    def say(option: str) -> str:
        if option in groups:
            return f"{len(groups[option])} slides that share tissue, with {groups[option][0]}"
        return f"{option}, {counts[option]} tiles"

    chosen = widgets.choose("Slide", "map_slide", names, format_func=say, width=340)
    return set(groups.get(chosen, (chosen,)))


def slide_map(
    view: View, tiles: Sequence[CohortTile], by: str, calls: pd.DataFrame, side: float
) -> go.Figure:
    """Return the tiles as squares at their places, with their pictures where they are few.

    Args:
        view: The cohort.
        tiles: All with a place.
        by: "label", "call", "error" or "confidence".
        calls: Of `cohort_services.calls`.
        side: Of a tile, px of the slide.
    """
    figure = go.Figure()
    places = np.array([(tile.x, tile.y) for tile in tiles], np.float64)
    low, high = places.min(axis=0) - side, places.max(axis=0) + 2 * side
    marker = max(8.0, side / float((high - low).max()) * _HEIGHT)
    if len(tiles) <= MOST_PICTURES:
        figure.update_layout(images=[_image(view, tile, side) for tile in tiles])
    for trace in _traces(tiles, by, calls, side, marker, view.cohort.classes):
        figure.add_trace(trace)
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 8, "r": 8, "t": 32, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        hovermode="closest",
        clickmode="event+select",
        dragmode="pan",
    )
    # Where the window is narrow the axes shrink, rather than show places off the slide.
    whole = {"zeroline": False, "constrain": "domain"}
    figure.update_xaxes(range=[low[0], high[0]], title="x, px of the slide", **whole)
    figure.update_yaxes(
        range=[high[1], low[1]], title="y", scaleanchor="x", constraintoward="top", **whole
    )
    return figure


def _traces(
    tiles: Sequence[CohortTile],
    by: str,
    calls: pd.DataFrame,
    side: float,
    marker: float,
    classes: Sequence[str],
) -> list[go.Scatter]:
    values = [_value(tile, by, calls) for tile in tiles]
    if by == "confidence":
        return _confidences(tiles, values, side, marker)
    traces = []
    for name in _order(values, by):
        rows = [row for row, value in enumerate(values) if value == name]
        hue = _colour(name, classes)
        style = {"size": marker, "symbol": "square-open", "color": hue, "line": {"width": 3}}
        traces.append(
            _scatter([tiles[row] for row in rows], calls, side, name, style, _initials(name))
        )
    return traces


def _colour(name: str, classes: Sequence[str]) -> str:
    """The colour of a frame; that of a class is the same on every slide."""
    if name in ("right", _NONE):
        return charts.QUIET
    if name == "wrong":
        return charts.colour(1)
    return charts.colour(classes.index(name) if name in classes else len(classes))


def _value(tile: CohortTile, by: str, calls: pd.DataFrame) -> str | float:
    if by == "label":
        return tile.label
    if tile.file not in calls.index:
        return _NONE
    row = calls.loc[tile.file]
    if by == "confidence":
        return float(row["p"])
    if by == "call":
        return str(row["call"])
    return "right" if row["call"] == tile.label else "wrong"


def _order(values: Sequence[str | float], by: str) -> list[str]:
    from osteo_core.cohorts.table import ordered_classes

    found = {str(value) for value in values}
    if by == "error":
        return [name for name in ("wrong", "right", _NONE) if name in found]
    return [*ordered_classes(found - {_NONE}), *(found & {_NONE})]


def _confidences(
    tiles: Sequence[CohortTile], values: Sequence[str | float], side: float, marker: float
) -> list[go.Scatter]:
    known = [row for row, value in enumerate(values) if not isinstance(value, str)]
    style: dict[str, Any] = {
        "size": marker,
        "symbol": "square-open",
        "line": {"width": 4},
        "color": [values[row] for row in known],
        "colorscale": "Viridis",
        "cmin": 0.3,
        "cmax": 1,
        "colorbar": {"title": "p", "thickness": 12, "tickformat": ".0%"},
    }
    texts = [f"{values[row]:.0%}" for row in known]
    empty = pd.DataFrame(columns=["call", "p", "met"])
    traces = [_scatter([tiles[row] for row in known], empty, side, "confidence", style, texts)]
    rest = [tile for row, tile in enumerate(tiles) if row not in set(known)]
    if rest:
        quiet = {"size": marker, "symbol": "square-open", "color": charts.QUIET}
        traces.append(_scatter(rest, empty, side, _NONE, quiet, ""))
    return traces


def _scatter(
    tiles: Sequence[CohortTile],
    calls: pd.DataFrame,
    side: float,
    name: str,
    style: dict[str, Any],
    text: str | list[str],
) -> go.Scatter:
    return go.Scatter(
        x=[(tile.x or 0) + side / 2 for tile in tiles],
        y=[(tile.y or 0) + side / 2 for tile in tiles],
        name=name,
        mode="markers+text",
        marker=style,
        text=text,
        textposition="bottom center",
        textfont={"size": 10},
        customdata=[[tile.file] for tile in tiles],
        hovertext=[_hover(tile, calls) for tile in tiles],
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1, "size": 1.5 * style["size"]}},
        unselected={"marker": {"opacity": 1}, "textfont": {"color": charts.QUIET}},
    )


def _hover(tile: CohortTile, calls: pd.DataFrame) -> str:
    said = f"{tile.file.rsplit('/', 1)[-1]}\nlabelled {tile.label}"
    if tile.file in calls.index:
        row = calls.loc[tile.file]
        said += f"\ncalled {row['call']}, {row['p']:.1%} ({row['met']} part)"
    return said


def _initials(name: str) -> str:
    """Return letters that stand for a class, so that its colour need not be seen."""
    if name in ("right", _NONE):
        return ""
    return "×" if name == "wrong" else "".join(part[0] for part in name.split("-"))


def _image(view: View, tile: CohortTile, side: float) -> dict[str, Any]:
    png = view.png(tile, _PICTURE) or b""
    return {
        "source": "data:image/png;base64," + base64.b64encode(png).decode(),
        "xref": "x",
        "yref": "y",
        "x": tile.x,
        "y": tile.y,
        "sizex": side,
        "sizey": side,
        "sizing": "stretch",
        "layer": "below",
        "yanchor": "top",
    }


def _rows(tiles: Sequence[CohortTile], calls: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(
        [(tile.file, tile.label, tile.split, tile.x, tile.y) for tile in tiles],
        columns=["tile", "label", "part", "x", "y"],
    )
    return frame.join(calls, on="tile").rename(columns={"met": "met in training as"})


def _caption(by: str, classes: Sequence[str], bundle: Bundle | None) -> str:
    whose = md("stored predictions of `{}`", bundle.name) if bundle else "no network"
    said = {
        "label": "Frames show the label: "
        + ", ".join(f"{_initials(name)} {name}" for name in classes)
        + ".",
        "call": md("Frames show the call, from {}.", whose),
        "error": md("A cross marks a tile called otherwise than labelled, from {}.", whose),
        "confidence": md("Probability of the call, from {}.", whose),
    }[by]
    return md("{} Pick a tile, on the map or in the table, to read it.", said)


def _points(key: str) -> list[dict[str, Any]]:
    kept = st.session_state.get(key)
    return list(kept.selection.points) if kept else []


def _tile(view: View, point: Mapping[str, Any]) -> CohortTile | None:
    file = point["customdata"][0]  # as it was escaped for the figure
    return next((tile for tile in view.cohort.tiles if shown(tile.file) == file), None)


def _take(view: View, key: str) -> None:
    for point in _points(key)[:1]:
        tile = _tile(view, point)
        if tile is not None:
            cohort_tiles.show(view, tile)


def _picked(view: View, key: str, tiles: Sequence[CohortTile]) -> None:
    """Draw the tile that was picked on the map."""
    for point in _points(key)[:1]:
        tile = _tile(view, point)
        if tile in tiles and view.ref(tile) in state.selection().tiles:
            cohort_tiles.card(view, tile)
