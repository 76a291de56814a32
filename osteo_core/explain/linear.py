"""A layer's sum before its activation, taken apart: what each input channel adds to it.

A convolution or a fully connected layer is a weighted sum of its input, so the shares of its input
channels are exact and add up, with the bias, to the value before the activation.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from osteo_core.networks.graph import Step

Values = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]
Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Linear:
    """One layer's weighted sum.

    A fully connected layer is a kernel of one place; a depthwise convolution has as many groups as
    channels.

    Attributes:
        kernel: float32 (kernel height, kernel width, input channels of a group, units), or, for a
            separable convolution, its depthwise part (kernel height, kernel width, channels,
            multiplier).
        bias: float32 (units,), zero where the layer has none.
        strides: Input places from one output place to the next.
        dilation: Input places from one place of the kernel to the next.
        before: Rows and columns of zeros that the layer adds above and to the left.
        groups: Groups of channels that do not see each other.
        pointwise: For a separable convolution, float32 (channels * multiplier, units).
    """

    kernel: Values
    bias: Values
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    before: Pair = (0, 0)
    groups: int = 1
    pointwise: Values | None = None

    def shares(self, inputs: Values, unit: int, place: Pair) -> tuple[Indices, Values]:
        """What each input channel adds to one unit at one place.

        Args:
            inputs: float32 (h, w, channels), what the layer takes.
            unit: Index of the unit.
            place: Row and column in the layer's own output.

        Returns:
            The channels that the unit sees, and the share of each.
        """
        channels = self._seen(unit, inputs.shape[2])
        window, kernel = self._windows(inputs, channels, np.array([place])), self._column(unit)
        return channels, np.einsum("ijc,ijc->c", window[0], kernel)

    def shares_of(
        self, inputs: Values, channels: Indices, places: Indices
    ) -> tuple[Indices, Values]:
        """What some input channels together add to every unit that sees them.

        Args:
            inputs: float32 (h, w, channels), what the layer takes.
            channels: Indices of input channels.
            places: (units, 2), the row and column at which each unit of the layer is asked.

        Returns:
            Indices of the units that see one of the channels, and the share of each.
        """
        total = np.zeros(len(self.bias), np.float32)
        seen = np.zeros(len(self.bias), bool)
        for channel in channels:
            units, kernel = self._row(int(channel), inputs.shape[2])  # kernel (kh, kw, units)
            window = self._windows(inputs, np.array([channel]), places[units])[..., 0]
            total[units] += np.einsum("uij,iju->u", window, kernel)
            seen[units] = True
        units = np.flatnonzero(seen)
        return units, total[units]

    def _seen(self, unit: int, n_channels: int) -> Indices:
        n_seen = n_channels // self.groups
        first = unit // (len(self.bias) // self.groups) * n_seen
        return np.arange(first, first + n_seen)

    def _column(self, unit: int) -> Values:
        """The weights of one unit, (kernel height, kernel width, channels it sees)."""
        if self.pointwise is None:
            return self.kernel[..., unit]
        weights = self.pointwise[:, unit].reshape(self.kernel.shape[2:])  # (channels, multiplier)
        column: Values = np.einsum("ijcm,cm->ijc", self.kernel, weights)
        return column

    def _row(self, channel: int, n_channels: int) -> tuple[Indices, Values]:
        """The units that see a channel, and their weights, (kernel height, kernel width, units)."""
        if self.pointwise is not None:
            multiplier = self.kernel.shape[3]
            rows = self.pointwise[channel * multiplier : (channel + 1) * multiplier]
            return np.arange(len(self.bias)), self.kernel[:, :, channel] @ rows
        group, inside = divmod(channel, n_channels // self.groups)
        n_units = len(self.bias) // self.groups
        units = np.arange(group * n_units, (group + 1) * n_units)
        return units, self.kernel[:, :, inside, units[0] : units[-1] + 1]

    def _windows(self, inputs: Values, channels: Indices, places: Indices) -> Values:
        """What the kernel covers, (places, kernel height, kernel width, channels)."""
        rows, row_inside = self._covered(places[:, 0], 0, inputs.shape[0])
        columns, column_inside = self._covered(places[:, 1], 1, inputs.shape[1])
        inside = row_inside[:, :, None] & column_inside[:, None, :]  # (places, kh, kw)
        if len(channels) == inputs.shape[2]:
            found = inputs[rows[:, :, None], columns[:, None, :]]
        else:
            grid = rows[:, :, None, None], columns[:, None, :, None], channels
            found = inputs[grid]
        return np.where(inside[..., None], found, np.float32(0))

    def _covered(
        self, places: Indices, axis: int, length: int
    ) -> tuple[Indices, npt.NDArray[np.bool_]]:
        """Input rows or columns under the kernel, (places, kernel), and which of them exist."""
        steps = np.arange(self.kernel.shape[axis]) * self.dilation[axis]
        at = places[:, None] * self.strides[axis] - self.before[axis] + steps
        return np.clip(at, 0, length - 1), (at >= 0) & (at < length)


def linear(step: "Step", in_shape: tuple[int, ...], out_shape: tuple[int, ...]) -> Linear | None:
    """Read a layer as a weighted sum of its input.

    Args:
        step: The layer's call.
        in_shape: Shape of its input, (h, w, channels) or (units,).
        out_shape: Shape of its output.

    Returns:
        The layer's weights (views of them where possible); None for a kind that is not known to be
        a plain weighted sum.
    """
    import keras

    layer = step.operation
    kind = type(layer)  # exactly: a subclass may compute anything
    if kind is keras.layers.Dense and len(in_shape) in (1, 3):
        return Linear(_array(layer.kernel)[None, None], _bias(layer, out_shape[-1]))
    if kind is keras.layers.Conv2D:
        return _slid(layer, _array(layer.kernel), in_shape, out_shape, groups=layer.groups)
    if kind is keras.layers.DepthwiseConv2D:
        kernel = _array(layer.kernel)  # (kh, kw, channels, multiplier)
        height, width, channels, _ = kernel.shape
        grouped = kernel.reshape(height, width, 1, -1)
        return _slid(layer, grouped, in_shape, out_shape, groups=channels)
    if kind is keras.layers.SeparableConv2D:
        pointwise = _array(layer.pointwise_kernel)[0, 0]
        kernel = _array(layer.depthwise_kernel)
        return _slid(layer, kernel, in_shape, out_shape, pointwise=pointwise)
    return None


def _slid(
    layer: Any,
    kernel: Values,
    in_shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    groups: int = 1,
    pointwise: Values | None = None,
) -> Linear:
    strides, dilation = tuple(layer.strides), tuple(layer.dilation_rate)
    before = [
        _before(*sizes) if layer.padding == "same" else 0
        for sizes in zip(in_shape, out_shape, kernel.shape, strides, dilation, strict=False)
    ]
    bias = _bias(layer, out_shape[-1])
    return Linear(kernel, bias, strides, dilation, (before[0], before[1]), groups, pointwise)


def _before(inside: int, outside: int, kernel: int, stride: int, dilation: int) -> int:
    """Zeros in front with "same" padding; TensorFlow puts an odd one behind."""
    missing = (outside - 1) * stride + (kernel - 1) * dilation + 1 - inside
    return max(missing, 0) // 2


def _bias(layer: Any, n_units: int) -> Values:
    return _array(layer.bias) if layer.use_bias else np.zeros(n_units, np.float32)


def _array(variable: Any) -> Values:
    """A weight as an array: on CPUs a view of the memory that the network itself reads."""
    import tensorflow as tf

    array: Values = np.asarray(tf.convert_to_tensor(variable.value)).astype(np.float32, copy=False)
    return array
