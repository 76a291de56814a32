"""Every activation of one tile: kept from one pass, or made from the nearest that was kept."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from osteo_core.networks.channels import last_apart
from osteo_core.networks.graph import Edit
from osteo_core.networks.pieces import Pieces

Floats = npt.NDArray[np.float32]
BATCH_BYTES = 32_000_000  # of a layer's maps that go through a tail together


@dataclass(frozen=True, eq=False)
class Activations:
    """The values of one network's tensors for one tile, with a batch axis of one.

    Whatever is asked for and not at hand is made by running the stage of the network between the
    nearest anchors and it, and kept. With edits, the network is one in which some units are held at
    other values, and every value here is of that network.

    Attributes:
        pieces: The network's compiled pieces.
        lock: Held while the network runs; shared by all who use the network.
        values: Values at hand, by tensor name.
        anchors: Tensors from which others are made. Only these, so that how a value is made does
            not depend on what was asked before, and the number of compiled pieces stays bounded.
        edits: Units held, by layer.
    """

    pieces: Pieces
    lock: threading.RLock
    values: dict[str, Any]
    anchors: frozenset[str]
    edits: Mapping[str, Edit] = field(default_factory=dict)

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
        return self.tensors((name,))[0]

    def tensors(self, names: Sequence[str]) -> list[Any]:
        """The values of several tensors; those not at hand are made together, each step once."""
        with self.lock:
            missing = tuple(name for name in names if name not in self.values)
            if missing:
                sources = self.pieces.graph.sources(missing, self.anchors.__contains__)
                known = dict(zip(sources, self.tensors(sources), strict=True))
                made = self.pieces.values(known, missing, self.edits)
                self.values.update(zip(missing, made, strict=True))
            return [self.values[name] for name in names]

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
            known = {source: self.tensor(source) for source in (name, *self.beside(name))}
            return self.pieces.gradient(known, direction, self.edits)[1]

    def held(self, name: str, held: Mapping[int, float | Floats]) -> "Activations":
        """The same tile in the network with some units of one layer held at given values.

        Values in front of the layer are shared; those behind it are made when asked for.

        Args:
            name: The layer.
            held: By index on the last axis: a number, or a map of the layer's height and width.
        """
        graph = self.pieces.graph
        factor = np.ones(graph.shape(name)[-1], np.float32)
        factor[list(held)] = 0
        offset = None
        if any(np.any(value) for value in held.values()):
            offset = np.zeros(graph.shape(name), np.float32)
            for index, value in held.items():
                offset[..., index] = value
        with self.lock:
            others = self.beside(name)
            behind = graph.downstream(name)
            self.tensors((name, *others))
            values = {key: value for key, value in self.values.items() if key not in behind}
            values[name] = Edit(factor, offset).apply(values[name])
        anchors = (self.anchors - behind) | {name, *others}
        edits = {**self.edits, name: _joined(self.edits.get(name), factor, offset)}
        return Activations(self.pieces, self.lock, values, anchors, edits)

    def each_without(
        self, name: str, units: Sequence[int]
    ) -> Iterator[tuple[list[int], Floats, Floats]]:
        """Switch off one unit of a layer after another, several at a time.

        Args:
            name: The layer.
            units: Indices on its last axis.

        Yields:
            Some of the units, and for each the class scores and the probabilities, `(n, classes)`.
        """
        # As far as channels do not meet, all of them are switched off in one go.
        end = last_apart(self.pieces.graph, name)
        as_is, *others = self.tensors((end, *self.beside(end)))
        off = self._at_zero(name, end)
        size = max(1, BATCH_BYTES // (4 * int(np.prod(as_is.shape))))
        for first in range(0, len(units), size):
            some = list(units[first : first + size])
            factor = np.ones((len(some), *[1] * (len(as_is.shape) - 2), as_is.shape[-1]))
            factor[np.arange(len(some)), ..., some] = 0
            known = {end: tf.where(tf.constant(factor > 0), as_is, off)}
            for other, value in zip(self.beside(end), others, strict=True):
                known[other] = tf.repeat(value, len(some), axis=0)
            logits = known[end]
            with self.lock:
                if end != self.pieces.headed.logits:
                    logits = self.pieces.values(known, (self.pieces.headed.logits,), self.edits)[0]
            scores = self.pieces.scores(logits)
            yield some, np.asarray(scores), np.asarray(self.pieces.probabilities(scores))

    def _at_zero(self, name: str, end: str) -> Any:
        """A tensor behind a layer, were that layer zero."""
        with self.lock:
            zero = tf.zeros_like(self.tensor(name))
            return zero if end == name else self.pieces.values({name: zero}, (end,), self.edits)[0]

    def beside(self, name: str) -> tuple[str, ...]:
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


def _joined(before: Edit | None, factor: Floats, offset: Floats | None) -> Edit:
    """Two edits of one layer, the later one on top."""
    if before is None:
        return Edit(factor, offset)
    kept = None if before.offset is None else before.offset * factor
    offsets = [part for part in (kept, offset) if part is not None]
    return Edit(before.factor * factor, sum(offsets) if offsets else None)
