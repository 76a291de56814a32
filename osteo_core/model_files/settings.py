"""The settings of a network, checked before Keras sees them.

They come from a stranger's file. What they name is looked for in Keras alone, inputs have a limit,
and calls of layers are counted through nested networks.
"""

from collections.abc import Iterator
from typing import Any

import keras

from osteo_core.model_files.limits import BATCH, INPUT_SIDE, LAYER_CALLS, SETTINGS_DEPTH, Unreadable

NETWORKS = ("Functional", "Model", "Sequential")
_FOREIGN = {  # run code, or read files that the settings name
    "Lambda": "a Lambda layer, which could run any code",
    "__lambda__": "a Lambda layer, which could run any code",
    "TFSMLayer": "a layer that reads another model's folder",
    "TorchModuleWrapper": "a layer that runs code of PyTorch",
    "JaxLayer": "a layer that runs code of JAX",
    "FlaxLayer": "a layer that runs code of Flax",
    "StringLookup": "a layer that reads words, not images",
    "IntegerLookup": "a layer that reads words, not images",
    "TextVectorization": "a layer that reads words, not images",
    "MelSpectrogram": "a layer that reads sound, not images",
    "STFTSpectrogram": "a layer that reads sound, not images",
    "FeatureSpace": "a layer that reads tables, not images",
}
_TRUSTED = ("keras", "keras_hub", "keras_cv", "keras_nlp", "tf_keras", "tensorflow", "builtins")


def check_settings(config: dict[str, Any]) -> None:
    """Refuse settings that nest too deep, name foreign code, or ask for too much.

    Args:
        config: The network's settings, as parsed.

    Raises:
        Unreadable: See above.
    """
    _check_depth(config)
    for part in described(config):
        part.pop("compile_config", None)  # losses and metrics of one's own stop nobody from reading
    for part in described(config):
        _check_origin(part)
        if isinstance(part.get("config"), dict):
            _check_input(part["config"])
    calls = _calls(config)
    if calls > LAYER_CALLS:
        raise Unreadable(f"it makes {calls:,} calls of layers, more than {LAYER_CALLS:,}")


def described(value: Any) -> Iterator[dict[str, Any]]:
    """Every object that settings describe by a class name, outer ones first."""
    todo = [value]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if isinstance(value.get("class_name"), str):
                yield value
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value)


def layers_of(config: Any) -> list[dict[str, Any]]:
    """The layers that a network's inner settings list; those of Keras 1 are the list itself."""
    listed = config.get("layers") if isinstance(config, dict) else config
    if not isinstance(listed, list):
        return []
    return [layer for layer in listed if isinstance(layer, dict)]


def _check_depth(config: Any) -> None:
    level = [config]
    for _ in range(SETTINGS_DEPTH):
        level = [v for value in level for v in _inside(value)]
        if not level:
            return
    raise Unreadable(f"its settings nest more than {SETTINGS_DEPTH} deep")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_origin(part: dict[str, Any]) -> None:
    kind, module = part["class_name"].split(">")[-1], part.get("module")
    inner = part.get("config")
    called = inner.get("name") if isinstance(inner, dict) else None
    if kind in _FOREIGN:
        raise Unreadable(f"it holds {_FOREIGN[kind]}{_quoted(called)}")
    if module in (None, "") or registered(part) is not None:
        return
    if not isinstance(module, str) or module.split(".")[0] not in _TRUSTED:
        raise Unreadable(
            f"its {kind!r}{_quoted(called)} is of {str(module)[:80]!r}, which is not Keras' own"
        )


def registered(part: dict[str, Any]) -> Any:
    """The class that whoever opens the file has registered with Keras under its name, or None."""
    for key in ("registered_name", "class_name"):
        if isinstance(part.get(key), str):
            found = keras.saving.get_registered_object(part[key])
            if found is not None:
                return found
    return None


def _quoted(called: Any) -> str:
    return f" ({str(called)[:60]!r})" if called else ""


def _check_input(config: dict[str, Any]) -> None:
    shape = config.get("batch_shape", config.get("batch_input_shape"))
    if isinstance(shape, dict):  # Keras 2's way to write a tuple or a TensorShape
        shape = shape.get("items", shape.get("config"))
    sides = shape if isinstance(shape, list) else []
    if sides and sides[0] is not None and not _is_count(sides[0], BATCH):
        raise Unreadable(
            f"it takes exactly {str(sides[0])[:12]} tiles at once; 1 to {BATCH} can be read"
        )
    for side in sides[1:]:
        if side is not None and not _is_count(side, INPUT_SIDE):
            raise Unreadable(
                f"its input is {' × '.join(str(s)[:12] for s in sides[1:])} pixels; sides of "
                f"1 to {INPUT_SIDE:,} can be read",
            )


def _is_count(value: Any, most: int) -> bool:
    return isinstance(value, int) and 1 <= value <= most


def _calls(part: dict[str, Any]) -> int:
    """How many calls of layers a network makes when its nested networks are written out."""
    inner = part.get("config")
    if part.get("class_name") not in NETWORKS:
        wrapped = inner.get("layer") if isinstance(inner, dict) else None
        return 1 + (_calls(wrapped) if isinstance(wrapped, dict) else 0)
    total = 0
    for layer in layers_of(inner):
        nodes = layer.get("inbound_nodes")
        total += (max(1, len(nodes)) if isinstance(nodes, list) else 1) * _calls(layer)
    return total
