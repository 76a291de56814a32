"""The confusion matrix whose cells open: their tiles, the surest first, each a click from reading.

A click on a cell and the list below do the same; the list is there for the keyboard.
"""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from osteo_core.evaluate import LabelledPart, Metrics
from osteo_ui import charts, compare_tiles, metric_charts, saving, state, widgets
from osteo_ui.markdown import md

_CLOSED = ""


def matrix(metrics: Metrics, stem: str) -> None:
    """Draw the matrix; a click on a cell opens it, on the open one closes it."""
    key = f"chart.{stem}.confusion"
    charts.show(
        _with_targets(metrics),
        f"{stem}.confusion",
        f"Confusion matrix. {_said(metrics)}",
        on_select=lambda: _take(key),
        selection_mode="points",
    )
    st.caption(
        "Tiles, and their share of the row: of all tiles that truly are this class. Click a cell, "
        "or choose it below, to see its tiles."
    )


def tiles(part: LabelledPart, metrics: Metrics, stem: str) -> None:
    """Draw the choice of a cell and the tiles of the one that is open."""
    names = _cells(metrics)
    chosen = widgets.choose(
        "Tiles of a cell",
        "confusion_cell",
        [_CLOSED, *names],
        format_func=lambda cell: names.get(cell, "None"),
    )
    if chosen not in names:
        return
    table = cell_tiles(part, *_place(chosen))
    if table.empty:
        st.caption(f"{names[chosen]}.")
        return
    st.markdown(md("**{}**, the surest first. Pick one to read it.", names[chosen]))
    compare_tiles.tile_list(
        table,
        saving.file_stem(stem, "cell", chosen.replace(",", "-")),
        names[chosen],
        caption=lambda row: f"{row['call']}\n{row['confidence']:.2f}",
        column_order=["file", "label", "call", "confidence", "p of the label", "slide", "case"],
    )


def cell_tiles(part: LabelledPart, row: int, column: int) -> pd.DataFrame:
    """Return the tiles of a true class and a call, by falling probability of the call.

    Args:
        part: Labelled tiles.
        row: Index of the true class.
        column: Index of the class called.
    """
    label, call = part.classes[row], part.classes[column]
    inside = (np.asarray(part.labels, object) == label) & (np.asarray(part.calls, object) == call)
    table = part.table.loc[inside, ["tile", "file", "slide", "case", "label"]].copy()
    table["call"] = call
    table["confidence"] = part.probabilities[inside, column]
    table["p of the label"] = part.probabilities[inside, row]
    order = ["confidence", "file"]
    return table.sort_values(order, ascending=[False, True]).reset_index(drop=True)


def _with_targets(metrics: Metrics) -> go.Figure:
    """Lay unseen squares over the cells: a heat map itself sends no click."""
    figure = metric_charts.confusion(metrics)
    k = len(metrics.classes)
    places = [(i, j) for i in range(k) for j in range(k)]
    figure.data[0].hoverinfo, figure.data[0].hovertemplate = "skip", None
    unseen = {"marker": {"opacity": 0}}
    figure.add_scatter(
        x=[metrics.classes[j] for _, j in places],
        y=[metrics.classes[i] for i, _ in places],
        mode="markers",
        marker={"symbol": "square", "size": 70, "opacity": 0},
        selected=unseen,
        unselected=unseen,
        customdata=[[f"{i},{j}", int(metrics.confusion[i, j])] for i, j in places],
        hovertemplate="%{y} called %{x}: %{customdata[1]} tiles<extra></extra>",
        showlegend=False,
    )
    opened = state.selection().confusion_cell
    if opened in _cells(metrics):
        i, j = _place(opened)
        edge = {"color": charts.colour(1), "width": 4}
        box = {"x0": j - 0.48, "x1": j + 0.48, "y0": i - 0.48, "y1": i + 0.48}
        figure.add_shape(type="rect", line=edge, **box)
    return figure


def _take(key: str) -> None:
    points: Any = st.session_state[key].selection.points
    if points:
        cell = points[0]["customdata"]
        cell = cell[0] if isinstance(cell, list | tuple) else cell["0"]
        now = state.selection().confusion_cell
        state.update(confusion_cell=_CLOSED if cell == now else cell)


def _cells(metrics: Metrics) -> dict[str, str]:
    """The cells in words, the mistakes first and the most frequent of them before the others."""
    found = []
    for i, label in enumerate(metrics.classes):
        for j, call in enumerate(metrics.classes):
            n = int(metrics.confusion[i, j])
            tiles_of = "no tile" if not n else "1 tile" if n == 1 else f"{n} tiles"
            words = f"{label} called {call}: {tiles_of}"
            found.append(((i == j, -n), f"{i},{j}", words))
    return {cell: words for _, cell, words in sorted(found)}


def _place(cell: str) -> tuple[int, int]:
    row, column = (int(number) for number in cell.split(","))
    return row, column


def _said(metrics: Metrics) -> str:
    rows = zip(metrics.classes, metrics.confusion.tolist(), strict=True)
    return "; ".join(
        f"{label}: "
        + ", ".join(f"{n} called {c}" for c, n in zip(metrics.classes, row, strict=True))
        for label, row in rows
    )
