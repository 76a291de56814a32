"""The network behind one tensor, run on changed versions of it."""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from osteo_core.networks.activations import Activations

Floats = npt.NDArray[np.float32]

_BATCH_BYTES = 20_000_000  # of the widest tensor behind, one tile's worth of which goes a row
_MOST_ROWS = 16


@dataclass(frozen=True, eq=False)
class Tail:
    """What stands behind one tensor of a network, for one tile.

    Whatever the network behind the tensor needs besides it (the other arm of a residual block) is
    held at its value on the tile.

    Attributes:
        activations: The tile's values.
        name: The tensor; the network's input for the whole network.
    """

    activations: Activations
    name: str

    @property
    def start(self) -> Floats:
        """The tensor's own value, float32, without a batch axis; not writeable."""
        value: Floats = np.asarray(self.activations.tensor(self.name))[0]
        value = value.astype(np.float32, copy=False)
        value.setflags(write=False)
        return value

    @cached_property
    def rows(self) -> int:
        """How many versions to run together: bounded memory, and a wait of well under a second."""
        graph = self.activations.pieces.graph
        behind = [self.name, *graph.downstream(self.name)]
        widest = 4 * max(prod(graph.shape(name)) for name in behind)
        return max(1, min(_MOST_ROWS, _BATCH_BYTES // widest))

    def scores(self, batch: Floats) -> Floats:
        """Class scores (logits) of changed versions.

        Args:
            batch: float32 `(n, *shape)` of the tensor; run together, so keep n to about `rows`.

        Returns:
            float32 `(n, classes)`.
        """
        pieces = self.activations.pieces
        with self.activations.lock:
            known = self._known(batch)
            logits = known.get(pieces.headed.logits)
            if logits is None:
                wanted = (pieces.headed.logits,)
                logits = pieces.values(known, wanted, self.activations.edits)[0]
            return np.asarray(pieces.scores(logits), np.float32)

    def gradients(self, batch: Floats, direction: Floats) -> tuple[Floats, Floats]:
        """Class scores, and their gradient along a direction, of changed versions.

        Args:
            batch: As for `scores`.
            direction: float32 `(classes,)`; see `Reading.direction`.

        Returns:
            Scores, float32 `(n, classes)`, and gradients, float32 of the batch's shape; each
            version's own, whatever else is in the batch.
        """
        pieces = self.activations.pieces
        with self.activations.lock:
            known = self._known(batch)
            scores, gradient = pieces.gradient(known, direction, self.activations.edits)
            return np.asarray(scores, np.float32), np.asarray(gradient, np.float32)

    def _known(self, batch: Floats) -> dict[str, Any]:
        symbol = self.activations.pieces.graph.tensors[self.name]
        known = {self.name: tf.convert_to_tensor(batch, symbol.dtype)}
        for name in self.activations.beside(self.name):
            known[name] = tf.repeat(self.activations.tensor(name), len(batch), axis=0)
        return known
