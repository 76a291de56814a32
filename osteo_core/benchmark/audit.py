"""What auditing a cohort costs."""

import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np

from osteo_core.benchmark.timing import time_of
from osteo_core.cohorts import Cohort, CohortTile, examples
from osteo_core.cohorts.audit import audit
from osteo_core.tiles import load_tile

N_TILES = 1144  # as many as the public collection has
_SLIDES = 41
SPREAD = 40_000  # px of the slide, of the origins of drawn tiles


@cache
def audit_s(n: int = N_TILES) -> float:
    """Seconds to audit `n` tiles of 512 px, written to a folder of their own beforehand.

    The tiles are the shipped synthetic ones, each rolled by another shift, as JPEG. Measured once
    a run of the program: no network has a part in it.
    """
    with tempfile.TemporaryDirectory() as folder:
        cohort = rolled_tiles(Path(folder), n)
        return time_of(lambda: audit(cohort))


def rolled_tiles(folder: Path, n: int) -> Cohort:
    """Write `n` tiles of 512 px into a folder, the shipped synthetic ones, each rolled."""
    rng = np.random.default_rng(0)
    gallery = examples()
    pictures = [load_tile(example.path).pixels[..., ::-1] for example in gallery]
    tiles = []
    for i in range(n):
        shift = rng.integers(0, 512, 2)
        rolled = np.roll(pictures[i % len(pictures)], shift, (0, 1))
        file = folder / f"{i}.jpg"
        cv2.imwrite(str(file), rolled)
        digest = sha256(file.read_bytes()).hexdigest()
        x, y = (int(v) for v in rng.integers(0, SPREAD, 2))
        label, slide = gallery[i % len(pictures)].label, f"Case-{i % 4}-S{i % _SLIDES}"
        tiles.append(CohortTile(file.name, label, f"Case-{i % 4}", slide, x, y, digest, "train"))
    return Cohort(folder, folder, tuple(tiles))
