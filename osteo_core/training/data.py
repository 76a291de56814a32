"""Batches for a stage: cached features, or fresh views of the tiles."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from osteo_core.networks.preprocessing import Pixels, normalise, resize
from osteo_core.training.augmentation import Augmentation
from osteo_core.training.features import FeatureCache

Labels = npt.NDArray[np.int32]


class Source(Protocol):
    """Where the inputs of a stage come from."""

    def train(self, shas: list[str], rng: np.random.Generator) -> Any:
        """Random views of the tiles, float32, shape `(n, ...)`."""

    def plain(self, shas: list[str]) -> Any:
        """The tiles as they are, float32, shape `(n, ...)`."""


@dataclass(frozen=True)
class CachedSource:
    """Features that a frozen base gave for each view."""

    cache: FeatureCache

    def train(self, shas: list[str], rng: np.random.Generator) -> Any:
        """One cached view of each tile, the plain one included."""
        drawn = rng.integers(self.cache.views + 1, size=len(shas))
        return self._rows(shas, drawn)

    def plain(self, shas: list[str]) -> Any:
        """The plain view of each tile."""
        return self._rows(shas, np.zeros(len(shas), int))

    def _rows(self, shas: list[str], views: npt.NDArray[np.int_]) -> Any:
        arrays = {int(view): self.cache.view(int(view)) for view in set(views)}
        rows = self.cache.rows
        picked = [arrays[int(v)][rows[sha]] for v, sha in zip(views, shas, strict=True)]
        return np.stack(picked).astype(np.float32)


@dataclass(frozen=True)
class TileSource:
    """Fresh views of the tiles themselves."""

    tiles: dict[str, Pixels]
    size: tuple[int, int]
    preprocessing: str
    augmentation: Augmentation

    def train(self, shas: list[str], rng: np.random.Generator) -> Any:
        """A new view of each tile."""
        views = [self.augmentation.view(self.tiles[sha], self.size, rng) for sha in shas]
        return normalise(np.stack(views), self.preprocessing)

    def plain(self, shas: list[str]) -> Any:
        """The tiles, resized."""
        return normalise(
            np.stack([resize(self.tiles[sha], self.size) for sha in shas]), self.preprocessing
        )


@dataclass(frozen=True)
class Part:
    """The tiles of one part of the split and their labels as class numbers."""

    shas: list[str]
    labels: Labels

    def __len__(self) -> int:
        """Number of tiles."""
        return len(self.shas)

    def batches(
        self, size: int, rng: np.random.Generator | None = None
    ) -> Iterator[tuple[list[str], Labels]]:
        """The tiles in batches, shuffled when a generator is given."""
        order = np.arange(len(self)) if rng is None else rng.permutation(len(self))
        for start in range(0, len(self), size):
            rows = order[start : start + size]
            yield [self.shas[row] for row in rows], self.labels[rows]
