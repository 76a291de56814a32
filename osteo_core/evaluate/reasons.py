"""Same answer, different reason: two networks that call a tile alike, and where each one looks."""

from collections.abc import Callable, Generator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from osteo_core.errors import OsteoError
from osteo_core.grades.correlation import rank_correlation

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.heatmap import HeatMap
    from osteo_core.reading import Reading
    from osteo_core.tiles import Tile

METHOD = "gradcam"
MOST_PLACES = 64  # along one side of the common grid

Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Asked:
    """A tile to be compared: its SHA-256, its name for people, and how to decode it."""

    sha256: str
    file: str
    load: Callable[[], "Tile"]


@dataclass(frozen=True, eq=False)
class Reason:
    """How two networks come to their calls on one tile.

    Attributes:
        sha256: of the tile.
        file: its name.
        calls: class called by the first network and by the second.
        correlation: rank correlation of their maps, -1..1; None when the calls differ or a map
            shows nothing.
        apart: mean absolute difference of the maps, each over its own highest value, 0..1.
        difference: float32 (h, w), -1..1, first less second; None likewise.
        note: why there is no comparison; "" otherwise.
    """

    sha256: str
    file: str
    calls: tuple[str, str]
    correlation: float | None = None
    apart: float | None = None
    difference: Values | None = None
    note: str = ""

    @property
    def same_call(self) -> bool:
        """Whether both networks call the tile alike."""
        return self.calls[0] == self.calls[1]


@dataclass(frozen=True, eq=False)
class Reasons:
    """All tiles of a run, in the order given, and those that could not be read."""

    first: str
    second: str
    found: tuple[Reason, ...]
    failures: tuple[tuple[str, str], ...] = ()

    @property
    def compared(self) -> tuple[Reason, ...]:
        """Tiles called alike whose maps could be compared, the least alike first."""
        kept = [r for r in self.found if r.correlation is not None]
        return tuple(sorted(kept, key=lambda r: (r.correlation, r.file)))

    def table(self) -> pd.DataFrame:
        """One row a compared tile, the least alike first."""
        rows = [
            {
                "tile": r.sha256,
                "file": r.file,
                "call": r.calls[0],
                "rank correlation": r.correlation,
                "mean difference": r.apart,
            }
            for r in self.compared
        ]
        columns = ["tile", "file", "call", "rank correlation", "mean difference"]
        return pd.DataFrame(rows, columns=columns)

    def summary(self) -> str:
        """What came out, in sentences."""
        kept = self.compared
        same = sum(r.same_call for r in self.found)
        told = f"The networks call {same} of {len(self.found)} tiles alike."
        if not kept:
            return f"{told} None of these has two maps that can be compared."
        values = np.array([r.correlation for r in kept])
        told += (
            f" On {len(kept)} of these both maps can be compared: their rank correlation is "
            f"{np.median(values):.2f} in the middle (half lie between "
            f"{np.quantile(values, 0.25):.2f} and {np.quantile(values, 0.75):.2f}). "
        )
        below = int((values < 0).sum())
        if not below:
            return f"{told}None is below 0."
        are = "one is" if below == 1 else f"{below} are"
        return f"{told}Of these {are} below 0: the same answer for quite another reason."


def compare_maps(
    first: "HeatMap", second: "HeatMap"
) -> tuple[Values | None, float | None, float | None, str]:
    """Hold two heat maps of one tile against each other.

    Both are enlarged bilinearly to a common grid, the finer of the two along either axis and at
    most 64 places a side, and divided by their own highest value: the logits of two networks have
    no common unit.

    Args:
        first: A map without negative values, as Grad-CAM gives.
        second: Another of the same tile.

    Returns:
        The difference (h, w), -1..1; the rank correlation of the enlarged maps; the mean absolute
        difference; and "". Or None thrice and the reason when a map shows nothing.

    Raises:
        OsteoError: The maps are of different tiles.
    """
    if first.tile_sha256 != second.tile_sha256:
        raise OsteoError("Expected two heat maps of one tile. Received: maps of two tiles.")
    for heat in (first, second):
        if not np.isfinite(heat.values).all() or heat.values.max() <= 0:
            return None, None, None, f"The map of {heat.bundle} shows nothing for {heat.target}."
    size = tuple(min(MOST_PLACES, max(first.shape[axis], second.shape[axis])) for axis in (0, 1))
    a, b = (_scaled(heat.values, size) for heat in (first, second))
    difference: Values = a - b
    return difference, rank_correlation(a, b), float(np.abs(difference).mean()), ""


def reason(first: "Reading", second: "Reading", file: str) -> Reason:
    """Compare why two networks call one tile what they both call it.

    Args:
        first: The tile, read by the first network.
        second: The same tile, read by the second.
        file: The tile's name.

    Returns:
        The comparison of Grad-CAM for the common call, each at its own default layer.
    """
    calls = (first.predicted, second.predicted)
    if calls[0] != calls[1]:
        return Reason(first.tile_sha256, file, calls, note="The networks call it differently.")
    maps = [reading.heatmap(METHOD, target=calls[0]) for reading in (first, second)]
    difference, correlation, apart, note = compare_maps(*maps)
    return Reason(first.tile_sha256, file, calls, correlation, apart, difference, note)


def reasons_steps(
    first: "Engine",
    second: "Engine",
    tiles: Sequence[Asked],
    kept: MutableMapping[tuple[str, str, str], Reason] | None = None,
) -> Generator[float, None, Reasons]:
    """Compare two networks' reasons on many tiles.

    Args:
        first: A network.
        second: Another.
        tiles: The tiles; one that cannot be read is left out and named.
        kept: What is known already, by both networks' digests and the tile's; new results are
            added, so a run that was stopped goes on where it stopped.

    Yields:
        The share done, 0..1.
    """
    known = {} if kept is None else kept
    found, failures = [], []
    for done, asked in enumerate(tiles):
        key = (first.digest, second.digest, asked.sha256)
        if key not in known:
            try:
                tile = asked.load()
            except OsteoError as error:
                failures.append((asked.file, str(error)))
                continue
            known[key] = reason(first.read(tile), second.read(tile), asked.file)
            yield (done + 1) / len(tiles)
        found.append(known[key])
    return Reasons(first.name, second.name, tuple(found), tuple(failures))


def _scaled(values: Values, size: tuple[int, ...]) -> Values:
    height, width = size
    resized: Values = cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)
    return resized / np.float32(resized.max())
