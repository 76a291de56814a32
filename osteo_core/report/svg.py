"""Charts as inline SVG: no script, no font and no host is needed to see them, on screen or paper.

Text and axes take the colour of the text around them, so a chart is legible in light and in dark;
series differ by colour and by shape or dash.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.intervals import Interval
from osteo_core.text import html_text as escape

WIDTH = 680
DASHES = ("", "7 4", "2 4", "9 3 2 3")
Floats = npt.NDArray[np.float64]
Row = tuple[str, float, Sequence[Interval | None]]


def intervals(
    rows: Sequence[Row],
    series: Sequence[str],
    alt: str,
    *,
    zero: bool = False,
    signed: bool = False,
) -> str:
    """Draw values with their intervals, one row a figure: a forest plot.

    Args:
        rows: Label, value, and an interval for each series (None draws none).
        series: What each interval is, for the legend.
        alt: The chart in words.
        zero: Whether the axis holds 0, with a line there.
        signed: Whether numbers carry their sign.
    """
    ends = [v for _, value, found in rows for v in (value, *_ends(found))] or [0.0, 1.0]
    low, high = min([*ends, 0.0] if zero else ends), max([*ends, 0.0] if zero else ends)
    left, step, top = 190, 34, 34
    ticks = nice_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    x = _scale(low, high, left, WIDTH - 20)
    height = top + step * len(rows) + 34
    told = "{:+g}" if signed else "{:g}"
    parts = [_axis_x(ticks, x, top - 8, height - 30, told)]
    if zero:
        parts.append(_line(x(0), top - 8, x(0), height - 30, "zero"))
    for i, (label, value, found) in enumerate(rows):
        y = top + step * (i + 0.5)
        parts.append(_text(left - 10, y + 4, label, "end"))
        for j, interval in enumerate(found):
            at = y + (j - (len(found) - 1) / 2) * 11
            if interval is not None:
                parts.append(_whisker(x(interval.low), x(interval.high), at, j))
            parts.append(_mark(x(value), at, j))
    parts.append(_legend(series, left, 12))
    return _svg(height, parts, alt)


def lines(
    curves: Sequence[tuple[str, Floats, Floats]],
    alt: str,
    *,
    titles: tuple[str, str],
    square: bool = False,
    diagonal: bool = False,
    marks: bool = False,
) -> str:
    """Draw curves, each with a name; x and y run over the values that there are.

    Args:
        curves: Name, x (n,) and y (n,); values that are not finite are left out.
        alt: The chart in words.
        titles: Of the two axes.
        square: Both axes run from 0 to 1.
        diagonal: Draw the line from corner to corner.
        marks: Mark each point.
    """
    left, top, right = 60, 16 + 18 * len(curves), WIDTH - 20
    bottom = top + (360 if square else 240)
    right = left + 420 if square else right
    xs, ys = (np.concatenate([c[i] for c in curves]) if curves else np.zeros(1) for i in (1, 2))
    tx = [0, 0.25, 0.5, 0.75, 1] if square else nice_ticks(*_span(xs))
    ty = [0, 0.25, 0.5, 0.75, 1] if square else nice_ticks(*_span(ys))
    x = _scale(min(tx[0], *_span(xs)), max(tx[-1], *_span(xs)), left, right)
    y = _scale(min(ty[0], *_span(ys)), max(ty[-1], *_span(ys)), bottom, top)
    parts = [_axis_x(tx, x, top, bottom, "{:g}"), _axis_y(ty, y, left, right)]
    if diagonal:
        parts.append(_line(x(0), y(0), x(1), y(1), "zero"))
    for i, (_, across, up) in enumerate(curves):
        good = np.isfinite(across) & np.isfinite(up)
        points = " ".join(
            f"{x(a):.1f},{y(b):.1f}" for a, b in zip(across[good], up[good], strict=True)
        )
        dash = f' stroke-dasharray="{DASHES[i % 4]}"' if DASHES[i % 4] else ""
        parts.append(f'<polyline class="l s{i % 4}" points="{points}"{dash}/>')
        if marks:
            found = zip(across[good], up[good], strict=True)
            parts += [_mark(x(a), y(b), i % 4) for a, b in found]
        parts.append(_line(left + 8, top - 18 * (len(curves) - i), left + 36, None, f"l s{i % 4}"))
        parts.append(_text(left + 44, top - 18 * (len(curves) - i) + 4, curves[i][0]))
    parts.append(_text((left + right) / 2, bottom + 34, titles[0], "middle"))
    turned = f'transform="rotate(-90 16 {(top + bottom) / 2:.0f})"'
    parts.append(_text(16, (top + bottom) / 2, titles[1], "middle", turned))
    return _svg(bottom + 44, parts, alt)


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round numbers that cover a span, about `count` of them."""
    span = high - low if high > low else max(abs(high), 1.0) * 0.2
    raw = span / count
    power = 10.0 ** np.floor(np.log10(raw))
    step = float(next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999))
    first = np.floor(low / step + 1e-9)
    last = np.ceil(high / step - 1e-9)
    return [round(float(i * step), 10) for i in np.arange(first, max(last, first + 1) + 1)]


def _svg(height: float, parts: Sequence[str], alt: str) -> str:
    body = "".join(parts)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(alt)}">'
        f"<title>{escape(alt)}</title>{body}</svg>"
    )


def _ends(found: Sequence[Interval | None]) -> list[float]:
    return [v for interval in found if interval for v in (interval.low, interval.high)]


def _span(values: Floats) -> tuple[float, float]:
    good = values[np.isfinite(values)]
    return (float(good.min()), float(good.max())) if good.size else (0.0, 1.0)


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = high - low or 1.0
    return lambda value: float(start + (value - low) / span * (end - start))


def _axis_x(
    ticks: Sequence[float], x: Callable[[float], float], top: float, bottom: float, told: str
) -> str:
    grid = "".join(_line(x(t), top, x(t), bottom, "grid") for t in ticks)
    return grid + "".join(_text(x(t), bottom + 16, told.format(t), "middle") for t in ticks)


def _axis_y(ticks: Sequence[float], y: Callable[[float], float], left: float, right: float) -> str:
    grid = "".join(_line(left, y(t), right, y(t), "grid") for t in ticks)
    return grid + "".join(_text(left - 8, y(t) + 4, f"{t:g}", "end") for t in ticks)


def _line(x1: float, y1: float, x2: float, y2: float | None, kind: str) -> str:
    y2 = y1 if y2 is None else y2
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, words: str, anchor: str = "start", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'


def _whisker(low: float, high: float, y: float, series: int) -> str:
    ends = "".join(_line(v, y - 4, v, y + 4, f"l s{series}") for v in (low, high))
    return _line(low, y, high, y, f"l s{series}") + ends


def _mark(x: float, y: float, series: int) -> str:
    if series == 0:
        return f'<circle class="f{series}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    return f'<path class="f{series}" d="M{x:.1f} {y - 5.5:.1f}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"/>'


def _legend(series: Sequence[str], left: float, y: float) -> str:
    parts = []
    for i, name in enumerate(series):
        parts.append(_mark(left + 6, y - 4, i) + _text(left + 18, y, name))
        left += 40 + 7.2 * len(name)
    return "".join(parts)
