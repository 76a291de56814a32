"""The parts of the heat-map page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from osteo_core import pictures
from osteo_core.bundles import Bundle
from osteo_ui import drawn, layers, services, widgets, words
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.heatmap import HeatMap
    from osteo_core.reading import Reading


@dataclass(frozen=True)
class Slots:
    """Places on the page that are filled once the network has answered."""

    controls: DeltaGenerator
    note: DeltaGenerator
    tiles: tuple[DeltaGenerator, ...]


def slots(shown: Sequence[Shown]) -> Slots:
    """Lay the page out and show the bare tiles, before the network is opened."""
    controls, note = st.empty(), st.empty()
    columns = st.columns(max(2, len(shown)), gap="medium")
    places = []
    for column, item in zip(columns, shown, strict=False):
        with column:
            place = st.empty()
            alt = f"Tile {item.entry.title}, H&E stain"
            place.image(drawn.tile_png(item.tile), width="stretch", alt=alt)
            places.append(place)
    return Slots(controls, note, tuple(places))


def heat_of(reading: "Reading", layer: str, target: str) -> "HeatMap":
    """Return Grad-CAM of the chosen class, or of the class predicted for this tile."""
    return services.heat_map(reading, layer, layers.target_of(reading, target))


def highest(heat: "HeatMap") -> float:
    """Return the highest raw value, 0 where there is none."""
    finite = heat.values[np.isfinite(heat.values)]
    return float(finite.max()) if finite.size else 0.0


def draw(
    bundle: Bundle,
    item: Shown,
    reading: "Reading",
    heat: "HeatMap",
    colours: str,
    opacity: float,
    high: float,
) -> None:
    """Draw a heat map over its tile, with legend, what it explains, and downloads."""
    png = drawn.heat_png(heat, item.tile, colours, opacity if high > 0 else 0.0, high)
    words_for = f"Grad-CAM at {heat.layer} for {heat.target} over {item.entry.title}"
    st.image(png, width="stretch", alt=words_for)
    if heat.empty_reason:
        st.warning(heat.empty_reason, icon=":material/filter_alt_off:")
    else:
        widgets.legend(colours, 0.0, high)
    st.markdown(
        f"**{heat.target}**: logit {heat.target_logit:.2f}, "
        f"probability {heat.target_probability:.1%}"
    )
    truth, _ = words.truth(bundle, item)
    called = (
        "as predicted" if heat.target == reading.predicted else f"predicted {words.call(reading)}"
    )
    st.caption(", ".join(part for part in (called, truth and f"true class {truth}") if part))
    st.caption(widgets.tile_caption(item))
    name = widgets.tile_stem(item, bundle.name, heat.method, heat.layer, heat.target)
    floats = partial(pictures.float_download, heat.values, heat.meta())
    widgets.downloads(name, png, floats)


def explanation(engine: "Engine", layer: str, scale: str) -> str:
    """Return how the maps were made and scaled."""
    height, width, count = engine.layer(layer).shape
    scaling = (
        "all tiles share one scale, from 0 to the highest value of them all"
        if scale == "shared"
        else "each tile has its own scale, from 0 to its highest value"
    )
    return (
        f"Grad-CAM at `{layer}`: its {count} maps of {height} × {width}, weighted by the mean "
        "gradient of the class's logit (before softmax), summed, negative values set to 0; "
        f"enlarged bilinearly to the tile. Colours: {scaling}. It shows what speaks for the "
        "class, not what speaks against it."
    )
