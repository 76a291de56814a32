"""Weights of a file of Keras 2 into the layers rebuilt from it, each counted and its shape checked.

In HDF5 files the weights of a top-level layer stand in a group of its name, those of a nested
network in one list: trainable ones first, whatever layer they are of, each with a name. In `.keras`
archives the groups follow the nesting, and are named by class and numbered.
"""

import re
from typing import Any

import h5py
import keras
import numpy as np
import numpy.typing as npt

from osteo_core.model_files import hdf5
from osteo_core.model_files.contents import Contents
from osteo_core.model_files.keras2.graph import Part
from osteo_core.model_files.keras2.layers import class_of
from osteo_core.model_files.limits import Unreadable

Array = npt.NDArray[Any]


def fill(network: Part, contents: Contents) -> None:
    """Load the weights of every layer of a network.

    Args:
        network: The network as it was built.
        contents: The file.

    Raises:
        Unreadable: A layer's weights are missing, too many, or of other shapes.
    """
    if contents.is_archive:
        _fill_archived(network, contents.weights)
    else:
        for part in network.parts:
            _fill_listed(part, contents.weights)


def leaves(part: Part) -> list[Part]:
    """The layers with weights in a part, through nested networks, in the file's order."""
    if part.is_network:
        return [leaf for inner in part.parts for leaf in leaves(inner)]
    return [part] if part.made is not None and variables(part.made) else []


def variables(layer: Any) -> list[Any]:
    """A layer's weights in the order in which Keras 2 lists them while it is trainable."""
    fixed = {id(v) for v in layer.non_trainable_variables if not v.trainable}
    known = [v for v in layer.weights if id(v) not in fixed]
    return [*known, *(v for v in layer.weights if id(v) in fixed)]


def _put(layer: Any, name: str, values: list[Array]) -> None:
    wanted = variables(layer)
    if not _fit(layer, values):
        raise Unreadable(
            f"the weights of its layer {name!r} have the shapes "
            f"{_shapes(v.shape for v in values)} where {_shapes(v.shape for v in wanted)} belong"
        )
    for variable, value in zip(wanted, values, strict=False):
        variable.assign(value)
    if isinstance(layer, keras.layers.Normalization):
        layer.finalize_state()


def _shapes(shapes: Any) -> str:
    return ", ".join("×".join(map(str, shape)) or "1" for shape in list(shapes)[:6]) or "none"


def _fill_listed(part: Part, group: Any) -> None:
    """One top-level layer of an HDF5 file."""
    wanted = leaves(part)
    if part.name not in group or not isinstance(group[part.name], h5py.Group):
        if wanted:
            raise Unreadable(f"it holds no weights for its layer {part.name!r}")
        return
    stored = group[part.name]
    names = hdf5.names(stored, "weight_names")
    if any(not isinstance(stored.get(name), h5py.Dataset) for name in names):
        raise Unreadable(f"some weights of its layer {part.name!r} are not there")
    values = [np.asarray(stored[name]) for name in names]
    for leaf, own in _shared_out(part, wanted, names, values):
        _put(leaf.made, leaf.name, own)


def _shared_out(
    part: Part, wanted: list[Part], names: list[str], values: list[Array]
) -> list[tuple[Part, list[Array]]]:
    """Which of a group's weights are whose: by the names they carry, else by Keras 2's order."""
    if not part.is_network:
        return [(leaf, values) for leaf in wanted] if wanted or not values else _left(part, names)
    owners = [_owner(name, wanted) for name in names]
    by_name = [
        (leaf, [v for v, owner in zip(values, owners, strict=True) if owner is leaf])
        for leaf in wanted
    ]
    if all(owner is not None for owner in owners) and all(_fits(*pair) for pair in by_name):
        return by_name
    for order in (_by_training, _by_layer):
        pairs = order(wanted, values)
        if sum(len(own) for _, own in pairs) == len(values) and all(_fits(*p) for p in pairs):
            return pairs
    raise Unreadable(f"the {len(names)} weights of its {part.name!r} do not fit that network")


def _left(part: Part, names: list[str]) -> list[tuple[Part, list[Array]]]:
    """A layer without weights for which some are stored: no harm where it acts in training only."""
    if isinstance(part.made, keras.layers.Identity):
        return []
    raise Unreadable(f"it holds {len(names)} weights for {part.name!r}, which has none")


def _owner(name: str, wanted: list[Part]) -> Part | None:
    """The layer whose name a weight's name starts with, if it is one alone."""
    found = [leaf for leaf in wanted if name.startswith(f"{leaf.name}/")]
    longest = max((len(leaf.name) for leaf in found), default=0)
    found = [leaf for leaf in found if len(leaf.name) == longest]
    return found[0] if len(found) == 1 else None


def _fits(leaf: Part, values: list[Array]) -> bool:
    return _fit(leaf.made, values)


def _fit(layer: Any, values: list[Array]) -> bool:
    wanted = [tuple(v.shape) for v in variables(layer)]
    shapes = [v.shape for v in values]
    if isinstance(layer, keras.layers.Normalization):  # what it counted while adapting may lack
        return shapes[:2] == wanted[:2] and len(shapes) in (2, 3)
    return shapes == wanted


def _by_training(wanted: list[Part], values: list[Array]) -> list[tuple[Part, list[Array]]]:
    """Trainable weights of all layers first, then the others."""
    slots = [(leaf, i, v) for leaf in wanted for i, v in enumerate(variables(leaf.made))]
    slots.sort(key=lambda slot: not (slot[2].trainable and _is_trained(slot[0])))
    found: dict[int, dict[int, Array]] = {id(leaf): {} for leaf in wanted}
    for (leaf, i, _), value in zip(slots, values, strict=False):
        found[id(leaf)][i] = value
    return [(leaf, [v for _, v in sorted(found[id(leaf)].items())]) for leaf in wanted]


def _is_trained(leaf: Part) -> bool:
    return bool((leaf.given.get("config") or {}).get("trainable", True))


def _by_layer(wanted: list[Part], values: list[Array]) -> list[tuple[Part, list[Array]]]:
    """Layer by layer, as a frozen network's weights stand."""
    pairs, waiting = [], list(values)
    for leaf in wanted:
        n = len(variables(leaf.made))
        pairs.append((leaf, waiting[:n]))
        waiting = waiting[n:]
    return pairs


_LISTS = ("layers", "_layer_checkpoint_dependencies", "_self_tracked_trackables")


def _fill_archived(network: Part, group: Any) -> None:
    """The layers of a network in a `.keras` archive of Keras 2.12 to 2.15."""
    held = {key: group[name][key] for name in _LISTS if name in group for key in group[name]}
    by_class: dict[str, list[Part]] = {}
    for part in network.parts:
        by_class.setdefault(_snake(class_of(part.given)), []).append(part)
    for kind, parts in by_class.items():
        with_weights = [part for part in parts if leaves(part)]
        named = re.compile(rf"{re.escape(kind)}(_\d+)?$")
        groups = sorted((key for key in held if named.match(key)), key=_number)
        full = [key for key in groups if hdf5.n_stored(held[key])]
        if not with_weights and all(_is_idle(part) for part in parts):
            continue
        if len(full) != len(with_weights):
            raise Unreadable(
                f"it holds weights for {len(full)} layers of the kind {kind!r} "
                f"where {len(with_weights)} belong"
            )
        for part, key in zip(with_weights, full, strict=True):
            if part.is_network:
                _fill_archived(part, held[key])
            else:
                _put(part.made, part.name, _values(part.made, held[key]))


def _is_idle(part: Part) -> bool:
    return isinstance(part.made, keras.layers.Identity)


def _number(key: str) -> int:
    found = re.search(r"_(\d+)$", key)
    return int(found.group(1)) if found else 0


def _snake(name: str) -> str:
    """Keras' way from a class's name to a group's."""
    spaced = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()


_INNER = (  # where a layer keeps its own layers, in the order of their weights
    "forward_layer",
    "backward_layer",
    "layer",
    "cell",
    "cells",
    "_query_dense",
    "_key_dense",
    "_value_dense",
    "_output_dense",
)


def _values(layer: Any, group: Any) -> list[Array]:
    """All weights of one layer's group and of the groups in it, as `variables` lists them."""
    values = _own(group)
    for name in _INNER:
        inner, held = getattr(layer, name, None), group.get(name)
        if held is None or inner is None:
            continue
        pairs = _numbered(inner, held) if isinstance(inner, list) else [(inner, held)]
        for part, own in pairs:
            values = [*values, *_values(part, own)]
    if isinstance(layer, keras.layers.SpectralNormalization) and len(values) > 1:
        return [*values[2:], values[1]]  # it stores the kernel of the layer that it wraps again
    return values


def _numbered(parts: list[Any], held: Any) -> list[tuple[Any, Any]]:
    """A list's layers with their groups, which are named by class and numbered."""
    seen: dict[str, int] = {}
    pairs = []
    for part in parts:
        kind = _snake(type(part).__name__)
        number = seen[kind] = seen.get(kind, -1) + 1
        name = f"{kind}_{number}" if number else kind
        if name in held:
            pairs.append((part, held[name]))
    return pairs


def _own(group: Any) -> list[Array]:
    own = group.get("vars")
    return [np.asarray(own[key]) for key in sorted(own, key=int)] if own is not None else []
