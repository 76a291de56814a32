"""What happens to the classes when units are switched off, beside what chance units do."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError
from osteo_core.explain.targets import target_index
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]
How = Literal["zero"] | Mapping[str, Values]
Units = tuple[Unit, ...]


@dataclass(frozen=True, eq=False)
class Effect:
    """Class probabilities before and after some units were held.

    Attributes:
        units: The units, in order of the network.
        before: float32 (classes,).
        after: float32 (classes,).
        control: float32 (draws, classes), with as many other units of the same layers held instead.
        control_units: The units of each draw.
        seed: What the draws were made from.
        control_reason: One sentence where no draw was possible, saying why; else None.
    """

    units: Units
    before: Values
    after: Values
    control: Values
    control_units: tuple[Units, ...]
    seed: int
    control_reason: str | None = None

    @property
    def change(self) -> Values:
        """After less before, float32 (classes,)."""
        return self.after - self.before

    @property
    def control_change(self) -> Values:
        """The same for each draw, float32 (draws, classes)."""
        return self.control - self.before


@dataclass(frozen=True, eq=False)
class ScanRow:
    """One unit of a layer and what switching it off does.

    Attributes:
        unit: The unit.
        probabilities: float32 (classes,), without it.
        change: What happens to the class's probability, -1..1.
        logit_change: What happens to its logit; tells units apart where the probability is 0 or 1.
    """

    unit: Unit
    probabilities: Values
    change: float
    logit_change: float


def switched_off(
    reading: "Reading",
    units: Iterable[Unit],
    how: How = "zero",
    control: int = 10,
    seed: int = 0,
) -> Effect:
    """Hold some units and see the probabilities change; do the same to random units.

    Args:
        reading: The tile, read; units that are held in it already stay so, before and after.
        units: Units of one layer or several.
        how: `"zero"`, or by layer what its units are held at: float32 (units,), such as a class's
            means, or the layer's own shape, such as another tile's activations. Each unit, those
            of the control too, takes its own entry.
        control: Draws of as many other units of the same layers; 0 for none.
        seed: Draw number k depends on this, on k, on the layer and on the units, and on nothing
            else.

    Returns:
        Probabilities before, after and for each draw.

    Raises:
        ModelError: No such unit, no units, or values missing or of a wrong shape.
    """
    chosen = _by_layer(reading, units)
    for layer in chosen:
        _check_values(reading, layer, how)
    room = {layer: _others(reading, layer, held) for layer, held in chosen.items()}
    short = [layer for layer, held in chosen.items() if len(room[layer]) < len(held)]
    draws = [
        {layer: _drawn(room[layer], layer, len(held), seed, k) for layer, held in chosen.items()}
        for k in range(0 if short else control)
    ]
    found = [_held(reading, draw, how).probabilities for draw in draws]
    n_classes = len(reading.classes)
    return Effect(
        units=_units(chosen),
        before=reading.probabilities,
        after=_held(reading, chosen, how).probabilities,
        control=np.array(found, np.float32).reshape(len(found), n_classes),
        control_units=tuple(map(_units, draws)),
        seed=seed,
        control_reason=f"{short[0]} has too few other units to draw from." if short else None,
    )


def scan_table(reading: "Reading", layer: str, target: str | None = None) -> tuple[ScanRow, ...]:
    """Switch off each unit of a layer by itself, and rank them by what it does to a class.

    Args:
        reading: The tile, read.
        layer: A layer in front of the logits.
        target: The class; the predicted one when not given.

    Returns:
        A row a unit, the greatest change of the class's probability first, whatever its sign.

    Raises:
        ModelError: No such layer or class.
    """
    target_index(reading, target)  # refused before the work, not behind it
    parts = list(reading.scan(layer))
    units = [unit for part in parts for unit in part[0]]
    logits, probabilities = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
    return rank_scan(reading, layer, units, logits, probabilities, target)


def rank_scan(
    reading: "Reading",
    layer: str,
    units: Sequence[int],
    logits: Values,
    probabilities: Values,
    target: str | None = None,
) -> tuple[ScanRow, ...]:
    """Rank what `Reading.scan` gave, or as much of it as there is so far.

    Args:
        reading: The reading that was scanned.
        layer: The layer.
        units: Indices of the units switched off.
        logits: float32 (units, classes), without each.
        probabilities: float32 (units, classes), the same.
        target: The class; the predicted one when not given.

    Returns:
        As `scan_table`; units of equal change of the probability are told apart by the logit.

    Raises:
        ModelError: No such class.
    """
    index = target_index(reading, target)
    changes = probabilities[:, index] - reading.probabilities[index]
    logit_changes = logits[:, index] - reading.logits[index]
    order = np.lexsort((-np.abs(logit_changes), -np.abs(changes)))
    return tuple(
        ScanRow(
            unit=Unit(layer, int(units[row])),
            probabilities=probabilities[row],
            change=float(changes[row]),
            logit_change=float(logit_changes[row]),
        )
        for row in order
    )


def _by_layer(reading: "Reading", units: Iterable[Unit]) -> dict[str, tuple[int, ...]]:
    """Indices by layer, in the order of the network, each once."""
    checked = {reading.engine.check_unit(unit) for unit in units}
    if not checked:
        raise ModelError("Expected a unit to switch off. Received: none.")
    layers = [name for name in reading.engine.unit_layers if any(u.layer == name for u in checked)]
    return {
        name: tuple(sorted(unit.index for unit in checked if unit.layer == name)) for name in layers
    }


def _units(chosen: Mapping[str, Sequence[int]]) -> Units:
    return tuple(Unit(layer, index) for layer, some in chosen.items() for index in some)


def _check_values(reading: "Reading", layer: str, how: How) -> None:
    if isinstance(how, str):
        if how != "zero":
            raise ModelError(f"Expected 'zero' or values by layer. Received: {how!r}.")
        return
    shape = reading.engine.layer(layer).shape
    found = how[layer].shape if layer in how else None
    if found not in (shape, shape[-1:]):
        raise ModelError(
            f"Expected values for {layer} of shape {shape[-1:]} or {shape}. Received: {found}."
        )


def _held(reading: "Reading", chosen: Mapping[str, Sequence[int]], how: How) -> "Reading":
    for layer, indices in chosen.items():
        if isinstance(how, str):
            reading = reading.without(layer, indices)
        else:
            values = how[layer]
            reading = reading.clamped(layer, {index: values[..., index] for index in indices})
    return reading


def _others(reading: "Reading", layer: str, held: Sequence[int]) -> npt.NDArray[np.intp]:
    """Units of a layer that are neither asked about nor held already."""
    every = np.arange(reading.engine.layer(layer).n_units)
    return np.setdiff1d(every, [*held, *reading.silenced.get(layer, ())])


def _drawn(
    room: npt.NDArray[np.intp], layer: str, n: int, seed: int, number: int
) -> tuple[int, ...]:
    # A generator for each draw: the third is the same whether or not two were drawn before it.
    random = np.random.default_rng([seed, number, zlib.crc32(layer.encode())])
    return tuple(sorted(int(index) for index in random.choice(room, n, replace=False)))
