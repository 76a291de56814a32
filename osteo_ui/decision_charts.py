"""Plotly figures of the decisions page.

They are redrawn at every move of a threshold, so each is made in one go from plain dictionaries:
Plotly takes milliseconds for every annotation or line that is added to a figure later.
"""

from typing import Any

import plotly.graph_objects as go

from osteo_core.evaluate.necrosis import GOOD_RESPONSE, Necrosis
from osteo_core.evaluate.referral import REFERRED, Decided, RiskCoverage
from osteo_ui.chart_text import bold
from osteo_ui.charts import QUIET, colour, wrapped

_MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}


def outcomes(decided: Decided) -> go.Figure:
    """Draw what became of the tiles: rows the truth, columns the calls and those referred."""
    counts = decided.confusion
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    cells = [
        [f"{bold(str(n))}\n{share:.1%}" for n, share in zip(*row, strict=True)]
        for row in zip(counts.tolist(), shares.tolist(), strict=True)
    ]
    heat = {
        "type": "heatmap",
        "z": shares,
        "x": [wrapped(name) for name in (*decided.classes, REFERRED)],
        "y": [wrapped(name) for name in decided.classes],
        "zmin": 0,
        "zmax": 1,
        "colorscale": "Cividis",
        "showscale": False,  # every cell says its share
        "text": cells,
        "texttemplate": "%{text}",
        "textfont": {"size": 12},
        "customdata": counts,
        "hovertemplate": "%{y}, %{x}: %{customdata} tiles, %{z:.1%} of the row<extra></extra>",
        "xgap": 2,
        "ygap": 2,
    }
    across = {"title": {"text": "called, or sent on"}, "side": "bottom", "tickangle": 0}
    down = {"title": {"text": "true class"}, "autorange": "reversed"}
    height = 160 + 70 * len(decided.classes)
    return _figure(
        [heat], across, down, height, shapes=[_line(len(decided.classes) - 0.5, "solid")]
    )


def risk_coverage(
    alone: RiskCoverage, ruled: RiskCoverage | None, chosen: tuple[float, float] | None
) -> go.Figure:
    """Draw error left against share kept, with the rule on view as a star.

    Args:
        alone: The curve by the highest probability alone.
        ruled: The same beside the rule for silent Viable, or None when that is off.
        chosen: Share kept and error left of the rule on view; None when nothing is kept.
    """
    drawn = [_curve("by the highest probability", alone, colour(0), "solid")]
    if ruled is not None:
        drawn.append(_curve("beside the rule for Viable", ruled, colour(1), "dash"))
    if chosen is not None:
        drawn.append(
            {
                "type": "scatter",
                "x": [chosen[0]],
                "y": [chosen[1]],
                "name": "the rule on view",
                "mode": "markers",
                "marker": {"symbol": "star", "size": 16, "color": colour(2)},
                "hovertemplate": "%{x:.1%} kept, %{y:.1%} of them wrong<extra>the rule on view"
                "</extra>",
            }
        )
    across = {"title": {"text": "share of tiles kept"}, "range": [0, 1.02], "tickformat": ".0%"}
    down = {
        "title": {"text": "error among the kept"},
        "rangemode": "tozero",
        "tickformat": ".2~%",
    }
    legend = {"orientation": "h", "y": -0.22, "x": 0, "yanchor": "top"}
    return _figure(drawn, across, down, 400, legend=legend)


def meter(found: Necrosis) -> go.Figure:
    """Draw the share of dead tumour with its intervals, the calls, the labels and the line."""
    rows = (
        ("with other tiles picked", found.expected, found.more, colour(0), "square"),
        ("these tiles", found.expected, found.these, colour(0), "circle"),
        ("by calls", found.by_calls, None, colour(1), "diamond"),
        ("by labels", found.truth, None, colour(2), "star"),
    )
    drawn = []
    for name, value, interval, hue, symbol in rows:
        if value is None:
            continue
        bars: dict[str, Any] = {"visible": False}
        if interval is not None:
            # Draws can lie to one side of the expected share, which is no draw itself.
            above, below = max(interval.high - value, 0), max(value - interval.low, 0)
            bars = {"array": [above], "arrayminus": [below], "thickness": 3, "width": 8}
        drawn.append(
            {
                "type": "scatter",
                "x": [value],
                "y": [name],
                "mode": "markers",
                "marker": {"size": 13, "color": hue, "symbol": symbol},
                "error_x": bars,
                "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
                "showlegend": False,
            }
        )
    across = {
        "title": {"text": "non-viable among tumour"},
        "range": [-0.02, 1.02],
        "tickformat": ".0%",
    }
    note = {
        "x": GOOD_RESPONSE,
        "y": 1.02,
        "yref": "paper",
        "yanchor": "bottom",
        "text": "90 %",
        "xanchor": "right",  # at its right are the chart's buttons
        "showarrow": False,
    }
    down = {"autorange": "reversed", "automargin": True}
    shapes = [_line(GOOD_RESPONSE, "dash")]
    return _figure(drawn, across, down, 240, shapes=shapes, annotations=[note])


def _curve(name: str, curve: RiskCoverage, hue: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": curve.coverage,
        "y": curve.risk,
        "customdata": curve.limits,
        "name": name,
        "mode": "lines",
        "line": {"color": hue, "dash": dash, "width": 2.5},
        "hovertemplate": "%{x:.1%} kept, %{y:.1%} of them wrong, limit %{customdata:.3f}"
        "<extra>%{fullData.name}</extra>",
    }


def _line(x: float, dash: str) -> dict[str, Any]:
    line = {"color": QUIET, "dash": dash, "width": 2}
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": line}


def _figure(
    traces: list[dict[str, Any]],
    across: dict[str, Any],
    down: dict[str, Any],
    height: int,
    **layout: Any,
) -> go.Figure:
    base = {"xaxis": across, "yaxis": down, "height": height, "margin": _MARGIN}
    return go.Figure({"data": traces, "layout": {**base, **layout}})
