"""Pieces of a network, each compiled once: the whole pass, a stage of it, a tail with its gradient.

A gradient of a class score with respect to a deep layer needs only the network behind that layer.
Every function here is a concrete TensorFlow function of fixed signature, kept for the life of the
network: nothing is traced twice, and memory does not grow with the number of tiles.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from osteo_core.networks.cuts import cuts
from osteo_core.networks.graph import Edit, Graph
from osteo_core.networks.head import Headed
from osteo_core.networks.turned import run_turned

Values = Mapping[str, Any]
Edits = Mapping[str, Edit]


class _Key(NamedTuple):
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    edited: tuple[str, ...]
    offset: tuple[str, ...]  # those of the edited that are held at other values than 0
    gradient: bool


class Pieces:
    """A flat network, run piece by piece.

    Args:
        headed: The network with its logits named.

    Attributes:
        graph: Its steps.
        cuts: Tensors that every pass keeps.
    """

    def __init__(self, headed: Headed) -> None:
        self.headed = headed
        self.graph: Graph = headed.graph
        self.cuts = cuts(self.graph)
        self._compiled: dict[_Key, Callable[..., list[Any]]] = {}

    def __len__(self) -> int:
        """Number of pieces compiled so far."""
        return len(self._compiled)

    def values(self, known: Values, wanted: tuple[str, ...], edits: Edits) -> list[Any]:
        """Make some tensors from known ones.

        Args:
            known: Values by tensor name, each with a batch axis; together they must suffice.
            wanted: Names of the tensors to make.
            edits: Changes by layer: each layer met on the way has its output changed. A layer
                among the known is taken as it is.

        Returns:
            The wanted values, in that order.
        """
        return self._run(self._key(known, wanted, edits, gradient=False), known, edits)

    def gradient(
        self, known: Values, direction: npt.NDArray[np.float32], edits: Edits
    ) -> list[Any]:
        """Differentiate class scores with respect to the first of some known tensors.

        Args:
            known: Values by tensor name: the one asked about, then whatever else the network
                behind it needs.
            direction: float32, shape `(classes,)`, in the space of class scores; the unit vector
                of a class for that class's score.
            edits: As for `values`.

        Returns:
            [class scores `(n, classes)`, gradient of the first known tensor's own shape].
        """
        key = self._key(known, (self.headed.logits,), edits, gradient=True)
        return self._run(key, known, edits, tf.constant(direction))

    def forward(self, batch: Any) -> Any:
        """Probabilities `(n, classes)` of a preprocessed batch `(n, h, w, 3)`."""
        start, end = self.graph.input, self.graph.output
        values = {start: tf.convert_to_tensor(batch, self.graph.tensors[start].dtype)}
        return self.told(self.values(values, (end,), {})[0])

    def told(self, output: Any) -> Any:
        """Probabilities `(n, classes)` of the network's own output."""
        made = tf.cast(output, tf.float32)
        return tf.concat([1 - made, made], -1) if self.headed.kind == "sigmoid" else made

    def scores(self, logits: Any) -> Any:
        """Class scores `(n, classes)` of the network's logits; [-z, z] for a single unit z."""
        logits = tf.cast(logits, tf.float32)
        return tf.concat([-logits, logits], -1) if self.headed.kind == "sigmoid" else logits

    def probabilities(self, scores: Any) -> Any:
        """Probabilities `(n, classes)` of class scores, float32.

        In the type that the network itself computes its last step in, so that both give the same.
        """
        dtype = self.graph.tensors[self.graph.output].dtype
        if self.headed.kind == "exponential":
            return tf.exp(scores)
        if self.headed.kind == "softmax":
            return tf.cast(tf.nn.softmax(tf.cast(scores, dtype)), tf.float32)
        if dtype in ("float16", "bfloat16"):  # rounded as the one unit's own sigmoid is
            yes = tf.cast(tf.sigmoid(tf.cast(scores[:, 1:], dtype)), tf.float32)
            return tf.concat([1 - yes, yes], -1)
        return tf.sigmoid(scores)

    def _key(self, known: Values, wanted: tuple[str, ...], edits: Edits, gradient: bool) -> _Key:
        steps = self.graph.between(known, wanted) if edits else ()
        edited = tuple(sorted({step.name for step in steps}.intersection(edits)))
        offset = tuple(name for name in edited if edits[name].offset is not None)
        return _Key(tuple(known), wanted, edited, offset, gradient)

    def _run(self, key: _Key, known: Values, edits: Edits, *more: Any) -> list[Any]:
        if key not in self._compiled:
            self._compiled[key] = self._compile(key)
        factors = [tf.constant(edits[name].factor) for name in key.edited]
        offsets = [tf.constant(edits[name].offset) for name in key.offset]
        return list(self._compiled[key](*known.values(), *factors, *offsets, *more))

    def _compile(self, key: _Key) -> Callable[..., list[Any]]:
        symbols = self.graph.tensors
        specs = [tf.TensorSpec(symbols[name].shape, symbols[name].dtype) for name in key.inputs]
        specs += [tf.TensorSpec(symbols[name].shape[-1:], tf.float32) for name in key.edited]
        specs += [tf.TensorSpec(symbols[name].shape[1:], tf.float32) for name in key.offset]
        specs += [tf.TensorSpec((self.headed.n_classes,), tf.float32)] * key.gradient

        def call(*tensors: Any) -> list[Any]:
            waiting = iter(tensors)
            values = {name: next(waiting) for name in key.inputs}
            factors = {name: next(waiting) for name in key.edited}
            offsets = {name: next(waiting) for name in key.offset}
            edits = {name: Edit(factor, offsets.get(name)) for name, factor in factors.items()}
            if key.gradient:
                return self._differentiate(values, edits, key.inputs[0], next(waiting))
            return self.graph.run(values, key.outputs, edits)

        # In short floats a compiled graph rounds at other places than Keras, step by step, does.
        return call if self.graph.rounds else traced(call, specs)

    def _differentiate(self, values: Values, edits: Edits, layer: str, direction: Any) -> list[Any]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values[layer])
            made = self.graph.run(values, (self.headed.logits,), edits, run_turned)
            scores = self.scores(made[0])
            along = tf.reduce_sum(scores * direction)
        zero = tf.UnconnectedGradients.ZERO
        return [scores, tape.gradient(along, values[layer], unconnected_gradients=zero)]


def traced(call: Callable[..., list[Any]], specs: list[Any]) -> Callable[..., list[Any]]:
    """Compile a function for tensors of these specs, once."""
    # Without AutoGraph, which would rewrite Keras' own code and doubles the time of a first read.
    compiled: Callable[..., list[Any]] = tf.function(call, autograph=False).get_concrete_function(
        *specs
    )
    return compiled
