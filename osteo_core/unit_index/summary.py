"""What an index says without its pictures: class means, selectivity, histograms, top tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from osteo_core.errors import UnitIndexError
from osteo_core.unit_index.card import FORMAT, Classes, IndexedLayer, IndexedTile, Layers
from osteo_core.unit_index.index import By, Rows, TopTile, UnitIndex, find_rows, rows_of
from osteo_core.unit_index.measures import Block, Measure, decode, joined, measure
from osteo_core.unit_index.statistics import bin_edges
from osteo_core.units import Unit

if TYPE_CHECKING:
    import pandas as pd

Values = npt.NDArray[np.float32]


class SummaryCard(BaseModel):
    """Whose units over which tiles a summary is.

    Attributes:
        format: Version of the layout.
        bundle: Name of the network.
        bundle_digest: Identity of its weights.
        cohort_digest: Identity of the cohort.
        part: "train", "validation", "test" or "all".
        classes: Class names, in the order of every figure by class.
        layers: In the order of the network.
        tiles: Those summed up, of these classes only.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    format: int = FORMAT
    bundle: str
    bundle_digest: str
    cohort_digest: str
    part: str
    classes: Classes
    layers: Layers
    tiles: Annotated[tuple[IndexedTile, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _tiles_are_of_the_classes(self) -> Self:
        strange = {tile.label for tile in self.tiles} - set(self.classes)
        if strange:
            raise ValueError(f"classes {list(self.classes)} with tiles of {sorted(strange)}")
        return self


@dataclass(frozen=True, eq=False)
class UnitFigures:
    """What a summary says of one unit.

    A dense unit has one value a tile, which is its maximum and its mean.

    Attributes:
        mean_by_class: float32 (classes,), mean over the tiles of a class of the unit's mean.
        maximum_by_class: The same of its maximum.
        selectivity: float32 (classes,), area under the ROC curve of the class against the rest by
            the unit's mean; 0..1.
        selectivity_maximum: The same by its maximum.
        firing_share: Share of the tiles on which it is above zero anywhere, 0..1.
        dead: Whether it is zero everywhere on every tile.
        histograms: By "maximum" and "mean": edges (bins + 1,) and counts (classes, bins).
        tops: By "maximum" and "mean": its top tiles.
    """

    mean_by_class: Values
    maximum_by_class: Values
    selectivity: Values
    selectivity_maximum: Values
    firing_share: float
    dead: bool
    histograms: Mapping[str, tuple[Values, npt.NDArray[Any]]] = field(repr=False)
    tops: Mapping[str, tuple[TopTile, ...]] = field(repr=False)

    def histogram(self, by: By = "maximum") -> tuple[Values, npt.NDArray[Any]]:
        """Edges (bins + 1,) and counts of tiles (classes, bins)."""
        return self.histograms[by]

    def top(self, by: By = "maximum") -> tuple[TopTile, ...]:
        """The tiles that drive the unit most, strongest first."""
        return self.tops[by]


@dataclass(frozen=True, eq=False)
class UnitSummary:
    """Figures of every unit of a network over one part of a cohort.

    Attributes:
        card: Whose and over which tiles.
        maximum: By the units' maxima, one row a unit.
        mean: By the means, one row a unit with maps; a dense unit's is its maximum.
        firing_share: float32 (units,), share of tiles with the unit above zero anywhere.
        dead: bool (units,), zero everywhere on every tile.
    """

    card: SummaryCard
    maximum: Measure = field(repr=False)
    mean: Measure = field(repr=False)
    firing_share: Values = field(repr=False)
    dead: npt.NDArray[np.bool_] = field(repr=False)

    @property
    def layers(self) -> tuple[IndexedLayer, ...]:
        """Its layers, in the order of the network."""
        return self.card.layers

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names."""
        return self.card.classes

    @property
    def part(self) -> str:
        """Part of the cohort."""
        return self.card.part

    @property
    def n_tiles(self) -> int:
        """Tiles summed up."""
        return len(self.card.tiles)

    @property
    def n_units(self) -> int:
        """Units of all layers."""
        return len(self.dead)

    @cached_property
    def counts(self) -> npt.NDArray[np.intp]:
        """Tiles of each class, (classes,)."""
        return np.bincount(_numbers(self.card.tiles, self.classes), minlength=len(self.classes))

    def check(self, engine_digest: str) -> None:
        """Make sure that it is of this network.

        Raises:
            UnitIndexError: It is of another.
        """
        if self.card.bundle_digest != engine_digest:
            raise UnitIndexError(
                f"Expected the units of this network ({engine_digest[:12]}). "
                f"Received: those of {self.card.bundle} ({self.card.bundle_digest[:12]})."
            )

    def figures(self, unit: Unit) -> UnitFigures:
        """Everything of one unit.

        Raises:
            UnitIndexError: No such unit.
        """
        rows = find_rows(self._rows, unit)
        mean, maximum = (self._block(rows, by, unit.index) for by in ("mean", "maximum"))
        blocks = {"mean": mean, "maximum": maximum}
        row = rows.first + unit.index
        return UnitFigures(
            mean_by_class=mean.by_class[0],
            maximum_by_class=maximum.by_class[0],
            selectivity=mean.area[0],
            selectivity_maximum=maximum.area[0],
            firing_share=float(self.firing_share[row]),
            dead=bool(self.dead[row]),
            histograms={by: (bin_edges(b.ends[0]), b.counts[0]) for by, b in blocks.items()},
            tops={by: self._tops(block) for by, block in blocks.items()},
        )

    def table(self, layer: str | None = None) -> pd.DataFrame:
        """One row a unit of a layer, or of all.

        Returns:
            Columns layer, unit, then for each class mean_, maximum_, auc_ (by the mean) and
            auc_maximum_, then firing_share and dead.

        Raises:
            UnitIndexError: No such layer.
        """
        import pandas as pd

        names = [la.name for la in self.layers] if layer is None else [layer]
        return pd.concat([self._layer_table(name) for name in names], ignore_index=True)

    def _layer_table(self, layer: str) -> pd.DataFrame:
        import pandas as pd

        rows = find_rows(self._rows, Unit(layer, 0))
        mean, maximum = (self._block(rows, by) for by in ("mean", "maximum"))
        own = slice(rows.first, rows.first + rows.layer.units)
        columns: dict[str, Any] = {"layer": layer, "unit": np.arange(rows.layer.units)}
        for prefix, values in (
            ("mean", mean.by_class),
            ("maximum", maximum.by_class),
            ("auc", mean.area),
            ("auc_maximum", maximum.area),
        ):
            named = zip(self.classes, values.T, strict=True)
            columns |= {f"{prefix}_{name}": column for name, column in named}
        columns |= {"firing_share": self.firing_share[own], "dead": self.dead[own]}
        return pd.DataFrame(columns)

    def _block(self, rows: Rows, by: str, index: int | None = None) -> Block:
        """Figures of one unit of a layer, or of all."""
        by_mean = by == "mean" and rows.mapped is not None
        first = rows.mapped if by_mean and rows.mapped is not None else rows.first
        some = slice(0, rows.layer.units) if index is None else slice(index, index + 1)
        return decode(self.mean if by_mean else self.maximum, rows, first, some)

    def _tops(self, block: Block) -> tuple[TopTile, ...]:
        """The top tiles of a block of one unit."""
        found = []
        for i, (tile, value) in enumerate(zip(block.top_tile[0], block.top_value[0], strict=True)):
            place = None if block.top_place is None else block.top_place[0, i]
            said = self.card.tiles[tile]
            where = None if place is None else (int(place[0]), int(place[1]))
            found.append(
                TopTile(said.sha256, said.name, said.label, said.split, float(value), where)
            )
        return tuple(found)

    @cached_property
    def _rows(self) -> dict[str, Rows]:
        return rows_of(self.card.layers)


def summarise(index: UnitIndex, part: str = "train") -> UnitSummary:
    """Sum up an index over one part of its cohort, tiles of the index' classes only.

    Args:
        index: The index.
        part: "train", "validation", "test" or "all".

    Raises:
        UnitIndexError: The part has no tile of these classes.
    """
    card = index.card
    columns = np.array([i for i in index.columns(part) if card.tiles[i].label in card.classes], int)
    if not len(columns):
        raise UnitIndexError(
            f"Expected tiles of {', '.join(card.classes)} in the part to sum up. "
            f"Received: none in {part!r}."
        )
    tiles = tuple(card.tiles[i] for i in columns)
    numbers = _numbers(tiles, card.classes)
    layers = [_sum_up(index, la, columns, numbers) for la in card.layers]
    shared = card.model_dump(include={"bundle", "bundle_digest", "cohort_digest", "classes"})
    return UnitSummary(
        SummaryCard(part=part, layers=card.layers, tiles=tiles, **shared),
        joined([layer.maximum for layer in layers]),
        joined([layer.mean for layer in layers]),
        np.concatenate([layer.firing_share for layer in layers]),
        np.concatenate([layer.dead for layer in layers]),
    )


class _Layer(NamedTuple):
    maximum: Measure
    mean: Measure  # without rows for a dense layer
    firing_share: Values
    dead: npt.NDArray[np.bool_]


def _sum_up(
    index: UnitIndex,
    layer: IndexedLayer,
    columns: npt.NDArray[np.intp],
    numbers: npt.NDArray[np.intp],
) -> _Layer:
    maximum = index.values(layer.name, "maximum")[:, columns]
    mean = index.values(layer.name, "mean")[:, columns]
    places = index.stored_places(layer.name)
    of = partial(
        measure,
        places=None if places is None else places[:, columns],
        scale=layer.scale,
        classes=numbers,
        n_classes=len(index.card.classes),
    )
    by_maximum = of(maximum)
    return _Layer(
        by_maximum,
        Measure._make(array[:0] for array in by_maximum) if places is None else of(mean),
        (maximum > 0).mean(1, dtype=np.float32),
        ((maximum == 0) & (mean == 0)).all(1),  # no place above zero, and none below
    )


def _numbers(tiles: Sequence[IndexedTile], classes: Sequence[str]) -> npt.NDArray[np.intp]:
    return np.array([classes.index(tile.label) for tile in tiles], np.intp)
