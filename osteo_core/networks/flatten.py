"""Nested to flat: any functional or sequential network as one graph of leaf layers.

A backbone used as a layer hides its convolutions: Keras cannot connect their outputs to the outer
network's input, and every explainer that tries fails. Here each leaf layer is cloned into one flat
functional network, once for each call, so that `layer.output` exists and is unambiguous.
"""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras

from osteo_core.errors import ModelError
from osteo_core.networks.graph import INPUT, free_name, ordered_nodes
from osteo_core.networks.tokens import Grid, as_maps_and_back, token_grids

DEFAULT_SIDE = 224


def flatten(model: Any, input_size: tuple[int, int] | None = None) -> Any:
    """Rebuild a network as one flat functional graph.

    Args:
        model: A built `keras.Model`, functional or `Sequential`, with one image input and one
            output. Models used as layers may be nested to any depth.
        input_size: Height and width, for a network that leaves them open; 224 px when not given.

    Returns:
        A functional `keras.Model` of new layers with copied weights; outputs equal the original's
        in inference mode. Layers keep their own names, but for spaces and other characters that
        TensorFlow compiles under no name, which become `_`. Where two layers of different parents
        share a name, the second is prefixed with its parent's name; a layer that is called twice
        stands twice, the second time as `name_2`, and so does one that is called `input`, as the
        network's own input is here. A batch of fixed size is opened. Rows of tokens that are places
        of the tile pass through maps, `name_maps` for the step `name` (`networks.tokens`).

    Raises:
        ModelError: The model is not functional or not built, has several inputs or outputs, takes
            something other than RGB images, or holds a layer that Keras cannot rebuild.
    """
    _check(model)
    shape = _input_shape(model, input_size)
    start = keras.Input(shape, name=model.inputs[0].name.split(":")[0] or INPUT)
    with rebuilt(model):
        outputs = _Flattening({INPUT, start.name}).run(model, [start])
    flat = keras.Model(start, outputs[0], name=model.name)
    grids = token_grids(flat)
    if not grids:
        return flat
    start = keras.Input(shape, name=start.name)
    outputs = _Flattening({INPUT, start.name}, grids).run(flat, [start])
    return keras.Model(start, outputs[0], name=model.name)


@contextmanager
def rebuilt(model: Any) -> Iterator[None]:
    """Run what uses the flat copy of a model; whatever goes wrong there becomes a sentence.

    Raises:
        ModelError: The copy cannot be built or run; a batch of fixed size is named as the reason.
    """
    try:
        yield
    except Exception as error:  # somebody else's layers may fail in any way
        fixed = model.inputs[0].shape[0]
        if fixed is not None:
            raise ModelError(
                "Expected a network that takes any number of tiles at once, or can be rebuilt to. "
                f"Received: {model.name!r}, built for batches of exactly {fixed}; build it again "
                "with keras.Input(shape=...) in place of batch_shape=... and copy its weights."
            ) from error
        if isinstance(error, ModelError):
            raise
        raise ModelError(
            f"Expected a network that can be run layer by layer. Received: {model.name!r}: "
            f"{_first_line(error)[:200]}"
        ) from error


def _check(model: Any) -> None:
    if not _is_graph(model):
        raise ModelError(
            "Expected a functional or Sequential Keras model, whose layers can be read. "
            f"Received: {type(model).__name__}."
        )
    if not model.built or not getattr(model, "inputs", None):
        raise ModelError(
            "Expected a network that has been built, so that its shapes are known. "
            f"Received: {model.name!r} without an input."
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError(
            "Expected a network with one input and one output. "
            f"Received: {len(model.inputs)} inputs and {len(model.outputs)} outputs."
        )


def _input_shape(model: Any, input_size: tuple[int, int] | None) -> tuple[int, int, int]:
    shape = tuple(model.inputs[0].shape[1:])
    if len(shape) != 3 or shape[2] not in (3, None):
        raise ModelError(
            f"Expected a network that takes RGB images (height, width, 3). Received: {shape}."
        )
    wanted = input_size or (shape[0] or DEFAULT_SIDE, shape[1] or DEFAULT_SIDE)
    for fixed, asked in zip(shape[:2], wanted, strict=True):
        if fixed not in (None, asked):
            raise ModelError(
                f"Expected the input size that the network was built for, {shape[0]} × {shape[1]}. "
                f"Received: {wanted[0]} × {wanted[1]}."
            )
    return (*wanted, 3)


def _is_graph(operation: Any) -> bool:
    return isinstance(operation, (keras.Function, keras.Sequential))


@dataclass
class _Flattening:
    """The state of one flattening: the names given, and how often each layer was called.

    Attributes:
        names: Names given so far.
        grids: Steps whose tokens are to be laid out as maps.
        calls: How often each layer was called, by id.
    """

    names: set[str]
    grids: Mapping[str, Grid] = field(default_factory=dict)
    calls: dict[int, int] = field(default_factory=dict)

    def run(self, model: Any, tensors: Sequence[Any], parent: str = "") -> list[Any]:
        """Repeat a model's calls on new symbolic tensors and return its new outputs."""
        known = dict(zip(map(id, model.inputs), tensors, strict=True))
        for node in ordered_nodes(model.inputs, model.outputs):
            args, kwargs = node.arguments.fill_in(known)
            kwargs = {key: value for key, value in kwargs.items() if key != "training"}
            if _is_graph(node.operation):
                given = [t for t in keras.tree.flatten((args, kwargs)) if _is_symbolic(t)]
                made = self.run(node.operation, given, parent=node.operation.name)
            else:
                made = self._call(node, args, kwargs, parent)
                if grid := self.grids.get(node.operation.name):
                    name = free_name(f"{node.operation.name}_maps", self.names)
                    made[0] = as_maps_and_back(made[0], grid, name)
            known.update(zip(map(id, node.outputs), made, strict=True))
        return [known[id(tensor)] for tensor in model.outputs]

    def _call(
        self, node: Any, args: Sequence[Any], kwargs: Mapping[str, Any], parent: str
    ) -> list[Any]:
        operation = node.operation
        name = self._name(operation, parent)
        if isinstance(operation, keras.layers.Layer):
            return _call_copy(operation, name, args, kwargs)
        twin = copy.copy(operation)  # a bare operation such as x + y has no weights
        twin.name, twin._inbound_nodes, twin._outbound_nodes = name, [], []
        shape = node.outputs[0].shape
        if type(operation).__name__ == "Reshape" and None not in shape:
            twin.newshape = (-1, *shape[1:])  # the batch's size stood in the shape asked for
        return list(keras.tree.flatten(twin(*args, **kwargs)))

    def _name(self, operation: Any, parent: str) -> str:
        before = self.calls.get(id(operation), 0)
        self.calls[id(operation)] = before + 1
        name = _as_scope(operation.name)
        if before == 0 and name in self.names and parent:
            name = f"{_as_scope(parent)}_{name}"
        name = free_name(name, self.names)
        self.names.add(name)
        return str(name)


def _as_scope(name: str) -> str:
    """A layer's name as TensorFlow takes it when it compiles: other characters become `_`."""
    cleaned = re.sub(r"[^A-Za-z0-9_.>-]", "_", name)
    return cleaned if re.match(r"[A-Za-z0-9.]", cleaned) else f"layer{cleaned}"


def _is_symbolic(value: Any) -> bool:
    return isinstance(value, keras.KerasTensor)


def _call_copy(layer: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """Clone a leaf layer under a name, call the clone, and give it the original's weights."""
    try:
        twin = type(layer).from_config({**layer.get_config(), "name": name})
        made = list(keras.tree.flatten(twin(*args, **kwargs)))
        twin.set_weights(layer.get_weights())
    except Exception as error:  # a layer may fail in any way of its own
        raise ModelError(
            "Expected layers that Keras can rebuild from their settings. "
            f"Received: {layer.name!r} ({type(layer).__name__}): {_first_line(error)}"
        ) from error
    for part in twin._flatten_layers():
        if part.built and hasattr(part, "finalize_state"):
            part.finalize_state()  # Normalization derives its constants from its weights
    return made


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
