"""Where a network ends: what its output is, and its logits made visible.

Three ways to end are known. A softmax (or one sigmoid unit) whose own input can be had: that input
is the logits. A linear layer with weights: its scores are the logits, and the softmax that is
missing is added, and said. An output that already is probabilities, however it was made: it is
kept as it is, and the logit of a class is the logarithm of its probability.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import keras

from osteo_core.errors import ModelError
from osteo_core.networks.ends import is_unchanging, linear_layer, own_activation, what_values_are
from osteo_core.networks.graph import Graph, free_name

HeadKind = Literal["softmax", "sigmoid", "exponential"]
Gives = Literal["probabilities", "scores", "logarithms"]
LEAST_PROBABILITY = 1e-12  # smaller ones are taken for this, so that every logarithm is finite


@dataclass(frozen=True, eq=False)
class Headed:
    """A flat network whose logits are a tensor of it.

    Attributes:
        network: Flat `keras.Model` that ends in probabilities, `(n, k)` or, for `"sigmoid"`,
            `(n, 1)`.
        graph: The network's steps.
        logits: Name of the tensor, in `graph`, that the final activation takes.
        kind: The final activation: `"softmax"`, `"sigmoid"` for a single unit that says yes or
            no, or `"exponential"` where the logits are logarithms of probabilities.
        n_classes: Number of classes; two for a single unit.
        gives: What the original network gives out: `"probabilities"`, `"scores"` behind which the
            final activation is ours, or `"logarithms"` of probabilities.
        sentence: What the output is and what is called a logit, in one sentence for readers.
    """

    network: Any
    graph: Graph
    logits: str
    kind: HeadKind
    n_classes: int
    gives: Gives
    sentence: str

    def probabilities_of(self, raw: Any) -> Any:
        """What the original network's own output, `(n, units)`, says in probabilities.

        Returns:
            A tensor of the same shape; the values themselves but where the original gives scores.
        """
        raw = keras.ops.cast(raw, "float32")
        if self.gives == "scores":
            return keras.ops.sigmoid(raw) if self.kind == "sigmoid" else keras.ops.softmax(raw)
        return keras.ops.exp(raw) if self.gives == "logarithms" else raw


class LogProbabilities(keras.layers.Layer):  # type: ignore[misc]
    """The logarithm of probabilities, or the log-odds of a single one.

    Float32, whatever the network computes in. A probability under `LEAST_PROBABILITY` counts as
    that, with a gradient of 0: values and gradients are finite everywhere.
    """

    def call(self, probabilities: Any) -> Any:
        """Return log p, `(n, k)`; for one unit log p - log(1 - p), `(n, 1)`."""
        found = _log(keras.ops.cast(probabilities, "float32"))
        if probabilities.shape[-1] == 1:
            found = found - _log(1 - keras.ops.cast(probabilities, "float32"))
        return found

    def compute_output_shape(self, shape: Any) -> Any:
        """The input's own."""
        return shape


def _log(values: Any) -> Any:
    return keras.ops.log(keras.ops.maximum(values, LEAST_PROBABILITY))


def expose_logits(network: Any) -> Headed:
    """Find what a flat network's output is, and make its logits a tensor of it.

    A `Dense(activation="softmax")` becomes a linear `Dense` of the same name and weights and a
    `Softmax`; a softmax of its own is kept. A softmax (or, behind one unit, a sigmoid) is added
    only behind a layer that has weights and no activation, steps that leave scores scores (scaling,
    reshaping, pooling) between or not. Any other output must be probabilities on test inputs, plain
    and extreme: it is kept, and its logarithm is the logits.

    Args:
        network: A flat functional `keras.Model` with one output.

    Returns:
        The network with its logits named; its layers are shared with the argument, but for a
        split `Dense`.

    Raises:
        ModelError: The output is none of these, or not one row of numbers a tile.
    """
    output = network.outputs[0]
    if len(output.shape) != 2 or output.shape[1] is None:
        raise ModelError(
            "Expected one row of class scores a tile, shape (classes,). "
            f"Received: an output of shape {tuple(output.shape[1:])}."
        )
    return _own(network) or _made(network)


def _own(network: Any) -> Headed | None:
    """A network whose softmax or single sigmoid can be told from what it takes."""
    output = _last_that_changes(network)
    last, units = output._keras_history.operation, int(output.shape[1])
    if isinstance(last, LogProbabilities):  # a network that was read here before
        return None
    activation = own_activation(last)
    if activation == "exponential" and isinstance(_maker(last), LogProbabilities):
        return _headed(network, output, last.input, "exponential", _kept(_maker(last).input))
    if activation not in ("softmax", "sigmoid"):
        return None
    if activation == "sigmoid" and units > 1:
        raise ModelError(
            "Expected classes that exclude each other: softmax, or one sigmoid unit. "
            f"Received: {units} sigmoid units."
        )
    if activation == "softmax" and units == 1:
        raise ModelError("Expected softmax over two units or more. Received: 1 unit.")
    kind: HeadKind = "sigmoid" if units == 1 else "softmax"
    if isinstance(_maker(last), LogProbabilities):
        return _headed(network, output, last.input, kind, _kept(_maker(last).input))
    sentence = f"The network ends in a {kind} of its own; what that takes are the logits."
    if not hasattr(last, "kernel"):
        return _headed(network, output, last.input, kind, sentence)
    logits = _linear_twin(last)(last.input)
    return _ended(network, logits, kind, sentence, dtype=output.dtype)


def _made(network: Any) -> Headed:
    """A network that ends in scores, or in probabilities made by other means."""
    output = network.outputs[0]
    units, layer = int(output.shape[1]), linear_layer(output, network)
    values = what_values_are(network, is_linear=layer is not None)
    if values == "probabilities":
        taken = {step.name for step in network.operations}
        logits = LogProbabilities(name=free_name("log_probabilities", taken), dtype="float32")
        kind: HeadKind = "sigmoid" if units == 1 else "exponential"
        return _ended(network, logits(output), kind, _kept(output))
    if values == "logarithms":
        sentence = "The network gives logarithms of probabilities; these are its logits."
        return replace(_ended(network, output, "exponential", sentence), gives="logarithms")
    if layer is None:
        raise ModelError(
            "Expected a network that ends in probabilities (0 to 1, summing to 1) or in a layer "
            f"with weights and no activation, whose scores a softmax turns into them. Received: "
            f"{_last_step(network)}; {values}."
        )
    kind = "sigmoid" if units == 1 else "softmax"
    sentence = (
        f"The network ends in scores ({layer.name} has weights and no activation): a {kind} is "
        "added behind them, and the scores are the logits."
    )
    return replace(_ended(network, output, kind, sentence), gives="scores")


def _last_step(network: Any) -> str:
    last = network.outputs[0]._keras_history.operation
    activation = own_activation(last)
    with_it = "" if activation == "linear" else f" with {activation}"
    return f"{last.name!r} ({type(last).__name__}{with_it}) as the last step"


def _kept(probabilities: Any) -> str:
    last = probabilities._keras_history.operation
    logit = "log-odds" if probabilities.shape[1] == 1 else "log p"
    return (
        f"The network's last step, {last.name} ({type(last).__name__}), gives probabilities "
        f"already: they are kept as they are, and a logit is {logit}."
    )


def _last_that_changes(network: Any) -> Any:
    """The output tensor, looked at through layers that change nothing in inference mode."""
    tensor = network.outputs[0]
    while is_unchanging(tensor._keras_history.operation):
        given = tensor._keras_history.operation.input
        if tensor.dtype not in ("float32", given.dtype):  # rounds what it is given
            break
        tensor = given
    activation = own_activation(tensor._keras_history.operation)
    return tensor if activation in ("softmax", "sigmoid", "exponential") else network.outputs[0]


def _maker(operation: Any) -> Any:
    given = operation.input
    return getattr(given, "_keras_history", (None,))[0]


def _ended(
    network: Any, logits: Any, kind: HeadKind, sentence: str, dtype: str = "float32"
) -> Headed:
    """Put the final activation behind the logits, in the type that the network's own was in."""
    taken = {step.name for step in network.operations}
    name = free_name("probabilities", taken)
    make: Callable[..., Any] = keras.layers.Activation
    layer = make(kind, name=name, dtype=dtype)
    if kind == "softmax":
        layer = keras.layers.Softmax(name=name, dtype=dtype)
    return _headed(network, layer(logits), logits, kind, sentence)


def _headed(network: Any, end: Any, logits: Any, kind: HeadKind, sentence: str) -> Headed:
    ended = keras.Model(network.inputs[0], end, name=network.name)
    graph = Graph.of(ended)
    n_classes = max(int(end.shape[1]), 2)
    return Headed(ended, graph, graph.name_of(logits), kind, n_classes, "probabilities", sentence)


def _linear_twin(dense: Any) -> Any:
    config = {**dense.get_config(), "activation": "linear"}
    twin = type(dense).from_config(config)
    twin.build(dense.input.shape)
    twin.set_weights(dense.get_weights())
    return twin
