"""From records a tile to arrays a unit: turned, scaled and rounded once every tile is done.

Half precision has eleven bits for a number but ends at 65504, and activations do not; so each layer
has a scale, a power of two, with which its greatest number comes to lie between 2^14 and 2^15. A
number that is not zero is never stored as one.
"""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from osteo_core import files
from osteo_core.unit_index.card import MAXIMUM, MEAN, PLACE, IndexedLayer
from osteo_core.unit_index.partial import Records

_TINY = np.float16(2**-24)
_UNITS = 2048  # units turned at once: 8 MB a thousand tiles
Values = npt.NDArray[np.float32]


def write_arrays(
    records: Records, layers: tuple[IndexedLayer, ...], folder: Path
) -> tuple[IndexedLayer, ...]:
    """Write the three arrays of an index.

    Args:
        records: Of the tiles that could be read.
        layers: Whose units, unscaled.
        folder: Of the index.

    Returns:
        The layers with their scales.
    """
    scales = _scales(records, layers)
    scaled = tuple(
        layer.model_copy(update={"scale": scale})
        for layer, scale in zip(layers, scales, strict=True)
    )
    mapped = tuple(layer for layer in scaled if layer.grid)
    for file, values, owners in (
        (MAXIMUM, records["maximum"], scaled),
        (MEAN, records["mean"], mapped),
    ):
        _write(folder / file, "<f2", _half_blocks(values, owners), values.shape[::-1])
    places = records["place"]
    turned = (places[:, some].swapaxes(0, 1) for some in _blocks(places.shape[1]))
    _write(folder / PLACE, "|u1", turned, (places.shape[1], len(records), 2))
    return scaled


def scale_for(peak: float) -> float:
    """The power of two that brings a layer's greatest number to 2^14..2^15; 1 for zero."""
    return math.ldexp(1, math.frexp(peak)[1] - 15) if peak else 1.0


def halves(values: Values, scales: Values) -> npt.NDArray[np.float16]:
    """Values / scales in half precision, with zero for zero only."""
    stored = (values / scales).astype(np.float16)
    lost = (stored == 0) & (values != 0)
    stored[lost] = np.copysign(_TINY, values[lost])
    return stored


def _scales(records: Records, layers: tuple[IndexedLayer, ...]) -> list[float]:
    peaks, means = _greatest(records["maximum"]), _greatest(records["mean"])
    scales = []
    for layer in layers:
        own, peaks = np.split(peaks, [layer.units])
        if layer.grid:
            beside, means = np.split(means, [layer.units])
            own = np.concatenate([own, beside])
        scales.append(scale_for(float(own[np.isfinite(own)].max(initial=0))))
    return scales


def _greatest(values: Values) -> Values:
    """Of each unit the greatest magnitude, (tiles, units) -> (units,)."""
    greatest: Values = np.maximum(values.max(0), -values.min(0))
    return greatest


def _half_blocks(
    values: Values, layers: tuple[IndexedLayer, ...]
) -> Iterator[npt.NDArray[np.float16]]:
    units = np.array([layer.units for layer in layers], int)
    scales = np.repeat(np.array([layer.scale for layer in layers], np.float32), units)
    for some in _blocks(len(scales)):
        yield halves(np.ascontiguousarray(values[:, some].T), scales[some, None])


def _blocks(units: int) -> Iterator[slice]:
    return (slice(start, start + _UNITS) for start in range(0, units, _UNITS))


def _write(
    file: Path, dtype: str, blocks: Iterable[npt.NDArray[Any]], shape: tuple[int, ...]
) -> None:
    """Write blocks of units one after another; the file appears when it is whole."""
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    with files.atomic_write(file) as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for block in blocks:
            stream.write(np.ascontiguousarray(block).tobytes())
