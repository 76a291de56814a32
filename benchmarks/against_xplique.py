"""What Xplique takes for a map, over what we take, in one run on the same network and tile.

In the environment that `make oracle` builds:

    .venv-oracle/bin/python -m benchmarks.against_xplique mobilenetv2-multiclass --share 8

Both sides are warm, both explain the logit of the predicted class from the preprocessed tile (ours
reads the tile first), and both make the same number of passes; `--share 8` makes an eighth of them.
"""

import argparse
import json
import statistics
from collections.abc import Callable

import keras
import numpy as np

from osteo_core import open_model
from osteo_core.benchmark.timing import Job, noise_tile, same, times
from osteo_core.engine import Engine
from osteo_core.explain.perturbation import windows

STEPS, COPIES, CELLS, WINDOW = 32, 16, 8, 1


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("models", nargs="+")
    asked.add_argument("--pairs", type=int, default=3)
    asked.add_argument("--share", type=int, default=1, help="Make so many times fewer passes.")
    asked.add_argument("--batch-size", type=int, default=32, help="Of Xplique; 32 is its default.")
    given = asked.parse_args()
    for name in given.models:
        engine = open_model(name)
        found = measure(given.pairs, jobs(engine, given.share, given.batch_size))
        print(json.dumps({name: found}, indent=2), flush=True)  # noqa: T201


def measure(pairs: int, methods: dict[str, tuple[Job, Job]]) -> dict[str, float]:
    """Median over pairs of Xplique / ours, by method."""
    ratios = {}
    for name, (ours, theirs) in methods.items():
        found = [b / a for a, b in times(ours, same(theirs), pairs)]
        ratios[f"xplique_{name}_speedup"] = statistics.median(found)
    return ratios


def jobs(engine: Engine, share: int, batch_size: int) -> dict[str, tuple[Job, Job]]:
    from xplique import attributions

    steps, copies = STEPS // share, COPIES // share
    cells = max(2, round(CELLS / share**0.5))
    side = engine.input_size[0]
    assert len(windows(engine.input_size, cells, WINDOW)) == cells**2  # noqa: S101
    theirs = explainers(engine, batch_size)
    return {
        "integrated_gradients": (
            ours(engine, "integrated_gradients", steps=steps, baseline="black"),
            theirs(attributions.IntegratedGradients, steps=steps),
        ),
        "smoothgrad": (
            ours(engine, "smoothgrad", samples=copies),
            theirs(attributions.SmoothGrad, nb_samples=copies),
        ),
        "occlusion": (
            ours(engine, "occlusion", grid=cells, window=WINDOW),
            theirs(attributions.Occlusion, patch_size=side // cells, patch_stride=side // cells),
        ),
    }


def ours(engine: Engine, name: str, **asked: object) -> Job:
    tile = noise_tile()
    return lambda: engine.read(tile).heatmap(name, parameters=asked).values


def explainers(engine: Engine, batch_size: int) -> Callable[..., Job]:
    outputs = engine.network.get_layer(engine.logits_layer).output
    logits = keras.Model(engine.network.inputs[0], outputs)
    tile = noise_tile()
    batch = engine.prepare(tile)
    reading = engine.read(tile)
    target = np.eye(len(engine.classes), dtype=np.float32)[None, int(reading.logits.argmax())]

    def explainer(kind: Callable[..., object], **settings: object) -> Job:
        made = kind(logits, batch_size=batch_size, **settings)
        return lambda: np.asarray(made(batch, target))

    return explainer


if __name__ == "__main__":
    main()
