"""What the unit page asks for, each worked out once for all users; nothing here draws.

Keys are digests and plain strings. What is small and costs a pass through the network is kept;
what follows from a prepared reading within a few milliseconds is not.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from osteo_core import pictures
from osteo_core.units import Unit
from osteo_ui import layers
from osteo_ui.store import WeighedStore

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.explain.ablation import Effect, How
    from osteo_core.explain.cards import UnitCard
    from osteo_core.explain.fields import EffectiveField
    from osteo_core.explain.places import PlaceUnits
    from osteo_core.pictures import MosaicPicture
    from osteo_core.reading import Reading

Floats = npt.NDArray[np.float32]
CELL_MAX = 80  # px of a map in the mosaic
KEPT_BYTES = 100_000_000  # effective fields (256 KB each), effects and places


def prepare(reading: "Reading", layer: str) -> None:
    """Make what the cards of a layer need: its maps, and what its units add to each class.

    Costs some forward passes once a tile, and again for the layers in front of the second cut;
    afterwards it is a look-up.
    """
    reading.prepare_units()
    reading.contributions_by_class(layer)
    reading.activation(layer)


def card(reading: "Reading", unit: Unit, target: str) -> "UnitCard":
    """Return everything about one unit on one tile."""
    from osteo_core.explain.cards import unit_card

    return unit_card(reading, unit, target)


@st.cache_resource(show_spinner=False)
def _kept() -> WeighedStore:
    return WeighedStore(KEPT_BYTES)


@dataclass(frozen=True)
class Late:
    """Something that may take longer than a click should.

    Attributes:
        key: Its name among what is kept.
        make: Works it out.
        weight: Bytes, about.
    """

    key: tuple[Any, ...]
    make: Callable[[], Any]
    weight: int = 4096

    @property
    def known(self) -> bool:
        """Whether it is at hand."""
        return _kept().has(self.key)

    def get(self) -> Any:
        """Return it, worked out now if it is not at hand."""
        return _kept().get(self.key, self.make, lambda _: self.weight)


def _of(reading: "Reading") -> tuple[str, str]:
    return reading.engine_digest, reading.tile_sha256


def field(reading: "Reading", unit: Unit) -> Late:
    """The effective receptive field of a unit where it is strongest (`EffectiveField`)."""

    def make() -> "EffectiveField":
        from osteo_core.explain.fields import effective_field

        return effective_field(reading, unit)

    height, width = reading.engine.input_size
    return Late(("field", *_of(reading), str(unit)), make, 4 * height * width)


def units_at(reading: "Reading", layer: str, place: tuple[float, float], target: str) -> Late:
    """The units that fire at a place of the tile (`PlaceUnits`)."""

    def make() -> "PlaceUnits":
        from osteo_core.explain.places import units_at as at

        return at(reading, layer, *place, target)

    return Late(("at", *_of(reading), layer, *place, target), make)


def effect(
    reading: "Reading", units: tuple[Unit, ...], how: "How | None", held: tuple[str, ...]
) -> Late:
    """What holding some units does to the classes, and random ones beside them (`Effect`).

    Args:
        reading: The tile, read.
        units: Which.
        how: "zero" or values by layer.
        held: What the values are, in words and digests; part of the key.
    """

    def make() -> "Effect":
        from osteo_core.explain.ablation import switched_off

        return switched_off(reading, units, "zero" if how is None else how)

    return Late(("effect", *_of(reading), *map(str, units), *held), make)


def values_of(reading: "Reading", names: tuple[str, ...]) -> Mapping[str, Floats]:
    """Return a reading's activations of some layers, by layer."""
    return {name: reading.activation(name) for name in names}


def mosaic(reading: "Reading", layer: str, colours: str) -> tuple[bytes, "MosaicPicture"]:
    """Return all maps of a layer by index, each from its least to its greatest value.

    Returns:
        The PNG, and the picture's geometry; its pixels are left out.
    """
    return _mosaic(*_of(reading), layer, colours, reading)


@st.cache_resource(max_entries=64, show_spinner=False)
def _mosaic(
    bundle: str, tile: str, layer: str, colours: str, _reading: "Reading"
) -> tuple[bytes, "MosaicPicture"]:
    maps = layers.maps(_reading, layer)
    columns = layers.mosaic_columns(maps.shape[-1], 1)
    picture = pictures.mosaic(maps, columns=columns, gap=1, colour_map=colours, cell_max=CELL_MAX)
    text = {"bundle": bundle, "tile": tile, "layer": layer, "scale": "each map by itself"}
    made = pictures.png(picture.pixels, text={**text, "order": "index", "colours": colours})
    return made, replace(picture, pixels=picture.pixels[:0])


def map_png(reading: "Reading", unit: Unit, values: Floats, colours: str) -> bytes:
    """Return one map in colours, as it is laid over its tile: bilinear, 256 px long."""
    return _map_png(*_of(reading), str(unit), colours, values)


@st.cache_data(max_entries=512, max_size="32MiB", show_spinner=False)
def _map_png(bundle: str, tile: str, unit: str, colours: str, _values: Floats) -> bytes:
    height, width = _values.shape
    scale = max(1, round(256 / max(height, width)))
    blank = np.zeros((height * scale, width * scale, 3), np.uint8)
    low, high = layers.limits(_values)
    drawn = pictures.overlay(blank, _values, colour_map=colours, opacity=1.0, low=low, high=high)
    return pictures.png(drawn, text={"bundle": bundle, "tile": tile, "unit": unit})


def forward_seconds(engine: "Engine") -> float:
    """Return how long one plain forward pass takes on this computer; measured once."""
    return _forward_seconds(engine.digest, engine)


@st.cache_resource(max_entries=16, show_spinner=False)
def _forward_seconds(bundle: str, _engine: "Engine") -> float:
    batch = np.zeros((1, *_engine.input_size, 3), np.float32)
    _engine.forward(batch)  # the first one is compiled
    began = time.perf_counter()
    _engine.forward(batch)
    return time.perf_counter() - began
