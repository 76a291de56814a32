"""One forward pass -> of every unit its maximum, the place of it, and its mean.

Whole maps never leave TensorFlow: what leaves is a few bytes a unit, and the memory of a map is
used again as soon as the next layer is done.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from osteo_core.unit_index.card import PLACES_A_SIDE, IndexedLayer

if TYPE_CHECKING:
    from osteo_core.engine import Engine


class Peaks(NamedTuple):
    """What a pass says of n tiles.

    Attributes:
        maximum: float32 (n, units); of a fully connected layer, the value.
        mean: float32 (n, units with maps).
        place: uint8 (n, units with maps, 2), row and column of the first maximum in reading order,
            in the layer's own grid; of a grid with more than 256 a side, scaled down to 256.
    """

    maximum: npt.NDArray[np.float32]
    mean: npt.NDArray[np.float32]
    place: npt.NDArray[np.uint8]


class PeakPass:
    """The compiled pass over a fixed number of tiles.

    Args:
        engine: The network.
        layers: Whose units.
        batch: Tiles in one pass.
    """

    def __init__(self, engine: "Engine", layers: tuple[IndexedLayer, ...], batch: int) -> None:
        graph, self._layers = engine.graph, layers
        names = [layer.name for layer in layers]
        source = graph.tensors[graph.input]
        spec = tf.TensorSpec((batch, *engine.input_size, source.shape[-1]), source.dtype)

        def call(inputs: Any) -> tuple[Any, Any, Any]:
            return _peaks(graph.run({graph.input: inputs}, names))

        # Without AutoGraph, as all pieces of a network.
        self._call = tf.function(call, autograph=False).get_concrete_function(spec)
        self._dtype = source.dtype
        self._height, self._width = _grids(layers)

    @classmethod
    def of(cls, engine: "Engine", layers: tuple[IndexedLayer, ...], batch: int) -> "PeakPass":
        """The engine's own pass, compiled once and kept as long as the engine."""
        key = ("unit index", batch)
        if key not in engine.memo:
            engine.memo[key] = cls(engine, layers, batch)
        made: PeakPass = engine.memo[key]
        return made

    def __call__(self, batch: npt.NDArray[np.float32]) -> Peaks:
        """Run it on float32 (n, h, w, 3), preprocessed."""
        maximum, mean, flat = self._call(tf.convert_to_tensor(batch, self._dtype))
        row, column = np.divmod(np.asarray(flat), self._width)  # (n, units with maps)
        place = np.stack([_byte(row, self._height), _byte(column, self._width)], -1)
        return Peaks(np.asarray(maximum), np.asarray(mean), place)


def _grids(layers: tuple[IndexedLayer, ...]) -> tuple[npt.NDArray[np.int32], ...]:
    sides = [layer.grid for layer in layers if layer.grid for _ in range(layer.units)]
    heights, widths = np.array(sides, np.int32).reshape(-1, 2).T
    return heights, widths


def _byte(place: npt.NDArray[np.int32], side: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    scaled = place * PLACES_A_SIDE // np.maximum(side, 1)
    return np.where(side > PLACES_A_SIDE, scaled, place).astype(np.uint8)


def _peaks(outputs: list[Any]) -> tuple[Any, Any, Any]:
    batch = outputs[0].shape[0]
    maxima, means, places = [], [tf.zeros((batch, 0))], [tf.zeros((batch, 0), tf.int32)]
    for output in (tf.cast(output, tf.float32) for output in outputs):
        if len(output.shape) < 3:
            maxima.append(output)
            continue
        maps = output if len(output.shape) == 4 else output[:, :, None, :]
        maximum, place = _maximum(maps)
        maxima.append(maximum)
        means.append(_mean(maps))
        places.append(place)
    return tf.concat(maxima, 1), tf.concat(means, 1), tf.concat(places, 1)


def _mean(maps: Any) -> Any:
    """(n, h, w, units) -> (n, units): a product with ones takes half the time of `reduce_mean`."""
    n, h, w, units = maps.shape
    sums = tf.matmul(tf.ones((n, 1, h * w)), tf.reshape(maps, (n, h * w, units)))
    return tf.reshape(sums, (n, units)) / (h * w)


def _maximum(maps: Any) -> tuple[Any, Any]:
    """(n, h, w, units) -> (n, units) twice: the maximum and its first place, row * w + column.

    One sweep makes the maximum of each row; the place needs only the first row that holds the
    greatest. An `argmax` of whole maps costs as much as the network itself.
    """
    n, h, w, units = maps.shape
    rows = tf.reshape(tf.nn.max_pool2d(maps, (1, w), 1, "VALID"), (n, h, units))
    row = tf.argmax(rows, 1, output_type=tf.int32)  # (n, units)
    first = row * (w * units) + tf.range(units) + tf.range(n)[:, None] * (h * w * units)
    line = tf.gather(tf.reshape(maps, (-1,)), first[:, None] + tf.range(w)[:, None] * units)
    return tf.reduce_max(rows, 1), row * w + tf.argmax(line, 1, output_type=tf.int32)
