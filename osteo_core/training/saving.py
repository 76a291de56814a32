"""What the feature cache saves: a training step on cached features against one on tiles."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from osteo_core.errors import RecipeError
from osteo_core.networks.build import Head, build_network
from osteo_core.networks.preprocessing import normalise
from osteo_core.training.recipes import Recipe, Stage
from osteo_core.training.stage import StageTrainer


def measure_saving(recipe: Recipe, pairs: int = 5) -> dict[str, float]:
    """Time steps of a recipe's first frozen stage with and without the cache, in turns.

    Random weights and random tiles: the time does not depend on what they show.

    Args:
        recipe: A recipe with a stage whose base is frozen.
        pairs: Number of interleaved pairs; the medians are taken.

    Returns:
        `cached_step_ms` and `full_step_ms` (a batch), and `cached_step_ratio`, the first over the
        second: an epoch on cached features costs this share of an epoch through the network.

    Raises:
        RecipeError: No stage of the recipe has a frozen base.
    """
    stage = next((stage for stage in recipe.stages if stage.frozen_up_to), None)
    if stage is None:
        raise RecipeError(f"Expected a recipe with a frozen base. Received: {recipe.name}.")
    trainer, front, tiles, targets = _set_up(recipe, stage)
    features = np.asarray(front(tiles))

    def cached() -> None:
        trainer.step(features, targets)

    def full() -> None:
        trainer.step(front(tiles), targets)

    for traced_before_the_clock_starts in (cached, full):
        traced_before_the_clock_starts()
    times = [(_seconds(cached), _seconds(full)) for _ in range(pairs)]
    return {
        "cached_step_ms": 1000 * statistics.median(first for first, _ in times),
        "full_step_ms": 1000 * statistics.median(second for _, second in times),
        "cached_step_ratio": statistics.median(first / second for first, second in times),
    }


def _set_up(recipe: Recipe, stage: Stage) -> tuple[StageTrainer, Callable[[Any], Any], Any, Any]:
    head = Head(recipe.pooling, recipe.units, recipe.dropout)
    n_classes = len(recipe.classes)
    network = build_network(recipe.architecture, n_classes, recipe.input_size, head)
    trainer = StageTrainer(network, recipe, stage, np.ones(n_classes, np.float32), steps=100)
    frozen = trainer.front
    front = tf.function(lambda x: frozen(x, training=False), reduce_retracing=True)
    rng = np.random.default_rng(0)
    tiles = rng.integers(0, 256, (stage.batch, *recipe.input_size, 3))
    targets = np.eye(n_classes, dtype=np.float32)[rng.integers(0, n_classes, stage.batch)]
    return trainer, front, normalise(tiles, recipe.preprocessing), targets


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
