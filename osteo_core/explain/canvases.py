"""The network from a blank canvas to one unit, in the shape in which tf-keras-vis takes a model.

Nothing of the shared network is cloned, called symbolically or changed: its steps are traced once
more, on a canvas of another size where they allow it, into one compiled function that lives as
long as the run. The gradient stops at the canvas, so that no gradient of a weight is computed.
"""

import copy
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError
from osteo_core.networks.preprocessing import normalise
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.networks.graph import Step

Canvas = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

GREY = 127.5  # a canvas holds RGB values less this, so that 0 is grey in every network
_SMALLEST, _LARGEST, _GRID = 96, 128, 32  # px; the grid is the stride of the deepest layers
# Activations that work number by number: such a unit can be driven by what stands in front of its
# activation, where the gradient does not vanish if it starts out silent.
_NUMBER_BY_NUMBER = frozenset(
    {
        *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "tanh"),
        *("sigmoid", "softplus", "softsign", "hard_sigmoid", "hard_silu", "hard_tanh"),
    }
)


def canvas_size(engine: "Engine", layer: str, side: int | None = None) -> tuple[int, int]:
    """Choose how large a picture is made for a layer's units.

    Where everything up to the layer works place by place, a canvas about half as wide again as
    what one place sees (96 to 128 px) shows the same motif as the whole input for a fraction of
    the time; else the canvas is the network's input.

    Args:
        engine: The network.
        layer: A convolution or a fully connected layer.
        side: Wanted, px; the network's input where the layer does not allow it.

    Returns:
        Height and width, px.
    """
    if not _place_by_place(engine, layer):
        return engine.input_size
    if side is None:
        seen = max(engine.layer(layer).receptive_field or engine.input_size)
        wanted = _GRID * math.ceil(1.5 * seen / _GRID)
        side = min(max(wanted, _SMALLEST), _LARGEST)
    return (side, side) if side < min(engine.input_size) else engine.input_size


def _place_by_place(engine: "Engine", layer: str) -> bool:
    graph = engine.graph
    front = graph.between({graph.input}, (layer,))
    return all(engine.layer(step.name).receptive_field is not None for step in front)


class Front:
    """The network in front of one unit; to tf-keras-vis a model of one input and one output.

    Args:
        engine: The network. Its lock is held while the steps are traced, some tenths of a second,
            and never again: the compiled function is its own and only reads weights, so that
            others who read tiles share the processor with a run but never wait for one.
        unit: The unit.
        size: Height and width of the canvas, px; the network's input is taken where the layers
            do not accept it.

    Raises:
        ModelError: No such unit.

    Attributes:
        size: Height and width of the canvas, px.
    """

    layers = ()  # tf-keras-vis looks here for half-precision layers; the canvas is float32

    def __init__(self, engine: "Engine", unit: Unit, size: tuple[int, int]) -> None:
        self.unit = engine.check_unit(unit)
        self._graph = engine.graph
        self._colours = _colours(engine.preprocessing)
        step = self._graph.maker[unit.layer]
        self._last, self._activation = _opened(step)
        with engine._lock:
            self.size, self._compiled = self._trace_at(size, engine.input_size)
        self._flat = True

    def __call__(self, inputs: Any, training: bool = False) -> Any:
        """What tf-keras-vis asks of a model: the score of a canvas `[(1, H, W, 3)]` as (1, 1).

        Its gradient is that of the unit, scaled to the same size for every network: root mean
        square 1 / (H × W × 3), which is what the regularisers of tf-keras-vis have.
        """
        import tensorflow as tf

        canvas = inputs[0]
        here = tf.constant(canvas.numpy())  # outside of the caller's gradient tape
        score, _, slope = self._compiled(here)
        self._flat = not float(tf.reduce_max(tf.abs(slope))) > 0
        length = tf.maximum(tf.sqrt(tf.reduce_mean(slope**2)), np.finfo(np.float32).tiny)
        slope = slope / length / tf.size(slope, tf.float32)
        return tf.reshape(score + tf.reduce_sum(slope * (canvas - here)), (1, 1))

    @property
    def inputs(self) -> list[Any]:
        """The canvas, as tf-keras-vis asks for it."""
        import tensorflow as tf

        return [tf.TensorSpec((None, *self.size, 3), tf.float32, name="canvas")]

    @property
    def outputs(self) -> list[Any]:
        """The score, as tf-keras-vis asks for it."""
        import tensorflow as tf

        return [tf.TensorSpec((None, 1), tf.float32, name="score")]

    @property
    def is_flat(self) -> bool:
        """Whether nothing in the last canvas moved the unit."""
        return self._flat

    def activation(self, picture: Pixels) -> float:
        """The unit's value in a picture, at the place where it is greatest.

        Args:
            picture: uint8 RGB, of the canvas' size.

        Returns:
            The unit's activation, as every reading gives it.
        """
        return float(self._compiled(picture[None].astype(np.float32) - np.float32(GREY))[1])

    def _trace_at(self, size: tuple[int, int], whole: tuple[int, int]) -> tuple[Any, Any]:
        try:
            return size, self._trace(size)
        except Exception:  # what a layer of fixed size says to another one, no list can hold
            if size == whole:
                raise
            return whole, self._trace(whole)

    def _trace(self, size: tuple[int, int]) -> Any:
        import tensorflow as tf

        def call(canvas: Any) -> tuple[Any, Any, Any]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(canvas)
                values = self._values(canvas)  # (1, h, w) or (1,)
                score = tf.reduce_mean(values)
            zero = tf.UnconnectedGradients.ZERO
            slope = tape.gradient(score, canvas, unconnected_gradients=zero)
            return score, tf.reduce_max(self._activation(values)), slope

        spec = tf.TensorSpec((1, *size, 3), tf.float32)
        return tf.function(call, autograph=False).get_concrete_function(spec)

    def _values(self, canvas: Any) -> Any:
        import tensorflow as tf

        matrix, offset = self._colours
        start = self._graph.input
        pixels = tf.tensordot(canvas, matrix, 1) + offset
        known = {start: tf.cast(pixels, self._graph.tensors[start].dtype)}
        given = self._graph.run(known, self._last.inputs)
        symbols = [id(self._graph.tensors[name]) for name in self._last.inputs]
        made = self._last.run(dict(zip(symbols, given, strict=True)))[0]
        if 0 in made.shape[1:]:
            raise ModelError(f"Expected a larger canvas. Received: none of {self.unit} is left.")
        return tf.cast(made[..., self.unit.index], tf.float32)


def _opened(step: "Step") -> tuple["Step", Any]:
    """A step without its last activation, and that activation."""
    layer = step.operation
    activation = getattr(layer, "activation", None)
    if getattr(activation, "__name__", "") not in _NUMBER_BY_NUMBER:
        return step, _unchanged
    twin = copy.copy(layer)  # shares the weights; the layer itself keeps its activation
    twin.activation = _unchanged
    return replace(step, operation=twin), activation


def _unchanged(values: Any) -> Any:
    return values


def _colours(preprocessing: str) -> tuple[Canvas, Canvas]:
    """Matrix (3, 3) and offset (3,) that make a network's input of a canvas (..., 3).

    Every preprocessing is such a map, whatever its channel order and range; it is read off from
    what it makes of black and of the three colours.
    """
    black = normalise(np.zeros(3), preprocessing)
    matrix = (normalise(np.eye(3) * 255, preprocessing) - black) / np.float32(255)
    return matrix, black + np.float32(GREY) * matrix.sum(0)
