"""Cohorts of noise tiles on disk, for the tests of the unit index."""

from __future__ import annotations

import hashlib

import numpy as np
from PIL import Image

from osteo_core.cohorts.table import CLASSES, Cohort, CohortTile, write_cohort
from osteo_core.unit_index.card import IndexCard, IndexedLayer, IndexedTile
from tests.toys import noise_tile

SPLITS = ("train", "train", "validation", "test")


def noise_cohort(folder, n: int = 40, side: int = 32) -> Cohort:
    """Tiles of noise, one in eight flat, with the classes and parts in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    tiles = []
    for i in range(n):
        pixels = noise_tile(side, i).pixels
        if i % 8 == 5:  # every place is the same: the first must win
            pixels = np.full((side, side, 3), 20 * (i % 11), np.uint8)
        file = folder / f"tile-{i:02d}.png"
        Image.fromarray(pixels).save(file)
        sha = hashlib.sha256(file.read_bytes()).hexdigest()
        split = SPLITS[i % 4]
        tiles.append(
            CohortTile(file.name, CLASSES[i % 3], "Case-1", f"S{i % 4}", None, None, sha, split)
        )
    cohort = Cohort(folder, folder, tuple(tiles))
    write_cohort(cohort)
    return cohort


def build(engine, cohort, folder, **settings):
    from osteo_core.unit_index import build_index, open_index

    steps = list(build_index(engine, cohort, folder, **settings))
    return open_index(folder), steps


def small_index(folder):
    """Write a whole index of five units on six tiles, as `osteo index` would."""
    folder.mkdir()
    rng, n = np.random.default_rng(0), 6
    layers = (
        IndexedLayer(name="conv", units=3, shape=(4, 5, 3), scale=2.0),
        IndexedLayer(name="fc", units=2, shape=(2,)),
    )
    tiles = tuple(
        IndexedTile(sha256=f"{i:064x}", label="AB"[i % 2], split="train", name=f"{i}.png")
        for i in range(n)
    )
    card = IndexCard(
        bundle="net", bundle_digest="1", cohort_digest="2", classes=("A", "B"), layers=layers,
        tiles=tiles,
    )  # fmt: skip
    np.save(folder / "maximum.npy", rng.random((5, n)).astype("f2"))
    np.save(folder / "mean.npy", rng.random((3, n)).astype("f2"))
    np.save(folder / "place.npy", rng.integers(0, 4, (3, n, 2)).astype("u1"))
    (folder / "index.json").write_text(card.model_dump_json())
