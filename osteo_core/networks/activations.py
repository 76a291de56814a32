"""Every activation of one tile: kept from one pass, or made from the nearest that was kept."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from osteo_core.networks.pieces import Pieces

Mask = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Activations:
    """The values of one network's tensors for one tile, with a batch axis of one.

    Whatever is asked for and not at hand is made by running the stage of the network between the
    nearest anchors and it, and kept. With masks, the network is one whose masked layers have some
    units switched off, and every value here is of that network.

    Attributes:
        pieces: The network's compiled pieces.
        lock: Held while the network runs; shared by all who use the network.
        values: Values at hand, by tensor name.
        anchors: Tensors from which others are made. Only these, so that how a value is made does
            not depend on what was asked before, and the number of compiled pieces stays bounded.
        masks: Factors, shape `(units,)`, by layer.
    """

    pieces: Pieces
    lock: threading.RLock
    values: dict[str, Any]
    anchors: frozenset[str]
    masks: Mapping[str, Mask] = field(default_factory=dict)

    @classmethod
    def of(
        cls, pieces: Pieces, lock: threading.RLock, inputs: Any, keep: Iterable[str]
    ) -> "Activations":
        """Run the whole network once.

        Args:
            pieces: The network.
            lock: Its lock.
            inputs: float32, shape `(1, h, w, 3)`, preprocessed.
            keep: Names of the tensors to keep beside the cuts, the logits and the input.
        """
        graph = pieces.graph
        kept = tuple(dict.fromkeys([*pieces.cuts, *keep, pieces.headed.logits]))
        kept = tuple(name for name in kept if name != graph.input)
        with lock:
            start = tf.convert_to_tensor(inputs, graph.tensors[graph.input].dtype)
            made = pieces.values({graph.input: start}, kept, {})
        values = {graph.input: start, **dict(zip(kept, made, strict=True))}
        return cls(pieces, lock, values, frozenset((graph.input, *pieces.cuts)))

    def tensor(self, name: str) -> Any:
        """The value of one tensor, made now if it is not at hand."""
        with self.lock:
            if name not in self.values:
                graph = self.pieces.graph
                sources = graph.sources([name], self.anchors.__contains__)
                known = {source: self.tensor(source) for source in sources}
                self.values[name] = self.pieces.values(known, (name,), self.masks)[0]
            return self.values[name]

    def scores(self) -> npt.NDArray[np.float32]:
        """Class scores (logits), shape `(classes,)`."""
        return _row(self.pieces.scores(self.tensor(self.pieces.headed.logits)))

    def probabilities(self) -> npt.NDArray[np.float32]:
        """Class probabilities, shape `(classes,)`."""
        scores = self.pieces.scores(self.tensor(self.pieces.headed.logits))
        return _row(self.pieces.probabilities(scores))

    def gradient(self, name: str, direction: npt.NDArray[np.float32]) -> Any:
        """Gradient of the class scores along a direction with respect to one tensor.

        Only the network behind the tensor is run.

        Args:
            name: The tensor.
            direction: float32, shape `(classes,)`; a class's unit vector for its score.

        Returns:
            A tensor of the same shape as the named one.
        """
        with self.lock:
            known = {source: self.tensor(source) for source in (name, *self._beside(name))}
            return self.pieces.gradient(known, direction, self.masks)[1]

    def masked(self, name: str, units: Sequence[int]) -> "Activations":
        """The same tile in the network with some units of one layer switched off.

        Values in front of the layer are shared; those behind it are made when asked for.

        Args:
            name: The layer.
            units: Indices on the last axis.
        """
        graph = self.pieces.graph
        mask = np.ones(graph.shape(name)[-1], np.float32)
        mask[list(units)] = 0
        with self.lock:
            beside = self._beside(name)
            behind = graph.downstream(name)
            for source in beside:
                self.tensor(source)
            values = {key: value for key, value in self.values.items() if key not in behind}
            kept = self.tensor(name)
            values[name] = kept * tf.cast(mask, kept.dtype)
        anchors = (self.anchors - behind) | {name, *beside}
        masks = {**self.masks, name: mask * self.masks.get(name, np.float32(1))}
        return Activations(self.pieces, self.lock, values, anchors, masks)

    def _beside(self, name: str) -> tuple[str, ...]:
        """What the network behind a layer needs besides it: the other arm of a residual block."""
        graph = self.pieces.graph
        behind = graph.downstream(name)
        wanted = [self.pieces.headed.logits]
        if name in wanted:
            return ()
        sources = graph.sources(wanted, lambda tensor: tensor == name or tensor not in behind)
        return tuple(source for source in sources if source != name)


def _row(tensor: Any) -> npt.NDArray[np.float32]:
    row: npt.NDArray[np.float32] = np.asarray(tensor, np.float32)[0]
    row.setflags(write=False)
    return row
