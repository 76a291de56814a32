"""Plotly figures of the metrics page: curves, reliability, forest, protocols, learning curves."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from osteo_core.evaluate import Interval, LearningCurves
from osteo_core.evaluate.calibration import Bin
from osteo_core.evaluate.figures import Figures
from osteo_core.evaluate.precision_recall import PrCurve
from osteo_core.evaluate.protocol_report import Bounds, ProtocolReport
from osteo_ui.chart_text import bold
from osteo_ui.charts import QUIET, SYMBOLS, colour

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_MARGIN = {"l": 10, "r": 10, "t": 34, "b": 10}
_ABOVE = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0}
_BELOW = {"orientation": "h", "y": -0.22, "x": 0, "yanchor": "top"}


def precision_recall(curves: Sequence[PrCurve]) -> go.Figure:
    """Draw precision-recall curves as steps, with each class's share as what chance gives."""
    figure = go.Figure()
    for i, curve in enumerate(curves):
        figure.add_scatter(
            x=curve.recall,
            y=curve.precision,
            customdata=curve.thresholds,
            name=f"{curve.name}, {curve.average_precision:.3f}",
            mode="lines",
            line={"color": colour(i), "dash": DASHES[i % 6], "width": 2.5, "shape": "vh"},
            hovertemplate="recall %{x:.1%}, precision %{y:.1%}, from probability "
            "%{customdata:.3f}<extra>%{fullData.name}</extra>",
        )
        line = {"color": colour(i), "dash": "dot", "width": 1}
        figure.add_hline(y=curve.share, line=line, opacity=0.6)
    figure.update_xaxes(title="recall", range=[-0.01, 1.01], tickformat=".0%")
    figure.update_yaxes(title="precision", range=[-0.01, 1.03], tickformat=".0%")
    return figure.update_layout(height=400, margin=_MARGIN, legend=_BELOW)


def reliability(before: Sequence[Bin], after: Sequence[Bin]) -> go.Figure:
    """Draw how often calls are right against how sure they are, as stored and calibrated."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], name="perfect", mode="lines", line={"color": QUIET, "width": 1}
    )
    series = (("as stored", before, True), ("with the temperature", after, False))
    for i, (name, bins, barred) in enumerate(series):
        bars = {
            "array": [b.interval.high - b.accuracy for b in bins],
            "arrayminus": [b.accuracy - b.interval.low for b in bins],
            "thickness": 1.5,
        }
        figure.add_scatter(
            x=[b.confidence for b in bins],
            y=[b.accuracy for b in bins],
            name=name,
            mode="lines+markers",
            line={"color": colour(i), "dash": DASHES[i]},
            marker={"symbol": SYMBOLS[i], "size": 9},
            error_y=bars if barred else None,
            customdata=[b.n for b in bins],
            hovertemplate="%{customdata} tiles, sure %{x:.1%}, right %{y:.1%}"
            "<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(title="probability of the call", range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(title="share right", range=[-0.02, 1.02], tickformat=".0%")
    return figure.update_layout(height=400, margin=_MARGIN, legend=_BELOW)


def forest(everything: Mapping[str, Figures], names: Sequence[str], chosen: str = "") -> go.Figure:
    """Draw figures of all networks with both intervals, a column a figure, a row a network."""
    figure = make_subplots(
        rows=1, cols=len(names), shared_yaxes=True, subplot_titles=names, horizontal_spacing=0.03
    )
    rows = [bold(n) if n == chosen else n for n in everything]
    for column, name in enumerate(names, start=1):
        known = [f.find(name) for f in everything.values()]
        for i, (words, field) in enumerate((("by slide", "by_slide"), ("by tile", "by_tile"))):
            drawn = [
                (row, f.value, getattr(f, field))
                for row, f in zip(rows, known, strict=True)
                if f and f.value is not None
            ]
            figure.add_scatter(
                x=[value for _, value, _ in drawn],
                y=[row for row, _, _ in drawn],
                name=f"95 % {words}",
                legendgroup=words,
                showlegend=column == 1,
                mode="markers",
                orientation="h",  # the two intervals stand one above the other
                marker={"color": colour(i), "symbol": SYMBOLS[i], "size": 8},
                error_x=_bars([(value, interval) for _, value, interval in drawn]),
                meta=[f"{name}, {words}"],
                hovertemplate="%{y}: %{x:.3f}<extra>%{meta[0]}</extra>",
                row=1,
                col=column,
            )
    figure.update_annotations(font_size=13)  # the titles of the columns
    figure.update_layout(scattermode="group", scattergap=0.5)
    lowest = [i.low for f in everything.values() for i in _intervals(f, names)]
    low = min(lowest, default=0.0)
    figure.update_xaxes(tickformat=".2f", nticks=4, range=_around(low))
    figure.update_yaxes(automargin=True)
    figure.update_yaxes(autorange="reversed", row=1, col=1)
    legend = {**_BELOW, "y": -0.12}
    return figure.update_layout(
        height=170 + 52 * max(1, len(everything)), margin={**_MARGIN, "t": 56}, legend=legend
    )


def protocols(report: ProtocolReport) -> go.Figure:
    """Draw the accuracy under each protocol with its intervals, and each fit as a small point."""
    figure = go.Figure()
    names = list(report.protocols)
    rows = report.protocols.values()
    figure.add_scatter(
        x=[run.accuracy for row in rows for run in row.runs],
        y=[name for name, row in report.protocols.items() for _ in row.runs],
        customdata=[run.name for row in rows for run in row.runs],
        name="each fit",
        mode="markers",
        orientation="h",
        marker={"size": 6, "color": QUIET, "symbol": "line-ns-open"},
        hovertemplate="%{y}, %{customdata}: %{x:.3f}<extra></extra>",
    )
    series = {f"by {unit}": f"accuracy_ci95_by_{unit}" for unit in ("tissue", "slide", "tile")}
    known = [item for item in series.items() if any(getattr(row, item[1]) for row in rows)]
    for i, (words, field) in enumerate(known):
        pairs = [(row.accuracy, _interval(getattr(row, field))) for row in rows]
        figure.add_scatter(
            x=[row.accuracy for row in rows],
            y=names,
            name=f"all, 95 % {words}",
            mode="markers",
            orientation="h",
            marker={"size": 10, "color": colour(i), "symbol": SYMBOLS[i]},
            error_x=_bars(pairs),
            meta=[words],
            hovertemplate="%{y}: %{x:.3f}<extra>%{meta[0]}</extra>",
        )
    figure.update_layout(scattermode="group", scattergap=0.5)
    lows = [run.accuracy for row in rows for run in row.runs]
    bounded = (getattr(row, field) for row in rows for _, field in known)
    lows += [bounds[0] for bounds in bounded if bounds]
    low = min(lows, default=0.0)
    figure.update_xaxes(title="accuracy", tickformat=".0%", range=_around(low))
    figure.update_yaxes(autorange="reversed", automargin=True, categoryarray=names)
    return figure.update_layout(
        height=130 + 26 * len(names) * max(2, len(known)), margin=_MARGIN, legend=_ABOVE
    )


def learning(everything: Mapping[str, LearningCurves], chosen: str = "") -> go.Figure:
    """Draw the validation loss and accuracy of all networks over the epochs."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for i, (name, curves) in enumerate(everything.items()):
        for row, measure in enumerate(("loss", "accuracy"), start=1):
            if f"val_{measure}" not in curves.table:
                continue
            figure.add_scatter(
                x=curves.table["epoch"],
                y=curves.table[f"val_{measure}"],
                name=name,
                legendgroup=name,
                showlegend=row == 1,
                mode="lines+markers",
                line={
                    "color": colour(i),
                    "dash": DASHES[i % 6],
                    "width": 3 if name == chosen else 1.5,
                },
                marker={"symbol": SYMBOLS[i % 6], "size": _sizes(curves)},
                hovertemplate="epoch %{x}: %{y:.3f}<extra>%{fullData.name}</extra>",
                row=row,
                col=1,
            )
    figure.update_yaxes(title="validation loss", row=1, col=1)
    figure.update_yaxes(title="validation accuracy", row=2, col=1)
    figure.update_xaxes(title="epoch", row=2, col=1)
    return figure.update_layout(height=520, margin=_MARGIN, legend=_BELOW)


def _intervals(found: Figures, names: Sequence[str]) -> list[Interval]:
    known = [f for name in names if (f := found.find(name)) is not None]
    return [i for f in known for i in (f.by_tile, f.by_slide) if i is not None]


def _around(low: float) -> tuple[float, float]:
    """The range from a lowest value to 1: of itself, a grouped axis would begin at 0."""
    pad = 0.04 * (1 - low) + 0.005
    return max(-0.02, low - pad), 1 + pad


def _sizes(curves: LearningCurves) -> list[int]:
    return [12 if epoch == curves.best_epoch else 5 for epoch in curves.table["epoch"]]


def _bars(pairs: Sequence[tuple[float, Interval | None]]) -> dict[str, object]:
    return {
        "array": [i.high - v if i else 0 for v, i in pairs],
        "arrayminus": [v - i.low if i else 0 for v, i in pairs],
        "thickness": 2,
        "width": 4,
    }


def _interval(bounds: Bounds | None) -> Interval | None:
    return Interval(*bounds) if bounds else None
