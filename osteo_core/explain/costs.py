"""What a long computation will cost, told before it starts, in forward passes."""

from math import prod
from typing import TYPE_CHECKING

from osteo_core.explain.method import INPUT

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.explain.method import Question
    from osteo_core.networks.graph import Graph, Step

_WITH_GRADIENT = 2.5  # a pass there and back, in forward passes
_MOVING = 40  # multiplications in the time in which one number is fetched, changed and put back


def scan_cost(engine: "Engine", layer: str, n_units: int | None = None) -> float:
    """Estimate what `Reading.scan` of a layer costs.

    Counted from the shapes of the layers behind it; good to a factor of about two.

    Args:
        engine: The network.
        layer: A layer in front of the logits.
        n_units: Units to switch off; all when not given.

    Returns:
        Forward passes.

    Raises:
        ModelError: No such layer, or it stands behind the logits.
    """
    engine.check_before_logits(layer)
    graph, info = engine.graph, engine.layer(layer)
    behind = graph.downstream(layer)
    tail = sum(_work(graph, step) for step in graph.steps if step.name in behind)
    own = _MOVING * prod(info.shape)  # switching the unit off
    whole = sum(_work(graph, step) for step in graph.steps)
    return (info.n_units if n_units is None else n_units) * (tail + own) / whole


def tail_cost(engine: "Engine", layer: str) -> float:
    """Estimate what running the network behind a layer once costs.

    Args:
        engine: The network.
        layer: A layer in front of the logits, or `INPUT` for the whole network.

    Returns:
        Forward passes, 0..1.
    """
    if layer == INPUT:
        return 1.0
    key = ("tail cost", layer)
    if key not in engine.memo:
        graph = engine.graph
        behind = graph.downstream(layer)
        tail = sum(_work(graph, step) for step in graph.steps if step.name in behind)
        engine.memo[key] = tail / sum(_work(graph, step) for step in graph.steps)
    cost: float = engine.memo[key]
    return cost


def gradient_cost(engine: "Engine", asked: "Question") -> float:
    """Estimate what a gradient of the logit with respect to a layer costs, in forward passes."""
    return _WITH_GRADIENT * tail_cost(engine, asked.layer)


def _work(graph: "Graph", step: "Step") -> int:
    """Multiplications of one step, and what moving its output is worth."""
    shape = graph.shape(step.name)
    weights = getattr(step.operation, "weights", ())
    kernels: int = sum(prod(weight.shape) for weight in weights if len(weight.shape) > 1)
    return prod(shape[:-1]) * kernels + _MOVING * prod(shape)
