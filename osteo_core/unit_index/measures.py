"""Figures of many units by one measure, their maximum or their mean, small enough to ship."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from osteo_core.unit_index.compact import halves
from osteo_core.unit_index.index import TOP, Rows, unscaled_place
from osteo_core.unit_index.statistics import Classes, class_means, histograms, selectivity

Values = npt.NDArray[np.float32]
_UNKNOWN = 65535  # an area that does not exist: a class without tiles
_FULL = 50000  # an area of 1: steps of 0.00002


class Measure(NamedTuple):
    """Figures as they are stored; half-precision numbers are in the layer's scale.

    Attributes:
        by_class: float16 (units, classes), mean over the tiles of a class.
        area: uint16 (units, classes), selectivity times 50000.
        ends: float16 (units, 2), least and greatest over all tiles.
        counts: (units, classes, bins), tiles by value.
        top_tile: (units, up to 12), numbers of tiles, strongest first.
        top_value: float16 (units, up to 12).
        top_place: uint8 (units with maps, up to 12, 2), as in the index.
    """

    by_class: npt.NDArray[np.float16]
    area: npt.NDArray[np.uint16]
    ends: npt.NDArray[np.float16]
    counts: npt.NDArray[Any]
    top_tile: npt.NDArray[Any]
    top_value: npt.NDArray[np.float16]
    top_place: npt.NDArray[np.uint8]


class Block(NamedTuple):
    """Figures of some units of one layer as they are meant.

    Attributes:
        by_class: float32 (units, classes).
        area: float32 (units, classes), 0..1; not a number for a class without tiles.
        ends: float32 (units, 2).
        counts: (units, classes, bins).
        top_tile: (units, up to 12).
        top_value: float32 (units, up to 12).
        top_place: (units, up to 12, 2), row and column in the layer's grid; None if dense.
    """

    by_class: Values
    area: Values
    ends: Values
    counts: npt.NDArray[Any]
    top_tile: npt.NDArray[Any]
    top_value: Values
    top_place: npt.NDArray[np.intp] | None


def measure(
    values: Values,
    places: npt.NDArray[np.uint8] | None,
    scale: float,
    classes: Classes,
    n_classes: int,
) -> Measure:
    """Work out the figures of one layer.

    Args:
        values: (units, tiles), a unit's maximum or mean on each tile.
        places: (units, tiles, 2), as in the index; None for a dense layer.
        scale: The layer's.
        classes: Number of each tile's class, (tiles,).
        n_classes: Number of classes.
    """
    ends, counts = histograms(values, classes, n_classes)
    best = np.argsort(-values, axis=1, kind="stable")[:, :TOP]
    if places is None:
        places = np.zeros((0, len(classes), 2), np.uint8)
    area = selectivity(values, classes, n_classes)
    return Measure(
        by_class=_half(class_means(values, classes, n_classes), scale),
        area=np.where(np.isnan(area), _UNKNOWN, np.rint(area * _FULL)).astype(np.uint16),
        ends=_half(ends, scale),
        counts=counts,
        top_tile=best.astype(np.min_scalar_type(len(classes))),
        top_value=_half(np.take_along_axis(values, best, 1), scale),
        top_place=np.take_along_axis(places, best[: len(places), :, None], 1),
    )


def joined(layers: Sequence[Measure]) -> Measure:
    """The figures of several layers as one."""
    return Measure._make(np.concatenate(arrays) for arrays in zip(*layers, strict=True))


def decode(stored: Measure, rows: Rows, first: int, some: slice) -> Block:
    """Figures of some units of a layer.

    Args:
        stored: Of many layers.
        rows: The layer.
        first: Row of the layer's first unit in `stored`.
        some: Units of the layer.
    """
    own = slice(first + some.start, first + some.stop)
    area = stored.area[own].astype(np.float32)
    places = None
    if rows.mapped is not None and rows.layer.grid is not None:
        mapped = slice(rows.mapped + some.start, rows.mapped + some.stop)
        places = unscaled_place(stored.top_place[mapped], rows.layer.grid)
    scale = np.float32(rows.layer.scale)
    return Block(
        by_class=stored.by_class[own].astype(np.float32) * scale,
        area=np.where(area == _UNKNOWN, np.float32(np.nan), area / _FULL),
        ends=stored.ends[own].astype(np.float32) * scale,
        counts=stored.counts[own],
        top_tile=stored.top_tile[own],
        top_value=stored.top_value[own].astype(np.float32) * scale,
        top_place=places,
    )


def _half(values: npt.NDArray[Any], scale: float) -> npt.NDArray[np.float16]:
    return halves(values.astype(np.float32), np.array(scale, np.float32))
