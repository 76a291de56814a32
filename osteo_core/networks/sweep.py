"""What every unit adds to every class score, and what of the input it looks at, for one tile."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from osteo_core.networks.activations import Activations
from osteo_core.networks.backward import Backward

Floats = npt.NDArray[np.float32]


@dataclass(eq=False)
class Sweep:
    """The way back through one tile's activations, kept stage by stage.

    Stages end at the cuts, through which everything runs. A stage is walked once for each class,
    when something in it is asked for; what stands between it and the logits is walked before.

    Attributes:
        backward: The network's way back.
        activations: The tile's values.
        unit_layers: Layers whose units are asked about.
    """

    backward: Backward
    activations: Activations
    unit_layers: tuple[str, ...]
    _gradients: dict[str, list[Any]] = field(default_factory=dict)  # at a stage's end, by class
    _contributions: dict[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pieces = self.activations.pieces
        graph = pieces.graph
        ahead = [name for name in pieces.cuts if pieces.headed.logits in graph.downstream(name)]
        self._marks = [graph.input, *ahead, pieces.headed.logits]
        self._behind = {mark: self.backward.downstream(mark) for mark in self._marks}

    @property
    def prepared(self) -> bool:
        """Whether everything from the second cut on has been walked."""
        return self._first_prepared() in self._gradients

    def prepare(self) -> None:
        """Walk back from the logits to the second cut, and make what its layers take in.

        What a layer takes in is asked for with any of its units; one by one, each would be a
        piece of the network compiled for itself.
        """
        with self.activations.lock:
            self._walk_to(self._first_prepared())
            maker = self.activations.pieces.graph.maker
            self.activations.tensors([maker[name].inputs[0] for name in self._contributions])

    def contributions(self, layer: str) -> Floats:
        """Gradient × activation summed over places, float32 `(units, classes)`."""
        with self.activations.lock:
            if layer not in self._contributions:
                self._walk_to(self._start_of(layer))
            return self._contributions[layer]

    def input_gradient(self, layer: str, at: tuple[int, ...]) -> Floats:
        """Gradient of one activation with respect to the network's input.

        Args:
            layer: The layer.
            at: Index of the activation in the layer's output.

        Returns:
            float32 `(h, w, 3)`.
        """
        shape = self.activations.pieces.graph.shape(layer)
        seed = np.zeros((1, *shape), np.float32)
        seed[(0, *at)] = 1
        end, gradient = layer, tf.constant(seed)
        with self.activations.lock:
            while end != self._marks[0]:
                start = self._start_of(end)
                gradient = self._stage(start, end, gradient)[0]
                end = start
        found: Floats = np.asarray(gradient)[0].astype(np.float32, copy=False)
        return found

    def _first_prepared(self) -> str:
        return self._marks[min(2, len(self._marks) - 2)]

    def _start_of(self, name: str) -> str:
        """The last mark in front of a tensor."""
        return next(mark for mark in reversed(self._marks) if name in self._behind[mark])

    def _walk_to(self, start: str) -> None:
        if start in self._gradients:
            return
        end = self._marks[self._marks.index(start) + 1]
        if end == self._marks[-1]:
            directions = self._directions()
        else:
            self._walk_to(end)
            directions = self._gradients[end]
        made = [self._stage(start, end, direction) for direction in directions]
        self._gradients[start] = [found[0] for found in made]
        for place, layer in enumerate(self._inside(start, end), 1):
            columns = np.stack([np.asarray(found[place]) for found in made], -1)
            columns.setflags(write=False)
            self._contributions[layer] = columns

    def _directions(self) -> list[Any]:
        """For each class, the gradient of its score at the network's own logits."""
        if self.activations.pieces.headed.kind == "sigmoid":
            return [tf.constant([[-1.0]]), tf.constant([[1.0]])]
        return [tf.constant(row[None]) for row in np.eye(self._n_classes, dtype=np.float32)]

    @property
    def _n_classes(self) -> int:
        return self.activations.pieces.headed.n_classes

    def _stage(self, start: str, end: str, gradient: Any) -> list[Any]:
        inside = self._inside(start, end)
        names = tuple(dict.fromkeys((start, *inside, end)))
        known = dict(zip(names, self.activations.tensors(names), strict=True))
        held = {
            name: tf.constant(edit.factor)
            for name, edit in self.activations.edits.items()
            if name in self._behind[start]
            and (name == end or end in self.backward.downstream(name))
        }
        return self.backward.stage(end, gradient, known, held, inside)

    def _inside(self, start: str, end: str) -> tuple[str, ...]:
        """Unit layers of a stage, its end among them."""
        reached = self._behind[start]
        leads = (name for name in self.unit_layers if name in reached)
        return tuple(name for name in leads if name == end or end in self.backward.downstream(name))
