"""Which units drive a unit, and which it drives: exact shares of the sums between them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from osteo_core.explain.linear import Linear, linear
from osteo_core.explain.places import Place, as_maps, check_place, peak, peaks
from osteo_core.explain.wiring import Wiring
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Partner:
    """A unit and what passes between it and the unit asked about.

    Attributes:
        unit: The partner. A colour channel of the preprocessed tile has the layer `input`.
        value: The share of the sum before the activation, in the units of that sum; negative where
            it speaks against.
    """

    unit: Unit
    value: float


@dataclass(frozen=True)
class Partners:
    """The strongest partners of a unit on one side.

    Attributes:
        partners: The greatest shares by size, greatest first.
        reason: One sentence where there are none, saying why; else None.
        place: For the units in front of a map, the row and column at which the unit was asked.
        total: For the units in front, the whole sum before the activation.
        bias: For the units in front, the part of the sum that no unit gives.
        n_partners: How many units stand on that side.
    """

    partners: tuple[Partner, ...] = ()
    reason: str | None = None
    place: Place | None = None
    total: float | None = None
    bias: float | None = None
    n_partners: int = 0

    def __iter__(self) -> Iterator[Partner]:
        """The partners, one after another."""
        return iter(self.partners)

    def __len__(self) -> int:
        """How many are listed."""
        return len(self.partners)


def partners_before(
    reading: "Reading", unit: Unit, place: Place | None = None, count: int = 8
) -> Partners:
    """The units in front of a unit that give most of its value.

    At one place the value before the activation is a sum over input channels, each its window of
    the input times its part of the kernel, and the bias. These shares are exact. What stands
    between the two layers (pooling, activation, normalisation, padding) is inside the share of
    its channel. Behind a sum of two branches (Add) the channel is named by the last branch.

    Args:
        reading: The tile, read.
        unit: The unit.
        place: Row and column in the layer's map; where the unit is strongest when not given.
        count: How many to list.

    Returns:
        The partners; none and a reason for a unit that is zero everywhere, and for a layer that is
        not known to be a plain weighted sum.

    Raises:
        ModelError: No such unit or place.
    """
    unit = reading.engine.check_unit(unit)
    wiring, weights = _wiring(reading.engine), _linear(reading.engine, unit.layer)
    if weights is None:
        return Partners(reason=_not_linear(reading.engine, unit.layer))
    values = reading.activation(unit.layer)[..., unit.index]
    asked = peak(values) if place is None else check_place(place, values.shape, unit.layer)
    if asked is None and values.ndim:
        return Partners(reason=f"{unit} is zero everywhere on this tile.")
    source = wiring.source(unit.layer)
    inputs = as_maps(reading.tensor(source))
    channels, shares = weights.shares(inputs, unit.index, asked or (0, 0))
    bias = float(weights.bias[unit.index])
    codes, summed = _by_unit(wiring.carried[source][channels], shares)
    listed = _strongest(wiring, codes, summed, count)
    return Partners(
        partners=listed,
        reason=None if listed else _no_share(unit, codes),
        place=asked,
        total=float(shares.sum(dtype=np.float64)) + bias,
        bias=bias,
        n_partners=int((codes >= 0).sum()),
    )


def partners_after(reading: "Reading", unit: Unit, count: int = 8) -> Partners:
    """The units behind a unit whose value holds most of it.

    For each unit of the layers that read this one: the share of this unit in that unit's sum before
    its activation, at the place where that unit is strongest. Units whose map is zero everywhere
    have no such place and are left out.

    Args:
        reading: The tile, read.
        unit: The unit.
        count: How many to list.

    Returns:
        The partners; none and a reason at the end of the network, or where the layers behind are
        not known to be plain weighted sums.

    Raises:
        ModelError: No such unit.
    """
    unit = reading.engine.check_unit(unit)
    wiring = _wiring(reading.engine)
    readers = wiring.readers[unit.layer]
    linear_readers = [name for name in readers if _linear(reading.engine, name) is not None]
    if not linear_readers:
        return Partners(reason=_no_reader(reading.engine, unit.layer, readers))
    parts = [_shares_in(reading, unit, layer) for layer in linear_readers]
    codes = np.concatenate([part[0] for part in parts])
    values = np.concatenate([part[1] for part in parts])
    listed = _strongest(wiring, codes, values, count)
    reason = None if listed else f"{unit} adds nothing to the units behind it on this tile."
    return Partners(listed, reason, n_partners=len(codes))


def _shares_in(reading: "Reading", unit: Unit, layer: str) -> tuple[npt.NDArray[np.int64], Values]:
    """Codes of the units of one layer that read a unit, and its share in each."""
    wiring, weights = _wiring(reading.engine), _linear(reading.engine, layer)
    assert weights is not None  # noqa: S101 - asked before
    source = wiring.source(layer)
    channels = np.flatnonzero(wiring.carried[source] == wiring.code(unit))
    maps = as_maps(reading.activation(layer))
    inputs = as_maps(reading.tensor(source))
    units, shares = weights.shares_of(inputs, channels, peaks(maps))
    if maps.shape[:2] != (1, 1):
        firing = (maps != 0).max(axis=(0, 1))[units]
        units, shares = units[firing], shares[firing]
    return wiring.code(Unit(layer, 0)) + units, shares


def _strongest(
    wiring: Wiring, codes: npt.NDArray[np.int64], values: Values, count: int
) -> tuple[Partner, ...]:
    order = np.argsort(-np.abs(values), kind="stable")
    order = order[(codes[order] >= 0) & (values[order] != 0)][:count]
    named = (
        (wiring.unit(code), value) for code, value in zip(codes[order], values[order], strict=True)
    )
    return tuple(Partner(unit, float(value)) for unit, value in named if unit is not None)


def _by_unit(codes: npt.NDArray[np.int64], shares: Values) -> tuple[npt.NDArray[np.int64], Values]:
    """Shares of the same unit (a flattened map's places) added up."""
    distinct, where = np.unique(codes, return_inverse=True)
    summed = np.bincount(where, weights=shares, minlength=len(distinct))
    return distinct, summed.astype(np.float32)


def _wiring(engine: "Engine") -> Wiring:
    return _kept(engine, "wiring", partial(Wiring.of, engine.graph, engine.unit_layers))


def _linear(engine: "Engine", layer: str) -> Linear | None:
    step, graph = engine.graph.maker[layer], engine.graph
    shapes = graph.shape(step.inputs[0]), graph.shape(layer)
    return _kept(engine, f"linear {layer}", partial(linear, step, *shapes))


def _kept(engine: "Engine", key: str, make: Callable[[], _Made]) -> _Made:
    """Made once for an engine; two threads at once may both make it, and either will do."""
    if key not in engine.memo:
        engine.memo[key] = make()
    found: _Made = engine.memo[key]
    return found


def _no_share(unit: Unit, codes: npt.NDArray[np.int64]) -> str:
    if (codes < 0).all():
        return f"What stands in front of {unit.layer} mixes its channels: they are no one unit's."
    return f"Nothing in front of {unit} is other than zero where it was asked."


def _not_linear(engine: "Engine", layer: str) -> str:
    kind = type(engine.graph.maker[layer].operation).__name__
    return f"{layer} ({kind}) is not known to be a plain weighted sum of its input."


def _no_reader(engine: "Engine", layer: str, readers: tuple[str, ...]) -> str:
    if readers:
        return _not_linear(engine, readers[0])
    if layer == engine.logits_layer:
        return "These are the class scores; no unit stands behind them."
    return f"What stands behind {layer} mixes its channels, so its units cannot be followed."
