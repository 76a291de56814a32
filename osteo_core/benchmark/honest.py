"""What honest numbers cost: every figure of all bundles, and every split protocol."""

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from osteo_core.benchmark.audit import SPREAD, rolled_tiles
from osteo_core.benchmark.timing import time_of
from osteo_core.bundles import Bundle, list_bundles
from osteo_core.cohorts import CohortTile
from osteo_core.cohorts.audit.facts import SIDE, Pictures
from osteo_core.cohorts.audit.tissue import tied_slides
from osteo_core.evaluate.calibration import fit_temperature, reliability
from osteo_core.evaluate.curves import roc_one_vs_rest
from osteo_core.evaluate.figures import figures
from osteo_core.evaluate.frozen import frozen_base, frozen_features
from osteo_core.evaluate.heads import Features
from osteo_core.evaluate.parts import read_part
from osteo_core.evaluate.precision_recall import pr_one_vs_rest
from osteo_core.evaluate.protocol_scores import run_protocols

N_TILES = 1144  # as many as the public collection has
_TIMED = 32  # tiles of each of two timed passes, one before the protocols and one behind
_CASES, _SLIDES = 4, 41


@cache
def metrics_first_view_s() -> float:
    """Seconds for all figures of the test part of every bundle, predictions read from disk.

    That is 2,000 bootstrap draws over tiles and over slides of each figure, the curves, and the
    calibration fitted on the validation part. Measured once a run of the program.
    """
    bundles = list_bundles()
    return time_of(lambda: _first_view(bundles))


def protocols_ratio(bundle: Bundle, n: int = N_TILES, timed: int = _TIMED) -> float:
    """All split protocols with the pass of the base / the pass alone, for `n` tiles.

    The pass is timed on a few tiles of 512 px and scaled to `n`, since its cost goes with their
    number; protocols run on `n` rows made of its features, and tiles of noise are held against each
    other for the slides that share tissue. The base is the bundle's own: the time does not hang on
    what the weights are.
    """
    base = frozen_base(bundle, None)
    with tempfile.TemporaryDirectory() as folder:
        cohort = rolled_tiles(Path(folder), timed)
        caches = [Path(folder) / name for name in ("warm", "before", "behind")]
        found = frozen_features(base, bundle, cohort, caches[0])  # traces the graph
        rows, tiles, classes = _spread(found.values, n)
        run_protocols(rows[:60], tiles[:60], classes, count=10)  # imports scikit-learn
        before = time_of(lambda: frozen_features(base, bundle, cohort, caches[1]))
        heads = time_of(lambda: _protocols(rows, tiles, classes))
        behind = time_of(lambda: frozen_features(base, bundle, cohort, caches[2]))
    one_pass = (before + behind) / 2 * n / timed
    return (one_pass + heads) / one_pass


def _protocols(rows: Features, tiles: Sequence[CohortTile], classes: tuple[str, ...]) -> None:
    grey = np.random.default_rng(1).integers(0, 255, (len(tiles), SIDE, SIDE), np.uint8)
    tied_slides(Pictures(tuple(tiles), grey))
    pieces = [f"{int(tile.slide.rpartition('S')[2]) // 2}" for tile in tiles]  # two slides each
    run_protocols(rows, tiles, classes, tissues=pieces)


def _first_view(bundles: Sequence[Bundle]) -> None:
    for bundle in bundles:
        frame, classes = bundle.predictions(), bundle.card.classes
        part, chosen_on = (read_part(frame, name, classes) for name in ("test", "validation"))
        figures(part)
        scored = part.labels, part.probabilities, classes
        roc_one_vs_rest(*scored)
        pr_one_vs_rest(*scored)
        temperature = fit_temperature(chosen_on.labels, chosen_on.probabilities, classes)
        reliability(part.labels, temperature.apply(part.probabilities), classes)


def _spread(values: Features, n: int) -> tuple[Features, list[CohortTile], tuple[str, ...]]:
    """Rows like the given ones, with classes that a head can nearly tell apart."""
    rng = np.random.default_rng(0)
    rows = values[rng.integers(0, len(values), n)]
    rows = rows + rng.normal(0, 0.5 * values.std(), rows.shape).astype(np.float32)
    classes = ("Non-Tumor", "Non-Viable-Tumor", "Viable")
    taught = rows @ rng.normal(size=(rows.shape[1], len(classes)))
    taught = (taught - taught.mean(axis=0)) / taught.std(axis=0)
    labels = (taught + rng.normal(0, 0.4, taught.shape)).argmax(axis=1)
    tiles = [
        CohortTile(
            f"{i}.jpg",
            classes[label],
            f"Case-{i % _SLIDES % _CASES}",
            f"Case-{i % _SLIDES % _CASES}-S{i % _SLIDES}",
            int(rng.integers(SPREAD)),
            int(rng.integers(SPREAD)),
            f"{i:064x}",
        )
        for i, label in enumerate(labels)
    ]
    return rows, tiles, classes
