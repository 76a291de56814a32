"""Times of two jobs, one right behind the other; and the pass that all is held against."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from osteo_core.tiles import Tile

if TYPE_CHECKING:
    from osteo_core.engine import Engine

Job = Callable[[], object]
Report = Callable[[str], None]

TILE_SIDE = 512


def times(first: Job, seconds: Iterator[Job], pairs: int) -> Iterator[tuple[float, float]]:
    """Seconds of the two jobs, in turned order every second time."""
    first(), next(seconds)(), first(), next(seconds)()  # compiled and warm
    for number in range(pairs):
        second = next(seconds)
        if number % 2:
            b, a = time_of(second), time_of(first)
        else:
            a, b = time_of(first), time_of(second)
        yield a, b


def same(job: Job) -> Iterator[Job]:
    """One job again and again."""
    while True:
        yield job


def time_of(job: Job) -> float:
    """Seconds that a job takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def noise_tile(side: int = TILE_SIDE, seed: int = 0) -> Tile:
    """A tile of noise: no picture is needed to measure time."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    pixels.setflags(write=False)
    return Tile(pixels, f"noise-{seed}", f"noise-{seed}", ())


def plain_forward(engine: "Engine", tile: Tile) -> Job:
    """The forward pass as anyone would compile it: a preprocessed tile to probabilities."""
    import tensorflow as tf

    network = engine.network
    batch = engine.prepare(tile)
    signature = [tf.TensorSpec((None, *batch.shape[1:]), tf.float32)]
    compiled = tf.function(lambda x: network(x, training=False), input_signature=signature)
    return lambda: compiled(batch).numpy()
