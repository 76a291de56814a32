"""What the heat maps other than Grad-CAM cost."""

import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from osteo_core.benchmark.timing import Job, same, times
from osteo_core.tiles import Tile

if TYPE_CHECKING:
    from osteo_core.engine import Engine

CAMS = ("gradcam", "gradcampp", "hirescam", "layercam", "eigencam")
COPIES = 2  # of SmoothGrad; each costs the same on either side
_FEWER = 5  # times fewer pairs: a library's map of VGG19 takes many seconds


def ratios(engine: "Engine", tile: Tile) -> dict[str, Iterator[Job]]:
    """Jobs to be held against a forward pass, by key."""
    return {"cams_ratio": _all_cams(engine, tile)}


def smoothgrad_speedup(engine: "Engine", tile: Tile, pairs: int) -> float:
    """Median over pairs of (SmoothGrad by tf-keras-vis / ours with its reading)."""

    def ours() -> object:
        asked = {"samples": COPIES}
        return engine.read(tile).heatmap("smoothgrad", parameters=asked).values

    others = times(ours, same(library_smoothgrad(engine, tile)), max(1, pairs // _FEWER))
    return statistics.median(theirs / ours for ours, theirs in others)


def library_smoothgrad(engine: "Engine", tile: Tile) -> Job:
    """SmoothGrad by tf-keras-vis on the same flat network, ending in its logits, kept warm."""
    import keras
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.scores import CategoricalScore

    outputs = engine.network.get_layer(engine.logits_layer).output
    explainer = Saliency(keras.Model(engine.network.inputs[0], outputs), clone=False)
    score = CategoricalScore(engine.classes.index(engine.read(tile).predicted))
    batch = engine.prepare(tile)
    return lambda: explainer(score, batch, smooth_samples=COPIES, smooth_noise=0.15)


def _all_cams(engine: "Engine", tile: Tile) -> Iterator[Job]:
    """Every CAM that asks for no further pass, of a new Reading each time."""
    while True:
        reading = engine.read(tile)

        def draw(reading: Any = reading) -> object:
            return [reading.heatmap(name, engine.default_layer).values for name in CAMS]

        yield draw
