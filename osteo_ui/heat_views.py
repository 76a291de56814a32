"""The parts of the heat-map page: its places, the maps, and the sentences under them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from osteo_core import pictures
from osteo_core.bundles import Bundle
from osteo_core.explain import Method, find_method
from osteo_ui import drawn, heat_badges, heat_masks, heat_words, saving, widgets, words
from osteo_ui.markdown import md
from osteo_ui.sources import Shown
from osteo_ui.streamlit_compat import Container

if TYPE_CHECKING:
    from osteo_core.grades import Grade
    from osteo_core.heatmap import HeatMap
    from osteo_core.reading import Reading

_DRAWN = "osteo.heat.drawn"  # tiles that this page showed when it was last drawn
# px: one tile with its grade beside it, or several tiles, each over its grade
ALONE, TOGETHER = 330, 220


@dataclass(frozen=True)
class Slots:
    """Places on the page that are filled once the network has answered."""

    controls: Container
    note: Container
    tiles: tuple[Container, ...]
    grades: tuple[Container, ...]


def slots(shown: Sequence[Shown]) -> Slots:
    """Lay the page out and show the bare tiles, before the network is opened.

    Tiles that the page has shown before stay as they are until they are drawn anew: a bare tile
    between two maps would flicker each time that a grade has come.
    """
    controls, note = st.container(), st.container()
    alone = len(shown) == 1
    grid = st.grid(2 if alone else len(shown), min_column_width=ALONE if alone else TOGETHER)
    before = st.session_state.get(_DRAWN, ())
    tiles, grades = [], []
    for item in shown:
        with grid.cell():
            tiles.append(_tile(item, item.tile.sha256 in before))
            if not alone:
                grades.append(st.container())
    if alone:
        with grid.cell():
            grades.append(st.container())
    st.session_state[_DRAWN] = tuple(item.tile.sha256 for item in shown)
    return Slots(controls, note, tuple(tiles), tuple(grades))


def _tile(item: Shown, seen: bool) -> Container:
    if seen:
        return st.container()
    place = st.empty()
    alt = f"Tile {item.entry.title}, H&E stain"
    place.image(drawn.tile_png(item.tile), width="stretch", alt=alt)
    return place


def highest(heat: "HeatMap") -> float:
    """Return the greatest raw value, 0 where there is none; of a signed map the greatest size."""
    finite = heat.values[np.isfinite(heat.values)]
    if not finite.size:
        return 0.0
    return float(np.abs(finite).max() if heat.signed else finite.max())


def highs(heats: "Sequence[HeatMap | None]", scale: str) -> list[float]:
    """Return the raw value at the upper end of each map's colours."""
    own = [highest(heat) if heat else 0.0 for heat in heats]
    return [max(own)] * len(own) if scale == "shared" else own


def draw(
    bundle: Bundle,
    item: Shown,
    reading: "Reading",
    heat: "HeatMap",
    colours: str,
    opacity: float,
    high: float,
    grade: "Grade | None" = None,
    mask: drawn.Mask | None = None,
) -> None:
    """Draw a heat map over its tile, with legend, what it explains, and downloads."""
    faded = heat_badges.demoted(grade)
    opacity = opacity if high > 0 and not heat.empty_reason else 0.0
    line = heat_masks.outline(mask)
    png = drawn.heat_png(heat, item.tile, colours, opacity, high, line, faded)
    alt = heat_words.alt(find_method(heat.method), heat, item.entry.title)
    st.image(png, width="stretch", alt=f"{alt}, drawn pale: it failed" if faded else alt)
    heat_badges.strip(grade)
    if heat.empty_reason:
        st.warning(heat.empty_reason, icon=":material/filter_alt_off:")
    else:
        widgets.legend(colours, -high if heat.signed else 0.0, high)
    if line is not None:
        st.caption("White line: where the evidence lies, by the mask.")
    _explained(bundle, item, reading, heat)
    name = saving.tile_stem(item, bundle.name, heat.method, heat.layer, heat.target)
    name += f".not-{heat.against}" if heat.against else ""
    floats = partial(pictures.float_download, heat.values, heat.meta())
    saving.downloads(name, png, floats)


def _explained(bundle: Bundle, item: Shown, reading: "Reading", heat: "HeatMap") -> None:
    """Say what the map is of: the scores of its class, and what is known of the tile."""
    st.markdown(
        md(
            "**{}**: logit {:.2f}, probability {:.1%}",
            heat.target,
            heat.target_logit,
            heat.target_probability,
        )
    )
    if heat.against:
        difference = reading.score(heat.target, heat.against)
        st.markdown(
            md("**Rather than {}**: {:+.2f} between the two logits", heat.against, difference)
        )
    truth, _ = words.truth(bundle, item)
    called = (
        "as predicted" if heat.target == reading.predicted else f"predicted {words.call(reading)}"
    )
    st.caption(", ".join(part for part in (called, truth and f"true class {truth}") if part))
    figures = ", ".join(
        f"{name.replace('_', ' ')} {words.number(value)}" for name, value in heat.figures.items()
    )
    st.caption(widgets.tile_caption(item) + (f". {figures.capitalize()}." if figures else ""))


def not_yet(item: Shown, method: Method) -> None:
    """Draw the bare tile of a map that is not there."""
    alt = f"Tile {item.entry.title}, H&E stain, without a map"
    st.image(drawn.tile_png(item.tile), width="stretch", alt=alt)
    st.caption(widgets.tile_caption(item))
    st.caption(f"{method.title} is not computed yet.")
