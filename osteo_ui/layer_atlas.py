"""A layer's maps in an atlas: one picture for a tile, a layer and colours; the rest is numbers."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from osteo_core import colours, pictures
from osteo_ui import atlas, layers, services, state

if TYPE_CHECKING:
    from osteo_core.reading import Reading

PICTURE = 1 << 20  # px of a mosaic, about: sharp on screen, and drawn and sent in an instant
CELL = (32, 128)  # px of a map's longer side, least and most; smaller maps stay as they are


@dataclass(frozen=True)
class Sheet:
    """All maps of a layer by index, in one picture.

    Attributes:
        png: The picture.
        count: Maps.
        columns: Maps in a row.
        cell: Width and height of a map, px.
    """

    png: bytes
    count: int
    columns: int
    cell: tuple[int, int]


def sheet(
    reading: "Reading", layer: str, colour_map: str, ends: tuple[float, float] | None = None
) -> Sheet:
    """Return the maps of a layer as the picture that an atlas cuts up.

    Args:
        reading: Whose maps.
        layer: A layer with maps.
        colour_map: Its name.
        ends: Raw values at the ends of the colours; each map has its own when not given.
    """
    key = (reading.engine_digest, reading.tile_sha256)
    return _sheet(*key, layer, colour_map, ends, reading)


@st.cache_data(max_entries=128, max_size="64MiB", show_spinner=False)
def _sheet(
    bundle: str,
    tile: str,
    layer: str,
    colour_map: str,
    ends: tuple[float, float] | None,
    _reading: "Reading",
) -> Sheet:
    maps = layers.maps(_reading, layer)
    count = maps.shape[2]
    low, high = ends or (None, None)
    picture = pictures.mosaic(
        maps,
        gap=0,
        scale="layer" if ends else "map",
        cell_max=min(CELL[1], max(CELL[0], isqrt(PICTURE // count))),
        low=low,
        high=high,
    )
    # Grey levels with a palette: a third of the bytes of RGB, and a fifth of the time.
    image = Image.fromarray(np.ascontiguousarray(picture.pixels[:, :, 0]))
    image.putpalette(colours.colour_table(colour_map).tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=2)
    cell = (picture.cell_width, picture.cell_height)
    return Sheet(file.getvalue(), count, picture.columns, cell)


def told(reading: "Reading", layer: str, order_by: str, target: str) -> tuple["layers.Floats", str]:
    """Return what an atlas tells of each map, (units,), and what that is: what order goes by."""
    if order_by == "contribution":
        return services.contributions(reading, layer, target), f"share of the score of {target}"
    maps = layers.maps(reading, layer)
    if order_by == "maximum":
        return maps.max(axis=(0, 1)), "maximum"
    return maps.mean(axis=(0, 1)), "mean"


def draw(
    key: str,
    reading: "Reading",
    layer: str,
    *,
    order: tuple[int, ...],
    order_by: str,
    target: str,
    colour_map: str,
    ends: tuple[float, float] | None,
    selected: int | None,
    alt: str,
    on_pick: Callable[[int], None] | None = None,
) -> None:
    """Draw a layer's maps as an atlas, with the bookmarks of the selection.

    Args:
        key: Unlike any other on the page, and the same from run to run.
        reading: Whose maps.
        layer: A layer with maps.
        order: Units shown, in this order.
        order_by: index, mean, maximum or contribution; what is told of each map.
        target: Class whose score contributions are to.
        colour_map: Its name.
        ends: Raw values at the ends of the colours; each map has its own when None.
        selected: The unit that is marked.
        alt: What the picture shows.
        on_pick: Called with the unit picked; by default the selection goes there.
    """
    page = sheet(reading, layer, colour_map, ends)
    values, title = told(reading, layer, order_by, target)
    atlas.maps(
        key,
        page.png,
        count=page.count,
        columns=page.columns,
        cell=page.cell,
        gap=0,
        values=values,
        value_title=title,
        order=order,
        selected=selected,
        marked=marked(layer, page.count),
        alt=alt,
        on_pick=on_pick or picker(layer),
    )


def picker(layer: str) -> Callable[[int], None]:
    """Return what carries a picked unit of a layer into the selection."""
    return lambda unit: state.update(layer=layer, unit=unit)


def marked(layer: str, count: int) -> tuple[int, ...]:
    """Return the bookmarked units of a layer; the link that holds them may name any."""
    found = (mark.rpartition(":") for mark in state.selection().marks)
    units = (int(index) for name, _, index in found if name == layer)
    return tuple(unit for unit in units if unit < count)
