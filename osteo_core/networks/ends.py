"""What the last steps of a network do to scores, and what its output values are."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from osteo_core.networks.graph import Graph, Step

Floats = npt.NDArray[np.float64]

_FUNCTIONS = {
    keras.activations.softmax: "softmax",
    keras.activations.sigmoid: "sigmoid",
    keras.activations.exponential: "exponential",
    keras.activations.linear: "linear",
}
# The output is the input in inference mode.
_UNCHANGING = (
    keras.layers.Identity,
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.AlphaDropout,
    keras.layers.ActivityRegularization,
)
# Scores stay scores: scaled, shifted, averaged, chosen from or laid out anew.
_KEEPS_SCORES = frozenset(
    {
        *("Activation", "Cast", "Rescaling", "BatchNormalization", "Normalization"),
        *(
            "Reshape",
            "Permute",
            "Transpose",
            "Squeeze",
            "ExpandDims",
            "GetItem",
            "Split",
            "Flatten",
        ),
        *(
            "Cropping1D",
            "Cropping2D",
            "RepeatVector",
            "Concatenate",
            "Stack",
            "Add",
            "Subtract",
            "Average",
        ),
        *("Negative", "Mean", "Sum", "Max", "Amax", "Maximum", "Logsumexp"),
        *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "AveragePooling1D"),
        *("AveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "MaxPooling1D"),
        "MaxPooling2D",
    }
)
_BY_A_CONSTANT = frozenset({"Multiply", "Divide", "TrueDivide"})
_BENDS = (keras.layers.PReLU, keras.layers.Softmax, keras.layers.ReLU, keras.layers.LeakyReLU)
_TOLERANCE = {"float16": 4e-3, "bfloat16": 3e-2}  # of a sum of probabilities; else 1e-4


def inner(layer: Any) -> Any:
    """The layer that does the work, looked for inside wrappers such as SpectralNormalization."""
    while isinstance(layer, keras.layers.Wrapper):
        layer = layer.layer
    return layer


def own_activation(operation: Any) -> str:
    """Name of the activation that an operation ends in; `"linear"` where it has none.

    `"softmax"`, `"sigmoid"`, `"exponential"` are Keras' own functions, the first over the last of
    two axes, and of one input; a function of somebody else's that is called so is `"own softmax"`.
    """
    if isinstance(operation, (keras.layers.RNN, keras.layers.Bidirectional)):
        return "a recurrent state"
    if isinstance(operation, keras.layers.Wrapper):
        function = getattr(inner(operation), "activation", None)
        called = getattr(function, "__name__", type(function).__name__)
        return "linear" if function in (None, keras.activations.linear) else f"wrapped {called}"
    name = type(operation).__name__
    if isinstance(operation, keras.layers.Softmax) or _is_bare(operation, "Softmax"):
        plain = operation.axis in (-1, 1) and isinstance(operation.input, keras.KerasTensor)
        return "softmax" if plain else f"softmax over axis {operation.axis}"
    if not hasattr(operation, "activation"):
        known = ("Sigmoid", "ReLU", "Relu", "Tanh", "Exp", "LogSoftmax", "LogSigmoid")
        return name.lower() if name in known and not _has_weights(operation) else "linear"
    function = operation.activation
    try:
        known_as = _FUNCTIONS.get(function)
    except TypeError:  # an activation that cannot be looked up is nobody's we know
        known_as = None
    if known_as is None and function is not None:
        called = str(getattr(function, "__name__", type(function).__name__))
        return f"own {called}" if called in _FUNCTIONS.values() else called
    if known_as not in (None, "linear") and not _is_plain(operation):
        return f"{known_as} inside"
    return known_as or "linear"


def is_unchanging(operation: Any) -> bool:
    """Whether a step gives out what it takes, in inference mode."""
    if isinstance(operation, keras.layers.Activation):
        return own_activation(operation) == "linear"
    return isinstance(operation, _UNCHANGING) or _is_bare(operation, "Cast")


def linear_layer(output: Any, network: Any) -> Any:
    """The layer with weights and no activation whose scores a tensor is, if it is that.

    Args:
        output: The network's output.
        network: The flat network.

    Returns:
        The layer, the last of several; None where the way back meets anything that bends, gates or
        normalises, or the network's input.
    """
    graph = Graph.of(network)
    todo, found, seen = [graph.name_of(output)], [], set()
    while todo:
        tensor = todo.pop()
        if tensor in seen:
            continue
        seen.add(tensor)
        step = graph.maker.get(tensor)
        if step is None:
            return None
        if _keeps_scores(step):
            todo.extend(step.inputs)
        elif _has_weights(step.operation) and own_activation(step.operation) == "linear":
            if isinstance(step.operation, _BENDS):
                return None
            found.append(step.operation)
        else:
            return None
    return found[0]


def _keeps_scores(step: Step) -> bool:
    name = type(step.operation).__name__
    if own_activation(step.operation) != "linear":
        return False
    by_constant = name in _BY_A_CONSTANT and len(step.inputs) == 1
    return name in _KEEPS_SCORES or is_unchanging(step.operation) or by_constant


def what_values_are(network: Any, is_linear: bool) -> str:
    """Judge a network's output by what it gives on test inputs, plain and extreme.

    Args:
        network: A flat network with an output `(n, units)`.
        is_linear: Whether its end is linear. One linear unit is a score whatever its values, and
            so is a linear end that gives the same for all inputs.

    Returns:
        `"probabilities"`, `"logarithms"` (of probabilities), or else a clause that says what the
        values are.
    """
    output = network.outputs[0]
    rows = _finite(network(_inputs(network), training=False))
    if not len(rows):
        return "its values are not finite"
    if output.shape[1] == 1:
        if not is_linear:
            rows = np.concatenate([rows, *_pushed(network)])
        within = rows.min() >= 0 and rows.max() <= 1
        return "probabilities" if within and not is_linear else _told(rows)
    if is_linear and np.ptp(rows, axis=0).max() == 0:
        return _told(rows)
    off = _TOLERANCE.get(str(output.dtype), 1e-4)
    for kind, values in (("probabilities", rows), ("logarithms", np.exp(np.minimum(rows, 1.0)))):
        if values.min() >= 0 and np.abs(values.sum(axis=1) - 1).max() <= off:
            return kind
    return _told(rows)


def _told(rows: Floats) -> str:
    lowest, highest = rows.min(), rows.max()
    sums = rows.sum(axis=1)
    text = f"on test inputs its values run from {lowest:.3g} to {highest:.3g}"
    if rows.shape[1] == 1:
        return text
    return f"{text} and sum to {sums.min():.3g} to {sums.max():.3g}"


def _finite(values: Any) -> Floats:
    rows = np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(values, "float32")), np.float64)
    return rows[np.isfinite(rows).all(axis=1)]


def _inputs(network: Any) -> Any:
    """Four inputs: pixels, pixels scaled to -1..1, noise a hundred times as large, and nothing."""
    shape, random = tuple(network.inputs[0].shape[1:]), np.random.default_rng(0)
    drawn = random.uniform(-1, 1, (3, *shape)).astype(np.float32)
    drawn[0] = (drawn[0] + 1) * 127.5
    drawn[2] *= 100
    return np.concatenate([drawn, np.zeros((1, *shape), np.float32)])


def _pushed(network: Any) -> list[Floats]:
    """What the output gives when the last layers with weights take noise of several sizes.

    A single unit may stay within 0 and 1 on a few tiles without being bound to.
    """
    graph = Graph.of(network)
    given = graph.sources(
        [graph.output],
        lambda tensor: any(
            _has_weights(step.operation) and tensor in step.inputs for step in graph.steps
        ),
    )
    random, found = np.random.default_rng(1), []
    for size in (1, 10, 100):
        known = {
            name: keras.ops.convert_to_tensor(
                size * random.standard_normal((8, *graph.shape(name))), graph.tensors[name].dtype
            )
            for name in given
        }
        found.append(_finite(graph.run(known, [graph.output])[0]))
    return found


def _is_plain(operation: Any) -> bool:
    """Whether the activation is the last thing that the operation does, on one input."""
    dense = (keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Activation)
    return type(operation) in dense and isinstance(operation.input, keras.KerasTensor)


def _is_bare(operation: Any, name: str) -> bool:
    return type(operation).__name__ == name and not isinstance(operation, keras.layers.Layer)


def _has_weights(operation: Any) -> bool:
    return bool(getattr(operation, "weights", ()))
