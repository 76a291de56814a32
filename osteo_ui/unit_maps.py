"""All units of the layer at once: their maps, or their values as bars; picking one shows it."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

from osteo_core import pictures
from osteo_ui import atlas, drawn, layer_atlas, layers, saving, state, widgets
from osteo_ui.markdown import md
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.explain.cards import UnitCard
    from osteo_core.reading import Reading

ORDERS = {
    "index": "Index",
    "contribution": "Contribution",
    "maximum": "Maximum",
    "mean": "Mean",
}
Floats = npt.NDArray[np.float32]


def draw(item: Shown, reading: "Reading", card: "UnitCard") -> None:
    """Draw every unit of the card's layer in the chosen order."""
    layer = card.unit.layer
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = widgets.segments("Order", "order", ORDERS)
    values, title = told(reading, card, by)
    order = np.arange(card.n_units) if by == "index" else np.argsort(-values, kind="stable")
    if card.map is None:
        _bars(item, reading, card, values, title, order)
    else:
        _maps(item, reading, card, values, title, order)
    how = {
        "index": "in the network's own order",
        "contribution": f"by contribution to the logit of {card.target}, greatest first",
    }.get(by, f"by {ORDERS[by].lower()}, greatest first")
    scaled = "" if card.map is None else " Each map from its own least to its own greatest value."
    st.caption(
        md(
            "All {} units of `{}`, {}. Pick one to see its card.{}",
            card.n_units,
            layer,
            how,
            scaled,
        )
    )


def told(reading: "Reading", card: "UnitCard", by: str) -> tuple[Floats, str]:
    """Return what is told of each unit, (units,), and what that is."""
    layer = card.unit.layer
    if by == "contribution":
        column = card.classes.index(card.target)
        return reading.contributions_by_class(layer)[:, column], f"contribution to {card.target}"
    mean, maximum = _figures(reading.engine_digest, reading.tile_sha256, layer, reading)
    if card.map is None:
        return maximum, "activation"
    return (mean, "mean") if by == "mean" else (maximum, "maximum")


@st.cache_resource(max_entries=256, show_spinner=False)
def _figures(bundle: str, tile: str, layer: str, _reading: "Reading") -> tuple[Floats, Floats]:
    values = _reading.activation(layer)
    if values.ndim == 1:
        return values, values
    return values.mean(axis=(0, 1)), values.max(axis=(0, 1))


def _maps(
    item: Shown,
    reading: "Reading",
    card: "UnitCard",
    values: Floats,
    title: str,
    order: npt.NDArray[np.intp],
) -> None:
    layer, colours = card.unit.layer, state.selection().map_colours
    page = layer_atlas.sheet(reading, layer, colours)
    atlas.maps(
        "unit.maps",
        page.png,
        count=page.count,
        columns=page.columns,
        cell=page.cell,
        gap=0,
        values=values,
        value_title=title,
        order=order.tolist(),
        selected=card.unit.index,
        marked=layer_atlas.marked(layer, page.count),
        alt=f"All {page.count} maps of {layer} on {item.entry.title}",
        on_pick=layer_atlas.picker(layer),
        height=440,
    )
    units, columns = tuple(order.tolist()), layers.mosaic_columns(page.count, 1)
    png = partial(drawn.mosaic_png, reading, layer, units, colours, columns, None, True)
    saving.downloads(saving.tile_stem(item, layer, "maps"), png, _values(reading, layer))


def _bars(
    item: Shown,
    reading: "Reading",
    card: "UnitCard",
    values: Floats,
    title: str,
    order: npt.NDArray[np.intp],
) -> None:
    layer = card.unit.layer
    atlas.bars(
        "unit.bars",
        {title: values},
        order=order,
        selected=card.unit.index,
        marked=layer_atlas.marked(layer, card.n_units),
        value_title=title.capitalize(),
        alt=f"{title.capitalize()} of the {card.n_units} units of {layer} on {item.entry.title}",
        on_pick=layer_atlas.picker(layer),
        height=260,
    )
    name = saving.tile_stem(item, layer, "units")
    values_of = _values(reading, layer)
    saving.download("Values", values_of, f"{name}.npz", saving.NPZ, saving.NPZ_HELP)


def _values(reading: "Reading", layer: str) -> "partial[bytes]":
    meta = {
        "bundle_digest": reading.engine_digest,
        "tile_sha256": reading.tile_sha256,
        "layer": layer,
        "axes": "height, width, unit" if reading.activation(layer).ndim == 3 else "unit",
    }
    return partial(pictures.float_download, reading.activation(layer), meta)
