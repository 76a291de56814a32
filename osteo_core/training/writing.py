"""A finished run becomes a bundle: weights, card, history, and what it says of every tile."""

import datetime
import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from osteo_core import files
from osteo_core.bundles import (
    BEYOND,
    CARD,
    HISTORY,
    PREDICTIONS,
    Bundle,
    Card,
    HeadCard,
    PartSize,
    Provenance,
    SplitCard,
    WeightFile,
    load_bundle,
    write_card,
)
from osteo_core.cohorts import PARTS, Cohort
from osteo_core.networks.build import BASES
from osteo_core.networks.preprocessing import normalise, resize
from osteo_core.networks.weights import load_weights, save_weights
from osteo_core.training.fit import Run, best_row, write_history
from osteo_core.training.progress import Progress
from osteo_core.training.recipes import Recipe, Stage

BASE_FILE, HEAD_FILE = "base.npz", "head.npz"
_BATCH = 8


def write_bundle(
    recipe: Recipe,
    cohort: Cohort,
    network: Any,
    out: Path,
    run: Run,
    tick: Progress,
    seconds: float,
) -> Bundle:
    """Write a trained network's bundle.

    Predictions are made by the network as it is stored, in half precision: the numbers shown are
    of what is shipped. All files are written beside their places and put there together, the card
    last; a bundle that was there is as it was until then.

    Args:
        recipe: How it was trained.
        cohort: The tiles of the recipe's classes, with their split.
        network: The trained network.
        out: The bundle's folder.
        run: The finished run.
        tick: Progress.
        seconds: How long the last session of the run took.

    Returns:
        The bundle.
    """
    with files.staging(out, last=CARD) as beside:
        weights = _write_weights(recipe, network, out, beside)
        write_history(run.history, beside / HISTORY)
        card = _card(recipe, cohort, out.name, weights, run, seconds)
        load_weights(network, _stored(weights, out, beside))
        said = predict_cohort(network, card, cohort, tick)
        with files.atomic_write(beside / PREDICTIONS, text=True) as stream:
            said.to_csv(stream, index=False)
        write_card(beside, card)
        _forget_older(out)  # before the new card: a run killed behind that would count as done
    return load_bundle(out)


def _stored(weights: tuple[WeightFile, ...], out: Path, beside: Path) -> list[Path]:
    return [
        beside / weight.file if (beside / weight.file).is_file() else out / weight.file
        for weight in weights
    ]


def _forget_older(out: Path) -> None:
    """What a replaced network said of other tiles is not what this one says."""
    if (out / BEYOND).is_file():
        with files.writing(out / BEYOND):
            (out / BEYOND).unlink()


def predict_cohort(network: Any, card: Card, cohort: Cohort, tick: Progress) -> pd.DataFrame:
    """What a network says of every tile of a cohort, as the table `predictions.csv` holds it."""
    forward = tf.function(lambda x: network(x, training=False), reduce_retracing=True)
    rows: list[npt.NDArray[np.float32]] = []
    for start in range(0, len(cohort.tiles), _BATCH):
        tiles = cohort.tiles[start : start + _BATCH]
        pixels = [resize(cohort.load(tile).pixels, card.input_size) for tile in tiles]
        inputs = normalise(np.stack(pixels), card.preprocessing)
        rows.append(np.asarray(forward(inputs), np.float32))
        tick("predictions of all tiles", start + len(tiles), len(cohort.tiles))
    frame = cohort.frame().rename(columns={"sha256": "tile"})
    frame = frame[["tile", "file", "slide", "case", "split", "label"]]
    probabilities = np.concatenate(rows).round(6)
    for column, name in enumerate(card.classes):
        frame[f"p_{name}"] = probabilities[:, column]
    return frame


def _write_weights(recipe: Recipe, network: Any, out: Path, beside: Path) -> tuple[WeightFile, ...]:
    names = [layer.name for layer in network.layers]
    end = names.index(BASES[recipe.architecture].end) + 1
    if recipe.start is None:
        base = WeightFile(
            file=BASE_FILE, sha256=save_weights(network, beside / BASE_FILE, names[:end])
        )
        own = names[end:]
    else:
        start = load_bundle(_beside(recipe.start, out))
        shared = start.card.weights[0]
        file = Path(os.path.relpath(start.folder / shared.file, out)).as_posix()
        base = WeightFile(file=file, sha256=shared.sha256)
        own = names[min(_first_tuned(stage, names, end) for stage in recipe.stages) :]
    head = WeightFile(file=HEAD_FILE, sha256=save_weights(network, beside / HEAD_FILE, own))
    return base, head


def _first_tuned(stage: Stage, names: list[str], end: int) -> int:
    if not stage.base_rate:
        return end
    return names.index(stage.frozen_up_to) + 1 if stage.frozen_up_to else 0


def _beside(name: str, out: Path) -> Path | str:
    beside = out.resolve().parent / name
    return beside if beside.is_dir() else name


def _card(
    recipe: Recipe,
    cohort: Cohort,
    name: str,
    weights: tuple[WeightFile, ...],
    run: Run,
    seconds: float,
) -> Card:
    best = {}
    for stage in recipe.stages:
        rows = run.stage_rows(stage)
        best[stage.name] = best_row(rows, stage.keep).epoch
    spent = max(seconds, sum(row.seconds for row in run.history))
    return Card(
        name=name,
        title=recipe.title,
        architecture=recipe.architecture,
        classes=recipe.classes,
        input_size=recipe.input_size,
        preprocessing=recipe.preprocessing,
        head=HeadCard(pooling=recipe.pooling, units=recipe.units, dropout=recipe.dropout),
        recipe=recipe.model_dump(mode="json"),
        split=SplitCard(
            **asdict(cohort.protocol),
            cohort_digest=cohort.digest,
            parts={part: _size(cohort, part) for part in PARTS},
            mixed=cohort.mixed,
        ),
        provenance=Provenance(
            trained_on="Osteosarcoma data from UT Southwestern/UT Dallas, "
            "doi:10.7937/tcia.2019.bvhjhdas"
            if set(cohort.classes) <= {"Non-Tumor", "Non-Viable-Tumor", "Viable"}
            else "a cohort of the user's",
            started_from=recipe.start or "ImageNet weights of keras.applications",
            date=datetime.datetime.now(datetime.UTC).date().isoformat(),
            seconds=round(spent),
            best_epochs=best,
            seed=recipe.seed,
            run=run.digest,
        ),
        weights=weights,
        licence=BASES[recipe.architecture].licence,
        versions={
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
    )


def _size(cohort: Cohort, part: str) -> PartSize:
    tiles = cohort.part(part)
    return PartSize(
        tiles=len(tiles),
        slides=len({tile.slide for tile in tiles}),
        cases=len({tile.case for tile in tiles}),
    )
