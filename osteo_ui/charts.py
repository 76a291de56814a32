"""Plotly figures. Colours and marker shapes differ together, so that neither has to be seen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import streamlit as st

from osteo_ui.chart_text import bold, escaped, named

# Okabe and Ito: distinct under the common colour-vision deficiencies; the lighter ones on dark.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
ON_DARK = ("#56B4E9", "#E69F00", "#2FC29B", "#CC79A7", "#F0E442", "#D55E00")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x")
QUIET = "#93A1A9"
_MARGIN = {"l": 8, "r": 8, "t": 32, "b": 8}  # the download button stands in the top margin

Floats = npt.NDArray[np.float32]


def show(figure: go.Figure, name: str, alt: str, **options: Any) -> Any:
    """Draw a figure with its download as PNG at twice the screen's resolution.

    Args:
        figure: The figure.
        name: Of the file and the widget.
        alt: The figure in words.
        **options: Passed on to ``st.plotly_chart``, as for figures whose points can be picked.

    Returns:
        What ``st.plotly_chart`` does.
    """
    config: dict[str, Any] = {
        "displaylogo": False,
        "displayModeBar": True,
        "modeBarButtons": [["toImage", "resetScale2d"]],
        "toImageButtonOptions": {"format": "png", "filename": name, "scale": 2},
    }
    safe = as_it_reads(figure)
    return st.plotly_chart(safe, key=f"chart.{name}", config=config, alt=alt, **options)


def as_it_reads(figure: go.Figure) -> go.Figure:
    """Return a figure whose text Plotly shows letter by letter."""
    given = figure.to_plotly_json()
    data, layout = escaped(given["data"]), escaped(given["layout"])
    named(data, layout)
    layout.setdefault("hoverlabel", {}).setdefault("namelength", -1)  # a cut could part a sign
    return go.Figure(data, layout)


def wrapped(name: str) -> str:
    """Return the name of a class in short lines, for an axis."""
    return name.replace("-", "-\n").replace(" ", "\n")


def colour(i: int) -> str:
    """Return the colour of the i-th series in the theme on screen."""
    return (ON_DARK if st.context.theme.type == "dark" else COLOURS)[i % len(COLOURS)]


def probability_bars(
    classes: Sequence[str],
    probabilities: Floats,
    predicted: str,
    truth: str = "",
    narrow: bool = False,
) -> go.Figure:
    """Return class probabilities as horizontal bars.

    Args:
        classes: Class names, first one on top.
        probabilities: (n_classes,), 0..1.
        predicted: Drawn strong and in bold.
        truth: Marked in words; "" when unknown.
        narrow: Leave more room for the numbers, as where several tiles share the width.
    """
    strong = [name == predicted for name in classes]
    ticks = [
        (bold(name) if name == predicted else name) + ("\n(true)" if name == truth else "")
        for name in classes
    ]
    figure = go.Figure(
        go.Bar(
            x=[float(p) for p in probabilities],
            y=ticks,
            orientation="h",
            text=[f"{p:.1%}" for p in probabilities],
            textposition="outside",
            cliponaxis=False,
            marker_color=[colour(0) if s else QUIET for s in strong],
            hovertemplate="%{x:.4f}<extra></extra>",
            width=0.6,
        )
    )
    figure.update_layout(height=44 * len(classes) + 44, margin=_MARGIN, bargap=0.2)
    figure.update_xaxes(range=[0, 1.7 if narrow else 1.2], visible=False, fixedrange=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True, showgrid=False)
    return figure


def neuron_plot(
    series: Mapping[str, Floats],
    order: npt.NDArray[np.intp],
    *,
    sort: str = "index",
    height: int = 380,
    value_title: str = "Activation",
) -> go.Figure:
    """Return units of a fully connected layer against their activations.

    Args:
        series: (units,) values of each tile or class, by name.
        order: Units from left to right.
        sort: What they are sorted by; says whether the axis counts units or ranks.
        height: In px.
        value_title: Title of the vertical axis; "" leaves the axes bare.
    """
    figure = go.Figure()
    ranks = order if sort == "index" else np.arange(len(order))
    for i, (name, values) in enumerate(series.items()):
        figure.add_trace(
            go.Scattergl(
                x=ranks,
                y=values[order],
                name=name,
                mode="markers",
                marker={
                    "size": 5,
                    "color": colour(i),
                    "symbol": SYMBOLS[i % 6],
                    "opacity": 0.8,
                },
                customdata=order,
                hovertemplate="unit %{customdata}: %{y:.4g}<extra>%{fullData.name}</extra>",
            )
        )
    across = "Unit" if sort == "index" else f"Rank by {sort}"
    figure.update_layout(height=height, margin=_MARGIN, legend=_legend(), hovermode="closest")
    figure.update_layout(showlegend=len(series) > 1 and bool(value_title))
    figure.update_xaxes(title=across if value_title else None, zeroline=False)
    figure.update_yaxes(title=value_title or None, rangemode="tozero")
    return figure


def histogram(series: Mapping[str, Floats], *, bins: int = 48, height: int = 260) -> go.Figure:
    """Return how often each value occurs in a map, as a share of its positions.

    Args:
        series: The values of a map, any shape, by the tile's name.
        bins: Common to all.
        height: In px.
    """
    finite = {name: v[np.isfinite(v)].ravel() for name, v in series.items()}
    everything = np.concatenate(list(finite.values()))
    low, high = (float(everything.min()), float(everything.max())) if everything.size else (0, 1)
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    figure = go.Figure()
    for i, (name, values) in enumerate(finite.items()):
        share = np.histogram(values, edges)[0] / max(1, values.size)
        figure.add_trace(
            go.Scatter(
                x=(edges[:-1] + edges[1:]) / 2,
                y=np.where(share > 0, share, None),  # nothing, not zero, on a logarithmic scale
                name=name,
                mode="lines",
                line={"shape": "hvh", "color": colour(i), "dash": _dash(i)},
                fill="tozeroy" if len(finite) == 1 else None,
                hovertemplate="%{x:.4g}: %{y:.1%}<extra>%{fullData.name}</extra>",
            )
        )
    figure.update_layout(height=height, margin=_MARGIN, legend=_legend())
    figure.update_layout(showlegend=len(series) > 1)
    figure.update_xaxes(title="Activation", zeroline=False)
    figure.update_yaxes(title="Share of positions", type="log", dtick=1, tickformat=",.3~%")
    return figure


def _marker(i: int) -> dict[str, Any]:
    return {"size": 5, "color": colour(i), "symbol": SYMBOLS[i % 6], "opacity": 0.8}


def _dash(i: int) -> str:
    return ("solid", "dash", "dot", "dashdot")[i % 4]


def _legend() -> dict[str, Any]:
    return {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0}
