"""Cohorts on disk for the tests of the audit, and copies to inject into them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import cv2
import numpy as np

from osteo_core import load_tile
from osteo_core.cohorts import CLASSES, Cohort, CohortTile, examples, write_cohort

PARTS = ("train", "train", "validation", "test")


def tile_of(file, label="Viable", slide="S0", x=None, y=None, split="train", case="Case-1"):
    digest = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else file.name * 2
    return CohortTile(str(file), label, case, f"{case}-{slide}", x, y, digest, split, label)


def cohort_of(folder, tiles, write=True):
    tiles = tuple(sorted(tiles, key=lambda tile: tile.file))
    cohort = Cohort(folder, folder, tiles, classes=CLASSES)
    if write:
        write_cohort(cohort)
    return cohort


def saved(file, pixels, quality=None):
    settings = [] if quality is None else [cv2.IMWRITE_JPEG_QUALITY, quality]
    cv2.imwrite(str(file), cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGR), settings)
    return file


def synthetic_cohort(folder, n, side=128):
    """`n` different pieces of the drawn examples, each slide in one part; no two overlap."""
    pictures = [(e.label, load_tile(e.path).pixels) for e in examples()]
    tiles = []
    for i in range(n):
        label, picture = pictures[i % len(pictures)]
        y, x = (side * step for step in divmod(i // len(pictures), 512 // side))
        file = saved(folder / f"tile-{i:03d}.png", picture[y : y + side, x : x + side])
        tiles.append(tile_of(file, label, f"S{i % 4}", 2000 * i, 0, PARTS[i % 4]))
    return tiles


def changed(pixels, rng):
    """A copy as it might come into a data set: turned or mirrored, resized, saved anew."""
    pixels = np.rot90(pixels, rng.integers(4))
    pixels = pixels[:, ::-1] if rng.integers(2) else pixels
    side = round(pixels.shape[0] * rng.uniform(0.9, 1.1))
    return cv2.resize(np.ascontiguousarray(pixels), (side, side), interpolation=cv2.INTER_AREA)


def leaky_cohort(folder, n):
    """`n` different tiles of four slides, and a copy of the first in another part."""
    tiles = synthetic_cohort(folder, n)
    pixels = load_tile(tiles[0].file).pixels
    copy = leaked(folder, tiles[0], pixels, 0, np.random.default_rng(1))
    return cohort_of(folder, [*tiles, copy])


def leaked(cohort_folder, tile, pixels, number, rng):
    """A changed copy of a tile, in another part under another name."""
    file = saved(
        cohort_folder / f"zcopy-{number}.jpg", changed(pixels, rng), int(rng.integers(50, 96))
    )
    other = next(part for part in PARTS if part != tile.split)
    copy = tile_of(file, tile.label, f"other-{number}", case="Case-9", split=other)
    return replace(copy, x=None, y=None)
