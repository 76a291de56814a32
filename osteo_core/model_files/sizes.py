"""How large a built network's tensors are, before any is filled with numbers."""

import math
from typing import Any

import keras

from osteo_core.model_files.limits import TENSOR_ELEMENTS, Unreadable


def check_tensors(model: Any) -> None:
    """Refuse a network that blows a tile up beyond what a computer holds.

    Args:
        model: A built model. Sides that it leaves open count as 1.

    Raises:
        Unreadable: A layer's output has more than `TENSOR_ELEMENTS` numbers a tile.
    """
    todo = [model]
    while todo:
        network = todo.pop()
        for operation in getattr(network, "operations", network.layers):
            if isinstance(operation, (keras.Function, keras.Sequential)):
                todo.append(operation)
            for node in operation._inbound_nodes:
                for tensor in node.outputs:
                    _check(operation.name, tensor.shape)


def _check(name: str, shape: Any) -> None:
    if math.prod(side or 1 for side in shape[1:]) > TENSOR_ELEMENTS:
        raise Unreadable(
            f"its layer {name!r} would make {' × '.join(str(side) for side in shape[1:])} numbers "
            f"of every tile, more than {TENSOR_ELEMENTS:,}"
        )
