"""One layer's settings of Keras 2, as Keras 3 takes them."""

import inspect
import re
from typing import Any

import keras
from keras.src.applications import convnext

from osteo_core.model_files.limits import Unreadable
from osteo_core.model_files.settings import registered
from osteo_core.model_files.stored import check_counts, use_stored_in

_RENAMED = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3D": "Conv3D",
    "SeparableConvolution2D": "SeparableConv2D",
    "GRUV2": "GRU",
    "LSTMV2": "LSTM",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "AvgPool2D": "AveragePooling2D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "ThresholdedReLU": "ReLU",
    "NormalizationV1": "Normalization",
}
# Keras 3 has them and no equal answers are proved, or they have no place in an image network.
_OTHERWISE = ("RandomCrop", "Hashing", "HashedCrossing", "Discretization", "CategoryEncoding")
# Settings that Keras 3 does not know and that change no answer, with the values for which it is so.
_ANY = object()
_WITHOUT_EFFECT: dict[str, Any] = {
    "activity_regularizer": _ANY,
    "adjustment": (None,),
    "autocast": _ANY,
    "batch_input_shape": _ANY,
    "batch_size": (None,),
    "causal": (False,),
    "dynamic": (False,),
    "expects_training_arg": _ANY,
    "force_generator": _ANY,
    "fused": _ANY,
    "groups": (1,),
    "implementation": _ANY,
    "input_dim": _ANY,
    "input_dtype": _ANY,
    "input_length": _ANY,
    "input_shape": _ANY,
    "key_shape": _ANY,
    "noise_shape": (None,),
    "num_constants": (None, 0),
    "query_shape": _ANY,
    "ragged": (False, None),
    "renorm": (False,),
    "renorm_clipping": _ANY,
    "renorm_momentum": _ANY,
    "rng_type": _ANY,
    "softmax_robust_masking": _ANY,
    "sparse": (False, None),
    "synchronized": _ANY,
    "time_major": (False,),
    "trainable": _ANY,
    "unroll": _ANY,
    "value_shape": _ANY,
    "virtual_batch_size": (None,),
}
_ONE_AXIS = ("BatchNormalization", "Softmax", "LayerNormalization")
_POLICY = re.compile(r"^(mixed_)?(float16|bfloat16|float32)$|^float64$|^u?int(8|16|32|64)$|^bool$")


def class_of(part: dict[str, Any]) -> str:
    """A described layer's class name, without the package that it was registered under."""
    return str(part.get("class_name")).split(">")[-1]


def make_layer(part: dict[str, Any], name: str) -> Any:
    """Build one layer in Keras 3.

    Args:
        part: What the file says of it: `class_name` and `config`.
        name: Its name in the new network.

    Returns:
        The layer, not called yet.

    Raises:
        Unreadable: Keras 3 has no such layer, or no such setting.
    """
    config = dict(part.get("config") or {})
    kind = class_of(part)
    own = registered(part)
    if own is not None:
        return own.from_config({**config, "name": name})
    if kind == "LayerScale":  # of ConvNeXt; Keras 3 has it and does not export it
        check_counts(config)
        own = {key: config.get(key) for key in ("init_values", "projection_dim")}
        return convnext.LayerScale(**own, name=name, dtype=_policy(config.get("dtype")))
    if kind not in _OTHERWISE and kind.startswith(("Random", "StochasticDepth")):  # in training
        return keras.layers.Identity(name=name, dtype=_policy(config.get("dtype")))
    kind = _RENAMED.get(kind, kind)
    if kind in _OTHERWISE or not _is_layer(kind):
        raise Unreadable(f"it holds {class_of(part)!r} ({name!r}), which Keras 3 has no equal of")
    if class_of(part) == "ThresholdedReLU":
        config["threshold"] = config.pop("theta", 1.0)
    layer_class: Any = getattr(keras.layers, kind)
    return layer_class.from_config(_repaired(layer_class, config, name))


def _is_layer(kind: str) -> bool:
    found = getattr(keras.layers, kind, None)
    return isinstance(found, type) and issubclass(found, keras.layers.Layer)


def _repaired(kind: Any, config: dict[str, Any], name: str) -> dict[str, Any]:
    parameters = inspect.signature(kind).parameters
    known = {*parameters, "name", "dtype"}
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        known |= {"trainable"}
    if "alpha" in config and "negative_slope" in known:
        config["negative_slope"] = config.pop("alpha")
    for key in sorted(config.keys() - known):
        _check_droppable(kind.__name__, name, key, config[key])
    kept = {key: _value(kind, key, value, name) for key, value in config.items() if key in known}
    use_stored_in(kind, kept)
    if kind is keras.layers.GRU or kind is keras.layers.GRUCell:
        kept.setdefault("reset_after", False)  # as it was before the setting was written down
    return {**kept, "name": name, "dtype": _policy(config.get("dtype"))}


def _check_droppable(kind: str, name: str, key: str, value: Any) -> None:
    harmless = _WITHOUT_EFFECT.get(key, ())
    if key.endswith(("_regularizer", "_constraint", "_initializer")) or harmless is _ANY:
        return
    if value not in harmless:
        raise Unreadable(
            f"its {kind} {name!r} is set to {key}={str(value)[:60]}, which Keras 3 cannot do"
        )


def _value(kind: type, key: str, value: Any, name: str) -> Any:
    """One setting as Keras 3 takes it."""
    if key.endswith(("_regularizer", "_constraint")):
        return None  # of training only
    if key in ("unroll", "stateful"):
        return False  # the same numbers for tiles that are read one by one
    if key == "dtype":
        return _policy(value)
    if key.endswith("activation"):
        return activation(value, name)
    if key == "axis" and kind.__name__ in _ONE_AXIS and isinstance(value, list):
        return plain(value)[0] if len(value) == 1 else plain(value)
    if key in ("layer", "backward_layer", "cell"):
        return _inner(value)
    if key == "cells":
        return [_inner(cell) for cell in value]
    return plain(value)


def _inner(part: Any) -> Any:
    """A layer inside another's settings, as Keras 3 describes it."""
    if part is None:
        return None
    if not isinstance(part, dict) or class_of(part) in ("Functional", "Model", "Sequential"):
        raise Unreadable("it wraps a network in a layer")
    layer = make_layer(part, str((part.get("config") or {}).get("name", "inner")))
    return keras.saving.serialize_keras_object(layer)


def plain(value: Any) -> Any:
    """A value without the ways in which Keras 2 writes tuples, shapes, arrays and the like."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("class_name")
    if kind in ("__tuple__", "TensorShape"):
        return tuple(plain(value.get("items", value.get("config"))) or ())
    if kind in ("__ndarray__", "__numpy__", "__tensor__"):
        inner = value.get("config", value)
        return plain(inner.get("value"))
    if kind == "__ellipsis__":
        return Ellipsis
    if value.keys() == {"start", "stop", "step"}:
        return slice(*(plain(value[key]) for key in ("start", "stop", "step")))
    return {key: plain(v) for key, v in value.items()}


def activation(value: Any, name: str) -> Any:
    """An activation by name, however it is written down.

    Raises:
        Unreadable: It is none of Keras' own.
    """
    while isinstance(value, dict):
        inner = value.get("config")
        if isinstance(inner, str):  # a function
            value = inner
        elif class_of(value) in ("ReLU", "LeakyReLU", "Softmax", "ELU", "PReLU"):
            return make_layer(value, str((inner or {}).get("name", "activation")))
        else:
            value = class_of(value)
    if value is None:
        return None
    found = str(value).split(">")[-1]
    if found == "hard_sigmoid":
        return hard_sigmoid
    found = {"swish": "silu", "softmax_v2": "softmax"}.get(found, found)
    if found in ("get", "serialize", "deserialize") or not hasattr(keras.activations, found):
        raise Unreadable(f"{name!r} has the activation {found[:60]!r}, which Keras 3 has not")
    return found


@keras.saving.register_keras_serializable("osteo", "hard_sigmoid_of_keras2")  # type: ignore[untyped-decorator]
def hard_sigmoid(x: Any) -> Any:
    """`clip(0.2 x + 0.5, 0, 1)`, as it was until Keras 3, which divides by 6 instead."""
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def _policy(value: Any) -> str:
    """The name of a dtype policy."""
    while isinstance(value, dict):
        inner = value.get("config")
        value = inner.get("name") if isinstance(inner, dict) else None
    found = str(value or "float32")
    if not _POLICY.match(found):
        return "float32"  # "infer" and the like of Keras 2.0 to 2.3
    return found
