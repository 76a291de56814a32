"""From a recipe and a cohort to a bundle."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from osteo_core import files
from osteo_core.bundles import load_bundle
from osteo_core.cohorts import PARTS, Cohort, CohortTile
from osteo_core.errors import RecipeError
from osteo_core.heatmap import library_versions
from osteo_core.networks.build import BASES, LOGITS, Head, build_network
from osteo_core.networks.preprocessing import Pixels, resize
from osteo_core.networks.weights import load_weights
from osteo_core.training.data import CachedSource, Part, Source, TileSource
from osteo_core.training.features import build_features
from osteo_core.training.fit import Run, fit_stage, is_of
from osteo_core.training.identity import Identity, identity_of, is_done
from osteo_core.training.progress import Progress
from osteo_core.training.recipes import Recipe, Stage
from osteo_core.training.stage import StageTrainer
from osteo_core.training.writing import write_bundle

RUN = ".training"  # in the bundle's folder: what is done so far
_KEPT = 2  # tiles are held at no more than this multiple of the input size: enough for any view


def train(
    recipe: Recipe,
    cohort: Cohort,
    out: Path,
    *,
    backbone_weights: Path | None = None,
    cache: Path | None = None,
    keep_run: bool = False,
    replace: bool = False,
    report: Callable[[str], None] = print,
) -> Path:
    """Train a network as a recipe says and write its bundle.

    A killed run, started again with the same arguments, goes on behind its last whole epoch.

    Args:
        recipe: What to do.
        cohort: Labelled tiles and their split. Only the training part is trained on, epochs are
            chosen on the validation part, and the test part is looked at once, at the end.
        out: The bundle's folder.
        backbone_weights: ImageNet weights of the base without its top; Keras' own download when
            not given. Not used by recipes that start from a bundle.
        cache: Where cached features are kept; inside the run's folder when not given. Recipes
            that start from the same base share them here.
        keep_run: Keep the run's folder (checkpoints) when done.
        replace: Replace what `out` holds of another run: a finished bundle when the new one is
            whole, a half-done run at once.
        report: Receives lines of progress.

    Returns:
        The bundle's folder.

    Raises:
        RecipeError: The cohort has not the recipe's classes, a part of them is empty, or `out`
            holds what came of another recipe, cohort or start.
        BundleError: The bundle that the recipe starts from is missing.
        FileError: Something cannot be written, or another run writes into `out` now.
    """
    with files.locked(out, "another `osteo train`"):
        _train(recipe, cohort, out, backbone_weights, cache, keep_run, replace, report)
    return out


def _train(
    recipe: Recipe,
    cohort: Cohort,
    out: Path,
    backbone_weights: Path | None,
    cache: Path | None,
    keep_run: bool,
    replace: bool,
    report: Callable[[str], None],
) -> None:
    started = time.monotonic()
    everything, cohort = cohort, cohort.with_classes(recipe.classes)
    parts = {name: _part(cohort.part(name), recipe.classes) for name in PARTS}
    for name in ("train", "validation"):
        if len(set(parts[name].labels)) < len(recipe.classes):
            raise RecipeError(f"The {name} part must have tiles of each class. Received: not all.")
    keras.utils.set_random_seed(recipe.seed)
    network = _start(recipe, out, backbone_weights)
    # A cache shared by several recipes holds the tiles of all classes, so that they can share it.
    seen = everything if cache else cohort
    identity = identity_of(recipe, seen.tiles, network)
    run = _begin(out, identity, replace)
    if run is None:
        report(f"{out} holds the network of this very run already; --replace trains it anew")
        _clear(out / RUN, keep_run)
        return
    tick = Progress(report)
    tiles = _read_tiles(seen, ("train", "validation"), recipe.input_size, tick)
    steps = _Stages(recipe, network, run, tiles, parts, cache, tick)
    for number, stage in enumerate(recipe.stages):
        steps.do(number, stage)
    if recipe.class_weights:
        restore_shares(network, parts["train"])
    write_bundle(recipe, cohort, network, out, run, tick, time.monotonic() - started)
    _clear(run.folder, keep_run)


def _begin(out: Path, identity: Identity, replace: bool) -> Run | None:
    """The run, begun or gone on with; None when its bundle is there already."""
    folder = out / RUN
    goes_on = is_of(folder, identity)
    if not replace and is_done(out, identity, goes_on):
        return None
    if replace and not goes_on:
        _clear(folder, keep=False)
    return Run(folder, identity)


def _clear(folder: Path, keep: bool) -> None:
    if not keep and folder.exists():
        with files.writing(folder):
            shutil.rmtree(folder)


class _Stages:
    """Carries out the stages of one run."""

    def __init__(
        self,
        recipe: Recipe,
        network: Any,
        run: Run,
        tiles: dict[str, Pixels],
        parts: dict[str, Part],
        cache: Path | None,
        tick: Progress,
    ) -> None:
        self._recipe, self._network, self._run = recipe, network, run
        self._tiles, self._parts, self._tick = tiles, parts, tick
        self._cache = cache or run.folder / "features"

    def do(self, number: int, stage: Stage) -> None:
        """Train one stage, or take its result from the run's folder when it is done."""
        kept = f"stage{number}"
        if number < self._run.stages_done:
            saved = self._run.load_arrays(kept)
            for index, variable in enumerate(self._network.variables):
                variable.assign(saved[str(index)])
            return
        train, recipe = self._parts["train"], self._recipe
        trainer = StageTrainer(
            self._network,
            recipe,
            stage,
            _class_weights(train, len(recipe.classes), recipe.class_weights),
            steps=stage.epochs * -(-len(train) // stage.batch),
        )
        parts = (train, self._parts["validation"])
        source = self._source(trainer, stage)
        fit_stage(trainer, stage, source, parts, self._run, recipe.seed, self._tick)
        values = {str(i): v.numpy() for i, v in enumerate(self._network.variables)}
        self._run.save_arrays(kept, values)
        self._run.stages_done = number + 1
        self._run.commit()

    def _source(self, trainer: StageTrainer, stage: Stage) -> Source:
        recipe = self._recipe
        if trainer.front is None:
            return TileSource(
                self._tiles, recipe.input_size, recipe.preprocessing, recipe.augmentation
            )
        features = build_features(
            trainer.front,
            self._tiles,
            folder=self._cache / _cache_key(trainer.front, recipe, stage, self._tiles),
            size=recipe.input_size,
            preprocessing=recipe.preprocessing,
            augmentation=recipe.augmentation,
            views=stage.views,
            seed=recipe.seed,
            tick=self._tick,
        )
        return CachedSource(features)


def _start(recipe: Recipe, out: Path, backbone_weights: Path | None) -> Any:
    head = Head(recipe.pooling, recipe.units, recipe.dropout)
    args = (recipe.architecture, len(recipe.classes), recipe.input_size, head)
    if recipe.start is None:
        return build_network(*args, backbone_weights=backbone_weights or "imagenet")
    network = build_network(*args)
    base = keras.Model(network.input, network.get_layer(BASES[recipe.architecture].end).output)
    load_weights(base, _start_bundle(recipe.start, out).weight_files())
    return network


def _start_bundle(name: str, out: Path) -> Any:
    beside = out.resolve().parent / name
    return load_bundle(beside if beside.is_dir() else name)


def _part(tiles: Sequence[CohortTile], classes: Sequence[str]) -> Part:
    labels = np.array([classes.index(tile.label) for tile in tiles], np.int32)
    return Part([tile.sha256 for tile in tiles], labels)


def _read_tiles(
    cohort: Cohort, parts: Sequence[str], size: tuple[int, int], tick: Progress
) -> dict[str, Pixels]:
    tiles = [tile for part in parts for tile in cohort.part(part)]
    pixels = {}
    for number, tile in enumerate(tiles, start=1):
        whole = cohort.load(tile).pixels
        kept = (min(whole.shape[0], _KEPT * size[0]), min(whole.shape[1], _KEPT * size[1]))
        pixels[tile.sha256] = resize(whole, kept)
        tick("reading tiles", number, len(tiles))
    return pixels


def restore_shares(network: Any, part: Part) -> None:
    """Give a network that was trained with balanced class weights its cohort's class shares back.

    Weights teach it that all classes are equally frequent. Adding the logarithm of each class's
    share to its logit makes the outputs probabilities for tiles such as the training part's.

    Args:
        network: The network; the bias of its `logits` is changed in place.
        part: The training part.

    Reference:
        Elkan 2001, "The foundations of cost-sensitive learning", theorem 2.
    """
    bias = network.get_layer(LOGITS).bias
    counts = np.bincount(part.labels, minlength=bias.shape[0])
    bias.assign_add(np.log(counts * bias.shape[0] / len(part)).astype(np.float32))


def _class_weights(part: Part, n_classes: int, balanced: bool) -> npt.NDArray[np.float32]:
    counts = np.bincount(part.labels, minlength=n_classes)
    weights = len(part) / (n_classes * counts) if balanced else np.ones(n_classes)
    return weights.astype(np.float32)


def _cache_key(front: Any, recipe: Recipe, stage: Stage, tiles: dict[str, Pixels]) -> str:
    digest = hashlib.sha256()
    for variable in front.weights:
        # As a bundle stores them, so that a run and those that start from its bundle share.
        digest.update(variable.numpy().astype(np.float16).tobytes())
    said = [
        recipe.augmentation.__dict__,
        recipe.preprocessing,
        recipe.input_size,
        stage.frozen_up_to,
        recipe.seed,
        list(tiles),
        dict(library_versions()),
    ]
    digest.update(json.dumps(said).encode())
    return digest.hexdigest()[:16]
