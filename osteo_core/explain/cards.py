"""Everything about one unit on one tile, from the tile's reading."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from osteo_core.explain.partners import Partners, partners_after, partners_before
from osteo_core.explain.places import Place, peak
from osteo_core.explain.targets import target_index
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.networks.layers import LayerInfo
    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class UnitCard:
    """One unit on one tile.

    Attributes:
        unit: The unit.
        layer: What is known of its layer.
        map: float32 (h, w), not writeable; None for a neuron of a fully connected layer.
        value: The map's greatest value, or the neuron's one.
        place: Row and column of that value, the first in reading order of several; None for a
            neuron, and for a map that is zero everywhere.
        mean: Mean of the map.
        share_positive: Share of the map above zero, 0..1.
        classes: Class names.
        contributions: float32 (classes,), what the unit adds to each class's logit, to first order:
            gradient times activation, summed over the map.
        target: The class that `rank` is of.
        rank: Place among the units of the layer by contribution to the target, greatest first, 1 to
            `n_units`; equals share the better one.
        n_units: Units of the layer.
        partners_before: The units in front that give most of its value.
        partners_after: The units behind whose value holds most of it.
    """

    unit: Unit
    layer: "LayerInfo"
    map: Values | None
    value: float
    place: Place | None
    mean: float
    share_positive: float
    classes: tuple[str, ...]
    contributions: Values
    target: str
    rank: int
    n_units: int
    partners_before: Partners
    partners_after: Partners

    @property
    def silent(self) -> bool:
        """Whether the unit is zero everywhere on this tile."""
        values = self.value if self.map is None else self.map
        return not np.any(values)


def unit_card(
    reading: "Reading", unit: Unit, target: str | None = None, partners: int = 8
) -> UnitCard:
    """Gather what one reading says of a unit.

    Takes a few milliseconds once `Reading.prepare_units` has been called.

    Args:
        reading: The tile, read.
        unit: A unit of any layer.
        target: The class that units are ranked by; the predicted one when not given.
        partners: How many partners to list on either side.

    Returns:
        The card.

    Raises:
        ModelError: No such unit or class.
    """
    unit = reading.engine.check_unit(unit)
    asked = target_index(reading, target)
    info = reading.engine.layer(unit.layer)
    values = reading.activation(unit.layer)[..., unit.index]
    place = peak(values)
    every = reading.contributions_by_class(unit.layer)  # (units, classes)
    column = every[:, asked]
    return UnitCard(
        unit=unit,
        layer=info,
        map=_kept(values) if values.ndim else None,
        value=float(values.max()),
        place=place,
        mean=float(values.mean(dtype=np.float64)),
        share_positive=float((values > 0).mean()),
        classes=reading.classes,
        contributions=every[unit.index],
        target=reading.classes[asked],
        rank=1 + int((column > column[unit.index]).sum()),
        n_units=info.n_units,
        partners_before=partners_before(reading, unit, place, partners),
        partners_after=partners_after(reading, unit, partners),
    )


def _kept(values: Values) -> Values:
    """A copy of one map: a view would keep the maps of the whole layer in memory."""
    copied = np.ascontiguousarray(values)
    copied.setflags(write=False)
    return copied
