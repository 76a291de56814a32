"""The parts of the filters page."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from osteo_core import pictures
from osteo_ui import charts, drawn, layer_atlas, layers, saving, services, state, widgets, words
from osteo_ui.markdown import md
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading

BY_WORDS = {
    "index": "in the network's own order",
    "mean": "strongest mean first",
    "maximum": "highest maximum first",
    "contribution": "largest share of the score of {target} first",
}


def layer_table(engine: "Engine") -> None:
    """Draw all layers in order, when asked for; selecting a convolution goes there."""
    box = st.expander("All layers in order", key="layers", on_change="rerun")
    if not box.open:
        return
    names = tuple(info.name for info in engine.layers)
    rows = pd.DataFrame(
        {
            "Layer": info.name,
            "Kind": info.kind,
            "Output": " × ".join(str(n) for n in info.shape),
            "Sees (px)": _pair(info.receptive_field),
            "Step (px)": _pair(info.stride),
            "Activation": info.activation or "",
            "Parameters": info.parameters,
        }
        for info in engine.layers
    )
    with box:
        st.dataframe(
            rows,
            hide_index=True,
            height=320,
            key="layer-rows",
            on_select=partial(_take_layer, names, tuple(engine.conv_layers)),
            selection_mode="single-row",
            alt=f"Layers of {engine.name}",
        )
        st.caption(
            "Output is height × width × maps. “Sees” is the receptive field: the part of the "
            "network's input that one value can depend on; “Step” is how far apart two "
            "neighbouring values look. Select a convolution's row to go there."
        )


def _take_layer(names: tuple[str, ...], convolutions: tuple[str, ...]) -> None:
    rows = st.session_state["layer-rows"]["selection"]["rows"]
    if rows and names[rows[0]] in convolutions:
        state.update(layer=names[rows[0]], unit=-1)


def _pair(size: tuple[int, int] | int | None) -> str:
    if size is None:
        return ""
    return " × ".join(str(n) for n in size) if isinstance(size, tuple) else str(size)


def atlases(
    shown: Sequence[Shown],
    readings: Sequence["Reading"],
    layer: str,
    order: tuple[int, ...],
    order_by: str,
    target: str,
    colours: str,
    scale: str,
    unit: int,
) -> None:
    """Draw all maps of a layer, one atlas a tile, side by side; picking a map shows it large."""
    columns = layers.mosaic_columns(len(order), len(shown))
    ends = layers.common_limits(readings, layer) if scale == "layer" else None
    for i, (cell, item, reading) in enumerate(
        zip(widgets.side_by_side(shown), shown, readings, strict=True)
    ):
        with cell:
            layer_atlas.draw(
                f"atlas.maps.{i}",
                reading,
                layer,
                order=order,
                order_by=order_by,
                target=target,
                colour_map=colours,
                ends=ends,
                selected=unit,
                alt=f"All {len(order)} maps of {layer} on {item.entry.title}",
            )
            if ends:
                widgets.legend(colours, *ends)
            st.caption(widgets.tile_caption(item))
            name = saving.tile_stem(item, layer, "maps")
            draw = partial(drawn.mosaic_png, reading, layer, order, colours, columns, ends, True)
            saving.downloads(name, draw, partial(_floats, reading, layer))


def _floats(reading: "Reading", layer: str) -> bytes:
    meta = {
        "bundle_digest": reading.engine_digest,
        "tile_sha256": reading.tile_sha256,
        "layer": layer,
        "axes": "height, width, map",
    }
    return pictures.float_download(layers.maps(reading, layer), meta)


def mosaic_words(
    engine: "Engine", shown: Sequence[Shown], layer: str, order_by: str, scale: str, target: str
) -> str:
    """Return what the mosaics show and how they are scaled."""
    info = engine.layer(layer)
    height, width, count = info.shape
    first = f" in {shown[0].entry.title}" if len(shown) > 1 and order_by != "index" else ""
    ordering = BY_WORDS[order_by].format(target=target)
    scaling = (
        "each map scaled from its own lowest to its own highest value, so that brightness does "
        "not compare between maps"
        if scale == "map"
        else "all maps on one scale, so that brightness compares between maps and tiles"
    )
    return md(
        "{} maps of `{}`, {} × {} values each, after "
        "{} activation; {}{}; {}. "
        "Point at a map for its number and its value; click it, or go to it with the arrow keys, "
        "to see it large below. The PNG has the maps with numbers at its rows and columns.",
        count,
        layer,
        height,
        width,
        info.activation,
        ordering,
        first,
        scaling,
    )


def unit_on_view(reading: "Reading", layer: str) -> int:
    """Return the map to show large: the chosen one if this layer has it, else the strongest."""
    wanted, last = _wanted(layer), layers.maps(reading, layer).shape[-1] - 1
    return wanted if 0 <= wanted <= last else int(layers.rank(reading, layer, "mean")[0])


def _wanted(layer: str) -> int:
    """Return the chosen unit, or -1 where one of a layer without maps was chosen elsewhere."""
    now = state.selection()
    return now.unit if now.layer in ("", layer) else -1


def choose_unit(count: int, layer: str, unit: int) -> None:
    """Draw the choice of one map, and say so if there is none of the number asked for."""
    last = count - 1
    if _wanted(layer) > last:
        st.caption(f"This layer has maps 0 to {last}: there is no map {_wanted(layer)}.")
    label, key = f"Map, 0 to {last}", widgets.key_of("unit")
    # Its layer goes with it: the one in the selection may be a fully connected one.
    took = {"on_change": _take_number, "args": (layer, key)}
    step = {"min_value": 0, "max_value": last, "step": 1, "width": 220}
    widgets.told(st.number_input, label, key, unit, **took, **step)


def _take_number(layer: str, key: str) -> None:
    unit = st.session_state.get(key)
    if unit is not None:
        state.update(layer=layer, unit=int(unit))


def one_map(
    shown: Sequence[Shown],
    readings: Sequence["Reading"],
    layer: str,
    unit: int,
    colours: str,
    opacity: float,
) -> None:
    """Draw one map over each tile, with its legend, and the histogram of its values."""
    single = len(shown) == 1
    cells = st.columns([1, 1.2], gap="medium") if single else st.columns(len(shown))
    for cell, item, reading in zip(cells, shown, readings, strict=not single):
        with cell:
            values = layers.maps(reading, layer)[:, :, unit]
            low, high = layers.limits(values)
            shade = opacity if high > low else 0.0
            png = drawn.map_overlay_png(reading, item.tile, layer, unit, colours, shade)
            alt = f"Map {unit} of {layer} over {item.entry.title}"
            st.image(png, width="stretch", alt=alt)
            if high > low:
                widgets.legend(colours, low, high)
            st.caption(map_words(item.entry.title, values))
            name = saving.tile_stem(item, layer, str(unit))
            saving.downloads(name, png, partial(_floats_of_map, reading, layer, unit))
    series = {
        title: layers.maps(reading, layer)[:, :, unit]
        for title, reading in zip(widgets.distinct_titles(shown), readings, strict=True)
    }
    with cells[1] if single else st.container():
        name = saving.file_stem(layer, str(unit), "histogram")
        charts.show(charts.histogram(series), name, f"Histogram of map {unit} of {layer}")
        st.caption(
            md(
                "How often each activation occurs among the positions of map {} of `{}`; "
                "48 bins of equal width, shares on a logarithmic scale.",
                unit,
                layer,
            )
        )


def map_words(title: str, values: layers.Floats) -> str:
    """Return a map's values in a sentence."""
    if not np.ptp(values):
        return f"{title}: this map is {words.number(values.flat[0])} everywhere; the tile alone."
    return (
        f"{title}: mean {words.number(values.mean())}, maximum {words.number(values.max())}, "
        f"above zero at {(values > 0).mean():.0%} of positions."
    )


def _floats_of_map(reading: "Reading", layer: str, unit: int) -> bytes:
    meta = {
        "bundle_digest": reading.engine_digest,
        "tile_sha256": reading.tile_sha256,
        "layer": layer,
        "unit": unit,
    }
    return pictures.float_download(layers.maps(reading, layer)[:, :, unit], meta)


def strongest(item: Shown, reading: "Reading", layer: str, order_by: str, target: str) -> None:
    """Draw the table of the strongest maps in a tile; selecting a row shows that map large."""
    maps = layers.maps(reading, layer)
    table = pd.DataFrame(
        {
            "Map": np.arange(maps.shape[-1]),
            "Mean": maps.mean(axis=(0, 1)),
            "Maximum": maps.max(axis=(0, 1)),
            "Above zero": (maps > 0).mean(axis=(0, 1)) * 100,
        }
    )
    by = {"maximum": "Maximum", "contribution": "Share of score"}.get(order_by, "Mean")
    if order_by == "contribution":
        target = layers.target_of(reading, target)
        table["Share of score"] = services.contributions(reading, layer, target)
    table = table.sort_values(by, ascending=False, kind="stable").head(20)
    units = tuple(int(unit) for unit in table["Map"])
    st.dataframe(
        table,
        hide_index=True,
        height=250,
        key="map-rows",
        on_select=partial(_take_unit, layer, units),
        selection_mode="single-row",
        column_config={
            "Mean": st.column_config.NumberColumn(format="%.4g"),
            "Maximum": st.column_config.NumberColumn(format="%.4g"),
            "Share of score": st.column_config.NumberColumn(format="%.4g"),
            "Above zero": st.column_config.ProgressColumn(
                format="%.0f %%", min_value=0, max_value=100
            ),
        },
        alt=f"Strongest maps of {layer}",
    )
    share = (
        f" Share of score: gradient of the logit of {target} times activation, summed over the map."
        if order_by == "contribution"
        else ""
    )
    st.caption(
        md(
            "The 20 strongest maps of `{}` in {}, by {}. Select a row to see the map large.{}",
            layer,
            item.entry.title,
            by.lower(),
            share,
        )
    )


def _take_unit(layer: str, units: tuple[int, ...]) -> None:
    rows = st.session_state["map-rows"]["selection"]["rows"]
    if rows:
        state.update(layer=layer, unit=units[rows[0]])
