"""Pictures as PNG bytes, each drawn once: keys are digests and plain strings, never arrays."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
import streamlit as st

from osteo_core import pictures
from osteo_core.errors import OsteoError
from osteo_core.tiles import Tile, load_tile
from osteo_ui import layers
from osteo_ui.ticks import with_ticks

if TYPE_CHECKING:
    from osteo_core.reading import HeatMap, Reading

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_KEPT = 0.35  # of a pale picture's colour
MOSAIC_WIDTH = 1200  # px, about; more than a page is wide on most screens
SCREEN_SIDE = 768  # px of a tile on screen; larger ones are shrunk before they are sent


@st.cache_data(max_entries=4096, max_size="64MiB", show_spinner=False)
def thumbnail(path: str, stamp: int, side: int) -> bytes | None:
    """Return a small PNG of an image file, or None if it cannot be read.

    Args:
        path: The file.
        stamp: When it last changed, in nanoseconds; part of the key.
        side: Longest side in px.
    """
    try:
        tile = load_tile(Path(path))
    except OsteoError:
        return None
    return pictures.png(pictures.thumbnail(tile.pixels, side))


def tile_png(tile: Tile, side: int = SCREEN_SIDE) -> bytes:
    """Return a tile as PNG, at most ``side`` px long."""
    return _tile_png(tile.sha256, side, tile)


@st.cache_data(max_entries=256, max_size="128MiB", show_spinner=False)
def _tile_png(sha256: str, side: int, _tile: Tile) -> bytes:
    return pictures.png(pictures.thumbnail(_tile.pixels, min(side, max(_tile.pixels.shape[:2]))))


def mosaic_png(
    reading: "Reading",
    layer: str,
    order: tuple[int, ...],
    colours: str,
    columns: int,
    ends: tuple[float, float] | None = None,
    ticks: bool = False,
) -> bytes:
    """Return maps of a layer in one PNG.

    Args:
        reading: Whose maps.
        layer: A layer with maps.
        order: Units to draw, in this order.
        colours: Colour map.
        columns: Maps in a row.
        ends: Raw values at the ends of the colours; each map has its own when not given.
        ticks: Number rows and columns on a transparent margin.
    """
    key = (reading.engine_digest, reading.tile_sha256)
    return _mosaic_png(*key, layer, order, colours, columns, ends, ticks, reading)


@st.cache_data(max_entries=128, max_size="192MiB", show_spinner=False)
def _mosaic_png(
    bundle: str,
    tile: str,
    layer: str,
    order: tuple[int, ...],
    colours: str,
    columns: int,
    ends: tuple[float, float] | None,
    ticks: bool,
    _reading: "Reading",
) -> bytes:
    low, high = ends or (None, None)
    room = max(8, MOSAIC_WIDTH // columns)
    picture = pictures.mosaic(
        layers.maps(_reading, layer),
        order=order,
        columns=columns,
        gap=2,
        scale="layer" if ends else "map",
        colour_map=colours,
        cell=room,
        cell_max=room,
        low=low,
        high=high,
    )
    scale = f"{low} to {high}" if ends else "each map from its least to its greatest value"
    text = {"bundle": bundle, "tile": tile, "layer": layer, "scale": scale, "colours": colours}
    text["order"] = json.dumps(order)
    if ticks:
        return with_ticks(picture, order == tuple(range(len(order))), text)
    return pictures.png(picture.pixels, text=text)


def map_overlay_png(
    reading: "Reading", tile: Tile, layer: str, unit: int, colours: str, opacity: float
) -> bytes:
    """Return one map of a layer over its tile, from 0 or its lowest value to its highest."""
    key = (reading.engine_digest, reading.tile_sha256)
    return _map_overlay_png(*key, layer, unit, colours, opacity, reading, tile)


@st.cache_data(max_entries=256, max_size="128MiB", show_spinner=False)
def _map_overlay_png(
    bundle: str,
    sha256: str,
    layer: str,
    unit: int,
    colours: str,
    opacity: float,
    _reading: "Reading",
    _tile: Tile,
) -> bytes:
    values = layers.maps(_reading, layer)[:, :, unit]
    pixels = _over(_tile, values, colours, opacity, *layers.limits(values))
    text = {"bundle": bundle, "tile": sha256, "layer": layer, "unit": str(unit)}
    return pictures.png(pixels, text=text)


def heat_png(
    heat: "HeatMap",
    tile: Tile,
    colours: str,
    opacity: float,
    high: float,
    outline: Mask | None = None,
    faded: bool = False,
) -> bytes:
    """Return a heat map over its tile, with how it was made in the file.

    Args:
        heat: The raw map.
        tile: Its tile.
        colours: Colour map.
        opacity: 0..1.
        high: Raw value at the upper end of the colours; the lower end is 0, or -high of a map that
            has both signs.
        outline: bool (H, W) of the tile; the edge of what is True is drawn.
        faded: Draw it pale, as what is not to be trusted.
    """
    made = json.dumps(heat.meta(), sort_keys=True)
    edge = "" if outline is None else hashlib.sha256(np.packbits(outline).tobytes()).hexdigest()
    return _heat_png(made, tile.sha256, colours, opacity, high, edge, faded, heat, tile, outline)


@st.cache_data(max_entries=256, max_size="128MiB", show_spinner=False)
def _heat_png(
    made: str,
    sha256: str,
    colours: str,
    opacity: float,
    high: float,
    edge: str,
    faded: bool,
    _heat: "HeatMap",
    _tile: Tile,
    _outline: Mask | None,
) -> bytes:
    low = -high if _heat.signed else 0.0
    pixels = _over(_tile, _heat.values, colours, opacity, low, high)
    if faded:
        pixels = _pale(pixels)
    if _outline is not None:
        pixels = _outlined(pixels, _outline)
    drawing = {"colours": colours, "low": low, "high": high, "opacity": opacity, "faded": faded}
    return pictures.png(pixels, text=provenance(_heat, {**drawing, "outline": bool(edge)}))


def heat_thumbnail(
    heat: "HeatMap", tile: Tile, colours: str, high: float, faded: bool = False, side: int = 192
) -> bytes:
    """Return a heat map over its tile, small, half opaque."""
    made = json.dumps(heat.meta(), sort_keys=True)
    return _heat_thumbnail(made, tile.sha256, colours, high, faded, side, heat, tile)


@st.cache_data(max_entries=512, max_size="48MiB", show_spinner=False)
def _heat_thumbnail(
    made: str,
    sha256: str,
    colours: str,
    high: float,
    faded: bool,
    side: int,
    _heat: "HeatMap",
    _tile: Tile,
) -> bytes:
    small = pictures.thumbnail(_tile.pixels, min(side, max(_tile.pixels.shape[:2])))
    ends = {"low": -high if _heat.signed else 0.0, "high": high}
    opacity = 0.5 if high > 0 else 0.0
    pixels = pictures.overlay(small, _heat.values, colour_map=colours, opacity=opacity, **ends)
    return pictures.png(_pale(pixels) if faded else pixels, text=_heat.png_text())


def provenance(heat: "HeatMap", drawing: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of a heat map's PNG: what `osteo explain --from` reads, and the drawing.

    Args:
        heat: The map.
        drawing: How it is drawn.
    """
    made = {key: json.loads(text) for key, text in heat.png_text().items()}
    return {key: json.dumps({**told, "drawing": dict(drawing)}) for key, told in made.items()}


def _pale(pixels: Pixels) -> Pixels:
    """Take most of the colour out of a picture."""
    grey = pixels.mean(axis=2, keepdims=True)
    return np.asarray(_KEPT * pixels + (1 - _KEPT) * (0.6 * grey + 0.4 * 255), np.uint8)


def _outlined(pixels: Pixels, mask: Mask) -> Pixels:
    """Draw the edge of a mask, white within black: seen on any colours."""
    size = pixels.shape[1], pixels.shape[0]
    small = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    lines, _ = cv2.findContours(small, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    drawn = np.ascontiguousarray(pixels)
    for colour, thick in (((0, 0, 0), 4), ((255, 255, 255), 2)):
        cv2.drawContours(drawn, lines, -1, colour, thick)
    return drawn


def _over(
    tile: Tile, values: np.ndarray, colours: str, opacity: float, low: float, high: float
) -> np.ndarray:
    pixels = pictures.thumbnail(tile.pixels, min(SCREEN_SIDE, max(tile.pixels.shape[:2])))
    return pictures.overlay(pixels, values, colour_map=colours, opacity=opacity, low=low, high=high)


@st.cache_data(max_entries=64, show_spinner=False)
def legend_png(colours: str) -> bytes:
    """Return a bar of a colour map, low end at the left."""
    return pictures.png(pictures.legend(0.0, 1.0, colours, 320, 12))
