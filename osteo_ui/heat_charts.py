"""Curves of a grade as figures."""

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from osteo_core.grades.settings import BASELINE_TITLES
from osteo_ui import charts

if TYPE_CHECKING:
    from osteo_core.grades import Grade

_CHANGE = {"deletion": "taken away", "insertion": "laid on"}


def curves(grade: "Grade", kind: str, title: str) -> go.Figure:
    """Return one kind of curve of a map, beside the edge detector's and the random maps'.

    Args:
        grade: The grade.
        kind: "deletion" or "insertion".
        title: The map's method.
    """
    figure = go.Figure()
    lines = (
        (kind, title, charts.colour(0), "solid", 3),
        (f"edges {kind}", "Edges", charts.colour(1), "dash", 2),
        (f"random {kind}", "Random, mean", charts.QUIET, "dot", 2),
    )
    for i, (name, words, colour, dash, width) in enumerate(lines):
        if name in grade.curves:
            curve = grade.curves[name]
            figure.add_trace(
                go.Scatter(
                    x=curve.fractions,
                    y=curve.values,
                    name=f"{words} {curve.area:z.2f}",
                    mode="lines+markers",
                    line={"color": colour, "dash": dash, "width": width},
                    marker={"symbol": charts.SYMBOLS[i], "size": 6},
                    meta=[words],
                    hovertemplate="%{x:.0%}: %{y:.3f}<extra>%{meta[0]}</extra>",
                )
            )
    legend = {"orientation": "h", "yanchor": "top", "y": -0.3, "x": 0}
    figure.update_layout(height=330, margin={"l": 8, "r": 8, "t": 32, "b": 8}, legend=legend)
    figure.update_xaxes(title=f"Part of the tile {_CHANGE[kind]}", tickformat=".0%", dtick=0.25)
    figure.update_xaxes(range=[-0.02, 1.04])
    figure.update_yaxes(title="Probability", range=[-0.03, 1.03])
    return figure


def alt(grade: "Grade", kind: str, title: str) -> str:
    """Return a figure in words."""
    area = grade.curves[kind].area if kind in grade.curves else 0.0
    return f"{kind.capitalize()} curve on {title}: area {area:z.2f}, beside edges and random maps"


def caption(grade: "Grade") -> str:
    """Return how the curves were made."""
    instead = BASELINE_TITLES[grade.settings.baseline]
    return (
        "The strongest places of the map first. Deletion puts "
        f"{instead} in their place: a faithful map makes the probability fall soon. Insertion lays "
        f"them on {instead}: a faithful map makes it rise soon. Numbers in the legend are areas."
    )
