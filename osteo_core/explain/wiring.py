"""Which unit stands behind each channel of each tensor, and which layers read a unit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from osteo_core.networks.channels import CHANNELS_STAY
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.networks.graph import Graph, Step

Codes = npt.NDArray[np.int64]

_UNKNOWN = -1
_LAYER = 1 << 32  # a code is layer number * 2**32 + index

_MERGES = frozenset(
    {
        *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"),
        *("Divide", "TrueDivide"),
    }
)


@dataclass(frozen=True, eq=False)
class Wiring:
    """How the units of a network hang together.

    Attributes:
        graph: The network.
        layers: The input's name and the names of the unit layers; a code's layer number counts
            them.
        carried: By tensor, the code of the unit behind each entry of its last axis.
        readers: By unit layer, the unit layers that take some of its channels with nothing but
            pooling, activation, normalisation and the like between.
    """

    graph: "Graph"
    layers: tuple[str, ...]
    carried: Mapping[str, Codes] = field(repr=False)
    readers: Mapping[str, tuple[str, ...]] = field(repr=False)

    @classmethod
    def of(cls, graph: "Graph", unit_layers: Iterable[str]) -> "Wiring":
        """Follow every channel through a network.

        Through a merge (Add and the like) the last of its inputs that has as many channels is
        followed; in the usual residual block that is the block's own convolution.
        """
        layers = (graph.input, *unit_layers)
        number = {name: place for place, name in enumerate(layers)}
        carried = {graph.input: _own(graph, graph.input, 0)}
        readers: dict[str, list[str]] = {name: [] for name in layers}
        for step in graph.steps:
            carried.update({name: _unknown(graph, name) for name in step.outputs})
            if step.name not in number:
                carried[step.name] = _passed(graph, step, carried)
                continue
            carried[step.name] = _own(graph, step.name, number[step.name])
            for source in np.unique(carried[step.inputs[0]] // _LAYER):
                if source >= 0:
                    readers[layers[source]].append(step.name)
        return cls(graph, layers, carried, {name: tuple(of) for name, of in readers.items()})

    def source(self, layer: str) -> str:
        """Name of the tensor that a unit layer takes."""
        return self.graph.maker[layer].inputs[0]

    def code(self, unit: Unit) -> int:
        """The number that stands for a unit in `carried`."""
        return self.layers.index(unit.layer) * _LAYER + unit.index

    def unit(self, code: int) -> Unit | None:
        """The unit that a number stands for; its layer is the input's name for a colour channel."""
        layer, index = divmod(int(code), _LAYER)
        return None if layer < 0 else Unit(self.layers[layer], index)


def _own(graph: "Graph", tensor: str, number: int) -> Codes:
    return number * _LAYER + np.arange(_length(graph, tensor), dtype=np.int64)


def _unknown(graph: "Graph", tensor: str) -> Codes:
    return np.full(_length(graph, tensor), _UNKNOWN, np.int64)


def _length(graph: "Graph", tensor: str) -> int:
    shape = graph.shape(tensor)
    return int(shape[-1]) if shape and shape[-1] else 1


def _passed(graph: "Graph", step: "Step", carried: Mapping[str, Codes]) -> Codes:
    """The units behind the channels that a step without units of its own gives out."""
    kind, length = type(step.operation).__name__, _length(graph, step.name)
    if kind in CHANNELS_STAY and len(step.inputs) == 1:
        found = carried[step.inputs[0]]
    elif kind in _MERGES:
        same = [carried[name] for name in step.inputs if len(carried[name]) == length]
        found = same[-1] if same else _unknown(graph, step.name)
    elif kind == "Concatenate" and step.operation.axis in (-1, len(graph.shape(step.name))):
        found = np.concatenate([carried[name] for name in step.inputs])
    elif kind in ("Flatten", "Reshape"):
        found = _laid_out(graph, step, carried)
    else:
        found = _unknown(graph, step.name)
    return found if len(found) == length else _unknown(graph, step.name)


def _laid_out(graph: "Graph", step: "Step", carried: Mapping[str, Codes]) -> Codes:
    """Rows of all places one behind the other: entry i is channel i modulo channels."""
    before, after = graph.shape(step.inputs[0]), graph.shape(step.name)
    found = carried[step.inputs[0]]
    if not before or None in (*before, *after):
        return _unknown(graph, step.name)
    if len(after) == 1 and prod(before) == after[0]:
        return np.tile(found, after[0] // len(found))
    return found  # kept only where the last axis stays as long
