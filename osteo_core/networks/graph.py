"""A flat network as plain steps: what feeds what, and how to run any piece of it.

Keras keeps its graph in private attributes of tensors and nodes. They are read here, in
`ordered_nodes` and `Graph.of`, and nowhere else.
"""

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import keras

from osteo_core.errors import ModelError

Stop = Callable[[str], bool]
_ROUNDS = {"float16": 2e-3, "bfloat16": 2e-2}  # a few units in the last place
INPUT = "input"  # what the network's own input is called, whatever its layers are


def free_name(wanted: str, taken: Collection[str]) -> str:
    """The name, or the first of `name_2`, `name_3`, ... that is not taken."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


class Edit(NamedTuple):
    """A change of a layer's output: `output * factor + offset`.

    Attributes:
        factor: 0 for the units that are held, 1 for the others; shape `(units,)`.
        offset: What the held units are held at, of the layer's shape, 0 for the others; None where
            it is 0 for all.
    """

    factor: Any
    offset: Any = None

    def apply(self, output: Any) -> Any:
        """Return the changed output."""
        changed = output * keras.ops.cast(self.factor, output.dtype)
        if self.offset is None:
            return changed
        return changed + keras.ops.cast(self.offset, output.dtype)


def ordered_nodes(inputs: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
    """List the calls that lead from some symbolic tensors to others.

    Args:
        inputs: `KerasTensor`s where the walk back stops.
        outputs: `KerasTensor`s to be reached.

    Returns:
        Keras nodes (one call of one operation each), every one behind those that feed it, branch
        by branch in the order in which a merge names its branches.

    Raises:
        ModelError: The outputs need an input that is not among `inputs`.
    """
    given = {id(tensor) for tensor in inputs}
    finished: set[int] = set()
    order: list[Any] = []
    stack = [(_node_of(tensor), False) for tensor in reversed(outputs) if id(tensor) not in given]
    while stack:  # a loop, because DenseNet is deeper than Python's recursion limit
        node, fed = stack.pop()
        if id(node) in finished:
            continue
        if fed:
            finished.add(id(node))
            order.append(node)
            continue
        if not node.input_tensors:
            raise ModelError(
                "Expected every layer to be fed by the network's one input. "
                f"Received: {node.operation.name!r}, which is fed by nothing."
            )
        stack.append((node, True))
        feeding = [t for t in node.input_tensors if id(t) not in given]
        stack.extend((_node_of(tensor), False) for tensor in reversed(feeding))
    return order


def _node_of(tensor: Any) -> Any:
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


@dataclass(frozen=True, eq=False)
class Step:
    """One call of one layer (or bare Keras operation).

    Attributes:
        name: The layer's name, unique in the graph.
        operation: The Keras layer or operation.
        inputs: Names of the tensors that it takes.
        outputs: Names of the tensors that it makes; the first is the layer's own name.
        takes_training: Whether the call has a `training` argument.
    """

    name: str
    operation: Any
    arguments: Any = field(repr=False)
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    takes_training: bool

    def run(self, values: Mapping[int, Any]) -> list[Any]:
        """Call the operation in inference mode on values keyed by `id` of the symbolic tensor."""
        args, kwargs = self.arguments.fill_in(values)
        if self.takes_training:
            kwargs = {**kwargs, "training": False}
        return list(keras.tree.flatten(self.operation(*args, **kwargs)))


@dataclass(frozen=True, eq=False)
class Graph:
    """The steps of a flat functional network from its input to its output.

    A tensor is named by the layer that makes it; a second output of a layer is `name:1`. Whatever
    layers are called, no two tensors share a name: the later one is numbered (`name_2`).

    Attributes:
        input: Name of the input tensor.
        output: Name of the output tensor.
        steps: Every step, in an order in which they can be run.
        tensors: The symbolic tensor behind each name.
    """

    input: str
    output: str
    steps: tuple[Step, ...]
    tensors: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, model: Any) -> "Graph":
        """Read the graph of a flat functional model with one input and one output."""
        start, end = model.inputs[0], model.outputs[0]
        name_of = {id(start): INPUT}
        tensors, steps = {INPUT: start}, []
        for node in ordered_nodes([start], [end]):
            name = free_name(node.operation.name, tensors)
            outputs = [name]
            for i in range(1, len(node.outputs)):
                outputs.append(free_name(f"{name}:{i}", {*tensors, *outputs}))
            name_of.update(zip(map(id, node.outputs), outputs, strict=True))
            tensors.update(zip(outputs, node.outputs, strict=True))
            steps.append(
                Step(
                    name=name,
                    operation=node.operation,
                    arguments=node.arguments,
                    inputs=tuple(name_of[id(tensor)] for tensor in node.input_tensors),
                    outputs=tuple(outputs),
                    takes_training="training" in inspect.signature(node.operation.call).parameters,
                )
            )
        return cls(INPUT, name_of[id(end)], tuple(steps), tensors)

    @cached_property
    def rounds(self) -> float:
        """Relative rounding of the shortest float that the network computes in: 2e-3 in float16."""
        return max(_ROUNDS.get(symbol.dtype, 0.0) for symbol in self.tensors.values())

    def name_of(self, symbol: Any) -> str:
        """Name of a symbolic tensor of the network."""
        return next(name for name, known in self.tensors.items() if known is symbol)

    @cached_property
    def maker(self) -> dict[str, Step]:
        """The step that makes each tensor; the input has none."""
        return {output: step for step in self.steps for output in step.outputs}

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Shape of a tensor without its batch axis."""
        return tuple(self.tensors[tensor].shape[1:])

    def downstream(self, tensor: str) -> frozenset[str]:
        """Every tensor that depends on this one, itself left out."""
        reached = {tensor}
        for step in self.steps:
            if step.name != tensor and not reached.isdisjoint(step.inputs):
                reached.update(step.outputs)
        return frozenset(reached - {tensor})

    def sources(self, wanted: Iterable[str], stop: Stop) -> tuple[str, ...]:
        """Where a walk back from some tensors ends: the values that must be known to make them.

        Args:
            wanted: Names of tensors.
            stop: Says of a tensor whether its value is at hand. The input always is.

        Returns:
            Names in the order of the graph.
        """
        found: set[str] = set()
        seen: set[str] = set()
        todo = list(wanted)
        while todo:
            tensor = todo.pop()
            if tensor in seen:
                continue
            seen.add(tensor)
            if tensor == self.input or stop(tensor):
                found.add(tensor)
            else:
                todo.extend(self.maker[tensor].inputs)
        return tuple(tensor for tensor in self.tensors if tensor in found)

    def between(self, known: Collection[str], wanted: Iterable[str]) -> tuple[Step, ...]:
        """The steps that make some tensors from known ones, in order, and no others."""
        needed: set[str] = set()
        todo = [tensor for tensor in wanted if tensor not in known]
        while todo:
            step = self.maker[todo.pop()]
            if step.name not in needed:
                needed.add(step.name)
                todo.extend(tensor for tensor in step.inputs if tensor not in known)
        return tuple(step for step in self.steps if step.name in needed)

    def run(
        self,
        known: Mapping[str, Any],
        wanted: Sequence[str],
        edits: Mapping[str, Edit] | None = None,
        run: "Callable[[Step, Mapping[int, Any]], list[Any]]" = Step.run,
    ) -> list[Any]:
        """Compute some tensors from known ones, in inference mode.

        Args:
            known: Values by name; together they must suffice (see `sources`).
            wanted: Names of the tensors to return.
            edits: Changes of layers' outputs, made on the way.
            run: Runs one step.

        Returns:
            The wanted values, in that order.
        """
        edits = edits or {}
        values = {id(self.tensors[name]): value for name, value in known.items()}
        for step in self.between(known, wanted):
            made = run(step, values)
            if step.name in edits:
                made[0] = edits[step.name].apply(made[0])
            names = zip(step.outputs, made, strict=True)
            values.update({id(self.tensors[name]): value for name, value in names})
        return [values[id(self.tensors[name])] for name in wanted]
