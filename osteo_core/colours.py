"""Raw values -> 0..1 -> colours, and the legend that leads back to raw values.

Values stay raw until they are drawn. `limits` says which two of them become the ends of a colour
map, so that a caption or legend can name them.
"""

from functools import cache
from typing import Any, Literal

import cv2
import numpy as np
from cmap import Colormap
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Scaling = Literal["min-max", "max", "symmetric", "none"]

# Even in lightness or, the two diverging ones, even to both sides of the middle: legible to the
# colour-blind.
COLOUR_MAPS = {
    "grey": "matlab:gray",
    "viridis": "bids:viridis",
    "magma": "bids:magma",
    "cividis": "cividis:cividis",
    "inferno": "bids:inferno",
    "blue-red": "colorbrewer:RdBu_r",
    "purple-orange": "colorbrewer:PuOr_r",
}
DIVERGING = ("blue-red", "purple-orange")
_LEGEND_TEXT = 16  # px under the bar


def natural_scaling(colour_map: str) -> Scaling:
    """Return the scaling a colour map asks for: a diverging one has raw 0 in its middle."""
    return "symmetric" if colour_map in DIVERGING else "min-max"


def limits(values: ArrayLike, how: Scaling = "min-max") -> tuple[float, float]:
    """Return the raw values that `scale` sends to 0 and to 1; NaN and infinities do not count.

    Args:
        values: Numbers of any shape.
        how: "min-max" least to greatest; "max" 0 to greatest; "symmetric" as far below 0 as above;
            "none" 0 to 1. For the first two a uniform array has its value as both limits.
    """
    low, high = _limits(np.asarray(values, np.float32), how)
    return (float(low), float(high)) if np.isfinite(low) else (0.0, 0.0)


def scale(
    values: ArrayLike,
    how: Scaling = "min-max",
    low: float | None = None,
    high: float | None = None,
) -> Floats:
    """Scale raw values to 0..1 and clip what lies outside.

    Args:
        values: Numbers of any shape.
        how: See `limits`.
        low: Raw value that becomes 0, in place of the array's own limit.
        high: Raw value that becomes 1; with "symmetric" the larger of the two counts both ways.

    Returns:
        float32 of the same shape. NaN and uniform arrays become 0; with "symmetric" NaN, as raw 0,
        becomes 0.5.
    """
    raw = np.asarray(values, np.float32)
    own_low, own_high = _limits(raw, how)
    low, high = own_low if low is None else low, own_high if high is None else high
    if how == "symmetric":
        high = max(abs(low), abs(high)) if np.isfinite(own_low) else 0.0
        low = -high
    return _stretch(raw, low, high, how)


def scale_each(maps: Floats, how: Scaling = "min-max") -> Floats:
    """Scale every map of (n, h, w) to 0..1 by its own limits."""
    return _stretch(maps, *_limits(maps, how, axis=(1, 2)), how)


def _limits(raw: Floats, how: Scaling, axis: tuple[int, ...] | None = None) -> tuple[Any, Any]:
    """Limits over `axis`, which stays as size 1; infinite where no value is finite."""
    if how not in ("min-max", "max", "symmetric", "none"):
        raise ValueError(f"Expected min-max, max, symmetric or none; Received: {how!r}.")
    if how == "none":
        return 0.0, 1.0
    kept: dict[str, Any] = {"axis": axis, "keepdims": axis is not None}
    low, high = raw.min(**kept), raw.max(**kept)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):  # masking costs tenfold
        kept["where"] = np.isfinite(raw)
        low, high = raw.min(initial=np.inf, **kept), raw.max(initial=-np.inf, **kept)
    if how == "symmetric":
        high = np.maximum(np.abs(low), np.abs(high))
        low = -high
    return (np.where(low < high, 0.0, low) if how == "max" else low), high


def _stretch(raw: Floats, low: Any, high: Any, how: Scaling) -> Floats:
    """Send low..high to 0..1; limits may be arrays, one pair a map."""
    low, span = np.float32(low), np.float32(high) - np.float32(low)
    with np.errstate(all="ignore"):
        unit = np.clip((raw - low) / span, 0, 1)
    nothing = np.float32(0.5 if how == "symmetric" else 0)
    result: Floats = np.where((span > 0) & ~np.isnan(unit), unit, nothing)
    return result


def colourise(values01: ArrayLike, colour_map: str = "viridis") -> Pixels:
    """Colour values of 0..1 (any shape but a lone number) with a named map: uint8 RGB (..., 3).

    Raises:
        ValueError: A name that `COLOUR_MAPS` does not have.
    """
    unit = np.nan_to_num(np.asarray(values01, np.float32), nan=0.0)
    return paint(np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8), colour_map)


def paint(levels: Pixels, colour_map: str) -> Pixels:
    """Look uint8 levels (any shape but a lone number) up in a colour map: uint8 RGB (..., 3)."""
    rows = np.ascontiguousarray(levels).reshape(-1, levels.shape[-1])
    rgb: Pixels = cv2.applyColorMap(rows, colour_table(colour_map)[:, None])
    return rgb.reshape(*levels.shape, 3)


@cache
def colour_table(colour_map: str) -> Pixels:
    """Return a map's 256 colours: uint8 RGB (256, 3), not writeable.

    Raises:
        ValueError: A name that `COLOUR_MAPS` does not have.
    """
    if colour_map not in COLOUR_MAPS:
        raise ValueError(f"Expected one of {', '.join(COLOUR_MAPS)}; Received: {colour_map!r}.")
    rgba = np.asarray(Colormap(COLOUR_MAPS[colour_map]).lut(256))
    table: Pixels = np.rint(rgba[:, :3] * 255).astype(np.uint8)
    table.setflags(write=False)
    return table


def legend(
    low: float, high: float, colour_map: str = "viridis", width: int = 320, height: int = 36
) -> Pixels:
    """Draw a colour bar from low to high, in raw units.

    Args:
        low: Raw value at the left end, as from `limits`.
        high: Raw value at the right end.
        colour_map: A name in `COLOUR_MAPS`.
        width: Of the picture, px.
        height: Of the picture, px; from 28 px on the bar has both ends and the middle written
            under it, black on white.

    Returns:
        uint8 RGB (height, width, 3).
    """
    text = _LEGEND_TEXT if height >= 28 else 0
    bar = colourise(np.linspace(0, 1, width), colour_map)  # (width, 3)
    picture = np.full((height, width, 3), 255, np.uint8)
    picture[: height - text] = bar
    if not text:
        return picture
    canvas = Image.fromarray(picture)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=12)
    for part in (0, 0.5, 1):
        label = f"{low + part * (high - low):.3g}"
        left = part * (width - pen.textlength(label, font=font))
        pen.text((left, height - text + 1), label, fill="black", font=font)
    return np.array(canvas)
