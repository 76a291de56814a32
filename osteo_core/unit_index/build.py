"""One streaming pass over a cohort: reads the next tiles while the network runs on these.

Every batch is a fixed set of tiles of the cohort in its order, with black pictures in place of what
cannot be read; so a build that was killed goes on with the same batches and ends in the same bytes.
"""

import contextlib
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from osteo_core import files
from osteo_core.errors import FileError, TileError, UnitIndexError
from osteo_core.unit_index.card import (
    CARD,
    MAXIMUM,
    MEAN,
    PLACE,
    IndexCard,
    IndexedLayer,
    IndexedTile,
    LeftOut,
)
from osteo_core.unit_index.compact import write_arrays
from osteo_core.unit_index.index import open_index
from osteo_core.unit_index.partial import NAME, Partial, Plan, Records, open_partial

if TYPE_CHECKING:
    from osteo_core.cohorts.table import Cohort, CohortTile
    from osteo_core.engine import Engine
    from osteo_core.unit_index.peaks import PeakPass

BATCH = 4
Pixels = npt.NDArray[np.float32]  # (1, h, w, 3), as the network takes them
_AHEAD = 2  # batches read while one runs


@dataclass(frozen=True)
class Progress:
    """How far a build is.

    Attributes:
        done: Tiles behind it, those that could not be read among them.
        total: Tiles of the cohort.
        seconds_left: None as long as nothing was measured.
        left_out: Tiles found unreadable since the last report.
    """

    done: int
    total: int
    seconds_left: float | None
    left_out: tuple[LeftOut, ...] = ()


def build_index(
    engine: "Engine", cohort: "Cohort", folder: Path, batch: int = BATCH
) -> Iterator[Progress]:
    """Index every unit of a network over a cohort.

    A build that was killed goes on where it was. A whole index of the same network and cohort is
    left as it is, unless a tile that it had to leave out can be read by now.

    Args:
        engine: The network.
        cohort: The tiles; those that cannot be read are named and left out.
        folder: Where the index is to lie; `index_folder` names the usual place.
        batch: Tiles in one pass; part of what decides the last digits.

    Yields:
        Progress, first at once, then behind each batch; the index is whole behind the last.

    Raises:
        UnitIndexError: No tile can be read, or the folder holds an index, whole or half, of
            another network or cohort.
        FileError: It cannot be written, or another build writes there now.
    """
    plan = plan_of(engine, cohort, batch)
    whole = _whole(folder, plan, engine, cohort)
    if whole is None:
        with files.locked(folder, "another `osteo index`"):
            yield from _build(engine, cohort, folder, plan)
        return
    if files.is_left(folder) or (folder / NAME).exists():
        with contextlib.suppress(FileError), files.locked(folder):
            _forget(folder)
    yield Progress(plan.tiles, plan.tiles, 0.0, whole.left_out)


def _build(engine: "Engine", cohort: "Cohort", folder: Path, plan: Plan) -> Iterator[Progress]:
    total, batch = plan.tiles, plan.batch
    last = Progress(total, total, 0.0)
    with open_partial(folder, plan) as partial:
        left_out = _left_out_so_far(partial, engine, cohort, batch)
        yield Progress(partial.done, total, None, tuple(left_out))
        for progress in run_batches(engine, cohort, plan, partial):
            left_out += progress.left_out
            if progress.done == total:
                last = progress
            else:
                yield progress
        _finish(folder, plan, cohort, partial, left_out)
    _forget(folder)
    yield last


def _forget(folder: Path) -> None:
    with files.writing(folder / NAME):
        (folder / NAME).unlink(missing_ok=True)


def plan_of(engine: "Engine", cohort: "Cohort", batch: int = BATCH) -> Plan:
    """What a build of an engine over a cohort will be."""
    layers = [engine.layer(name) for name in engine.unit_layers]
    indexed = tuple(IndexedLayer(name=la.name, units=la.n_units, shape=la.shape) for la in layers)
    known = set(engine.classes) <= set(cohort.classes)
    return Plan(
        bundle=engine.name,
        bundle_digest=engine.digest,
        cohort_digest=cohort.digest,
        classes=engine.classes if known else cohort.classes,
        tiles=len(cohort.tiles),
        batch=batch,
        layers=indexed,
    )


def run_batches(
    engine: "Engine", cohort: "Cohort", plan: Plan, partial: Partial
) -> Iterator[Progress]:
    """Append what is missing, batch by batch."""
    from osteo_core.unit_index.peaks import PeakPass

    peaks = PeakPass.of(engine, plan.layers, plan.batch)
    waiting = islice(cohort.tiles, partial.done, None)
    started, first = time.monotonic(), partial.done
    for loaded in _read_ahead(engine, cohort, _batched(waiting, plan.batch)):
        partial.append(_records(peaks, plan, loaded, engine.input_size))
        left = (time.monotonic() - started) / (partial.done - first) * (plan.tiles - partial.done)
        failed = tuple(one for one in loaded if isinstance(one, LeftOut))
        yield Progress(partial.done, plan.tiles, left, failed)


def remove_index(folder: Path) -> None:
    """Delete an index, whole or half, and its folder if nothing else is in it."""
    for name in (CARD, NAME, MAXIMUM, MEAN, PLACE):
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _whole(folder: Path, plan: Plan, engine: "Engine", cohort: "Cohort") -> IndexCard | None:
    """The card of an index that need not be built."""
    if not (folder / CARD).is_file():
        return None
    try:
        index = open_index(folder)
    except UnitIndexError:
        if (folder / NAME).is_file():  # killed while the arrays were put in place
            return None
        raise
    index.check(plan.bundle_digest, plan.cohort_digest)
    missing = {entry.file for entry in index.card.left_out}
    tiles = [tile for tile in cohort.tiles if tile.file in missing]
    still = all(isinstance(_load(engine, cohort, tile), LeftOut) for tile in tiles)
    return index.card if still else None


def _left_out_so_far(
    partial: Partial, engine: "Engine", cohort: "Cohort", batch: int
) -> list[LeftOut]:
    """Why tiles were left out before a kill; a batch with one that can be read by now is redone."""
    found: dict[int, LeftOut] = {}
    for number in map(int, np.flatnonzero(partial.records()["read"] == 0)):
        loaded = _load(engine, cohort, cohort.tiles[number])
        if not isinstance(loaded, LeftOut):
            partial.cut(number - number % batch)
            break
        found[number] = loaded
    return [one for number, one in found.items() if number < partial.done]


def _load(engine: "Engine", cohort: "Cohort", tile: "CohortTile") -> Pixels | LeftOut:
    try:
        loaded = cohort.load(tile)
    except TileError as error:
        return LeftOut(file=tile.file, reason=str(error))
    if loaded.sha256 != tile.sha256:
        return LeftOut(
            file=tile.file,
            reason=f"Expected the file that was imported, of SHA-256 {tile.sha256[:12]}. "
            f"Received: {loaded.name} of {loaded.short_id}.",
        )
    return engine.prepare(loaded)


def _batched(tiles: Iterable["CohortTile"], size: int) -> Iterator[list["CohortTile"]]:
    waiting = iter(tiles)
    while some := list(islice(waiting, size)):
        yield some


def _read_ahead(
    engine: "Engine", cohort: "Cohort", batches: Iterable[Sequence["CohortTile"]]
) -> Iterator[list[Pixels | LeftOut]]:
    def load(tiles: Sequence["CohortTile"]) -> list[Pixels | LeftOut]:
        return [_load(engine, cohort, tile) for tile in tiles]

    with ThreadPoolExecutor(1, thread_name_prefix="tiles") as pool:
        reading: deque[Future[list[Pixels | LeftOut]]] = deque()
        for batch in batches:
            reading.append(pool.submit(load, batch))
            if len(reading) > _AHEAD:
                yield reading.popleft().result()
        while reading:
            yield reading.popleft().result()


def _records(
    peaks: "PeakPass", plan: Plan, loaded: Sequence[Pixels | LeftOut], size: tuple[int, int]
) -> Records:
    batch = np.zeros((plan.batch, *size, 3), np.float32)
    records = np.zeros(len(loaded), plan.record)
    for number, tile in enumerate(loaded):
        if not isinstance(tile, LeftOut):
            batch[number], records["read"][number] = tile[0], 1
    found = peaks(batch)
    for name, values in found._asdict().items():
        records[name] = values[: len(loaded)]
    return records


def _finish(
    folder: Path, plan: Plan, cohort: "Cohort", partial: Partial, left_out: Sequence[LeftOut]
) -> None:
    """Turn and scale what was found; the card comes last and all at once."""
    records = partial.records()
    read = records["read"] == 1
    if not read.any():
        reason = left_out[0].reason if left_out else "none"
        raise UnitIndexError(f"Expected a cohort with a tile that can be read. Received: {reason}")
    # An index with fewer tiles may be there: it stays as it is until all of this one is whole.
    with files.staging(folder, last=CARD) as beside:
        layers = write_arrays(records if read.all() else records[read], plan.layers, beside)
        card = _card(plan, cohort, layers, read, left_out)
        files.write_text(beside / CARD, card.model_dump_json(indent=1) + "\n")


def _card(
    plan: Plan,
    cohort: "Cohort",
    layers: tuple[IndexedLayer, ...],
    read: npt.NDArray[np.bool_],
    left_out: Sequence[LeftOut],
) -> IndexCard:
    tiles = [tile for tile, is_read in zip(cohort.tiles, read, strict=True) if is_read]
    return IndexCard(
        bundle=plan.bundle,
        bundle_digest=plan.bundle_digest,
        cohort_digest=plan.cohort_digest,
        classes=plan.classes,
        layers=layers,
        tiles=tuple(map(_indexed, tiles)),
        left_out=tuple(left_out),
    )


def _indexed(tile: "CohortTile") -> IndexedTile:
    name = PurePosixPath(tile.file).name
    return IndexedTile(sha256=tile.sha256, label=tile.label, split=tile.split, name=name)
