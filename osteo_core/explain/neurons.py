"""The units of a fully connected layer: one tile's, and a cohort's class by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]
Order = Literal["index", "activation", "contribution"]


def neuron_table(activations: Values, contributions: Values, by: Order = "index") -> "pd.DataFrame":
    """List the units of a layer.

    Args:
        activations: float32 (units,), from `Reading.activation`.
        contributions: float32 (units,), from `Reading.contributions`: gradient × activation.
        by: Order of the rows: unit `"index"`, or greatest `"activation"` or `"contribution"`
            first; equals stay in order of index.

    Returns:
        Columns `unit`, `activation`, `contribution`.

    Raises:
        ModelError: The arrays are not of one length, or the order is unknown.
    """
    import pandas as pd

    if activations.ndim != 1 or activations.shape != contributions.shape:
        raise ModelError(
            "Expected one activation and one contribution a unit. "
            f"Received: shapes {activations.shape} and {contributions.shape}."
        )
    if by not in get_args(Order):
        raise ModelError(f"Expected an order: {', '.join(get_args(Order))}. Received: {by!r}.")
    units = np.arange(len(activations))
    table = pd.DataFrame({"unit": units, "activation": activations, "contribution": contributions})
    if by == "index":
        return table
    return table.sort_values(by, ascending=False, kind="stable", ignore_index=True)


def dead_units(activations: Values) -> npt.NDArray[np.intp]:
    """Units that gave exactly zero.

    Args:
        activations: float32 (units,), behind an activation that can rest at zero, such as ReLU.

    Returns:
        Their indices.
    """
    return np.flatnonzero(activations == 0)


@dataclass(frozen=True, eq=False)
class CohortNeurons:
    """How the units of a layer answer to the classes of a cohort.

    Attributes:
        layer: The layer's name.
        classes: Class names.
        counts: int64 (classes,), tiles of each class.
        means: float32 (classes, units), mean activation; NaN for a class without tiles.
        firing_share: float32 (units,), share of all tiles on which a unit was not zero, 0..1.
    """

    layer: str
    classes: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    means: Values
    firing_share: Values

    @property
    def n_tiles(self) -> int:
        """Tiles counted."""
        return int(self.counts.sum())

    @property
    def dead(self) -> npt.NDArray[np.intp]:
        """Units that were zero on every tile of the cohort."""
        return np.flatnonzero(self.firing_share == 0)


class ClassMeans:
    """Gathers a cohort tile by tile, so that a long run can show what it has so far.

    Args:
        layer: Name of a fully connected layer.
        classes: The classes that tiles are labelled with.
    """

    def __init__(self, layer: str, classes: Sequence[str]) -> None:
        self.layer = layer
        self.classes = tuple(classes)
        self._counts = np.zeros(len(self.classes), np.int64)
        self._sums: npt.NDArray[np.float64] | None = None  # (classes, units)
        self._fired: npt.NDArray[np.int64] | None = None  # (units,)

    def add(self, reading: "Reading", label: str) -> None:
        """Count one tile.

        Args:
            reading: The tile's reading.
            label: The tile's class.

        Raises:
            ModelError: The label is not one of the classes, or the layer is not fully connected.
        """
        if label not in self.classes:
            raise ModelError(f"Expected a label: {', '.join(self.classes)}. Received: {label!r}.")
        activations = reading.activation(self.layer)
        if activations.ndim != 1:
            raise ModelError(
                "Expected a fully connected layer, whose output is one value a unit. "
                f"Received: {self.layer!r} of shape {activations.shape}."
            )
        if self._sums is None or self._fired is None:
            self._sums = np.zeros((len(self.classes), len(activations)), np.float64)
            self._fired = np.zeros(len(activations), np.int64)
        self._counts[self.classes.index(label)] += 1
        self._sums[self.classes.index(label)] += activations
        self._fired += activations != 0

    def so_far(self) -> CohortNeurons:
        """What the tiles counted until now say.

        Raises:
            ModelError: No tile was counted.
        """
        if self._sums is None or self._fired is None:
            raise ModelError("Expected at least one tile. Received: none.")
        counts = np.where(self._counts, self._counts, np.nan)[:, None]
        return CohortNeurons(
            layer=self.layer,
            classes=self.classes,
            counts=self._counts.copy(),
            means=(self._sums / counts).astype(np.float32),
            firing_share=(self._fired / self._counts.sum()).astype(np.float32),
        )
