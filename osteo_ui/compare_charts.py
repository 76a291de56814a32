"""Figures of the comparison of two networks."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from osteo_core.evaluate.differences import Difference
from osteo_core.evaluate.similarity import Similarity
from osteo_ui.charts import QUIET, colour

_MARGIN = {"l": 10, "r": 10, "t": 34, "b": 10}


def differences(found: Sequence[Difference], first: str, second: str) -> go.Figure:
    """Draw each figure's difference with its intervals by tile and by slide."""
    figure = go.Figure()
    figure.add_vline(x=0, line={"color": QUIET, "width": 1})
    for i, (words, field, symbol) in enumerate(
        (("tiles resampled", "by_tile", "circle"), ("slides resampled", "by_slide", "diamond"))
    ):
        drawn = [d for d in found if getattr(d, field)]
        figure.add_scatter(
            x=[d.difference for d in drawn],
            y=[d.name for d in drawn],
            name=words,
            mode="markers",
            orientation="h",  # the two intervals of a figure stand one above the other
            marker={"size": 9, "color": colour(i), "symbol": symbol},
            error_x={
                "array": [getattr(d, field).high - d.difference for d in drawn],
                "arrayminus": [d.difference - getattr(d, field).low for d in drawn],
                "thickness": 2,
                "width": 5,
            },
            hovertemplate="%{y}: %{x:+.3f}<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(scattermode="group", scattergap=0.6)
    figure.update_xaxes(title=f"{first} less {second}", zeroline=False, tickformat="+.2f")
    names = [d.name for d in found]
    figure.update_yaxes(
        categoryorder="array", categoryarray=names, autorange="reversed", automargin=True
    )
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0}
    return figure.update_layout(height=110 + 44 * len(found), margin=_MARGIN, legend=legend)


def layers(found: Similarity) -> go.Figure:
    """Draw the CKA of all pairs of layers; deeper layers to the right and below."""
    figure = go.Figure(
        go.Heatmap(
            z=np.where(np.isfinite(found.values), found.values, None),
            x=list(found.layers_second),
            y=list(found.layers_first),
            zmin=0,
            zmax=1,
            colorscale="Cividis",
            colorbar={"title": "CKA", "thickness": 14},
            meta=[found.first, found.second],
            hovertemplate="%{meta[0]} %{y}<br>%{meta[1]} %{x}<br>CKA %{z:.2f}<extra></extra>",
        )
    )
    figure.update_xaxes(title=found.second, automargin=True, tickangle=-60)
    figure.update_yaxes(title=found.first, autorange="reversed", automargin=True)
    rows = len(found.layers_first)
    return figure.update_layout(height=min(1100, 230 + max(13, 340 // rows) * rows), margin=_MARGIN)


def correlations(values: Sequence[float]) -> go.Figure:
    """Draw how often each rank correlation of two maps occurs."""
    counts, edges = np.histogram(values, bins=20, range=(-1, 1))
    figure = go.Figure(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=0.094,
            marker={"color": colour(0)},
            hovertemplate="around %{x:.2f}: %{y} tiles<extra></extra>",
        )
    )
    figure.add_vline(x=0, line={"color": QUIET, "width": 1})
    figure.update_xaxes(title="rank correlation of the two maps", range=[-1, 1])
    figure.update_yaxes(title="tiles")
    return figure.update_layout(height=230, margin=_MARGIN)
