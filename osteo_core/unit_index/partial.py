"""What a build has done so far: one record a tile, appended batch by batch, safe to kill."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from osteo_core.errors import FileError, UnitIndexError
from osteo_core.files import writing
from osteo_core.heatmap import library_versions
from osteo_core.unit_index.card import FORMAT, IndexedLayer

NAME = "units.partial"
_HEADER = 4096  # bytes in front of the records
Records = npt.NDArray[np.void]


@dataclass(frozen=True)
class Plan:
    """What decides every byte of a build.

    Attributes:
        bundle: Name of the network.
        bundle_digest: Identity of its weights.
        cohort_digest: Identity of the cohort.
        classes: Class names that the index goes by.
        tiles: Number of tiles of the cohort.
        batch: Tiles in one pass.
        layers: Layers whose units are indexed, unscaled.
    """

    bundle: str
    bundle_digest: str
    cohort_digest: str
    classes: tuple[str, ...]
    tiles: int
    batch: int
    layers: tuple[IndexedLayer, ...] = field(repr=False)

    @property
    def record(self) -> np.dtype[np.void]:
        """One tile: whether it could be read, and `peaks.Peaks` of it."""
        units = sum(layer.units for layer in self.layers)
        mapped = sum(layer.units for layer in self.layers if layer.grid)
        return np.dtype(
            [
                ("read", "u1"),
                ("maximum", "<f4", (units,)),
                ("mean", "<f4", (mapped,)),
                ("place", "u1", (mapped, 2)),
            ]
        )

    def header(self) -> dict[str, Any]:
        """What a half-built index is recognised by."""
        return {
            "format": FORMAT,
            "bundle": self.bundle,
            "bundle_digest": self.bundle_digest,
            "cohort_digest": self.cohort_digest,
            "tiles": self.tiles,
            "batch": self.batch,
            **{name: library_versions()[name] for name in ("tensorflow", "keras")},
            "record": self.record.itemsize,
        }


class Partial:
    """The open file. Whole batches count; what a kill left of another is cut off.

    Attributes:
        file: Its path.
        done: Records in it.
    """

    def __init__(self, file: Path, stream: BinaryIO, plan: Plan) -> None:
        self.file = file
        self._stream = stream
        self._plan = plan
        size = max(0, os.fstat(stream.fileno()).st_size - _HEADER)
        whole = min(size // plan.record.itemsize, plan.tiles)
        self.done = 0
        self.cut(whole if whole == plan.tiles else whole - whole % plan.batch)

    def cut(self, done: int) -> None:
        """Forget every record behind the first `done`."""
        self.done = done
        with writing(self.file):
            self._stream.truncate(_HEADER + done * self._plan.record.itemsize)
            self._stream.seek(0, os.SEEK_END)

    def append(self, records: Records) -> None:
        """Add the records of one batch."""
        _write_all(self._stream, records.tobytes(), self.file)
        self.done += len(records)

    def records(self) -> Records:
        """Every record so far, memory-mapped."""
        if not self.done:
            return np.zeros(0, self._plan.record)
        return np.memmap(self.file, self._plan.record, "r", _HEADER, (self.done,))


@contextlib.contextmanager
def open_partial(folder: Path, plan: Plan) -> Iterator[Partial]:
    """Open what a build has done so far, or begin it, in a folder that is held (`files.locked`).

    It grows where it lies, unlike any other file: a batch that a kill cuts in two is cut off.

    Raises:
        UnitIndexError: The half-built index here is of another network, cohort, format or size of
            batch.
        FileError: It cannot be written.
    """
    file = folder / NAME
    with writing(file):
        file.touch()
        stream = file.open("r+b", buffering=0)
    with stream:
        header = stream.read(_HEADER)
        ours = json.dumps(plan.header()).encode().ljust(_HEADER)
        if len(header) < _HEADER:  # killed before it began
            stream.seek(0)
            _begin(stream, ours, file)
        elif header != ours:
            _refuse(file, header, plan)
        yield Partial(file, stream, plan)


def _refuse(file: Path, header: bytes, plan: Plan) -> None:
    try:
        found = json.loads(header)
        other = next(key for key, value in plan.header().items() if found.get(key) != value)
        received = f"{other.replace('_', ' ')} {str(found.get(other))[:12]}"
    except (ValueError, AttributeError, StopIteration):
        received = "a file that is none"
    raise UnitIndexError(
        f"Expected a half-built index of {plan.bundle} and this cohort in {file.parent}; delete "
        f"{file.name} there to start anew, or name another folder. Received: {received}."
    )


def _begin(stream: BinaryIO, header: bytes, file: Path) -> None:
    try:
        _write_all(stream, header, file)
    except FileError:
        file.unlink(missing_ok=True)  # nothing to go on from
        raise


def _write_all(stream: BinaryIO, data: bytes, file: Path) -> None:
    """Write every byte: on a disk that is nearly full, a stream without a buffer takes fewer."""
    rest = memoryview(data)
    with writing(file):
        while rest:
            rest = rest[stream.write(rest) :]
