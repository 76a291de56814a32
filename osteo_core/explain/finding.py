"""Units looked for: ranked tables of a layer's units, or of a whole network's.

Pure: from a summary of the training tiles and from figures of the tiles on view to a table. All
units are ranked at once, so that a network of 17,000 takes milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError
from osteo_core.explain.filters import map_statistics
from osteo_core.explain.spread import Spread

if TYPE_CHECKING:
    import pandas as pd

    from osteo_core.reading import Reading
    from osteo_core.unit_index import UnitSummary

By = Literal["maximum", "mean"]


@dataclass(frozen=True, eq=False)
class LayerSpan:
    """How a figure of units lies in each layer, in the network's order.

    Attributes:
        shares: One row a layer: the values below which 5, 25, 50, 75 and 95 % of its units lie,
            columns 0.05 to 0.95.
        highest: One row a layer, its highest unit, as in the ranking's table.
        lowest: Its lowest.
    """

    shares: "pd.DataFrame"
    highest: "pd.DataFrame"
    lowest: "pd.DataFrame"


@dataclass(frozen=True, eq=False)
class Ranking:
    """Units in order.

    Attributes:
        table: One row a unit, the first the one looked for most: columns `layer`, `unit` and
            what the search says of it. Units that the search says nothing of stand last.
        by: Column that the order is by, the greatest first.
        middle: Where the last units say as much as the first, of the opposite: the value that
            parts the two ends. None where only the first end is looked for.
        layers: In the network's order.
    """

    table: "pd.DataFrame"
    by: str
    middle: float | None = None
    layers: tuple[str, ...] = ()

    @cached_property
    def span(self) -> LayerSpan:
        """Where along the network the figure is high or low; units without it are left out."""
        found = self.table.dropna(subset=[self.by])
        groups = found.groupby("layer")[self.by]
        shares = groups.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack()
        names = [name for name in self.layers if name in shares.index]
        highest, lowest = (found.loc[rows[names]] for rows in (groups.idxmax(), groups.idxmin()))
        return LayerSpan(shares.loc[names], highest, lowest)

    def first(self, count: int | None = None) -> "pd.DataFrame":
        """The units looked for, at most so many."""
        kept = self.table if self.middle is None else self.table[self.table[self.by] > self.middle]
        return kept.head(len(kept) if count is None else count)

    def last(self, count: int | None = None) -> "pd.DataFrame":
        """The units at the opposite end, its outermost first; none where there is no such end."""
        if self.middle is None:
            return self.table.head(0)
        kept = self.table[self.table[self.by] < self.middle][::-1]
        return kept.head(len(kept) if count is None else count)


def by_selectivity(summary: "UnitSummary", target: str, layer: str | None = None) -> Ranking:
    """Rank units by how well their mean tells a class from the rest.

    Args:
        summary: Of the tiles to go by.
        target: The class.
        layer: One layer; all of them when not given.

    Returns:
        `auc` (area under the ROC curve; above 0.5 for the class, below it against), `mean_class`
        and `mean_rest` (over tiles), `firing_share`, `dead`.

    Raises:
        ModelError: The summary has no such class.
    """
    number = _number(summary, target)
    table = summary.table(layer)
    counts = np.where(np.arange(len(summary.classes)) == number, 0, summary.counts)
    means = table[[f"mean_{name}" for name in summary.classes]].to_numpy(np.float64)
    rest = np.nansum(means * counts, axis=1) / max(1, counts.sum())
    found = table[["layer", "unit"]].assign(
        auc=table[f"auc_{target}"],
        mean_class=means[:, number],
        mean_rest=rest if counts.any() else np.nan,
        firing_share=table["firing_share"],
        dead=table["dead"],
    )
    return _ranked(found, "auc", 0.5)


def by_class_difference(
    summary: "UnitSummary", target: str, against: str, layer: str | None = None
) -> Ranking:
    """Rank units by how differently two classes drive them.

    Args:
        summary: Of the tiles to go by.
        target: The class that the first units are driven by.
        against: The class that the last are driven by.
        layer: One layer; all of them when not given.

    Returns:
        `auc` of the one class against the other, by the unit's mean, told from histograms;
        `difference` of the class means in standard deviations inside the classes (Cohen's d);
        `mean_class`, `mean_against`.

    Raises:
        ModelError: The summary has no such class.
    """
    first, second = _number(summary, target), _number(summary, against)
    table, spread = summary.table(layer), Spread.of(summary, "mean", layer)
    gap = (table[f"mean_{target}"] - table[f"mean_{against}"]).to_numpy(np.float64)
    found = table[["layer", "unit"]].assign(
        auc=spread.area_between(first, second),
        difference=_in_deviations(gap, spread.deviation_within(first, second)),
        mean_class=table[f"mean_{target}"],
        mean_against=table[f"mean_{against}"],
    )
    return _ranked(found, "auc", 0.5, "difference")


def dead_units(summary: "UnitSummary", layer: str | None = None) -> Ranking:
    """List the units that were zero everywhere on every tile, in the order of the network."""
    table = summary.table(layer)
    return Ranking(table.loc[table["dead"], ["layer", "unit"]].reset_index(drop=True), "unit")


def dead_by_layer(summary: "UnitSummary") -> "pd.DataFrame":
    """Count the dead units of each layer: `layer`, `units`, `dead`, `share` (0..1)."""
    table = summary.table().groupby("layer", sort=False)["dead"].agg(["size", "sum", "mean"])
    return table.set_axis(["units", "dead", "share"], axis=1).reset_index()


def layer_figures(layer: str, values: npt.NDArray[np.float32]) -> "pd.DataFrame":
    """Keep of a layer's activations what units are looked for by.

    Args:
        layer: Its name.
        values: float32 (h, w, units) or (units,).

    Returns:
        Columns `layer`, `unit`, `maximum`, `mean` and `share_positive` of its places, 0..1.
    """
    import pandas as pd

    found = map_statistics(values.reshape(-1, 1, values.shape[-1]))
    return pd.DataFrame(
        {
            "layer": layer,
            "unit": np.arange(values.shape[-1]),
            "maximum": found.maximum,
            "mean": found.mean,
            "share_positive": found.share_positive,
        }
    )


def tile_figures(reading: "Reading", layers: Sequence[str]) -> "pd.DataFrame":
    """`layer_figures` of some layers of a tile, one below the other."""
    import pandas as pd

    tables = [layer_figures(layer, reading.activation(layer)) for layer in layers]
    return pd.concat(tables, ignore_index=True)


def by_activation(
    figures: "pd.DataFrame", by: By = "maximum", training: Spread | None = None
) -> Ranking:
    """Rank units by how strongly they answer to a tile.

    Units of one layer go by the value. Those of several layers have no common scale and go by the
    share of training tiles that stay below it (equals by standard deviations above the mean), or,
    without a summary, by standard deviations above the mean of their layer's units on this tile.

    Args:
        figures: `layer_figures` of one layer or several.
        by: The value.
        training: Of the same units, by the same value.

    Returns:
        `maximum`, `mean`, `share_positive`; with a summary `higher_than` (0..1) and
        `deviations` from the training mean, else `deviations` from the layer's.
    """
    values = figures[by].to_numpy(np.float64)
    if training is None:
        layers = figures.groupby("layer")[by]
        off, scale = values - layers.transform("mean"), layers.transform("std", ddof=0)
        found = figures.assign(deviations=_in_deviations(off.to_numpy(), scale.to_numpy()))
        order = ["deviations"]
    else:
        found = figures.assign(
            higher_than=training.below(values),
            deviations=_in_deviations(values - training.mean, training.deviation),
        )
        order = ["higher_than", "deviations"]
    if figures["layer"].nunique() == 1:
        order = [by, *order]
    return _ranked(found, order[0], None, *order[1:])


def by_contribution(figures: "pd.DataFrame", contributions: npt.NDArray[np.float32]) -> Ranking:
    """Rank units by what they add to a class's logit.

    Args:
        figures: `layer_figures` of one layer or several.
        contributions: float32 (units,), gradient times activation, of the same units.

    Returns:
        `contribution` in units of the logit, `share` of the sum of the magnitudes in its layer
        (-1..1), `maximum`, `mean`, `share_positive`.
    """
    signed = figures.assign(contribution=contributions.astype(np.float64))
    whole = signed["contribution"].abs().groupby(signed["layer"]).transform("sum").to_numpy()
    signed["share"] = _in_deviations(signed["contribution"].to_numpy(), whole)
    return _ranked(signed, "contribution", 0.0)


def by_tile_difference(
    first: "pd.DataFrame", second: "pd.DataFrame", training: Spread | None = None
) -> Ranking:
    """Rank units by how differently two tiles drive them.

    Args:
        first: `layer_figures` of the tile that the first units answer to.
        second: Of the tile that the last answer to; the same units.
        training: Of the same units, by their mean.

    Returns:
        `difference` of the two means, in standard deviations of the unit's mean over the training
        tiles, or, without a summary, of the means of all units of its layer on the two tiles;
        `mean_first`, `mean_second`. A unit without such a scale has no `difference`.
    """
    import pandas as pd

    gap = first["mean"].to_numpy(np.float64) - second["mean"].to_numpy(np.float64)
    if training is None:
        layers = pd.concat([first, second]).groupby("layer", sort=False)["mean"].std(ddof=0)
        scale = first["layer"].map(layers).to_numpy(np.float64)
    else:
        scale = training.deviation
    found = first[["layer", "unit"]].assign(
        difference=_in_deviations(gap, scale), mean_first=first["mean"], mean_second=second["mean"]
    )
    return _ranked(found, "difference", 0.0)


def _ranked(table: "pd.DataFrame", by: str, middle: float | None, *then: str) -> Ranking:
    """Sort, greatest first, equals in the order of the network; put `by` behind the address."""
    columns = list(dict.fromkeys([by, *then]))
    ordered = table.sort_values(columns, ascending=False, kind="stable", ignore_index=True)
    rest = [name for name in table.columns if name not in ("layer", "unit", by)]
    layers = tuple(table["layer"].unique())
    return Ranking(ordered[["layer", "unit", by, *rest]], by, middle, layers)


def _in_deviations(values: Any, scale: Any) -> npt.NDArray[np.float64]:
    """Values on a scale; 0 for nothing, and not a number for something on no scale."""
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = np.where(scale > 0, values / scale, np.where(values == 0, 0.0, np.nan))
    return np.asarray(scaled, np.float64)


def _number(summary: "UnitSummary", name: str) -> int:
    if name not in summary.classes:
        known = ", ".join(summary.classes)
        raise ModelError(f"Expected a class of the summary: {known}. Received: {name!r}.")
    return summary.classes.index(name)
