"""Names of layers and operations that Keras 3 takes, each given out once."""

import re
from typing import Any

import keras


def allowed(name: str) -> str:
    """A name that Keras 3 takes: without a slash, and one that TensorFlow can make a scope of."""
    clean = re.sub(r"[^A-Za-z0-9_.\-]", "_", name)
    return clean if re.match(r"[A-Za-z0-9.]", clean) else f"layer{clean}"


class Names:
    """Names that are given out once."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def new(self, wanted: str) -> str:
        """A name as wanted, or with a number behind it."""
        base = name = allowed(wanted)
        number = 1
        while name in self.taken:
            number += 1
            name = f"{base}_{number}"
        self.taken.add(name)
        return name


def name_operations(outputs: list[Any], arguments: list[Any], name: str) -> None:
    """Give the bare operations between some tensors a name; Keras numbers its own at random."""
    known = {id(tensor) for tensor in keras.tree.flatten(arguments)}
    todo = [tensor for tensor in outputs if isinstance(tensor, keras.KerasTensor)]
    number, done = 0, set[int]()
    while todo:
        tensor = todo.pop()
        operation = tensor._keras_history.operation
        if id(tensor) in known or id(operation) in done:
            continue
        done.add(id(operation))
        operation.name = name if number == 0 else f"{name}.{number}"
        number += 1
        todo.extend(operation._inbound_nodes[tensor._keras_history.node_index].input_tensors)
