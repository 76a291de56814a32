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
from osteo_core.networks.graph import Graph
from osteo_core.networks.head import Headed

Values = Mapping[str, Any]


class _Key(NamedTuple):
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    masked: tuple[str, ...]
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
        self.graph = Graph.of(headed.network)
        self.cuts = cuts(self.graph)
        self._compiled: dict[_Key, Callable[..., list[Any]]] = {}

    def __len__(self) -> int:
        """Number of pieces compiled so far."""
        return len(self._compiled)

    def values(self, known: Values, wanted: tuple[str, ...], masks: Values) -> list[Any]:
        """Make some tensors from known ones.

        Args:
            known: Values by tensor name, each with a batch axis; together they must suffice.
            wanted: Names of the tensors to make.
            masks: Factors, float32 `(units,)`, by layer: each layer met on the way has its units
                multiplied with them. A layer among the known is taken as it is.

        Returns:
            The wanted values, in that order.
        """
        key = _Key(tuple(known), wanted, self._met(known, wanted, masks), gradient=False)
        return self._run(key, known, masks)

    def gradient(
        self, known: Values, direction: npt.NDArray[np.float32], masks: Values
    ) -> list[Any]:
        """Differentiate class scores with respect to the first of some known tensors.

        Args:
            known: Values by tensor name: the one asked about, then whatever else the network
                behind it needs.
            direction: float32, shape `(classes,)`, in the space of class scores; the unit vector
                of a class for that class's score.
            masks: As for `values`.

        Returns:
            [class scores `(n, classes)`, gradient of the first known tensor's own shape].
        """
        wanted = (self.headed.logits,)
        key = _Key(tuple(known), wanted, self._met(known, wanted, masks), gradient=True)
        return self._run(key, known, masks, tf.constant(direction))

    def forward(self, batch: Any) -> Any:
        """Probabilities `(n, classes)` of a preprocessed batch `(n, h, w, 3)`."""
        start, end = self.graph.input, self.graph.output
        values = {start: tf.convert_to_tensor(batch, self.graph.tensors[start].dtype)}
        made = tf.cast(self.values(values, (end,), {})[0], tf.float32)
        return tf.concat([1 - made, made], -1) if self.headed.kind == "sigmoid" else made

    def scores(self, logits: Any) -> Any:
        """Class scores `(n, classes)` of the network's logits; [-z, z] for a single unit z."""
        logits = tf.cast(logits, tf.float32)
        return tf.concat([-logits, logits], -1) if self.headed.kind == "sigmoid" else logits

    def probabilities(self, scores: Any) -> Any:
        """Probabilities `(n, classes)` of class scores."""
        return tf.sigmoid(scores) if self.headed.kind == "sigmoid" else tf.nn.softmax(scores)

    def _met(self, known: Values, wanted: tuple[str, ...], masks: Values) -> tuple[str, ...]:
        if not masks:
            return ()
        met = {step.name for step in self.graph.between(known, wanted)}
        return tuple(sorted(met.intersection(masks)))

    def _run(self, key: _Key, known: Values, masks: Values, *more: Any) -> list[Any]:
        if key not in self._compiled:
            self._compiled[key] = self._compile(key)
        factors = [tf.constant(masks[name]) for name in key.masked]
        return list(self._compiled[key](*known.values(), *factors, *more))

    def _compile(self, key: _Key) -> Callable[..., list[Any]]:
        symbols = self.graph.tensors
        specs = [tf.TensorSpec(symbols[name].shape, symbols[name].dtype) for name in key.inputs]
        specs += [tf.TensorSpec(symbols[name].shape[-1:], tf.float32) for name in key.masked]
        specs += [tf.TensorSpec((self.headed.n_classes,), tf.float32)] * key.gradient

        def call(*tensors: Any) -> list[Any]:
            first, last = len(key.inputs), len(key.inputs) + len(key.masked)
            values = dict(zip(key.inputs, tensors[:first], strict=True))
            masks = dict(zip(key.masked, tensors[first:last], strict=True))
            if key.gradient:
                return self._differentiate(values, masks, key.inputs[0], tensors[last])
            return self.graph.run(values, key.outputs, masks)

        return _traced(call, specs)

    def _differentiate(
        self, values: Values, masks: Values, layer: str, direction: Any
    ) -> list[Any]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values[layer])
            scores = self.scores(self.graph.run(values, (self.headed.logits,), masks)[0])
            along = tf.reduce_sum(scores * direction)
        zero = tf.UnconnectedGradients.ZERO
        return [scores, tape.gradient(along, values[layer], unconnected_gradients=zero)]


def _traced(call: Callable[..., list[Any]], specs: list[Any]) -> Callable[..., list[Any]]:
    # Without AutoGraph, which would rewrite Keras' own code and doubles the time of a first read.
    compiled: Callable[..., list[Any]] = tf.function(call, autograph=False).get_concrete_function(
        *specs
    )
    return compiled
