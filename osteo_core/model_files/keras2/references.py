"""How Keras 2 writes down which tensor a call takes: `[layer, call, output, arguments]`."""

from collections.abc import Collection
from typing import Any

CONSTANT = "_CONSTANT_VALUE"


def is_reference(value: Any, parts: Collection[str]) -> bool:
    """Whether a value stands for a tensor of one of some layers, or for a constant."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and (value[0] in parts or value[0] == CONSTANT)
    )


def all_references(node: Any, parts: Collection[str]) -> list[list[Any]]:
    """Every reference in a call, in its arguments of any depth."""
    found, todo = [], [node]
    while todo:
        value = todo.pop()
        if is_reference(value, parts):
            found.append(value)
            todo.extend(value[3:])
        elif isinstance(value, list):
            todo.extend(value)
        elif isinstance(value, dict):
            todo.extend(value.values())
    return found


def references(value: Any) -> list[list[Any]]:
    """What `input_layers` or `output_layers` lists, in whatever structure."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return []
    if len(value) == 3 and isinstance(value[0], str) and isinstance(value[1], int):
        return [value]
    return [ref for inner in value for ref in references(inner)]
