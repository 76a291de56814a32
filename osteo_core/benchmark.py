"""What explaining costs, as ratios to the plain forward pass, measured in interleaved pairs.

A ratio of two times taken one after the other holds on any machine and under any load that
lasts longer than a pair; a time in milliseconds does not.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from osteo_core.engine import Engine
from osteo_core.tiles import Tile

Job = Callable[[], object]
Report = Callable[[str], None]

TILE_SIDE = 512


def measure(engine: Engine, pairs: int = 15, report: Report = lambda _: None) -> dict[str, float]:
    """Measure one network.

    Args:
        engine: The network.
        pairs: Pairs of (forward pass, job) for each job; 15 or more.
        report: Told the name of each measurement before it starts.

    Returns:
        `forward_ms`, the median time of the plain compiled forward pass, batch of one; for each of
        `read_convs_ratio`, `gradcam_ratio` and `class_switch_ratio` the median over pairs of job /
        forward; `tf_keras_vis_gradcam_speedup`, the median over pairs of tf-keras-vis / ours,
        both from a tile to the raw map of the last convolution for the predicted class;
        and `pairs`.
    """
    tile = noise_tile()
    forward = plain_forward(engine, tile)
    forward_times: list[float] = []
    measured: dict[str, float] = {}
    for name, jobs in _ratios(engine, tile).items():
        report(name)
        ratios = []
        for base, job in _pairs(forward, jobs, pairs):
            ratios.append(job / base)
            forward_times.append(base)
        measured[name] = statistics.median(ratios)
    report("tf_keras_vis_gradcam_speedup")
    others = _pairs(_gradcam(engine, tile), _same(library_gradcam(engine, tile)), pairs)
    measured["tf_keras_vis_gradcam_speedup"] = statistics.median(b / a for a, b in others)
    forward_ms = 1000 * statistics.median(forward_times)
    return {"forward_ms": forward_ms, **measured, "pairs": pairs}


def noise_tile(side: int = TILE_SIDE, seed: int = 0) -> Tile:
    """A tile of noise: no picture is needed to measure time."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    pixels.setflags(write=False)
    return Tile(pixels, f"noise-{seed}", f"noise-{seed}", ())


def plain_forward(engine: Engine, tile: Tile) -> Job:
    """The forward pass as anyone would compile it: a preprocessed tile to probabilities."""
    import tensorflow as tf

    network = engine.network
    batch = engine.prepare(tile)
    signature = [tf.TensorSpec((None, *batch.shape[1:]), tf.float32)]
    compiled = tf.function(lambda x: network(x, training=False), input_signature=signature)
    return lambda: compiled(batch).numpy()


def library_gradcam(engine: Engine, tile: Tile) -> Job:
    """Grad-CAM by tf-keras-vis on the same flat network, ending in its logits, kept warm."""
    import keras
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.scores import CategoricalScore

    outputs = engine.network.get_layer(engine.logits_layer).output
    explainer = Gradcam(keras.Model(engine.network.inputs[0], outputs), clone=False)
    reading = engine.read(tile)
    score = CategoricalScore(engine.classes.index(reading.predicted))
    batch, layer = engine.prepare(tile), engine.default_layer
    return lambda: explainer(
        score, batch, penultimate_layer=layer, seek_penultimate_conv_layer=False, expand_cam=False
    )


def _ratios(engine: Engine, tile: Tile) -> dict[str, Iterator[Job]]:
    return {
        "read_convs_ratio": _same(lambda: _read_convs(engine, tile)),
        "gradcam_ratio": _same(_gradcam(engine, tile)),
        "class_switch_ratio": _class_switches(engine, tile),
    }


def _read_convs(engine: Engine, tile: Tile) -> Any:
    reading = engine.read(tile, keep="convolutions")
    return reading.probabilities, [reading.activation(layer) for layer in engine.conv_layers]


def _gradcam(engine: Engine, tile: Tile) -> Job:
    return lambda: engine.read(tile).heatmap("gradcam", engine.default_layer).values


def _class_switches(engine: Engine, tile: Tile) -> Iterator[Job]:
    """Grad-CAM for a class from a Reading that has drawn another one; a new Reading each time."""
    while True:
        reading = engine.read(tile)
        drawn = reading.heatmap("gradcam", engine.default_layer).target
        other = next(name for name in engine.classes if name != drawn)

        def switch(reading: Any = reading, other: str = other) -> object:
            return reading.heatmap("gradcam", engine.default_layer, other).values

        yield switch


def _same(job: Job) -> Iterator[Job]:
    while True:
        yield job


def _pairs(first: Job, seconds: Iterator[Job], pairs: int) -> Iterator[tuple[float, float]]:
    """Times of the two jobs, one right behind the other, in turned order every second time."""
    first(), next(seconds)(), first(), next(seconds)()  # compiled and warm
    for number in range(pairs):
        second = next(seconds)
        if number % 2:
            b, a = _time(second), _time(first)
        else:
            a, b = _time(first), _time(second)
        yield a, b


def _time(job: Job) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start
