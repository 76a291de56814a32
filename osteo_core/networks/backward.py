"""The way back through a network along values that are known already.

Library gradients run the network forward once more, only to have the values that the way back
needs. A Reading has them: every convolution's output is at hand, and a convolution's own gradient
asks for nothing but its kernel. What is left costs about one forward pass for the whole way, and
one stage's share of it for a stage.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from osteo_core.networks.graph import Graph, Step
from osteo_core.networks.pieces import traced

Values = Mapping[str, Any]


class _Key(NamedTuple):
    start: str
    end: str
    known: tuple[str, ...]
    held: tuple[str, ...]
    summed: tuple[str, ...]


class Backward:
    """Gradients of a flat network, stage by stage, each stage compiled once.

    Args:
        graph: The network.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._compiled: dict[_Key, Callable[..., list[Any]]] = {}
        self._downstream: dict[str, frozenset[str]] = {}

    def downstream(self, name: str) -> frozenset[str]:
        """`Graph.downstream`, looked up once."""
        if name not in self._downstream:
            self._downstream[name] = self.graph.downstream(name)
        return self._downstream[name]

    def stage(
        self, end: str, gradient: Any, known: Values, held: Values, summed: Sequence[str]
    ) -> list[Any]:
        """Go back from one tensor to another.

        Args:
            end: The tensor at which a gradient is known.
            gradient: That gradient, of the tensor's own shape with a batch axis of one.
            known: Values by name. The first is where the way ends: everything that leads to `end`
                leads through it, or is the network's input. The others are what need not be
                computed again, and must hold every unit layer of the stage.
            held: Factors `(units,)` of layers some of whose units are held at fixed values.
            summed: Layers of the stage whose gradient × activation is wanted.

        Returns:
            [gradient at the first known tensor, then for each summed layer gradient × activation
            summed over its places, `(units,)`].
        """
        start, *others = known
        key = _Key(start, end, tuple(others), tuple(held), tuple(summed))
        if key not in self._compiled:
            self._compiled[key] = self._compile(key)
        return list(self._compiled[key](gradient, *known.values(), *held.values()))

    def _compile(self, key: _Key) -> Callable[..., list[Any]]:
        symbols = self.graph.tensors
        one = [_one(symbols[name]) for name in (key.end, key.start, *key.known)]
        factors = [tf.TensorSpec(symbols[name].shape[-1:], tf.float32) for name in key.held]

        def call(gradient: Any, *tensors: Any) -> list[Any]:
            names = (key.start, *key.known, *(f"factor of {name}" for name in key.held))
            values = dict(zip(names, tensors, strict=True))
            gradients = self._back(key, gradient, values)
            products = [gradients[name] * values[name] for name in key.summed]
            sums = [tf.reduce_sum(p, axis=list(range(len(p.shape) - 1))) for p in products]
            return [gradients[key.start], *sums]

        return traced(call, [*one, *factors])

    def _back(self, key: _Key, gradient: Any, values: dict[str, Any]) -> dict[str, Any]:
        steps = self.graph.between([key.start], [key.end])
        for step in steps:
            if step.name not in values:
                made = step.run(self._by_id(values, step))
                values.update(zip(step.outputs, made, strict=True))
        gradients = {key.end: gradient}
        for step in reversed(steps):
            for name, part in zip(step.inputs, self._through(step, gradients, values), strict=True):
                gradients[name] = gradients[name] + part if name in gradients else part
        gradients.setdefault(key.start, tf.zeros_like(values[key.start]))
        return gradients

    def _through(self, step: Step, gradients: dict[str, Any], values: dict[str, Any]) -> list[Any]:
        """Gradients at a step's inputs, given those at its outputs."""
        inputs = [values[name] for name in step.inputs]
        behind = [gradients.get(name) for name in step.outputs]
        factor = values.get(f"factor of {step.name}")
        if factor is not None and behind[0] is not None:
            behind[0] = behind[0] * tf.cast(factor, behind[0].dtype)
        linear = _linear_part(step)
        if linear is not None and behind[0] is not None:
            if step.operation.activation.__name__ == "relu":
                behind[0] = behind[0] * tf.cast(values[step.name] > 0, behind[0].dtype)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(inputs)
                made = [linear(inputs[0])]  # never run: its gradient does not need it
        else:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(inputs)
                made = step.run(self._by_id(values, step))
        pairs = [(m, b) for m, b in zip(made, behind, strict=True) if b is not None]
        if not pairs:
            return [tf.zeros_like(value) for value in inputs]
        zero = tf.UnconnectedGradients.ZERO
        targets, seeds = [m for m, _ in pairs], [b for _, b in pairs]
        found = tape.gradient(targets, inputs, output_gradients=seeds, unconnected_gradients=zero)
        return list(found)

    def _by_id(self, values: Mapping[str, Any], step: Step) -> dict[int, Any]:
        return {id(self.graph.tensors[name]): values[name] for name in step.inputs}


def _linear_part(step: Step) -> Callable[[Any], Any] | None:
    """A convolution without bias and activation, where its activation's slope shows in its output.

    That is so for ReLU, which is 0 where its slope is, and where there is no activation.
    """
    layer = step.operation
    slope_shows = getattr(getattr(layer, "activation", None), "__name__", "") in ("relu", "linear")
    if not slope_shows or getattr(layer, "compute_dtype", "") != "float32":
        return None
    if type(layer) is keras.layers.Conv2D:
        return lambda x: layer.convolution_op(x, layer.kernel)
    if type(layer) is keras.layers.DepthwiseConv2D:
        return lambda x: keras.ops.depthwise_conv(
            x,
            layer.kernel,
            strides=layer.strides,
            padding=layer.padding,
            data_format=layer.data_format,
            dilation_rate=layer.dilation_rate,
        )
    return None


def _one(symbol: Any) -> tf.TensorSpec:
    return tf.TensorSpec((1, *symbol.shape[1:]), symbol.dtype)
