"""What to keep of a pass, so that every layer can be made again at the cost of one stage."""

from collections.abc import Iterable
from math import prod
from typing import Any

from osteo_core.networks.graph import Graph


def pinches(graph: Graph) -> tuple[str, ...]:
    """Tensors through which everything runs: behind one of them, nothing older is needed.

    Args:
        graph: A flat network.

    Returns:
        Tensor names in order, the input left out.
    """
    last_use = dict.fromkeys(graph.tensors, -1)
    for position, step in enumerate(graph.steps):
        last_use.update(dict.fromkeys(step.inputs, position))
    found = []
    older = last_use[graph.input]  # the last step that uses a tensor older than the present one
    for position, step in enumerate(graph.steps):
        beside = max((last_use[name] for name in step.outputs[1:]), default=-1)
        if max(older, beside) <= position:
            found.append(step.name)
        older = max(older, *(last_use[name] for name in step.outputs))
    return tuple(found)


def cuts(graph: Graph) -> tuple[str, ...]:
    """The smallest pinch of each resolution.

    For VGG19 these are the pooling layers: 10 MB at 288 px, where all convolutions together are
    98 MB. For MobileNetV2 they are the first bottleneck of each resolution.

    Args:
        graph: A flat network.

    Returns:
        Tensor names in order, the input left out.
    """
    best: dict[tuple[int, ...], str] = {}
    smallest_area = prod(graph.shape(graph.input)[:2])
    for name in (graph.input, *pinches(graph)):
        shape = graph.shape(name)
        if len(shape) != 3 or prod(shape[:2]) > smallest_area:  # a padded map is no stage
            continue
        smallest_area = prod(shape[:2])
        present = best.get(shape[:2])
        if present is None or _better(graph, name, present):
            best[shape[:2]] = name
    return tuple(name for name in best.values() if name != graph.input)


def _better(graph: Graph, name: str, present: str) -> bool:
    channels, before = graph.shape(name)[2], graph.shape(present)[2]
    if channels != before:
        return channels < before
    # A convolution is kept behind its normalisation, so that the two can still be run as one.
    step = graph.maker[name]
    return step.inputs == (present,) and _is_light(getattr(step.operation, "variables", ()))


def _is_light(variables: Iterable[Any]) -> bool:
    return all(len(variable.shape) < 2 for variable in variables)
