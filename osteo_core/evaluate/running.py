"""Predictions of a trained network on the tiles of a cohort, with what it has met before known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from osteo_core.bundles import Bundle
from osteo_core.cohorts.table import Cohort, CohortTile
from osteo_core.ensemble_bundles import EnsembleBundle
from osteo_core.errors import TileError

Ask = Callable[[Sequence[Any]], npt.NDArray[np.float64]]

_BATCH = 8
_TILE = ("sha256",)  # of a split by tile, and one that was given: nothing is known to keep apart
_GROUPS = {"slide": ("case", "slide"), "case": ("case",)}


@dataclass(frozen=True, eq=False)
class FreshPredictions:
    """Predictions in the columns of `predictions.csv`, and the tiles that could not be read."""

    frame: pd.DataFrame
    failures: tuple[tuple[str, str], ...]  # (file, sentence)


def roles(cohort: Cohort, met: pd.DataFrame, kind: str) -> list[str]:
    """Say for each tile of a cohort what it was in a network's training.

    Args:
        cohort: any cohort, the network's own or another.
        met: the network's stored predictions: columns tile, slide, case, split.
        kind: the network's split protocol, "tile", "slide", "case" or "given".

    Returns:
        "train", "validation" or "test" in the order of the tiles. "test" is what the network
        never met: neither the tile nor, under the protocol, another tile of its slide or case.
    """
    own = dict(zip(met["tile"], met["split"], strict=True))
    columns = [name.replace("sha256", "tile") for name in _GROUPS.get(kind, _TILE)]
    used = {
        part: set(met.loc[met["split"] == part, columns].itertuples(index=False, name=None))
        for part in ("train", "validation")
    }

    def role(tile: CohortTile) -> str:
        if tile.sha256 in own:
            return str(own[tile.sha256])
        group = tuple(getattr(tile, name) for name in _GROUPS.get(kind, _TILE))
        return next(
            (part for part, groups in used.items() if all(group) and group in groups), "test"
        )

    return [role(tile) for tile in cohort.tiles]


def predict_unread(
    bundle: Bundle,
    cohort: Cohort,
    tiles: Sequence[CohortTile],
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> FreshPredictions:
    """Run a bundle over tiles of a cohort; a tile that cannot be read does not stop the others.

    Args:
        bundle: the trained network, or an ensemble.
        cohort: where the tiles' images lie.
        tiles: the tiles to run.
        tick: receives how many of how many tiles are done.

    Returns:
        One row a readable tile; `split` is the cohort's own.

    Raises:
        BundleError: a weight file is missing or altered.
    """
    ask, rows, failures = _asker(bundle), [], []
    for start in range(0, len(tiles), _BATCH):
        batch, bad = _load(cohort, tiles[start : start + _BATCH])
        failures += bad
        if batch:
            rows += _rows(ask, batch)
        tick(min(start + _BATCH, len(tiles)), len(tiles))
    columns = ["tile", "file", "slide", "case", "split", "label"]
    columns += [f"p_{name}" for name in bundle.card.classes]
    frame = pd.DataFrame(rows, columns=columns)
    if isinstance(bundle, EnsembleBundle):
        frame = bundle.ensemble.with_calls(frame)
    return FreshPredictions(frame, tuple(failures))


def _load(
    cohort: Cohort, tiles: Sequence[CohortTile]
) -> tuple[list[tuple[CohortTile, Any]], list[tuple[str, str]]]:
    good, bad = [], []
    for tile in tiles:
        try:
            good.append((tile, cohort.load(tile).pixels))
        except TileError as error:
            bad.append((tile.file, str(error)))
    return good, bad


def _rows(ask: Ask, batch: Sequence[tuple[CohortTile, Any]]) -> list[list[Any]]:
    probabilities = ask([pixels for _, pixels in batch]).round(6)
    return [
        [t.sha256, t.file, t.slide, t.case, t.split, t.label, *values]
        for (t, _), values in zip(batch, probabilities, strict=True)
    ]


def _asker(bundle: Bundle) -> Ask:
    """Return what gives probabilities (n, classes) for the pixels of n tiles."""
    if isinstance(bundle, EnsembleBundle):
        members = [_asker(member) for member in bundle.parts]
        return lambda tiles: bundle.ensemble.combine([ask(tiles) for ask in members])
    from osteo_core.networks.preprocessing import normalise, resize

    card, network = bundle.card, bundle.network()

    def ask(tiles: Sequence[Any]) -> npt.NDArray[np.float64]:
        pixels = np.stack([resize(one, card.input_size) for one in tiles])
        inputs = normalise(pixels, card.preprocessing)
        return np.asarray(network(inputs, training=False), np.float64)

    return ask
