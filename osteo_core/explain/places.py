"""Where units fire: the strongest place of each, and the units that fire at a place."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]
Place = tuple[int, int]  # row, column in a layer's own grid


@dataclass(frozen=True)
class PlaceUnit:
    """A unit that fires at a place.

    Attributes:
        unit: The unit.
        value: Its value there.
        contribution: Gradient times activation there: what it adds to the class's logit from this
            one place, to first order; negative where it speaks against the class.
        share: The contribution as a part of the sum of the sizes of all contributions of the layer,
            over all places and units; -1..1, and 0 where the class does not depend on the layer.
    """

    unit: Unit
    value: float
    contribution: float
    share: float


@dataclass(frozen=True)
class PlaceUnits:
    """The units of a layer that fire at a place, strongest first.

    Attributes:
        units: As many as were asked for.
        place: Row and column in the layer's grid.
        n_firing: How many units fire there.
        n_units: Units of the layer.
    """

    units: tuple[PlaceUnit, ...]
    place: Place
    n_firing: int
    n_units: int


def units_at(
    reading: "Reading", layer: str, x: float, y: float, target: str | None = None, count: int = 12
) -> PlaceUnits:
    """The units of a layer that fire at a place of the tile.

    A unit fires where it is above zero. Where a layer has no activation function of its own (as in
    MobileNetV2, whose normalisation comes first), a unit counts that is not zero.

    Args:
        reading: The tile, read.
        layer: A layer with maps.
        x: From the tile's left, 0..1.
        y: From the tile's top, 0..1.
        target: The class; the predicted one when not given.
        count: How many units to list.

    Returns:
        The units, those of the greatest value first; equals stay in order of index.

    Raises:
        ModelError: No such layer or class, the layer has no maps, or the place is off the tile.
    """
    engine = reading.engine
    maps = reading.activation(engine.check_has_maps(layer))
    row, column = place_in(maps.shape[:2], x, y)
    values = maps[row, column]  # (units,)
    products = reading.gradient(layer, target) * maps
    whole = float(np.abs(products).sum(dtype=np.float64))
    linear = engine.layer(layer).activation == "linear"
    firing = np.flatnonzero(values != 0 if linear else values > 0)
    order = firing[np.argsort(-values[firing], kind="stable")][:count]
    here = products[row, column]
    units = tuple(
        PlaceUnit(
            unit=Unit(layer, int(index)),
            value=float(values[index]),
            contribution=float(here[index]),
            share=float(here[index]) / whole if whole else 0.0,
        )
        for index in order
    )
    return PlaceUnits(units, (row, column), len(firing), len(values))


def place_in(size: tuple[int, ...], x: float, y: float) -> Place:
    """The row and column of a grid that a place of the tile falls in.

    Args:
        size: Height and width of the grid.
        x: From the tile's left, 0..1.
        y: From the tile's top, 0..1.

    Raises:
        ModelError: The place is off the tile.
    """
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ModelError(f"Expected a place on the tile, x and y from 0 to 1. Received: {x}, {y}.")
    return min(int(y * size[0]), size[0] - 1), min(int(x * size[1]), size[1] - 1)


def peak(values: Values) -> Place | None:
    """Where a unit is strongest on a tile.

    Args:
        values: float32 (h, w), the unit's map; without axes for a neuron.

    Returns:
        Row and column of the greatest value, the first in reading order of several; None for a
        neuron, which has no places, and for a map that is zero at all of several places.
    """
    if values.ndim == 0 or (values.size > 1 and not values.any()):
        return None
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    return int(row), int(column)


def check_place(place: Place, size: tuple[int, ...], layer: str) -> Place:
    """Return a place if a grid of this size has it.

    Raises:
        ModelError: It has not, or the layer has no places.
    """
    if len(size) != 2 or not all(0 <= at < n for at, n in zip(place, size, strict=True)):
        raise ModelError(f"Expected a place within {size} of {layer}. Received: {place}.")
    return place


def peaks(maps: Values) -> npt.NDArray[np.intp]:
    """Where each map of a layer is greatest; the first place of a map that is zero everywhere.

    Args:
        maps: float32 (h, w, units).

    Returns:
        Row and column of each, (units, 2).
    """
    # Row by row: `argmax` over the first axis of (h·w, units) takes twenty times as long.
    rows = maps.max(axis=1).argmax(axis=0)  # (units,)
    along = maps[rows, :, np.arange(maps.shape[2])]  # (units, w)
    return np.stack([rows, along.argmax(axis=1)], axis=1)


def as_maps(values: Values) -> Values:
    """Maps (h, w, units) of what a layer gave out; a row of units is a map of one place."""
    return values.reshape((1,) * (3 - values.ndim) + values.shape)
