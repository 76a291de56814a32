"""Where along a network a figure of its units is high or low."""

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from osteo_core.explain.finding import Ranking
from osteo_ui import charts

if TYPE_CHECKING:
    import pandas as pd

    from osteo_core.units import Unit

_MARGIN = {"l": 8, "r": 8, "t": 32, "b": 8}


def along_layers(ranking: Ranking, title: str, selected: "Unit | None") -> go.Figure:
    """Return the figure that units are ranked by, layer by layer in the network's order.

    Args:
        ranking: Of all layers.
        title: Of the figure.
        selected: The unit that is marked.
    """
    by, found, span = ranking.by, ranking.table, ranking.span
    names = list(span.shares.index)
    low, first, middle, third, high = (span.shares[share].to_numpy() for share in span.shares)
    figure = go.Figure(
        go.Box(
            x=names,
            lowerfence=low,
            q1=first,
            median=middle,
            q3=third,
            upperfence=high,
            name="5 to 95 %",
            marker_color=charts.QUIET,
            fillcolor="rgba(147,161,169,0.35)",
            line={"width": 1.5},
            hoverinfo="y",
        )
    )
    figure.add_trace(_points(span.highest, by, "Highest", charts.colour(0), "triangle-up", 7))
    figure.add_trace(_points(span.lowest, by, "Lowest", charts.colour(1), "x", 7))
    if selected is not None:
        own = found[(found["layer"] == selected.layer) & (found["unit"] == selected.index)]
        if len(own):
            figure.add_trace(_points(own, by, str(selected), charts.colour(2), "star", 14))
    figure.update_layout(
        height=360,
        margin=_MARGIN,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        hovermode="closest",
    )
    figure.update_xaxes(categoryorder="array", categoryarray=names, tickangle=-60)
    figure.update_yaxes(title=title, zeroline=False)
    if ranking.middle is not None:
        line = {"color": charts.QUIET, "dash": "dot", "width": 1}
        across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1}
        figure.add_shape(**across, y0=ranking.middle, y1=ranking.middle, line=line)
    return figure


def _points(
    rows: "pd.DataFrame", by: str, name: str, colour: str, symbol: str, size: int
) -> go.Scatter:
    return go.Scatter(
        x=rows["layer"],
        y=rows[by],
        mode="markers",
        name=name,
        marker={"color": colour, "symbol": symbol, "size": size},
        customdata=rows["unit"],
        hovertemplate="%{x}:%{customdata}: %{y:.3f}<extra></extra>",
    )
