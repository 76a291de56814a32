"""Plotly figures of the metrics and comparison pages.

Colours are Okabe and Ito's, and every line differs by dash or mark too, so that a chart reads in
grey and with any colour vision. Backgrounds and text are left to Streamlit's theme.
"""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from osteo_core.evaluate import LabelledPart, LearningCurves, Metrics, RocCurve
from osteo_ui.chart_text import bold
from osteo_ui.charts import QUIET, colour, wrapped

DASHES = ("solid", "dash", "dot", "dashdot")
PATTERNS = ("", "/", "x", ".")


def confusion(metrics: Metrics) -> go.Figure:
    """Draw the confusion matrix: cells hold counts and row shares, colour is the row share."""
    shares = metrics.row_shares
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(metrics.classes),
            y=list(metrics.classes),
            zmin=0,
            zmax=1,
            colorscale="Cividis",
            showscale=False,  # every cell says its share
            customdata=metrics.confusion,
            hovertemplate="%{y} called %{x}: %{customdata} tiles, %{z:.1%} of the row"
            "<extra></extra>",
            xgap=2,
            ygap=2,
        )
    )
    for row, label in enumerate(metrics.classes):
        for column, call in enumerate(metrics.classes):
            share = float(shares[row, column])
            count = int(metrics.confusion[row, column])
            figure.add_annotation(
                x=call,
                y=label,
                text=f"{bold(str(count))}\n{share:.1%}",
                showarrow=False,
                # cividis runs from dark blue to yellow
                font={"color": "#FFFFFF" if share < 0.5 else "#000000", "size": 15},
            )
    ticks = {"tickvals": list(metrics.classes), "ticktext": [wrapped(c) for c in metrics.classes]}
    figure.update_xaxes(title="called", side="bottom", tickangle=0, **ticks)
    figure.update_yaxes(title="true class", autorange="reversed", **ticks)
    return _sized(figure, 130 + 80 * len(metrics.classes))


def roc(curves: Sequence[RocCurve]) -> go.Figure:
    """Draw the ROC curves that exist, with the chance diagonal."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], name="chance", mode="lines", line={"color": QUIET, "width": 1}
    )
    drawn = [curve for curve in curves if curve.auc is not None]
    for i, curve in enumerate(drawn):
        figure.add_scatter(
            x=curve.fpr,
            y=curve.tpr,
            customdata=curve.thresholds,
            name=f"{curve.name}, AUC {curve.auc:.3f}",
            mode="lines",
            line={"color": colour(i), "dash": DASHES[i % 4], "width": 2.5},
            hovertemplate="false positives %{x:.1%}, true positives %{y:.1%}, from probability "
            "%{customdata:.3f}<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(title="false positive rate", range=[-0.01, 1.01], tickformat=".0%")
    figure.update_yaxes(title="true positive rate", range=[-0.01, 1.01], tickformat=".0%")
    return _sized(_legend_below(figure), 400)


def learning(curves: LearningCurves) -> go.Figure:
    """Draw loss above accuracy over the epochs, with the kept epoch and the stages marked."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    table = curves.table
    for row, measure in enumerate(("loss", "accuracy"), start=1):
        lines = (
            ("training", measure, colour(0), "solid"),
            ("validation", f"val_{measure}", colour(1), "dash"),
        )
        for name, column, hue, dash in lines:
            if column in table:
                figure.add_scatter(
                    x=table["epoch"],
                    y=table[column],
                    name=name,
                    mode="lines+markers",
                    line={"color": hue, "dash": dash},
                    marker={"symbol": "circle" if dash == "solid" else "diamond"},
                    showlegend=row == 1,
                    legendgroup=name,
                    row=row,
                    col=1,
                )
        figure.update_yaxes(title=measure, row=row, col=1)
    figure.update_xaxes(title="epoch", dtick=max(1, len(table) // 12), row=2, col=1)
    _mark_epochs(figure, curves)
    return _sized(_legend_below(figure), 480)


def _mark_epochs(figure: go.Figure, curves: LearningCurves) -> None:
    for _, first, _ in curves.stages[1:]:
        figure.add_vline(x=first - 0.5, line={"color": QUIET, "dash": "dot", "width": 1})
    for name, first, last in curves.stages:
        figure.add_annotation(
            x=(first + last) / 2, y=1.06, yref="paper", text=name, showarrow=False
        )
    if curves.best_epoch is not None:
        figure.add_vline(x=curves.best_epoch, line={"color": colour(2), "width": 2})
        figure.add_annotation(
            x=curves.best_epoch,
            y=0.5,
            yref="paper",
            text=f"kept: epoch {curves.best_epoch}",
            font={"color": colour(2)},
            showarrow=False,
            xanchor="right" if curves.best_epoch > len(curves.table) / 2 else "left",
            xshift=-6 if curves.best_epoch > len(curves.table) / 2 else 6,
        )


def accuracies(parts: Mapping[str, LabelledPart], highlighted: str = "") -> go.Figure:
    """Draw each network's accuracy as a point with its Wilson 95 % interval."""
    figure = go.Figure()
    for name, part in parts.items():
        metrics = part.metrics()
        if metrics.accuracy is None or metrics.interval is None:
            continue
        chosen = not highlighted or name == highlighted
        figure.add_scatter(
            x=[metrics.accuracy],
            y=[name],
            mode="markers",
            marker={
                "size": 11,
                "color": colour(0) if chosen else QUIET,
                "symbol": "square" if chosen else "circle",
            },
            error_x={
                "array": [metrics.interval.high - metrics.accuracy],
                "arrayminus": [metrics.accuracy - metrics.interval.low],
                "thickness": 2,
                "width": 7,
            },
            meta=[metrics.interval.low, metrics.interval.high, part.n_tiles],
            hovertemplate="%{y}: %{x:.1%} (%{meta[0]:.1%} to %{meta[1]:.1%}) on %{meta[2]} tiles"
            "<extra></extra>",
            showlegend=False,
        )
    figure.update_xaxes(title="accuracy", tickformat=".0%")
    figure.update_yaxes(autorange="reversed", automargin=True)
    return _sized(figure, 110 + 42 * max(1, len(parts)))


def probabilities(values: Mapping[str, Mapping[str, float]], classes: Sequence[str]) -> go.Figure:
    """Draw bars of class probabilities, one group a class, one bar a network that knows it.

    Args:
        values: probability 0..1 by network name, then by class.
        classes: all classes, in the order of the axis.
    """
    figure = go.Figure()
    for i, (name, shares) in enumerate(values.items()):
        known = [c for c in classes if c in shares]
        figure.add_bar(
            x=known,
            y=[shares[c] for c in known],
            name=name,
            marker={"color": colour(i), "pattern": {"shape": PATTERNS[i % 4]}},
            text=[f"{shares[c]:.2f}" for c in known],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x}: %{y:.3f}<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(categoryorder="array", categoryarray=list(classes))
    figure.update_yaxes(title="probability", range=[0, 1.12], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_layout(barmode="group")
    return _sized(_legend_below(figure), 340)


def _legend_below(figure: go.Figure) -> go.Figure:
    return figure.update_layout(legend={"orientation": "h", "y": -0.22, "x": 0, "yanchor": "top"})


def _sized(figure: go.Figure, height: int) -> go.Figure:
    return figure.update_layout(height=height, margin={"l": 10, "r": 10, "t": 30, "b": 10})
