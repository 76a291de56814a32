"""Where along a network a figure of its units is high or low."""

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from osteo_core.explain.finding import Ranking
from osteo_ui import charts

if TYPE_CHECKING:
    import pandas as pd

    from osteo_core.units import Unit

_MARGIN = {"l": 8, "r": 8, "t": 32, "b": 8}


def along_layers(
    ranking: Ranking, layers: tuple[str, ...], title: str, selected: "Unit | None"
) -> go.Figure:
    """Return the figure that units are ranked by, layer by layer in the network's order.

    Args:
        ranking: Of all layers.
        layers: In order.
        title: Of the figure.
        selected: The unit that is marked.
    """
    by = ranking.by
    found = ranking.table.dropna(subset=[by])
    groups = found.groupby("layer")[by]
    shares = groups.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack()
    names = [name for name in layers if name in shares.index]
    low, first, middle, third, high = (shares.loc[names, share] for share in shares)
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
    ends = (("Highest", groups.idxmax(), 0, "triangle-up"), ("Lowest", groups.idxmin(), 1, "x"))
    for name, rows, colour, symbol in ends:
        units = found.loc[rows[names]]
        figure.add_trace(_points(units, by, name, charts.colour(colour), symbol, 7))
    if selected is not None:
        own = found[(found["layer"] == selected.layer) & (found["unit"] == selected.index)]
        if len(own):
            figure.add_trace(_points(own, by, str(selected), charts.colour(2), "star", 14))
    if ranking.middle is not None:
        figure.add_hline(y=ranking.middle, line={"color": charts.QUIET, "dash": "dot", "width": 1})
    figure.update_layout(
        height=360,
        margin=_MARGIN,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        hovermode="closest",
    )
    figure.update_xaxes(categoryorder="array", categoryarray=names, tickangle=-60)
    figure.update_yaxes(title=title, zeroline=False)
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
