"""The calls that a file of Keras 2 recorded, made again in Keras 3."""

from dataclasses import dataclass, field
from typing import Any

import keras

from osteo_core.model_files.keras2 import ops
from osteo_core.model_files.keras2.layers import class_of, make_layer, plain
from osteo_core.model_files.keras2.names import Names, allowed, name_operations
from osteo_core.model_files.keras2.references import (
    CONSTANT,
    all_references,
    is_reference,
    references,
)
from osteo_core.model_files.limits import Unreadable
from osteo_core.model_files.settings import NETWORKS, layers_of

_RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)  # take their states beside the input


@dataclass
class Part:
    """One layer of the file, or a network that stands in a layer's place.

    Attributes:
        given: What the file says of it.
        name: Its name in the file.
        made: The Keras 3 layer or model; None before the first call, and for a bare function.
        parts: Of a network, its own layers in the file's order.
    """

    given: dict[str, Any]
    name: str
    made: Any = None
    parts: list["Part"] = field(default_factory=list)

    @property
    def is_network(self) -> bool:
        """Whether it is a network of its own."""
        return class_of(self.given) in NETWORKS

    def call(self, arguments: list[Any], named: dict[str, Any], name: str) -> list[Any]:
        """Call it on symbolic tensors; its outputs in order."""
        if class_of(self.given) in ops.CLASSES:
            function = str((self.given.get("config") or {}).get("function"))
            made = ops.run(function, arguments, named)
            outputs = made if isinstance(made, list) else [made]
            name_operations(outputs, [*arguments, *named.values()], name)
            return outputs
        layer = self._layer(arguments, name)
        if self.is_network:
            arguments = [_as_inputs(layer, arguments)]
        elif isinstance(layer, _RECURRENT) and isinstance(arguments[0], list):
            (first, *states), named = arguments[0], dict(named)
            arguments, named["initial_state"] = [first], states
        return list(keras.tree.flatten(layer(*arguments, **named)))

    def _layer(self, arguments: list[Any], name: str) -> Any:
        """Its layer or model, made before the first call."""
        if self.made is None and self.is_network:
            _build(self, keras.tree.flatten(arguments))
        elif self.made is None:
            self.made = make_layer(self.given, name)
        return self.made


def build(config: dict[str, Any]) -> Part:
    """Build the network that settings of Keras 2 describe.

    Args:
        config: The file's settings: `class_name` and `config`.

    Returns:
        The network, built, with its parts in the file's order.

    Raises:
        Unreadable: Keras 3 has no equal of something in it.
    """
    network = Part(config, _name_of(config))
    if not network.is_network:
        raise Unreadable(
            f"it is a {class_of(config)!r}, whose layers are put together by code of its own"
        )
    _build(network, None)
    return network


def _build(network: Part, given: list[Any] | None) -> None:
    if class_of(network.given) == "Sequential":
        _sequential(network, given)
    else:
        _functional(network)


def _sequential(network: Part, given: list[Any] | None) -> None:
    config = network.given.get("config")
    names = Names()
    network.parts = [Part(layer, _name_of(layer)) for layer in layers_of(config)]
    if not network.parts:
        raise Unreadable(f"its {network.name!r} has no layers")
    start = tensor = _start(network, config, given, names)
    for part in network.parts:
        if class_of(part.given) != "InputLayer":
            made = part.call([tensor], {}, names.new(part.name))
            tensor = made[0]
    network.made = keras.Model(start, tensor, name=allowed(network.name))


def _start(network: Part, config: Any, given: list[Any] | None, names: "Names") -> Any:
    """The input of a Sequential: as it or its first layer says, or of what it is called on."""
    first = network.parts[0]
    inner = first.given.get("config")
    while first.is_network and not _shape_in(inner) and layers_of(inner):
        inner = layers_of(inner)[0].get("config")
    shape = _shape_in(inner)
    if shape is None and given:
        shape = list(given[0].shape)
    if shape is None and isinstance(config, dict):
        shape = plain(config.get("build_input_shape"))
    if not shape:
        raise Unreadable(f"its {network.name!r} does not say what size of input it takes")
    is_input = class_of(first.given) == "InputLayer"
    name = names.new(first.name if is_input else f"{network.name}_input")
    dtype = inner.get("dtype") if is_input and isinstance(inner, dict) else None
    return _input(shape, dtype, name)


def _shape_in(config: Any) -> Any:
    if not isinstance(config, dict):
        return None
    return plain(config.get("batch_input_shape") or config.get("batch_shape"))


def _input(shape: Any, dtype: Any, name: str) -> Any:
    kind = dtype if isinstance(dtype, str) else "float32"
    return keras.Input(batch_shape=tuple(shape), dtype=kind, name=name)


def _functional(network: Part) -> None:
    config = network.given.get("config") or {}
    network.parts = [Part(layer, _name_of(layer)) for layer in layers_of(config)]
    calls = _Calls(network.parts)
    calls.run()
    starts = [calls.tensor(ref) for ref in references(config.get("input_layers"))]
    ends = [calls.tensor(ref) for ref in references(config.get("output_layers"))]
    if not starts or not ends:
        raise Unreadable(f"its {network.name!r} has no input or no output")
    network.made = keras.Model(
        starts if len(starts) > 1 else starts[0],
        ends if len(ends) > 1 else ends[0],
        name=allowed(network.name),
    )


class _Calls:
    """The calls of one functional network, made in an order in which each has what it needs."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = {part.name: part for part in parts}
        self.names = Names()
        self.tensors: dict[tuple[str, int], list[Any]] = {}
        self.new_name = {part.name: self.names.new(part.name) for part in parts}
        self.first = {part.name: self._first_call(part) for part in parts}

    def _first_call(self, part: Part) -> int:
        """The number of a part's first call: a network's own making counted as its call 0."""
        if not part.is_network:
            return 0
        layers = layers_of(part.given.get("config"))
        if not layers or class_of(part.given) != "Sequential":
            return 1
        is_open = class_of(layers[0]) != "InputLayer" and not _shape_in(layers[0].get("config"))
        return 0 if is_open else 1

    def run(self) -> None:
        """Make every call."""
        waiting: dict[str, list[Any]] = {}
        for name, part in self.parts.items():
            if class_of(part.given) == "InputLayer":
                config = part.given.get("config") or {}
                shape = _shape_in(config)
                if not shape:
                    raise Unreadable(f"its input {name!r} does not say its size")
                made = _input(shape, config.get("dtype"), self.new_name[name])
                self.tensors[name, 0] = [made]
            else:
                nodes = part.given.get("inbound_nodes")
                waiting[name] = list(enumerate(nodes if isinstance(nodes, list) else []))
        while any(waiting.values()):
            made = [self._make_ready(name, nodes) for name, nodes in waiting.items()]
            if not any(made):
                stuck = next(name for name, nodes in waiting.items() if nodes)
                raise Unreadable(f"its layer {stuck!r} is fed by something that is not there")

    def _make_ready(self, name: str, nodes: list[Any]) -> bool:
        """Make a layer's calls while what they take is there; whether any was made."""
        done = False
        while nodes:
            number, node = nodes[0]
            if not all(self._has(ref) for ref in all_references(node, self.parts)):
                break
            self._make(name, number, node)
            nodes.pop(0)
            done = True
        return done

    def _make(self, name: str, number: int, node: Any) -> None:
        part = self.parts[name]
        named: dict[str, Any] = {}
        first = self._filled(node, named)
        bare = class_of(part.given) in ops.CLASSES
        if not bare and isinstance(first, list) and len(first) == 1:
            first = first[0]
        named = {key: self._value(value) for key, value in named.items()}
        if not bare:
            named = {
                key: value
                for key, value in named.items()
                if key not in ("training", "mask") and value is not None
            }
        new_name = self.new_name[name] if number == 0 else self.names.new(name)
        made = part.call([first], named, new_name)
        self.tensors[name, number + self.first[name]] = made

    def _filled(self, node: Any, named: dict[str, Any]) -> Any:
        """A call's first argument; the others are put into `named` as the file has them."""
        if is_reference(node, self.parts):
            if len(node) > 3 and isinstance(node[3], dict):
                named.update(node[3])
            return plain(node[2]) if node[0] == CONSTANT else self.tensor(node)
        if isinstance(node, list):
            return [self._filled(inner, named) for inner in node]
        if isinstance(node, dict):
            return [self._filled(inner, named) for inner in node.values()]
        raise Unreadable("a call in it is not written down as Keras 2 does")

    def _value(self, value: Any) -> Any:
        """A named argument with the tensors that it refers to."""
        if is_reference(value, self.parts) and value[0] != CONSTANT:
            return self.tensor(value)
        if isinstance(value, list):
            return [self._value(inner) for inner in value]
        if isinstance(value, dict) and "class_name" not in value:
            return plain({key: self._value(inner) for key, inner in value.items()})
        return plain(value)

    def _has(self, ref: list[Any]) -> bool:
        return ref[0] == CONSTANT or self._key(ref) in self.tensors

    def _key(self, ref: list[Any]) -> tuple[str, int]:
        return ref[0], ref[1]

    def tensor(self, ref: list[Any]) -> Any:
        """The tensor that `[layer, call, output]` stands for."""
        made = self.tensors.get(self._key(ref))
        if made is None or not 0 <= ref[2] < len(made):
            raise Unreadable(f"it refers to {str(ref[:3])[:80]}, which is not there")
        return made[ref[2]]


def _as_inputs(model: Any, arguments: list[Any]) -> Any:
    given = keras.tree.flatten(arguments)
    if len(given) != len(model.inputs):
        raise Unreadable(f"its {model.name!r} is called on {len(given)} tensors")
    return given if len(given) > 1 else given[0]


def _name_of(part: dict[str, Any]) -> str:
    config = part.get("config")
    inner = config.get("name") if isinstance(config, dict) else None
    return str(part.get("name") or inner or class_of(part).lower())
