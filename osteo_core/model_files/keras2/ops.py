"""TensorFlow's functions, as Keras 2 recorded them in a network, in `keras.ops`.

`tf.nn.relu6(x)` or `x / 127.5` on a symbolic tensor became a layer "TFOpLambda" that names the
function and its arguments. It holds no code, unlike a Lambda layer.
"""

from collections.abc import Callable
from typing import Any

from keras import ops

from osteo_core.model_files.keras2 import functions
from osteo_core.model_files.limits import Unreadable

CLASSES = ("TFOpLambda", "SlicingOpLambda")


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


def _two(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: function(*functions.like(x, y))


def _one(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one tensor, whatever TensorFlow calls that."""

    def call(first: Any) -> Any:
        return function(first)

    return call


def _reduce(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(input_tensor: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return function(input_tensor, axis=functions.axes(axis), keepdims=keepdims)

    return call


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
            functions.sides(ksize),
            functions.sides(strides),
            padding.lower(),
            "channels_last",
        )

    return call


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
    "equal": ops.equal,
    "greater": ops.greater,
    "greater_equal": ops.greater_equal,
    "less": ops.less,
    "less_equal": ops.less_equal,
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
    "leaky_relu": functions.leaky,
    "gelu": functions.gelu,
    "silu": functions.silu,
    "swish": functions.silu,
    "softmax": functions.softmax,
    "log_softmax": functions.log_softmax,
    "l2_normalize": functions.normalised,
    "bias_add": functions.bias_add,
    "avg_pool": _pool(ops.average_pool),
    "avg_pool2d": _pool(ops.average_pool),
    "max_pool": _pool(ops.max_pool),
    "max_pool2d": _pool(ops.max_pool),
    "depth_to_space": functions.spread,
    "batch_normalization": functions.batch_norm,
}
_TABLE: dict[str, Callable[..., Any]] = {
    **{f"{where}{name}": _two(f) for name, f in _BINARY.items() for where in ("math.", "")},
    **{f"__operators__.{name}": _two(f) for name, f in _BINARY.items()},
    **{f"{where}{name}": _one(f) for name, f in _UNARY.items() for where in ("math.", "")},
    **{f"{where}{name}": _reduce(f) for name, f in _REDUCTIONS.items() for where in ("math.", "")},
    **{f"nn.{name}": f for name, f in _NN.items()},
    "__operators__.getitem": functions.getitem,
    "add_n": functions.add_all,
    "cast": functions.cast,
    "clip_by_value": functions.clip,
    "concat": functions.concat,
    "convert_to_tensor": functions.to_tensor,
    "expand_dims": functions.expand,
    "identity": functions.same,
    "image.per_image_standardization": functions.standardised,
    "image.flip_left_right": functions.mirrored(-2),
    "image.flip_up_down": functions.mirrored(-3),
    "image.rgb_to_grayscale": functions.grey,
    "image.resize": functions.resize,
    "linalg.l2_normalize": functions.normalised,
    "linalg.matmul": functions.matmul,
    "math.divide_no_nan": functions.scale_back,
    "math.add_n": functions.add_all,
    "math.l2_normalize": functions.normalised,
    "math.log_softmax": functions.log_softmax,
    "math.scalar_mul": functions.scalar_mul,
    "math.softmax": functions.softmax,
    "matmul": functions.matmul,
    "pad": functions.pad,
    "reshape": functions.reshape,
    "reverse": functions.reverse,
    "shape": functions.shape_of,
    "split": functions.split,
    "squeeze": functions.squeeze,
    "stack": functions.stack,
    "stop_gradient": functions.same,
    "tile": functions.tile,
    "transpose": functions.transpose,
    "unstack": functions.unstack,
    "ones_like": _one(ops.ones_like),
    "where": functions.where,
    "where_v2": functions.where,
    "zeros_like": _one(ops.zeros_like),
}
