"""An index on disk, memory-mapped: what a unit does on every tile of a cohort."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from osteo_core.errors import UnitIndexError
from osteo_core.files import shown
from osteo_core.foreign import is_there, reading
from osteo_core.foreign.arrays import open_array
from osteo_core.foreign.json_files import read_json
from osteo_core.unit_index.card import (
    CARD,
    FORMAT,
    MAXIMUM,
    MEAN,
    PLACE,
    PLACES_A_SIDE,
    IndexCard,
    IndexedLayer,
)
from osteo_core.units import Unit

By = Literal["maximum", "mean"]
Values = npt.NDArray[np.float32]
TOP = 12
MOST_CARD = 64 << 20  # bytes: some 200,000 tiles
_EXPECTED = (
    "a readable unit index, as `osteo index` writes it; it can build it anew in another folder"
)


@dataclass(frozen=True)
class TopTile:
    """A tile that drives a unit.

    Attributes:
        sha256: Of the tile's file.
        name: Of the file, without its folder.
        label: Class that the cohort gives it.
        split: "train", "validation", "test" or "".
        value: What the tiles were ordered by: the unit's maximum or mean on it.
        place: Row and column of the maximum in the layer's own grid; None for a dense layer.
    """

    sha256: str
    name: str
    label: str
    split: str
    value: float
    place: tuple[int, int] | None


@dataclass(frozen=True)
class Rows:
    """Where a layer's units lie in the arrays.

    Attributes:
        layer: The layer.
        first: Row of its first unit among all.
        mapped: Row of its first unit among those with maps; None for a dense layer.
    """

    layer: IndexedLayer
    first: int
    mapped: int | None


def rows_of(layers: tuple[IndexedLayer, ...]) -> dict[str, Rows]:
    """Where each layer's units lie in the arrays, by layer."""
    rows, first, mapped = {}, 0, 0
    for layer in layers:
        rows[layer.name] = Rows(layer, first, mapped if layer.grid else None)
        first += layer.units
        mapped += layer.units if layer.grid else 0
    return rows


@dataclass(frozen=True, eq=False)
class UnitIndex:
    """Of every unit and tile the maximum, the place of it, and the mean.

    Numbers are in half precision: a relative error of at most 2^-11.

    Attributes:
        folder: Where it lies.
        card: What it says of itself.
    """

    folder: Path
    card: IndexCard
    _maximum: npt.NDArray[np.float16] = field(repr=False)  # (units, tiles)
    _mean: npt.NDArray[np.float16] = field(repr=False)  # (units with maps, tiles)
    _place: npt.NDArray[np.uint8] = field(repr=False)  # (units with maps, tiles, 2)

    @property
    def layers(self) -> tuple[IndexedLayer, ...]:
        """Its layers, in the order of the network."""
        return self.card.layers

    @property
    def n_units(self) -> int:
        """Units of all layers."""
        return len(self._maximum)

    def check(self, engine_digest: str, cohort_digest: str | None = None) -> None:
        """Make sure that it is of this network, and of this cohort if one is given.

        Raises:
            UnitIndexError: It is of another.
        """
        _check("network", self.card.bundle, self.card.bundle_digest, engine_digest, self.folder)
        if cohort_digest is not None:
            _check("cohort", "a cohort", self.card.cohort_digest, cohort_digest, self.folder)

    def maximum(self, unit: Unit) -> Values:
        """A unit's greatest activation on each tile, float32 (tiles,); the value if dense."""
        rows = self._rows(unit)
        return self._scaled(self._maximum[rows.first + unit.index], rows)

    def mean(self, unit: Unit) -> Values:
        """A unit's mean activation on each tile, float32 (tiles,); the value if dense."""
        rows = self._rows(unit)
        if rows.mapped is None:
            return self.maximum(unit)
        return self._scaled(self._mean[rows.mapped + unit.index], rows)

    def place(self, unit: Unit) -> npt.NDArray[np.intp] | None:
        """Where a unit's maximum lies on each tile; None for a dense layer.

        Returns:
            Row and column in the layer's own grid, (tiles, 2); the first in reading order where
            several places share the maximum. Exact on grids of at most 256 places a side, and on
            a larger one to its 256th part.
        """
        rows = self._rows(unit)
        if rows.mapped is None or rows.layer.grid is None:
            return None
        return unscaled_place(self._place[rows.mapped + unit.index], rows.layer.grid)

    def values(self, layer: str, by: By) -> Values:
        """`maximum` or `mean` of every unit of a layer, float32 (units, tiles)."""
        rows = self._rows(Unit(layer, 0))
        stored, first = self._maximum, rows.first
        if by == "mean" and rows.mapped is not None:
            stored, first = self._mean, rows.mapped
        return self._scaled(stored[first : first + rows.layer.units], rows)

    def stored_places(self, layer: str) -> npt.NDArray[np.uint8] | None:
        """Places of a layer's units as they are stored, (units, tiles, 2); None if dense."""
        rows = self._rows(Unit(layer, 0))
        if rows.mapped is None:
            return None
        return self._place[rows.mapped : rows.mapped + rows.layer.units]

    def columns(self, part: str = "all") -> npt.NDArray[np.intp]:
        """Numbers of the tiles of one part, or of all."""
        splits = [tile.split for tile in self.card.tiles]
        return np.flatnonzero([part in ("all", split) for split in splits])

    def top(
        self, unit: Unit, by: By = "maximum", count: int = TOP, part: str = "all"
    ) -> tuple[TopTile, ...]:
        """The tiles that drive a unit most, strongest first; of equals the cohort's first.

        Args:
            unit: The unit.
            by: What to order by.
            count: Most tiles to return.
            part: "train", "validation", "test" or "all".

        Raises:
            UnitIndexError: No such unit.
        """
        values = self.mean(unit) if by == "mean" else self.maximum(unit)
        columns = self.columns(part)
        best = columns[np.argsort(-values[columns], kind="stable")[:count]]
        places = self.place(unit)
        return tuple(self._top(i, values, places) for i in map(int, best))

    def _top(self, i: int, values: Values, places: npt.NDArray[np.intp] | None) -> TopTile:
        tile = self.card.tiles[i]
        place = None if places is None else (int(places[i, 0]), int(places[i, 1]))
        return TopTile(tile.sha256, tile.name, tile.label, tile.split, float(values[i]), place)

    @cached_property
    def _rows_by_layer(self) -> dict[str, Rows]:
        return rows_of(self.card.layers)

    def _rows(self, unit: Unit) -> Rows:
        return find_rows(self._rows_by_layer, unit)

    def _scaled(self, stored: npt.NDArray[np.float16], rows: Rows) -> Values:
        return unscaled(stored, rows.layer)


def find_rows(rows: dict[str, Rows], unit: Unit) -> Rows:
    """Where a unit's layer lies.

    Raises:
        UnitIndexError: No such unit.
    """
    found = rows.get(unit.layer)
    if found is None or not 0 <= unit.index < found.layer.units:
        last = list(rows.values())[-1].layer
        raise UnitIndexError(
            f"Expected a unit of the index, up to {last.name}:{last.units - 1}. Received: {unit}."
        )
    return found


def unscaled_place(stored: npt.NDArray[np.uint8], grid: tuple[int, int]) -> npt.NDArray[np.intp]:
    """Bytes (..., 2) -> row and column in a layer's own grid.

    Raises:
        UnitIndexError: A place lies outside the grid.
    """
    sides = np.array(grid, np.intp)
    places = np.where(sides > PLACES_A_SIDE, stored * sides // PLACES_A_SIDE, stored)
    if (places >= sides).any():
        raise UnitIndexError(
            f"Expected places within {grid[0]} × {grid[1]} in the unit index; build it anew with "
            "`osteo index`. Received: one outside."
        )
    return places


def open_index(folder: Path) -> UnitIndex:
    """Open an index; reads its card only.

    Raises:
        UnitIndexError: None is there, it is unfinished, damaged, or of another format.
    """
    missing = [name for name in (CARD, MAXIMUM, MEAN, PLACE) if not is_there(folder / name)]
    if missing:
        raise UnitIndexError(
            f"Expected a whole unit index in {shown(folder)}, as `osteo index` writes it. "
            f"Received: no {missing[0]}."
        )
    with reading(shown(folder), UnitIndexError, _EXPECTED):
        card = IndexCard.model_validate(read_json(folder / CARD, at_most=MOST_CARD))
        if card.format != FORMAT:
            raise UnitIndexError(
                f"Expected an index of format {FORMAT} in {folder}; delete it and build it anew "
                f"with `osteo index`. Received: format {card.format}."
            )
        units = sum(layer.units for layer in card.layers)
        mapped = sum(layer.units for layer in card.layers if layer.grid)
        tiles = len(card.tiles)
        return UnitIndex(
            folder,
            card,
            open_array(folder / MAXIMUM, (units, tiles), np.float16),
            open_array(folder / MEAN, (mapped, tiles), np.float16),
            open_array(folder / PLACE, (mapped, tiles, 2), np.uint8),
        )


def unscaled(stored: npt.NDArray[np.float16], layer: IndexedLayer) -> Values:
    """Stored numbers of a layer's units as activations.

    Raises:
        UnitIndexError: One of them is not finite.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        values: Values = stored.astype(np.float32) * np.float32(layer.scale)
    if not np.isfinite(values).all():
        raise UnitIndexError(
            f"Expected finite activations of {layer.name} in the unit index; build it anew with "
            "`osteo index`. Received: NaN or infinity."
        )
    return values


def _check(what: str, name: str, ours: str, expected: str, folder: Path) -> None:
    if ours != expected:
        raise UnitIndexError(
            f"Expected the unit index of this {what} ({expected[:12]}) in {folder}; delete it, or "
            f"build the right one with `osteo index` into another folder. "
            f"Received: that of {name} ({ours[:12]})."
        )
