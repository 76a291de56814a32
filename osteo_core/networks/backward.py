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
_FLOATS = ("float16", "bfloat16", "float32", "float64")


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
            gradient: That gradient, of the tensor's own shape with a batch axis of one; of any
                float type.
            known: Values by name. The first is where the way ends: everything that leads to `end`
                leads through it, or is the network's input. The others are what need not be
                computed again, and must hold every unit layer of the stage.
            held: Factors `(units,)` of layers some of whose units are held at fixed values.
            summed: Layers of the stage whose gradient × activation is wanted.

        Returns:
            [gradient at the first known tensor, of that tensor's type, then for each summed layer
            gradient × activation summed over its places, float32 `(units,)`].
        """
        start, *others = known
        gradient = tf.cast(gradient, self.graph.tensors[end].dtype)
        key = _Key(start, end, tuple(others), tuple(held), tuple(summed))
        if key not in self._compiled:
            self._compiled[key] = self._compile(key)
        return list(self._compiled[key](gradient, *known.values(), *held.values()))

    def _compile(self, key: _Key) -> Callable[..., list[Any]]:
        symbols = self.graph.tensors
        one = [_one(symbols[name]) for name in (key.end, key.start, *key.known)]
        factors = [tf.TensorSpec(symbols[name].shape[-1:], tf.float32) for name in key.held]

        def call(gradient: Any, *tensors: Any) -> list[Any]:
            waiting = iter(tensors)
            values = {name: next(waiting) for name in (key.start, *key.known)}
            factors = {name: next(waiting) for name in key.held}
            gradients = self._back(key, gradient, values, factors)
            sums = [_summed(gradients.get(name), values[name]) for name in key.summed]
            return [gradients[key.start], *sums]

        return traced(call, [*one, *factors])

    def _back(
        self, key: _Key, gradient: Any, values: dict[str, Any], factors: Values
    ) -> dict[str, Any]:
        steps = self.graph.between([key.start], [key.end])
        for step in steps:
            if not all(name in values for name in step.outputs):
                made = step.run(self._by_id(values, step))
                values.update({**dict(zip(step.outputs, made, strict=True)), **values})
        gradients = {key.end: gradient}
        for step in reversed(steps):
            for name, part in self._through(step, gradients, values, factors).items():
                gradients[name] = gradients[name] + part if name in gradients else part
        gradients.setdefault(key.start, tf.zeros_like(values[key.start]))
        return gradients

    def _through(
        self, step: Step, gradients: Values, values: Values, factors: Values
    ) -> dict[str, Any]:
        """What a step adds to the gradients at its inputs, given those at its outputs.

        By name: a tensor that the step takes twice counts once, with both uses in its gradient.
        """
        behind = [gradients.get(name) for name in step.outputs]
        if step.name in factors and behind[0] is not None:
            behind[0] = behind[0] * tf.cast(factors[step.name], behind[0].dtype)
        # Copies, because two names may stand for one value: a Dropout gives out what it takes.
        inputs = {
            name: tf.identity(values[name])
            for name in step.inputs
            if self.graph.tensors[name].dtype in _FLOATS
        }
        linear = _linear_part(step, inputs)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(inputs.values()))
            if linear is None or behind[0] is None:
                made = step.run(self._by_id({**values, **inputs}, step))
            else:
                if step.operation.activation is keras.activations.relu:
                    behind[0] = behind[0] * tf.cast(values[step.name] > 0, behind[0].dtype)
                made = [linear(inputs[step.inputs[0]])]  # never run: its gradient does not need it
        pairs = [(m, b) for m, b in zip(made, behind, strict=True) if b is not None]
        if not (pairs and inputs):
            return {}
        targets, seeds = [m for m, _ in pairs], [b for _, b in pairs]
        found = tape.gradient(targets, list(inputs.values()), output_gradients=seeds)
        return {
            name: tf.convert_to_tensor(part)
            for name, part in zip(inputs, found, strict=True)
            if part is not None
        }

    def _by_id(self, values: Mapping[str, Any], step: Step) -> dict[int, Any]:
        return {id(self.graph.tensors[name]): values[name] for name in step.inputs}


def _linear_part(step: Step, inputs: Values) -> Callable[[Any], Any] | None:
    """A convolution without bias and activation, where its activation's slope shows in its output.

    That is so for ReLU, which is 0 where its slope is, and where there is no activation. None for
    any other step, and where a value would be cast on the way.
    """
    layer = step.operation
    shown = (keras.activations.relu, keras.activations.linear)
    types = {getattr(layer, "compute_dtype", ""), *(value.dtype.name for value in inputs.values())}
    if getattr(layer, "activation", None) not in shown or types != {"float32"}:
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


def _summed(gradient: Any, activation: Any) -> Any:
    """Gradient × activation over all places, float32; 0 where the logits do not depend on it."""
    if gradient is None:
        return tf.zeros(activation.shape[-1:])
    product = tf.cast(gradient, tf.float32) * tf.cast(activation, tf.float32)
    return tf.reduce_sum(product, axis=list(range(len(product.shape) - 1)))


def _one(symbol: Any) -> tf.TensorSpec:
    return tf.TensorSpec((1, *symbol.shape[1:]), symbol.dtype)
