"""What the comparison page shows of one tile: probabilities and Grad-CAM of each network."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.ensemble_bundles import EnsembleBundle
from osteo_ui import (
    charts,
    compare_reasons,
    drawn,
    heat_grade_line,
    heat_views,
    metric_charts,
    metric_panels,
    metric_services,
    saving,
    state,
    widgets,
    words,
)
from osteo_ui.glances import Glance
from osteo_ui.markdown import md
from osteo_ui.selection import MAX_MODELS
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine

CELL = 180  # px, at least: tile, two networks and their difference in one row at 1280 px
OWN = ""  # as a layer: the last convolution of each network


def choose_networks(found: Sequence[Bundle]) -> list[Bundle]:
    """Draw the choice of two to four networks; say what to do while there is only one."""
    if len(found) < 2:
        st.info(
            md(
                "Comparing needs two trained networks in `models/`. Received: {}. Train "
                "another with `osteo train`.",
                len(found),
            ),
            icon=":material/compare:",
        )
        st.stop()
    titles = {bundle.name: bundle.card.title for bundle in found}
    now = list(state.selection().models)
    names = widgets.bound(
        st.multiselect,
        "Networks, two to four",
        "models",
        now,
        list(titles),
        format_func=titles.get,
        max_selections=MAX_MODELS,
        placeholder="Choose networks",
    )
    if len(names) < 2:
        other = next(name for name in titles if name not in names)
        st.info("Choose a second network above to set beside this one.", icon=":material/compare:")
        st.button(
            f"Compare with {titles[other]}",
            on_click=state.update,
            kwargs={"models": (*names, other)},
        )
        st.stop()
    return [bundle for name in names for bundle in found if bundle.name == name]


def readable(bundles: Sequence[Bundle]) -> list[Bundle]:
    """Return the networks with layers of their own, and say which are none."""
    networks = [bundle for bundle in bundles if not isinstance(bundle, EnsembleBundle)]
    if len(networks) < len(bundles):
        compare_reasons.offer_members(bundles, "The scores stand below.", "tiles")
    return networks


def choose_layer(engines: Sequence["Engine"]) -> str:
    """Draw the choice of the heat maps' layer among all convolutions of the networks."""
    names = list(dict.fromkeys(name for engine in engines for name in engine.conv_layers))
    return str(
        widgets.choose(
            "Layer of the heat maps",
            "layer",
            [OWN, *names],
            format_func=lambda name: name or "Last convolution of each network",
        )
    )


def calls(bundles: Sequence[Bundle], glances: Mapping[str, Glance], item: Shown) -> None:
    """Draw the probabilities of each network on a tile as bars and as a table."""
    values = {
        name: dict(zip(glance.classes, map(float, glance.probabilities), strict=True))
        for name, glance in glances.items()
    }
    classes = metric_services.all_classes(bundles)
    said = "; ".join(f"{name}: {words.probabilities(g)}" for name, g in glances.items())
    stem = saving.tile_stem(item, "compare")
    charts.show(metric_charts.probabilities(values, classes), f"{stem}.probabilities", alt=said)
    truth = words.truth(bundles[0], item)[0]
    rows = [
        {"network": name, "call": glances[name].predicted, "true class": truth or "not known"}
        | shares
        for name, shares in values.items()
    ]
    metric_panels.table(pd.DataFrame(rows), stem, said)
    if len({g.predicted for g in glances.values()}) > 1:
        st.markdown(md(":orange-badge[:material/call_split: The networks disagree on this tile]"))


def heat_maps(
    bundles: Sequence[Bundle],
    engines: Mapping[str, "Engine"],
    glances: Mapping[str, Glance],
    item: Shown,
    pair: tuple[Bundle, Bundle],
) -> None:
    """Draw the tile and Grad-CAM of each network over it, then how those of the pair differ."""
    grid = st.grid(4, min_column_width=CELL, gap="small")
    with grid.cell():
        _tile(bundles[0], item)
    for bundle in bundles:
        with grid.cell():
            _heat_map(bundle, engines[bundle.name], glances[bundle.name], item)
    if all(bundle.name in glances for bundle in pair):
        with grid.cell():
            compare_reasons.on_tile(pair[0].name, pair[1].name, glances, item)


def _tile(bundle: Bundle, item: Shown) -> None:
    png = drawn.tile_png(item.tile)
    # Two lines, as above each map, so that the pictures stand level.
    st.markdown(md("**The tile**  \n{}", words.truth(bundle, item)[0] or "class not known"))
    st.image(png, width="stretch", alt=f"Tile {item.entry.title}, H&E stain")
    st.caption(widgets.tile_caption(item))


def _heat_map(bundle: Bundle, engine: "Engine", glance: Glance, item: Shown) -> None:
    now, heat = state.selection(), glance.heat
    st.markdown(md("**{}**  \n{}", bundle.name, words.call(glance)))
    high = heat_views.highest(heat)
    drawing = now.heat_colours, now.opacity / 100, high
    heat_views.draw(bundle, item, glance, heat, *drawing, heat_grade_line.known(item, heat))
    heat_grade_line.draw(engine, item, heat, bundle.name)
    chosen = heat.layer == now.layer
    where = "as it has no layer with maps" if engine.no_maps else "its last convolution"
    notes = [md("At `{}`, {}.", heat.layer, "as chosen" if chosen else where)]
    if now.layer and not chosen:
        notes.append(f"It has no convolution {now.layer}.")
    if now.target and now.target not in engine.classes:
        notes.append(f"It has no class {now.target}: the predicted one is explained.")
    st.caption(md(" ").join(notes))
