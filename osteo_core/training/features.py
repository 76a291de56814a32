"""The feature cache: what a frozen base says of every view of every tile, computed once.

An epoch of a head on cached features costs a small part of an epoch through the whole network,
and the base's outputs do not change while it is frozen; so they are computed once and kept.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from osteo_core import files
from osteo_core.networks.preprocessing import Pixels, normalise, resize
from osteo_core.training.augmentation import Augmentation

_BATCH = 8


@dataclass(frozen=True)
class FeatureCache:
    """Features of `n` tiles in `views + 1` views; view 0 is the tile as it is.

    Attributes:
        folder: Where the arrays lie, one a view.
        views: Number of augmented views.
        rows: Row of each tile in the arrays, by the tile's SHA-256.
    """

    folder: Path
    views: int
    rows: dict[str, int]

    def view(self, number: int) -> npt.NDArray[np.float16]:
        """The memory-mapped features of one view, shape `(n, ...)`, half precision."""
        array: npt.NDArray[np.float16] = np.load(
            self.folder / f"view{number}.npy", mmap_mode="r", allow_pickle=False
        )
        return array


def build_features(
    front: Any,
    tiles: Mapping[str, Pixels],
    *,
    folder: Path,
    size: tuple[int, int],
    preprocessing: str,
    augmentation: Augmentation,
    views: int,
    seed: int,
    tick: Callable[[str, int, int], None],
) -> FeatureCache:
    """Compute what is missing in the cache, one file a view.

    Args:
        front: The frozen part of the network, a `keras.Model`.
        tiles: RGB pixels by SHA-256.
        folder: The cache's folder; files that are complete are kept, so a killed run goes on.
        size: The network's input size.
        preprocessing: The network's preprocessing.
        augmentation: How the views are drawn.
        views: Number of augmented views besides the plain one.
        seed: Seed of the views.
        tick: Called with a phrase, the number of tiles done and their total.

    Returns:
        The complete cache.
    """
    files.write_text(folder / "tiles.json", json.dumps(list(tiles)))
    total = (views + 1) * len(tiles)
    for number in range(views + 1):
        file = folder / f"view{number}.npy"
        if not file.exists():
            drawn = _draw(tiles, number, size, augmentation, seed)
            done = number * len(tiles)
            _write_view(front, drawn, len(tiles), file, preprocessing, done, total, tick)
    return FeatureCache(folder, views, {sha: row for row, sha in enumerate(tiles)})


def _draw(
    tiles: Mapping[str, Pixels],
    number: int,
    size: tuple[int, int],
    augmentation: Augmentation,
    seed: int,
) -> Iterator[Pixels]:
    for row, pixels in enumerate(tiles.values()):
        rng = np.random.default_rng([seed, number, row])
        yield augmentation.view(pixels, size, rng) if number else resize(pixels, size)


def _write_view(
    front: Any,
    drawn: Iterator[Pixels],
    n_tiles: int,
    file: Path,
    preprocessing: str,
    done: int,
    total: int,
    tick: Callable[[str, int, int], None],
) -> None:
    forward = tf.function(lambda x: front(x, training=False), reduce_retracing=True)
    shape = (n_tiles, *front.output_shape[1:])
    with files.atomic_write(file) as stream:
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        for start in range(0, n_tiles, _BATCH):
            batch = np.stack([next(drawn) for _ in range(min(_BATCH, n_tiles - start))])
            features = forward(normalise(batch, preprocessing))
            stream.write(np.asarray(features, np.float16).tobytes())
            tick("features", done + start + len(batch), total)
