"""The three small views of the first page; each is a page in itself, drawn with its settings."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from osteo_ui import (
    charts,
    drawn,
    heat_badges,
    heat_grade_line,
    layers,
    saving,
    services,
    words,
)
from osteo_ui.heat_views import highest
from osteo_ui.markdown import md
from osteo_ui.selection import Selection
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading


def small_heat(engine: "Engine", reading: "Reading", item: Shown, selection: Selection) -> None:
    """Draw Grad-CAM at the last convolution, or at the chosen one, with its grade."""
    if engine.no_maps:
        st.caption(md("{}", engine.no_maps))
        return
    layer = pick(selection.layer, engine.conv_layers, engine.default_layer)
    target = layers.target_of(reading, selection.target)
    heat = services.heat_map(reading, layer, target)
    high = highest(heat)
    opacity = selection.opacity / 100 if high > 0 else 0.0
    faded = heat_badges.demoted(heat_grade_line.known(item, heat))
    png = drawn.heat_png(heat, item.tile, selection.heat_colours, opacity, high, faded=faded)
    alt = f"Grad-CAM for {target} over {item.entry.title}"
    st.image(png, width="stretch", alt=f"{alt}, drawn pale: it failed" if faded else alt)
    heat_grade_line.draw(engine, item, heat)
    st.caption(
        heat.empty_reason
        or md(
            "Grad-CAM at `{}` for the logit of {}; colours from 0 to {}.",
            layer,
            target,
            words.number(high),
        )
    )


def small_mosaic(engine: "Engine", reading: "Reading", item: Shown, selection: Selection) -> None:
    """Draw the 36 maps of a layer that are strongest on average."""
    if engine.no_maps:
        st.caption("There is no layer with maps.")
        return
    layer = pick(selection.layer, engine.conv_layers, engine.default_layer)
    maps = layers.maps(reading, layer)
    order = tuple(int(i) for i in layers.rank(reading, layer, "mean")[:36])
    png = drawn.mosaic_png(reading, layer, order, selection.map_colours, 6)
    st.image(png, width="stretch", alt=f"Strongest maps of {layer} on {item.entry.title}")
    st.caption(
        md(
            "`{}`: {} of {} maps, strongest mean first; each scaled to its own range.",
            layer,
            len(order),
            maps.shape[-1],
        )
    )


def small_neurons(engine: "Engine", reading: "Reading", item: Shown, selection: Selection) -> None:
    """Draw the activations of a fully connected layer."""
    if not engine.dense_layers:
        st.caption("This network has no fully connected layer.")
        return
    layer = pick(selection.dense, engine.dense_layers, engine.dense_layers[0])
    values = reading.activation(layer)
    figure = charts.neuron_plot(
        {item.entry.title: values}, np.arange(values.size), height=260, value_title=""
    )
    charts.show(figure, saving.tile_stem(item, layer, "neurons"), f"Activations of {layer}")
    dead = int((values == 0).sum())
    st.caption(
        md("`{}`: unit against activation; {} of {} units are at zero.", layer, dead, values.size)
    )


def pick(wanted: str, names: tuple[str, ...] | list[str], default: str) -> str:
    """Return the wanted name if it is one of the names, else the default."""
    return wanted if wanted in names else default
