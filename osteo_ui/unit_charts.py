"""Plotly figures of the unit page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from osteo_ui import charts

if TYPE_CHECKING:
    import numpy.typing as npt

    from osteo_core.explain.ablation import Effect

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_MARGIN = {"l": 8, "r": 8, "t": 32, "b": 8}  # the download button stands in the top margin


def distribution(
    edges: "npt.NDArray[np.float32]",
    counts: "npt.NDArray[Any]",
    classes: Sequence[str],
    title: str,
) -> go.Figure:
    """Return how a unit's values over tiles are spread in each class.

    Args:
        edges: (bins + 1,) raw values.
        counts: (classes, bins) tiles.
        classes: Their names.
        title: What the values are.
    """
    figure = go.Figure()
    middles = (edges[:-1] + edges[1:]) / 2
    for i, name in enumerate(classes):
        total = int(counts[i].sum())
        share = counts[i] / max(1, total)
        figure.add_trace(
            go.Scatter(
                x=[float(edges[0]), *middles.tolist(), float(edges[-1])],
                y=[0.0, *share.tolist(), 0.0],
                name=f"{name} ({total})",
                mode="lines",
                line={"shape": "hvh", "color": charts.colour(i), "dash": DASHES[i % 6], "width": 2},
                hovertemplate="%{x:.3g}: %{y:.0%}<extra>" + name + "</extra>",
            )
        )
    legend = {"orientation": "h", "yanchor": "top", "y": -0.34, "x": 0}
    figure.update_layout(height=260, margin=_MARGIN, legend=legend, showlegend=True)
    figure.update_xaxes(title=title, zeroline=False, fixedrange=True)
    figure.update_yaxes(title="Share of tiles", tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(fixedrange=True)
    return figure


def effect(found: "Effect", classes: Sequence[str]) -> go.Figure:
    """Return each class's probability before and after, and what random units do, as dots."""
    figure = go.Figure()
    for values, name, colour in (
        (found.after, "With the units off", charts.colour(0)),
        (found.before, "As it is", charts.QUIET),
    ):
        figure.add_trace(
            go.Bar(
                x=values.tolist(),
                y=list(classes),
                orientation="h",
                name=name,
                marker_color=colour,
                text=[f"{p:.1%}" for p in values],
                textposition="outside",
                cliponaxis=False,
                hovertemplate="%{x:.4f}<extra>" + name + "</extra>",
                legendrank=1 if name == "As it is" else 2,
            )
        )
    if len(found.control):
        figure.add_trace(
            go.Scatter(
                x=found.control.T.ravel().tolist(),
                y=np.repeat(list(classes), len(found.control)).tolist(),
                mode="markers",
                name="Random units off instead",
                marker={
                    "symbol": "circle-open",
                    "size": 8,
                    "color": charts.colour(1),
                    "line": {"width": 1.5},
                },
                hovertemplate="%{x:.4f}<extra>random units</extra>",
                legendrank=3,
            )
        )
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0}
    figure.update_layout(
        height=64 * len(classes) + 60, margin=_MARGIN, legend=legend, bargap=0.35, barmode="group"
    )
    figure.update_xaxes(range=[0, 1.18], tickformat=".0%", fixedrange=True, zeroline=False)
    figure.update_yaxes(autorange="reversed", fixedrange=True, showgrid=False)
    return figure
