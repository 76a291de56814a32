"""What part of the tile a unit really sees: the effective receptive field."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from osteo_core.explain.places import Place, peak
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]  # top, left, bottom, right; the last two lie outside

MASS = 0.9545  # within two standard deviations of a Gaussian


@dataclass(frozen=True, eq=False)
class EffectiveField:
    """How strongly each input pixel moves one activation.

    Attributes:
        magnitude: float32 (H, W), size of the gradient at each input pixel, summed over colours.
        box: Top, left, bottom, right in input pixels, half-open; None where nothing moves it.
        place: Row and column of the activation in the layer's grid; None for a fully connected
            layer.
        theoretical: Height and width that the place could see at most, in input pixels; None where
            that is the whole input.
        reason: One sentence where there is no box, saying why; else None.
    """

    magnitude: Values
    box: Box | None
    place: Place | None
    theoretical: tuple[int, int] | None
    reason: str | None = None

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width of the box, in input pixels."""
        if self.box is None:
            return None
        top, left, bottom, right = self.box
        return bottom - top, right - left

    def box_on(self, height: int, width: int) -> Box | None:
        """The box on a tile, which was stretched to the network's input.

        Args:
            height: Of the tile, px.
            width: Of the tile, px.

        Returns:
            Top, left, bottom, right in tile pixels, half-open; every pixel that the box touches.
        """
        if self.box is None:
            return None
        top, left, bottom, right = self.box
        tall, wide = self.magnitude.shape
        return (
            top * height // tall,
            left * width // wide,
            -(-bottom * height // tall),
            -(-right * width // wide),
        )


def effective_field(reading: "Reading", unit: Unit, place: Place | None = None) -> EffectiveField:
    """The part of the input that one activation of a unit depends on, on this tile.

    The gradient of the activation with respect to the preprocessed input, by size, summed over
    colours. Its box holds, along each axis by itself, the central 95.45 % of the sum.

    Args:
        reading: The tile, read.
        unit: A unit of any layer.
        place: Row and column in the layer's map; where the unit is strongest when not given.

    Returns:
        The field; without a box, and with a reason, where the gradient is zero.

    Raises:
        ModelError: No such unit, or no such place.

    Reference:
        Luo et al. 2016, arXiv:1701.04128. They ask about the middle of a map, average over many
        inputs and count the pixels above 1 - 95.45 % of the one at the centre. Here it is one
        activation on one tile, ragged, so the box goes by mass, not by a threshold.
    """
    unit = reading.engine.check_unit(unit)
    values = reading.activation(unit.layer)[..., unit.index]
    info = reading.engine.layer(unit.layer)
    if place is None and values.ndim:
        place = peak(values)
        if place is None:
            nothing = np.zeros(reading.engine.input_size, np.float32)
            silent = f"{unit} is zero everywhere on this tile, so no place of it is strongest."
            return EffectiveField(nothing, None, None, info.receptive_field, silent)
    gradient = reading.input_gradient(unit.layer, unit.index, place)  # (H, W, 3)
    magnitude = np.abs(gradient).sum(axis=-1)
    box = central_box(magnitude)
    reason = None if box else _reason(unit, place, magnitude)
    return EffectiveField(magnitude, box, place, info.receptive_field, reason)


def central_box(magnitude: Values, mass: float = MASS) -> Box | None:
    """The central interval of each axis that holds a part of the whole.

    Args:
        magnitude: float32 (H, W), at least 0.
        mass: The part, 0..1; half of the rest is cut off at either end.

    Returns:
        Top, left, bottom, right, half-open; None where the whole is zero or not finite.
    """
    whole = magnitude.sum(dtype=np.float64)
    if not (np.isfinite(whole) and whole > 0):
        return None
    top, bottom = _central(magnitude.sum(axis=1, dtype=np.float64) / whole, mass)
    left, right = _central(magnitude.sum(axis=0, dtype=np.float64) / whole, mass)
    return top, left, bottom, right


def _central(marginal: npt.NDArray[np.float64], mass: float) -> tuple[int, int]:
    tail = (1 - mass) / 2
    start = int(np.argmax(np.cumsum(marginal) > tail))
    end = len(marginal) - int(np.argmax(np.cumsum(marginal[::-1]) > tail))
    return start, end


def _reason(unit: Unit, place: Place | None, magnitude: Values) -> str:
    if not np.isfinite(magnitude).all():
        return f"The gradient of {unit} holds values that are not finite numbers."
    where = "on this tile" if place is None else f"at row {place[0]}, column {place[1]}"
    return f"{unit} does not answer to any pixel {where}: its gradient there is zero."
