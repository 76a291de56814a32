"""TensorFlow's functions, as Keras 2 recorded them in a network, in `keras.ops`.

`tf.nn.relu6(x)` or `x / 127.5` on a symbolic tensor became a layer "TFOpLambda" that names the
function and its arguments. It holds no code, unlike a Lambda layer.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from osteo_core.model_files.limits import Unreadable

CLASSES = ("TFOpLambda", "SlicingOpLambda")


class Shape(tuple[int, ...]):
    """What `tf.shape` gave: sides, and -1 for the number of tiles, which is open."""


def run(function: str, arguments: list[Any], named: dict[str, Any]) -> Any:
    """Call a function of TensorFlow on symbolic tensors.

    Args:
        function: Its name, such as `"math.truediv"`.
        arguments: Its first argument.
        named: The others by TensorFlow's names for them.

    Returns:
        A symbolic tensor, a list of them, or a `Shape` or number where it asked for sides.

    Raises:
        Unreadable: There is no equal for the function or for a way to call it.
    """
    short = function.removeprefix("compat.v1.")
    if short not in _TABLE:
        raise Unreadable(f"it calls TensorFlow's tf.{function}, which has no equal in Keras 3 here")
    named = {key: value for key, value in named.items() if key != "name" and value is not None}
    try:
        return _TABLE[short](*arguments, **named)
    except TypeError as error:
        raise Unreadable(f"it calls tf.{function} in a way that has no equal in Keras 3") from error


def _like(x: Any, y: Any) -> tuple[Any, Any]:
    """Two arguments, a constant among them as an array of the other's type."""
    kinds = [str(v.dtype) for v in (x, y) if isinstance(v, keras.KerasTensor)]
    if not kinds:
        return x, y
    return tuple(  # type: ignore[return-value]
        v if isinstance(v, keras.KerasTensor) else np.asarray(v, kinds[0]) for v in (x, y)
    )


def _two(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: function(*_like(x, y))


def _one(function: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """A function of one tensor, whatever TensorFlow calls that."""

    def call(first: Any) -> Any:
        return function(first)

    return call


def _reduce(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(input_tensor: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return function(input_tensor, axis=_axes(axis), keepdims=keepdims)

    return call


def _axes(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, (list, tuple)) else axis


def _scale_back(x: Any, y: Any) -> Any:
    x, y = _like(x, y)
    return ops.where(ops.equal(y, 0), ops.zeros_like(x * y), ops.divide(x, y))


def _scalar_mul(scalar: Any, x: Any) -> Any:
    return ops.multiply(*_like(scalar, x))


def _normalised(x: Any, axis: Any = None, epsilon: float = 1e-12) -> Any:
    total = ops.sum(ops.square(x), axis=_axes(axis), keepdims=True)
    return ops.multiply(x, ops.rsqrt(ops.maximum(total, np.float32(epsilon))))


def _softmax(logits: Any, axis: Any = None) -> Any:
    return ops.softmax(logits, axis=-1 if axis is None else axis)


def _log_softmax(logits: Any, axis: Any = None) -> Any:
    return ops.log_softmax(logits, axis=-1 if axis is None else axis)


def _silu(features: Any, beta: float = 1.0) -> Any:
    if beta == 1.0:
        return ops.silu(features)
    return ops.multiply(features, ops.sigmoid(ops.multiply(features, np.float32(beta))))


def _leaky(features: Any, alpha: float = 0.2) -> Any:
    return ops.leaky_relu(features, negative_slope=alpha)


def _gelu(features: Any, approximate: bool = False) -> Any:
    return ops.gelu(features, approximate=approximate)


def _concat(values: Any, axis: int) -> Any:
    return ops.concatenate(values, axis=axis)


def _stack(values: Any, axis: int = 0) -> Any:
    if all(isinstance(v, int) for v in values):
        return Shape(values)
    return ops.stack(values, axis=axis)


def _unstack(value: Any, num: Any = None, axis: int = 0) -> Any:
    return ops.unstack(value, num=num, axis=axis)


def _split(value: Any, num_or_size_splits: Any, axis: int = 0) -> Any:
    parts = num_or_size_splits
    if isinstance(parts, list):
        parts = [int(end) for end in np.cumsum(parts)[:-1]]
    return ops.split(value, parts, axis=axis)


def _reshape(tensor: Any, shape: Any) -> Any:
    wanted = [int(side) for side in shape]
    if wanted.count(-1) > 1:  # the number of tiles and a side that follows from the others
        known = [side for side in wanted if side != -1]
        total = int(np.prod(tensor.shape[1:]))
        wanted = [
            total // int(np.prod(known)) if i and s == -1 else s for i, s in enumerate(wanted)
        ]
    return ops.reshape(tensor, wanted)


def _shape(input: Any, out_type: Any = None) -> Shape:
    return Shape(-1 if side is None else side for side in input.shape)


def _squeeze(input: Any, axis: Any = None, squeeze_dims: Any = None) -> Any:
    axis = squeeze_dims if axis is None else axis
    if axis is None:
        axis = [i for i, side in enumerate(input.shape) if side == 1]
    return ops.squeeze(input, axis=_axes(axis))


def _transpose(a: Any, perm: Any = None, conjugate: bool = False) -> Any:
    return ops.transpose(a, axes=perm)


def _cast(x: Any, dtype: str) -> Any:
    return x if isinstance(x, (int, Shape)) else ops.cast(x, dtype)


def _to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None) -> Any:
    return value if dtype is None else _cast(value, dtype)


def _clip(t: Any, clip_value_min: float, clip_value_max: float) -> Any:
    return ops.clip(t, clip_value_min, clip_value_max)


def _matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    a, b = _like(a, b)
    a = ops.swapaxes(a, -1, -2) if transpose_a else a
    return ops.matmul(a, ops.swapaxes(b, -1, -2) if transpose_b else b)


def _pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: float = 0) -> Any:
    mode, pairs = mode.lower(), [tuple(pair) for pair in paddings]
    if mode == "constant":
        return ops.pad(tensor, pairs, mode=mode, constant_values=constant_values)
    return ops.pad(tensor, pairs, mode=mode)


def _reverse(tensor: Any, axis: Any) -> Any:
    return ops.flip(tensor, axis=_axes(axis))


def _resize(
    images: Any,
    size: Any,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
) -> Any:
    if preserve_aspect_ratio or method not in ("bilinear", "nearest", "bicubic", "lanczos3"):
        raise Unreadable(f"it resizes by {method!r}, which has no equal in Keras 3 here")
    resized = ops.image.resize(
        ops.cast(images, "float32") if method != "nearest" else images,
        tuple(int(side) for side in size),
        interpolation=method,
        antialias=antialias,
        data_format="channels_last",
    )
    return resized


def _bias_add(value: Any, bias: Any, data_format: Any = None) -> Any:
    if data_format not in (None, "NHWC", "N...C"):
        raise Unreadable("it adds a bias with channels first")
    return ops.add(*_like(value, bias))


def _pool(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(
        input: Any = None,
        ksize: Any = 1,
        strides: Any = 1,
        padding: str = "VALID",
        data_format: str = "NHWC",
        value: Any = None,
    ) -> Any:
        if data_format != "NHWC":
            raise Unreadable("it pools with channels first")
        return function(
            value if input is None else input,
            _sides(ksize),
            _sides(strides),
            padding.lower(),
            "channels_last",
        )

    return call


def _sides(size: Any) -> tuple[int, int]:
    sides = [size] if isinstance(size, int) else list(size)
    sides = sides[1:3] if len(sides) == 4 else sides * (2 // len(sides))
    return sides[0], sides[1]


def _batch_norm(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float
) -> Any:
    factor = np.asarray(scale if scale is not None else 1.0, "float32")
    factor = factor / np.sqrt(np.asarray(variance, "float32") + variance_epsilon)
    shift = np.asarray(0.0 if offset is None else offset) - np.asarray(mean) * factor
    return ops.add(ops.multiply(x, factor), shift.astype("float32"))


def _standardised(image: Any) -> Any:
    axes = tuple(range(1, len(image.shape)))
    n = int(np.prod(image.shape[1:]))
    spread = ops.maximum(ops.std(image, axis=axes, keepdims=True), np.float32(1 / np.sqrt(n)))
    return ops.divide(ops.subtract(image, ops.mean(image, axis=axes, keepdims=True)), spread)


def _getitem(tensor: Any, slice_spec: Any) -> Any:
    if isinstance(tensor, Shape):
        part: Any = tensor[slice_spec[0] if isinstance(slice_spec, list) else slice_spec]
        return Shape(part) if isinstance(part, tuple) else part
    return tensor[tuple(slice_spec) if isinstance(slice_spec, list) else slice_spec]


def _expand(input: Any, axis: Any) -> Any:
    return ops.expand_dims(input, axis)


def _tile(input: Any, multiples: Any) -> Any:
    return ops.tile(input, tuple(multiples))


def _same(first: Any) -> Any:
    return first


_BINARY: dict[str, Callable[..., Any]] = {
    "add": ops.add,
    "subtract": ops.subtract,
    "sub": ops.subtract,
    "multiply": ops.multiply,
    "mul": ops.multiply,
    "truediv": ops.true_divide,
    "divide": ops.true_divide,
    "div": ops.true_divide,
    "floordiv": ops.floor_divide,
    "mod": ops.mod,
    "pow": ops.power,
    "maximum": ops.maximum,
    "minimum": ops.minimum,
    "squared_difference": lambda x, y: ops.square(ops.subtract(x, y)),
}
_UNARY = {
    "abs": ops.abs,
    "ceil": ops.ceil,
    "cos": ops.cos,
    "erf": ops.erf,
    "exp": ops.exp,
    "expm1": ops.expm1,
    "floor": ops.floor,
    "log": ops.log,
    "log1p": ops.log1p,
    "log_sigmoid": ops.log_sigmoid,
    "negative": ops.negative,
    "neg": ops.negative,
    "reciprocal": ops.reciprocal,
    "round": ops.round,
    "rsqrt": ops.rsqrt,
    "sigmoid": ops.sigmoid,
    "sign": ops.sign,
    "sin": ops.sin,
    "softplus": ops.softplus,
    "sqrt": ops.sqrt,
    "square": ops.square,
    "tanh": ops.tanh,
}
_REDUCTIONS = {
    "reduce_max": ops.max,
    "reduce_mean": ops.mean,
    "reduce_min": ops.min,
    "reduce_prod": ops.prod,
    "reduce_std": ops.std,
    "reduce_sum": ops.sum,
    "reduce_variance": ops.var,
    "reduce_logsumexp": ops.logsumexp,
}
_NN: dict[str, Callable[..., Any]] = {
    "relu": _one(ops.relu),
    "relu6": _one(ops.relu6),
    "elu": _one(ops.elu),
    "selu": _one(ops.selu),
    "sigmoid": _one(ops.sigmoid),
    "tanh": _one(ops.tanh),
    "softplus": _one(ops.softplus),
    "softsign": _one(ops.softsign),
    "leaky_relu": _leaky,
    "gelu": _gelu,
    "silu": _silu,
    "swish": _silu,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "l2_normalize": _normalised,
    "bias_add": _bias_add,
    "avg_pool": _pool(ops.average_pool),
    "avg_pool2d": _pool(ops.average_pool),
    "max_pool": _pool(ops.max_pool),
    "max_pool2d": _pool(ops.max_pool),
    "batch_normalization": _batch_norm,
}
_TABLE: dict[str, Callable[..., Any]] = {
    **{f"{where}{name}": _two(f) for name, f in _BINARY.items() for where in ("math.", "")},
    **{f"__operators__.{name}": _two(f) for name, f in _BINARY.items()},
    **{f"{where}{name}": _one(f) for name, f in _UNARY.items() for where in ("math.", "")},
    **{f"{where}{name}": _reduce(f) for name, f in _REDUCTIONS.items() for where in ("math.", "")},
    **{f"nn.{name}": f for name, f in _NN.items()},
    "__operators__.getitem": _getitem,
    "cast": _cast,
    "clip_by_value": _clip,
    "concat": _concat,
    "convert_to_tensor": _to_tensor,
    "expand_dims": _expand,
    "identity": _same,
    "image.per_image_standardization": _standardised,
    "image.resize": _resize,
    "linalg.l2_normalize": _normalised,
    "linalg.matmul": _matmul,
    "math.divide_no_nan": _scale_back,
    "math.l2_normalize": _normalised,
    "math.log_softmax": _log_softmax,
    "math.scalar_mul": _scalar_mul,
    "math.softmax": _softmax,
    "matmul": _matmul,
    "pad": _pad,
    "reshape": _reshape,
    "reverse": _reverse,
    "shape": _shape,
    "split": _split,
    "squeeze": _squeeze,
    "stack": _stack,
    "stop_gradient": _same,
    "tile": _tile,
    "transpose": _transpose,
    "unstack": _unstack,
    "ones_like": _one(ops.ones_like),
    "zeros_like": _one(ops.zeros_like),
}
