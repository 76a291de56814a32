"""The figures of a unit's card as one row of a table, for files."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osteo_core.explain.cards import UnitCard
    from osteo_core.reading import Reading
    from osteo_core.unit_index import UnitSummary
    from osteo_core.units import Unit

Row = dict[str, str | int | float | bool | None]


def unit_row(bundle: str, unit: "Unit", summary: "UnitSummary | None") -> Row:
    """What is known of a unit without a tile.

    Args:
        bundle: Name of the network.
        unit: The unit.
        summary: Of the network's training tiles, if there is one.

    Returns:
        `bundle`, `layer`, `unit` and, with a summary, `auc_<class>` (by the mean) and `dead`.

    Raises:
        UnitIndexError: The summary has no such unit.
    """
    row: Row = {"bundle": bundle, "layer": unit.layer, "unit": unit.index}
    if summary is not None:
        figures = summary.figures(unit)
        areas = zip(summary.classes, figures.selectivity, strict=True)
        row |= {f"auc_{name}": float(area) for name, area in areas}
        row["dead"] = figures.dead
    return row


def card_row(card: "UnitCard", reading: "Reading") -> Row:
    """What a card says, with the tile it is of.

    Args:
        card: The card.
        reading: What it was made from.

    Returns:
        `bundle`, `layer`, `unit`, `tile`, `tile_sha256`, `maximum`, the `row` and `column` of it in
        the layer's own grid (None for a neuron), `mean`, `share_above_zero` (0..1),
        `contribution_<class>` in units of the logit, and `rank` among `rank_of` units of the layer
        by contribution to `rank_class`.
    """
    shares = zip(card.classes, card.contributions, strict=True)
    row, column = card.place or (None, None)
    return {
        **unit_row(reading.engine.name, card.unit, None),
        "tile": reading.tile_name,
        "tile_sha256": reading.tile_sha256,
        "maximum": card.value,
        "row": row,
        "column": column,
        "mean": card.mean,
        "share_above_zero": card.share_positive,
        **{f"contribution_{name}": float(share) + 0.0 for name, share in shares},
        "rank": card.rank,
        "rank_of": card.n_units,
        "rank_class": card.target,
    }
