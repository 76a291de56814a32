"""What a reading says of single units: what each adds, what it looks at, what it is worth."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.networks.activations import Activations
    from osteo_core.networks.sweep import Sweep
    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]


class UnitQuestions:
    """The part of `Reading` that asks about units; nothing here runs the whole network again."""

    _engine: "Engine"
    _activations: "Activations"
    silenced: dict[str, tuple[int, ...]]

    @property
    def units_prepared(self) -> bool:
        """Whether `prepare_units` has been done."""
        return self._sweep.prepared

    def prepare_units(self) -> None:
        """Work out what every unit from the second cut on adds to every class score.

        Costs about one way back through that part of the network for each class (for VGG19 block3
        and all behind it: two to three forward passes, once a tile). `contributions_by_class` of
        those layers is a look-up afterwards.
        """
        self._sweep.prepare()

    def contributions_by_class(self, layer: str) -> Values:
        """`contributions` to every class.

        Args:
            layer: A convolution or a fully connected layer.

        Returns:
            float32 (units, classes), not writeable.

        Raises:
            ModelError: No such layer, or the logits do not depend on it.
        """
        self._engine.check_unit(Unit(layer, 0))
        made: Values = self._sweep.contributions(layer)
        return made

    def input_gradient(
        self, layer: str, index: int, place: tuple[int, int] | None = None
    ) -> Values:
        """Gradient of one activation with respect to the network's preprocessed input.

        Args:
            layer: A convolution or a fully connected layer.
            index: The unit.
            place: Row and column in the unit's map; None for a fully connected layer.

        Returns:
            float32 (height, width, 3) of the input.

        Raises:
            ModelError: No such unit or place.
        """
        self._engine.check_unit(Unit(layer, index))
        at = (*(place or ()), index)
        shape = self._engine.layer(layer).shape
        if len(at) != len(shape) or not all(0 <= i < n for i, n in zip(at, shape, strict=True)):
            raise ModelError(f"Expected a place within {shape[:-1]}. Received: {place}.")
        return self._sweep.input_gradient(layer, at)

    def without(self, layer: str, units: Iterable[int]) -> "Reading":
        """Read the same tile with some units of a layer switched off.

        Args:
            layer: A layer in front of the logits.
            units: Indices of channels or units.

        Returns:
            A reading of the changed network. What lies in front of the layer is shared; what lies
            behind is computed when asked for, from the layer on.

        Raises:
            ModelError: No such layer or unit, or the layer stands behind the logits.
        """
        return self.clamped(layer, dict.fromkeys(units, 0.0))

    def clamped(self, layer: str, held: Mapping[int, float | Values]) -> "Reading":
        """Read the same tile with some units of a layer held at given values.

        Args:
            layer: A layer in front of the logits.
            held: By index: a number, or a map (h, w) for a unit that has one.

        Returns:
            A reading of the changed network, as `without` gives.

        Raises:
            ModelError: No such layer or unit, a map of another size, or the layer stands behind
                the logits.
        """
        self._engine.check_before_logits(layer)
        chosen = self._units(layer, held)
        shape = self._engine.layer(layer).shape[:-1]
        for value in held.values():
            if np.ndim(value) and np.shape(value) != shape:
                raise ModelError(
                    f"Expected a number or a map of {shape} for a unit of {layer}. "
                    f"Received: shape {np.shape(value)}."
                )
        changed = self._activations.held(layer, dict(held))
        silenced = {**self.silenced, layer: tuple(sorted({*chosen, *self.silenced.get(layer, ())}))}
        return self._changed(changed, silenced)

    def scan(
        self, layer: str, units: Iterable[int] | None = None
    ) -> Iterator[tuple[tuple[int, ...], Values, Values]]:
        """Switch off one unit of a layer after another.

        Only the network behind the layer runs, several units at a time.

        Args:
            layer: A layer in front of the logits.
            units: Which; all of them when not given.

        Yields:
            Some of the units, and for each of them the logits and the probabilities without it,
            float32 (n, classes).

        Raises:
            ModelError: No such layer or unit, or the layer stands behind the logits.
        """
        self._engine.check_before_logits(layer)
        every = range(self._engine.layer(layer).n_units)
        chosen = self._units(layer, every if units is None else units)
        for some, logits, probabilities in self._activations.each_without(layer, chosen):
            yield tuple(some), logits, probabilities

    @cached_property
    def _sweep(self) -> "Sweep":
        return self._engine.sweep(self._activations)

    def _changed(
        self, activations: "Activations", silenced: Mapping[str, tuple[int, ...]]
    ) -> "Reading":
        raise NotImplementedError

    def _units(self, layer: str, units: Iterable[int]) -> tuple[int, ...]:
        chosen = tuple(int(unit) for unit in units)
        n_units = self._engine.layer(layer).n_units
        if not all(0 <= unit < n_units for unit in chosen):
            wrong = next(unit for unit in chosen if not 0 <= unit < n_units)
            raise ModelError(f"Expected units 0 to {n_units - 1} of {layer}. Received: {wrong}.")
        return chosen
