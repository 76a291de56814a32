"""What a built network would take for one tile, worked out before any tensor is filled."""

import math
from collections.abc import Iterator
from typing import Any

import keras

from osteo_core.model_files.limits import (
    MULTIPLICATIONS,
    SEQUENCE_STEPS,
    TENSOR_ELEMENTS,
    Unreadable,
)
from osteo_core.networks.flatten import flatten

_ATTENTION = (
    keras.layers.MultiHeadAttention,
    keras.layers.GroupQueryAttention,
    keras.layers.Attention,
    keras.layers.AdditiveAttention,
)


def check_sizes(model: Any, input_size: tuple[int, int] | None) -> None:
    """Refuse a network that blows a tile up beyond what a computer holds or does in seconds.

    Args:
        model: A built model.
        input_size: Height and width of the input, for a model that leaves them open.

    Raises:
        Unreadable: A layer's output or the whole takes more than `limits` has.
        ModelError: The model leaves its input open and cannot be made flat.
    """
    inputs = getattr(model, "inputs", None) or []
    if any(None in tensor.shape[1:] for tensor in inputs):
        model = flatten(model, input_size)
    work = 0
    for operation, node in _calls(model):
        for tensor in node.outputs:
            _check(operation.name, tensor.shape)
        _check_inside(operation, node)
        work += _multiplications(operation, node)
    if work > MULTIPLICATIONS:
        raise Unreadable(
            f"it would take {work / 1e9:,.0f} billion multiplications a tile, more than "
            f"{MULTIPLICATIONS / 1e9:,.0f}"
        )


def _calls(model: Any) -> Iterator[tuple[Any, Any]]:
    """Every call of every operation, through nested networks and each time they are called."""
    for operation in getattr(model, "operations", model.layers):
        for node in operation._inbound_nodes:
            yield operation, node
            if isinstance(operation, (keras.Function, keras.Sequential)):
                yield from _calls(operation)


def _check(name: str, shape: Any) -> None:
    if math.prod(side or 1 for side in shape[1:]) > TENSOR_ELEMENTS:
        raise Unreadable(
            f"its layer {name!r} would make {' × '.join(str(side) for side in shape[1:])} numbers "
            f"of every tile, more than {TENSOR_ELEMENTS:,}"
        )


def _check_inside(operation: Any, node: Any) -> None:
    """Tensors that a layer makes for itself, and loops."""
    shapes = [tensor.shape for tensor in node.input_tensors]
    if isinstance(operation, _ATTENTION) and shapes:
        places = [math.prod(side or 1 for side in shape[1:-1]) for shape in shapes]
        heads = getattr(operation, "num_heads", getattr(operation, "num_query_heads", 1))
        _check(operation.name, (None, heads, places[0], max(places)))
    looping = isinstance(operation, (keras.layers.RNN, keras.layers.Bidirectional))
    if (looping or isinstance(operation, keras.layers.TimeDistributed)) and shapes:
        steps = (shapes[0][1] if len(shapes[0]) > 1 else 1) or 1
        if steps > SEQUENCE_STEPS:
            raise Unreadable(
                f"its layer {operation.name!r} goes through {steps:,} steps one by one, more than "
                f"{SEQUENCE_STEPS:,}"
            )


def _multiplications(operation: Any, node: Any) -> int:
    """About how many a call takes: each weight once for every place of the larger map."""
    if isinstance(operation, (keras.Function, keras.Sequential)):
        return 0
    tensors = [*node.input_tensors, *node.outputs]
    places = max(math.prod(side or 1 for side in t.shape[1:-1]) for t in tensors)
    weights = getattr(operation, "weights", None) or []
    return sum(int(places * math.prod(w.shape)) for w in weights if len(w.shape) > 1) + sum(
        math.prod(side or 1 for side in tensor.shape[1:]) for tensor in node.outputs
    )
