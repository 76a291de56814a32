"""The Plotly figure of the unit page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from osteo_ui import charts

if TYPE_CHECKING:
    from osteo_core.explain.ablation import Effect

_MARGIN = {"l": 8, "r": 8, "t": 32, "b": 8}  # the download button stands in the top margin


def effect(found: "Effect", classes: Sequence[str]) -> go.Figure:
    """Return each class's probability before and after, and what random units do, as dots."""
    figure = go.Figure()
    for values, name, colour in (
        (found.before, "As it is", charts.QUIET),
        (found.after, "With the units off", charts.colour(0)),
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
                hovertemplate="%{x:.4f}<extra>%{fullData.name}</extra>",
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
            )
        )
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0}
    figure.update_layout(
        height=64 * len(classes) + 60, margin=_MARGIN, legend=legend, bargap=0.35, barmode="group"
    )
    figure.update_xaxes(range=[0, 1.18], tickformat=".0%", fixedrange=True, zeroline=False)
    figure.update_yaxes(autorange="reversed", fixedrange=True, showgrid=False)
    return figure
