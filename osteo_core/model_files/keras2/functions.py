"""TensorFlow's functions on symbolic tensors, under TensorFlow's names of their arguments."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from osteo_core.model_files.limits import Unreadable

_PARTS = 4_096


class Shape(tuple[int, ...]):
    """What `tf.shape` gave: sides, and -1 for the number of tiles, which is open."""


def like(x: Any, y: Any) -> tuple[Any, Any]:
    """Two arguments, a constant among them as an array of the other's type."""
    kinds = [str(v.dtype) for v in (x, y) if isinstance(v, keras.KerasTensor)]
    if not kinds:
        return x, y
    return tuple(  # type: ignore[return-value]
        v if isinstance(v, keras.KerasTensor) else np.asarray(v, kinds[0]) for v in (x, y)
    )


def axes(axis: Any) -> Any:
    """A list of axes as a tuple."""
    return tuple(axis) if isinstance(axis, (list, tuple)) else axis


def scale_back(x: Any, y: Any) -> Any:
    """`tf.math.divide_no_nan`: 0 where it would divide by 0."""
    x, y = like(x, y)
    zero = ops.equal(y, 0)
    safe = ops.where(zero, ops.ones_like(y), y)  # else 0 times infinity on the way back
    return ops.where(zero, ops.zeros_like(x * y), ops.divide(x, safe))


def scalar_mul(scalar: Any, x: Any) -> Any:
    """`tf.math.scalar_mul`."""
    return ops.multiply(*like(scalar, x))


def normalised(x: Any, axis: Any = None, epsilon: float = 1e-12) -> Any:
    """`tf.math.l2_normalize`."""
    total = ops.sum(ops.square(x), axis=axes(axis), keepdims=True)
    return ops.multiply(x, ops.rsqrt(ops.maximum(total, np.float32(epsilon))))


def softmax(logits: Any, axis: Any = None) -> Any:
    """`tf.nn.softmax`."""
    return ops.softmax(logits, axis=-1 if axis is None else axis)


def log_softmax(logits: Any, axis: Any = None) -> Any:
    """`tf.nn.log_softmax`."""
    return ops.log_softmax(logits, axis=-1 if axis is None else axis)


def silu(features: Any, beta: float = 1.0) -> Any:
    """`tf.nn.silu`."""
    if beta == 1.0:
        return ops.silu(features)
    return ops.multiply(features, ops.sigmoid(ops.multiply(features, np.float32(beta))))


def leaky(features: Any, alpha: float = 0.2) -> Any:
    """`tf.nn.leaky_relu`."""
    return ops.leaky_relu(features, negative_slope=alpha)


def gelu(features: Any, approximate: bool = False) -> Any:
    """`tf.nn.gelu`."""
    return ops.gelu(features, approximate=approximate)


def concat(values: Any, axis: int) -> Any:
    """`tf.concat`."""
    return ops.concatenate(values, axis=axis)


def stack(values: Any, axis: int = 0) -> Any:
    """`tf.stack`, of tensors or of sides."""
    if all(isinstance(v, int) for v in values):
        return Shape(values)
    return ops.stack(values, axis=axis)


def unstack(value: Any, num: Any = None, axis: int = 0) -> Any:
    """`tf.unstack`."""
    if (value.shape[axis] or 0) > _PARTS:
        raise Unreadable(f"it takes a tensor apart into {value.shape[axis]:,} parts")
    return ops.unstack(value, num=num, axis=axis)


def split(value: Any, num_or_size_splits: Any, axis: int = 0) -> Any:
    """`tf.split`, by a number of parts or by their sizes."""
    parts = num_or_size_splits
    if isinstance(parts, list):
        parts = [int(end) for end in np.cumsum(parts)[:-1]]
    if isinstance(parts, int) and parts > _PARTS:
        raise Unreadable(f"it takes a tensor apart into {parts:,} parts")
    return ops.split(value, parts, axis=axis)


def reshape(tensor: Any, shape: Any) -> Any:
    """`tf.reshape`, with the number of tiles open."""
    wanted = [int(side) for side in shape]
    if wanted.count(-1) > 1:  # the number of tiles and a side that follows from the others
        known = [side for side in wanted if side != -1]
        total = int(np.prod(tensor.shape[1:]))
        wanted = [
            total // int(np.prod(known)) if i and s == -1 else s for i, s in enumerate(wanted)
        ]
    return ops.reshape(tensor, wanted)


def shape_of(input: Any, out_type: Any = None) -> Shape:
    """`tf.shape`."""
    return Shape(-1 if side is None else side for side in input.shape)


def squeeze(input: Any, axis: Any = None, squeeze_dims: Any = None) -> Any:
    """`tf.squeeze`."""
    axis = squeeze_dims if axis is None else axis
    if axis is None:
        axis = [i for i, side in enumerate(input.shape) if side == 1]
    return ops.squeeze(input, axis=axes(axis))


def transpose(a: Any, perm: Any = None, conjugate: bool = False) -> Any:
    """`tf.transpose`."""
    return ops.transpose(a, axes=perm)


def cast(x: Any, dtype: str) -> Any:
    """`tf.cast`; sides stay whole numbers."""
    return x if isinstance(x, (int, Shape)) else ops.cast(x, dtype)


def to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None) -> Any:
    """`tf.convert_to_tensor`."""
    return value if dtype is None else cast(value, dtype)


def clip(t: Any, clip_value_min: float, clip_value_max: float) -> Any:
    """`tf.clip_by_value`."""
    return ops.clip(t, clip_value_min, clip_value_max)


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """`tf.matmul`."""
    a, b = like(a, b)
    a = ops.swapaxes(a, -1, -2) if transpose_a else a
    return ops.matmul(a, ops.swapaxes(b, -1, -2) if transpose_b else b)


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: float = 0) -> Any:
    """`tf.pad`."""
    mode, pairs = mode.lower(), [tuple(pair) for pair in paddings]
    if mode == "constant":
        return ops.pad(tensor, pairs, mode=mode, constant_values=constant_values)
    return ops.pad(tensor, pairs, mode=mode)


def reverse(tensor: Any, axis: Any) -> Any:
    """`tf.reverse`."""
    return ops.flip(tensor, axis=axes(axis))


def resize(
    images: Any,
    size: Any,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
) -> Any:
    """`tf.image.resize`."""
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


def bias_add(value: Any, bias: Any, data_format: Any = None) -> Any:
    """`tf.nn.bias_add`."""
    if data_format not in (None, "NHWC", "N...C"):
        raise Unreadable("it adds a bias with channels first")
    return ops.add(*like(value, bias))


def sides(size: Any) -> tuple[int, int]:
    """Height and width of a window, however TensorFlow was told."""
    sides = [size] if isinstance(size, int) else list(size)
    sides = sides[1:3] if len(sides) == 4 else sides * (2 // len(sides))
    return sides[0], sides[1]


def batch_norm(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float
) -> Any:
    """`tf.nn.batch_normalization` by constants."""
    factor = np.asarray(scale if scale is not None else 1.0, "float32")
    factor = factor / np.sqrt(np.asarray(variance, "float32") + variance_epsilon)
    shift = np.asarray(0.0 if offset is None else offset) - np.asarray(mean) * factor
    return ops.add(ops.multiply(x, factor), shift.astype("float32"))


def standardised(image: Any) -> Any:
    """`tf.image.per_image_standardization`."""
    axes = tuple(range(1, len(image.shape)))
    n = int(np.prod(image.shape[1:]))
    spread = ops.maximum(ops.std(image, axis=axes, keepdims=True), np.float32(1 / np.sqrt(n)))
    return ops.divide(ops.subtract(image, ops.mean(image, axis=axes, keepdims=True)), spread)


def getitem(tensor: Any, slice_spec: Any) -> Any:
    """`x[...]`, of a tensor or of sides."""
    if isinstance(tensor, Shape):
        part: Any = tensor[slice_spec[0] if isinstance(slice_spec, list) else slice_spec]
        return Shape(part) if isinstance(part, tuple) else part
    return tensor[tuple(slice_spec) if isinstance(slice_spec, list) else slice_spec]


def expand(input: Any, axis: Any) -> Any:
    """`tf.expand_dims`."""
    return ops.expand_dims(input, axis)


def tile(input: Any, multiples: Any) -> Any:
    """`tf.tile`."""
    return ops.tile(input, tuple(multiples))


def same(first: Any) -> Any:
    """`tf.identity`."""
    return first


def add_all(inputs: Any) -> Any:
    """`tf.add_n`."""
    total = inputs[0]
    for more in inputs[1:]:
        total = ops.add(total, more)
    return total


def where(condition: Any, x: Any, y: Any) -> Any:
    """`tf.where` with two branches."""
    return ops.where(condition, *like(x, y))


def grey(images: Any) -> Any:
    """`tf.image.rgb_to_grayscale`."""
    weights = np.array([0.2989, 0.587, 0.114], "float32")  # TensorFlow's
    return ops.sum(ops.multiply(images, weights), axis=-1, keepdims=True)


def mirrored(axis: int) -> Callable[..., Any]:
    """`tf.image.flip_…` along an axis."""

    def call(image: Any) -> Any:
        return ops.flip(image, axis=axis)

    return call


def spread(input: Any, block_size: int, data_format: str = "NHWC") -> Any:
    """`tf.nn.depth_to_space`."""
    if data_format != "NHWC":
        raise Unreadable("it moves channels to places with channels first")
    _, height, width, channels = input.shape
    n = block_size
    parts = ops.reshape(input, (-1, height, width, n, n, channels // (n * n)))
    turned = ops.transpose(parts, (0, 1, 3, 2, 4, 5))
    return ops.reshape(turned, (-1, height * n, width * n, channels // (n * n)))
