"""What asking about single units costs."""

from collections.abc import Iterator
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from osteo_core.benchmark.timing import Job, same
from osteo_core.tiles import Tile
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.engine import Engine


def ratios(engine: "Engine", tile: Tile) -> dict[str, Iterator[Job]]:
    """Jobs to be held against a forward pass, by key; all but the first on a tile already read."""
    reading = engine.read(tile, keep="convolutions")
    layer = engine.default_layer
    return {
        "unit_prepare_ratio": _preparations(engine, tile),
        "effective_field_ratio": _fields(reading, layer),
        "ablation_ratio": _ablations(reading, layer),
        "scan_ratio": same(lambda: list(reading.scan(layer))),
    }


def index_ratio(engine: "Engine", pairs: int) -> float:
    """Building the index of the twelve examples / plain forward passes over them."""
    from osteo_core.cohorts.synthetic import examples
    from osteo_core.unit_index.cost import index_ratio

    tiles = [example.path for example in examples()]
    return index_ratio(engine, tiles, max(1, pairs // 3), least_s=2.0 * pairs)


def _preparations(engine: "Engine", tile: Tile) -> Iterator[Job]:
    while True:
        yield engine.read(tile).prepare_units


def _fields(reading: Any, layer: str) -> Iterator[Job]:
    """The effective field of one unit that fires, another one each time."""
    from osteo_core.explain.fields import effective_field

    maxima = reading.activation(layer).max(axis=(0, 1))
    for index in cycle(np.argsort(-maxima)[: max(1, np.count_nonzero(maxima))]):
        unit = Unit(layer, int(index))
        yield lambda unit=unit: effective_field(reading, unit)  # type: ignore[misc]


def _ablations(reading: Any, layer: str) -> Iterator[Job]:
    """The probabilities without one unit, another one each time."""
    for index in cycle(range(reading.engine.layer(layer).n_units)):
        yield lambda index=index: reading.without(layer, [index]).probabilities  # type: ignore[misc]
