"""What reading a tile and drawing heat maps cost."""

import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from osteo_core.benchmark.timing import Job, same, times
from osteo_core.tiles import Tile

if TYPE_CHECKING:
    from osteo_core.engine import Engine


def ratios(engine: "Engine", tile: Tile) -> dict[str, Iterator[Job]]:
    """Jobs to be held against a forward pass, by key."""
    return {
        "read_convs_ratio": same(lambda: _read_convs(engine, tile)),
        "gradcam_ratio": same(_gradcam(engine, tile)),
        "class_switch_ratio": _class_switches(engine, tile),
    }


def library_speedup(engine: "Engine", tile: Tile, pairs: int) -> float:
    """Median over pairs of (Grad-CAM by tf-keras-vis / ours)."""
    others = times(_gradcam(engine, tile), same(library_gradcam(engine, tile)), pairs)
    return statistics.median(theirs / ours for ours, theirs in others)


def library_gradcam(engine: "Engine", tile: Tile) -> Job:
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


def _read_convs(engine: "Engine", tile: Tile) -> Any:
    reading = engine.read(tile, keep="convolutions")
    return reading.probabilities, [reading.activation(layer) for layer in engine.conv_layers]


def _gradcam(engine: "Engine", tile: Tile) -> Job:
    return lambda: engine.read(tile).heatmap("gradcam", engine.default_layer).values


def _class_switches(engine: "Engine", tile: Tile) -> Iterator[Job]:
    """Grad-CAM for a class from a Reading that has drawn another one; a new Reading each time."""
    while True:
        reading = engine.read(tile)
        drawn = reading.heatmap("gradcam", engine.default_layer).target
        other = next(name for name in engine.classes if name != drawn)

        def switch(reading: Any = reading, other: str = other) -> object:
            return reading.heatmap("gradcam", engine.default_layer, other).values

        yield switch
