"""Where a network ends: its logits made visible, whatever its last activation is."""

from dataclasses import dataclass
from typing import Any, Literal

import keras

from osteo_core.errors import ModelError

HeadKind = Literal["softmax", "sigmoid"]
_LINEAR = "linear"
_UNCHANGING = (keras.layers.Dropout, keras.layers.Identity, keras.layers.Activation)


@dataclass(frozen=True, eq=False)
class Headed:
    """A flat network whose logits are the output of a layer.

    Attributes:
        network: Flat `keras.Model` that ends in probabilities, `(n, k)` or, for `"sigmoid"`,
            `(n, 1)`.
        logits: Name of the layer whose output the final activation takes.
        kind: `"softmax"`, or `"sigmoid"` for a single unit that says yes or no.
        n_classes: Number of classes; two for a single unit.
    """

    network: Any
    logits: str
    kind: HeadKind
    n_classes: int


def expose_logits(network: Any) -> Headed:
    """Split a flat network's last activation from the layer that it belongs to.

    A `Dense(activation="softmax")` becomes a linear `Dense` of the same name and weights and a
    `Softmax`; a softmax layer of its own is kept; behind a linear end a softmax (or, behind one
    unit, a sigmoid) is added.

    Args:
        network: A flat functional `keras.Model` with one output.

    Returns:
        The network with its logits named; its layers are shared with the argument, but for a
        split `Dense`.

    Raises:
        ModelError: The network does not end in softmax, one sigmoid unit or a linear layer, or
            its output is not one row of numbers a tile.
    """
    output = _end(network)
    last = output._keras_history.operation
    activation, units = _activation(last), int(output.shape[1])
    kind = _kind(activation, units)
    n_classes = max(units, 2)
    if activation == _LINEAR:
        ended = _with_activation(network, output, kind)
        return Headed(ended, _maker(output), kind, n_classes)
    if hasattr(last, "kernel"):  # Dense(units, activation="softmax")
        logits = _linear_twin(last)(last.input)
        ended = _with_activation(network, logits, kind)
        return Headed(ended, last.name, kind, n_classes)
    ended = keras.Model(network.inputs[0], output, name=network.name)
    return Headed(ended, _maker(last.input), kind, n_classes)


def _end(network: Any) -> Any:
    """The output tensor, looked at through layers that change nothing in inference mode."""
    output = network.outputs[0]
    if len(output.shape) != 2 or output.shape[1] is None:
        raise ModelError(
            "Expected one row of class scores a tile, shape (classes,). "
            f"Received: an output of shape {tuple(output.shape[1:])}."
        )
    tensor, passed = output, []
    while True:
        last = tensor._keras_history.operation
        if _activation(last) in ("softmax", "sigmoid"):
            break
        if getattr(last, "weights", None) or not isinstance(last.input, keras.KerasTensor):
            return output
        passed.append(last)
        tensor = last.input
        if tensor is network.inputs[0]:
            return output
    for layer in passed:
        if not isinstance(layer, _UNCHANGING) or _activation(layer) != _LINEAR:
            raise ModelError(
                "Expected the final activation to be the last step of the network. "
                f"Received: {layer.name!r} ({type(layer).__name__}) behind it."
            )
    return tensor


def _activation(operation: Any) -> str:
    """Name of the activation that an operation ends in; linear where it has none."""
    name = type(operation).__name__
    if name == "Softmax":  # the layer, or the bare operation of keras.ops.softmax(x)
        return "softmax" if operation.axis in (-1, 1) else f"softmax over axis {operation.axis}"
    function = getattr(operation, "activation", None)
    if callable(function):
        return str(getattr(function, "__name__", type(function).__name__))
    return name.lower() if name in ("Sigmoid", "ReLU", "Relu") else _LINEAR


def _kind(activation: str, units: int) -> HeadKind:
    if activation == "sigmoid" and units > 1:
        raise ModelError(
            "Expected classes that exclude each other: softmax, or one sigmoid unit. "
            f"Received: {units} sigmoid units."
        )
    if activation == "softmax" and units == 1:
        raise ModelError("Expected softmax over two units or more. Received: 1 unit.")
    if activation not in ("softmax", "sigmoid", _LINEAR):
        raise ModelError(
            "Expected a network that ends in softmax, one sigmoid unit or a linear layer. "
            f"Received: {activation}."
        )
    return "sigmoid" if units == 1 else "softmax"


def _with_activation(network: Any, logits: Any, kind: HeadKind) -> Any:
    taken = {layer.name for layer in network.layers}
    name = "probabilities" if "probabilities" not in taken else "osteo_probabilities"
    layer = (
        keras.layers.Softmax(name=name)
        if kind == "softmax"
        else keras.layers.Activation("sigmoid", name=name)
    )
    return keras.Model(network.inputs[0], layer(logits), name=network.name)


def _linear_twin(dense: Any) -> Any:
    config = {**dense.get_config(), "activation": _LINEAR}
    twin = type(dense).from_config(config)
    twin.build(dense.input.shape)
    twin.set_weights(dense.get_weights())
    return twin


def _maker(tensor: Any) -> str:
    return str(tensor._keras_history.operation.name)
