"""What building an index costs, as a ratio to plain forward passes over the same tiles."""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from osteo_core.cohorts.table import Cohort, CohortTile
from osteo_core.networks.weights import sha256_of
from osteo_core.tiles import load_tile
from osteo_core.unit_index.build import BATCH, build_index

if TYPE_CHECKING:
    from osteo_core.engine import Engine


def index_ratio(
    engine: "Engine",
    tiles: Sequence[Path],
    pairs: int = 5,
    batch: int = BATCH,
    least_s: float = 0.0,
) -> float:
    """Median over interleaved pairs of (building an index / plain forward passes).

    Both read, decode and prepare every tile and run the network in batches of the same size; the
    index is built as a whole, from an empty folder to its card. What is done once for any number
    of tiles (turning the records, the card) weighs more on few tiles than on a cohort.

    Args:
        engine: The network.
        tiles: Files, best a multiple of `batch`.
        pairs: Pairs, in turned order every second time.
        batch: Tiles in one pass.
        least_s: Seconds to go on for, beyond those pairs: those of a quick network last a moment
            each, in which anything else that the machine does weighs much.
    """
    cohort = _cohort_of(tiles)

    def plain() -> None:
        engine.predict((load_tile(file) for file in tiles), batch_size=batch)

    def index() -> None:
        with TemporaryDirectory() as folder:
            for _ in build_index(engine, cohort, Path(folder), batch):
                pass

    _time(plain), _time(index)  # compiled and warm
    ratios: list[float] = []
    end = time.perf_counter() + least_s
    while (number := len(ratios)) < pairs or time.perf_counter() < end:
        if number % 2:
            indexing, passing = _time(index), _time(plain)
        else:
            passing, indexing = _time(plain), _time(index)
        ratios.append(indexing / passing)
    return statistics.median(ratios)


def _cohort_of(files: Sequence[Path]) -> Cohort:
    tiles = tuple(
        CohortTile(str(file.resolve()), "any", "", "", None, None, sha256_of(file))
        for file in files
    )
    return Cohort(Path(), Path(), tiles, classes=("any",))


def _time(job: Callable[[], None]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start
