"""How the values of many units lie over the tiles of a summary: the scale they are ranked on."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from osteo_core.unit_index import UnitSummary

By = Literal["maximum", "mean"]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spread:
    """Histograms of units, each between its own least and greatest value.

    What is told from them is good to the width of a bin: 1/24 of the way from least to greatest.

    Attributes:
        edges: (units, bins + 1), ascending.
        counts: (units, classes, bins), tiles by value.
        varies: bool (units,), False for a unit that gave one value on every tile.
    """

    edges: npt.NDArray[np.float32]
    counts: npt.NDArray[Any]
    varies: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, summary: "UnitSummary", by: By = "mean", layer: str | None = None) -> "Spread":
        """The values of a summary, by the units' maximum or mean, of one layer or of all.

        Units stand in the order of `UnitSummary.table`.
        """
        from osteo_core.unit_index.index import rows_of
        from osteo_core.unit_index.statistics import bin_edges

        ends, counts = [], []
        for name, rows in rows_of(summary.layers).items():
            if layer not in (None, name):
                continue
            # A neuron has one value a tile, which stands among the maxima only.
            by_mean = by == "mean" and rows.mapped is not None
            stored, first = summary.maximum, rows.first
            if by_mean and rows.mapped is not None:
                stored, first = summary.mean, rows.mapped
            own = slice(first, first + rows.layer.units)
            ends.append(stored.ends[own].astype(np.float32) * np.float32(rows.layer.scale))
            counts.append(stored.counts[own])
        both = np.concatenate(ends)
        return cls(bin_edges(both), np.concatenate(counts), both[:, 0] < both[:, 1])

    @cached_property
    def mean(self) -> Values:
        """Mean over all tiles, (units,)."""
        mean: Values = (self._shares * self._middles).sum(1)
        return mean

    @cached_property
    def deviation(self) -> Values:
        """Standard deviation over all tiles, (units,); 0 where a unit never varies."""
        off = self._middles - self.mean[:, None]
        deviation: Values = np.sqrt((self._shares * off**2).sum(1)) * self.varies
        return deviation

    def deviation_within(self, first: int, second: int) -> Values:
        """Standard deviation inside two classes, pooled with equal weight, (units,)."""
        variances = []
        for number in (first, second):
            shares = _shares(self.counts[:, number])
            mean = (shares * self._middles).sum(1, keepdims=True)
            variances.append((shares * (self._middles - mean) ** 2).sum(1))
        deviation: Values = np.sqrt(np.mean(variances, axis=0)) * self.varies
        return deviation

    def below(self, values: npt.NDArray[Any]) -> Values:
        """Share of the tiles on which each unit stayed below a value of its own, (units,), 0..1."""
        low, high = self.edges[:, :-1], self.edges[:, 1:]
        part = np.clip((values[:, None] - low) / (high - low), 0, 1)  # of each bin
        share: Values = (self._shares * part).sum(1)
        return np.where(self.varies, share, values > self.edges[:, 0])

    def area_between(self, first: int, second: int) -> Values:
        """Area under the ROC curve of one class against another, (units,), 0..1.

        The chance that a tile of the first drives the unit more than one of the second; tiles in
        one bin count half. Not a number where a class has no tile.
        """
        ours, theirs = _shares(self.counts[:, first]), _shares(self.counts[:, second])
        under = np.cumsum(theirs, axis=1) - theirs / 2
        area: Values = (ours * under).sum(1)
        return area

    @cached_property
    def _shares(self) -> Values:
        return _shares(self.counts.sum(1, dtype=np.int64))

    @cached_property
    def _middles(self) -> Values:
        middles: Values = (self.edges[:, :-1].astype(np.float64) + self.edges[:, 1:]) / 2
        return middles


def _shares(counts: npt.NDArray[Any]) -> Values:
    """Counts (units, bins) as shares of each unit's tiles; not a number without tiles."""
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: Values = counts / counts.sum(1, keepdims=True, dtype=np.float64)
    return shares
