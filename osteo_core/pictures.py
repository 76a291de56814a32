"""Arrays -> pictures and downloads: the module that pages and the command line draw with.

Colour maps and scaling are in `colours`, grids of feature maps in `mosaics`; all are had from
here.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from osteo_core.colours import (
    COLOUR_MAPS,
    DIVERGING,
    Pixels,
    Scaling,
    colourise,
    legend,
    limits,
    natural_scaling,
    scale,
)
from osteo_core.mosaics import MosaicPicture, mosaic

__all__ = [
    "COLOUR_MAPS",
    "DIVERGING",
    "MosaicPicture",
    "Scaling",
    "colourise",
    "float_download",
    "legend",
    "limits",
    "mosaic",
    "natural_scaling",
    "overlay",
    "png",
    "scale",
    "thumbnail",
]


def overlay(
    pixels: Pixels,
    heat: NDArray[np.floating],
    *,
    colour_map: str = "viridis",
    opacity: float = 0.5,
    low: float | None = None,
    high: float | None = None,
    how: Scaling | None = None,
) -> Pixels:
    """Lay a raw map over a tile.

    The raw map is resized bilinearly and then coloured, so its limits are those of the map itself.

    Args:
        pixels: uint8 RGB (H, W, 3).
        heat: Raw values (h, w).
        colour_map: A name in `COLOUR_MAPS`.
        opacity: 0 shows the tile alone, 1 the colours alone.
        low: Raw value at the colour map's lower end, in place of the map's own limit.
        high: Raw value at the upper end.
        how: See `limits`; by default "symmetric" for a diverging colour map, else "min-max".

    Returns:
        uint8 RGB (H, W, 3).
    """
    how = how or natural_scaling(colour_map)
    own = limits(heat, how)
    low, high = own[0] if low is None else low, own[1] if high is None else high
    size = pixels.shape[1], pixels.shape[0]
    raw = np.nan_to_num(np.asarray(heat, np.float32))
    large = cv2.resize(raw, size, interpolation=cv2.INTER_LINEAR)
    colours = colourise(scale(large, how, low, high), colour_map)
    mixed: Pixels = cv2.addWeighted(colours, opacity, pixels, 1 - opacity, 0)
    return mixed


def thumbnail(pixels: Pixels, side: int) -> Pixels:
    """Shrink a picture (h, w, 3) by area until its longer side has `side` px; never enlarge it."""
    height, width = pixels.shape[:2]
    shrink = side / max(height, width)
    if shrink >= 1:
        return pixels
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return small


def png(pixels: Pixels, *, text: Mapping[str, str] | None = None) -> bytes:
    """Encode a picture without loss.

    Args:
        pixels: uint8 grey (h, w) or RGB (h, w, 3).
        text: Where it comes from, kept in the file as PNG text.
    """
    info = PngInfo()
    for key, value in (text or {}).items():
        info.add_text(key, value)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", pnginfo=info, compress_level=4)
    return file.getvalue()


def float_download(values: ArrayLike, meta: Mapping[str, Any]) -> bytes:
    """Pack raw values and what they are into an .npz file.

    Args:
        values: Numbers of any shape, kept as float32 under `values`.
        meta: JSON-able description, kept as one JSON string under `meta`.
    """
    file = io.BytesIO()
    np.savez_compressed(
        file,
        values=np.asarray(values, np.float32),
        meta=np.array(json.dumps(dict(meta), sort_keys=True)),
    )
    return file.getvalue()
