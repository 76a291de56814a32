"""Pictures as PNG bytes, each drawn once: keys are digests and plain strings, never arrays."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from osteo_core import pictures
from osteo_core.errors import OsteoError
from osteo_core.tiles import Tile, load_tile
from osteo_ui import layers
from osteo_ui.ticks import with_ticks

if TYPE_CHECKING:
    from osteo_core.reading import HeatMap, Reading

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


def heat_png(heat: "HeatMap", tile: Tile, colours: str, opacity: float, high: float) -> bytes:
    """Return a heat map over its tile.

    Args:
        heat: The raw map.
        tile: Its tile.
        colours: Colour map.
        opacity: 0..1.
        high: Raw value at the upper end of the colours; the lower end is 0.
    """
    key = (heat.bundle_digest, tile.sha256, heat.method, heat.layer, heat.target)
    return _heat_png(*key, colours, opacity, high, heat, tile)


@st.cache_data(max_entries=256, max_size="128MiB", show_spinner=False)
def _heat_png(
    bundle: str,
    sha256: str,
    method: str,
    layer: str,
    target: str,
    colours: str,
    opacity: float,
    high: float,
    _heat: "HeatMap",
    _tile: Tile,
) -> bytes:
    pixels = _over(_tile, _heat.values, colours, opacity, 0.0, high)
    text = {key: str(value) for key, value in _heat.meta().items()}
    return pictures.png(pixels, text={**text, "colours": colours, "high": str(high)})


def _over(
    tile: Tile, values: np.ndarray, colours: str, opacity: float, low: float, high: float
) -> np.ndarray:
    pixels = pictures.thumbnail(tile.pixels, min(SCREEN_SIDE, max(tile.pixels.shape[:2])))
    return pictures.overlay(pixels, values, colour_map=colours, opacity=opacity, low=low, high=high)


@st.cache_data(max_entries=64, show_spinner=False)
def legend_png(colours: str) -> bytes:
    """Return a bar of a colour map, low end at the left."""
    return pictures.png(pictures.legend(0.0, 1.0, colours, 320, 12))
