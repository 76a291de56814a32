"""Same answer, different reason; and layer by layer: the slow comparisons of two networks."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from osteo_core import pictures
from osteo_core.bundles import Bundle
from osteo_core.ensemble_bundles import EnsembleBundle
from osteo_core.evaluate.reasons import compare_maps
from osteo_ui import (
    charts,
    compare_charts,
    compare_jobs,
    compare_services,
    compare_tiles,
    saving,
    state,
)
from osteo_ui import metric_panels as panels
from osteo_ui.glances import Glance
from osteo_ui.markdown import md
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.evaluate.reasons import Reasons
    from osteo_core.evaluate.similarity import Similarity

COLOURS = "blue-red"


def on_tile(first: str, second: str, seen: Mapping[str, Glance], item: Shown) -> None:
    """Draw the signed difference of two maps of the tile on view."""
    heats = seen[first].heat, seen[second].heat
    if heats[0].target != heats[1].target:
        st.caption(
            f"The maps explain {heats[0].target} and {heats[1].target}, so they are not held "
            "against each other. Choose one class to explain above."
        )
        return
    if heats[0].method != heats[1].method:
        st.caption("These are maps of two methods, so they are not held against each other.")
        return
    difference, correlation, apart, note = compare_maps(*heats)
    if difference is None or correlation is None or apart is None:
        st.caption(note)
        return
    drawn = pictures.overlay(
        pictures.thumbnail(item.tile.pixels, 512),
        difference,
        colour_map=COLOURS,
        opacity=0.6,
        low=-1.0,
        high=1.0,
    )
    text = f"Rank correlation {correlation:+.2f}, mean difference {apart:.2f}"
    png = pictures.png(drawn, text={"first": first, "second": second, "figures": text})
    st.markdown(md("**Difference**  \nrank correlation {:+.2f}", correlation))
    st.image(png, width="stretch", alt=f"Where {first} (red) or {second} (blue) looks more. {text}")
    st.caption(
        f"Red: more in {first}; blue: more in {second}; each map over its own highest value. "
        f"{text}."
    )
    told = {"first": heats[0].meta(), "second": heats[1].meta(), "low": -1, "high": 1}
    floats = partial(pictures.float_download, difference, told)
    saving.downloads(saving.tile_stem(item, first, "less", second, "gradcam"), png, floats)


def slow(first: Bundle, second: Bundle, part: str) -> None:
    """Draw what takes both networks' layers: reasons, then layer against layer."""
    st.header("Same answer, different reason", anchor="reasons")
    if any(isinstance(bundle, EnsembleBundle) for bundle in (first, second)):
        offer_members((first, second), "Choose a member to compare where it looks.", "reasons")
        return
    stem = saving.file_stem("compare", first.name, second.name, part)
    st.markdown(md("**{}** and **{}**.", first.card.title, second.card.title))
    reasons(first, second, part, stem)
    st.subheader("Layer by layer", anchor="layers")
    layers(first, second, part, stem)


def offer_members(bundles: Sequence[Bundle], advice: str, place: str) -> None:
    """Say which of the networks are ensembles, and draw a button for each of their members.

    Args:
        bundles: Those on view.
        advice: What to do, or where to look instead.
        place: Tells the buttons of two places on the page apart.
    """
    now = state.selection().models
    for bundle in bundles:
        if not isinstance(bundle, EnsembleBundle):
            continue
        st.info(
            md("`{}` is an ensemble: it has no maps or layers of its own. {}", bundle.name, advice),
            icon=":material/groups:",
        )
        left = [name for name in bundle.ensemble.members if name not in now]
        with st.container(horizontal=True):
            for name in left:
                st.button(
                    f"Take {name} instead",
                    key=f"member.{place}.{bundle.name}.{name}",
                    on_click=state.update,
                    kwargs={"models": tuple(name if m == bundle.name else m for m in now)},
                )


def reasons(first: Bundle, second: Bundle, part: str, stem: str) -> None:
    """Draw the tiles that both networks call alike, the least alike reasons first."""
    tiles = compare_services.tile_set(part)
    st.markdown(
        "Two networks may call a tile alike and look at different places. Their Grad-CAMs for the "
        "common call are enlarged to one grid, each divided by its own highest value, and compared "
        "by rank correlation: 1 is the same order of places, 0 none in common, -1 the reverse."
    )
    found: Reasons | None = compare_jobs.result(
        compare_services.reasons_key(first, second, tiles),
        partial(compare_services.reasons, first, second, tiles),
        "Compare their reasons",
        f"Both networks read {tiles.words}.",
        "Comparing reasons",
    )
    if found is None:
        return
    st.markdown(found.summary())
    panels.say([f"{name}: {why}" for name, why in found.failures])
    table = found.table()
    if table.empty:
        return
    values = [float(v) for v in table["rank correlation"]]
    charts.show(compare_charts.correlations(values), f"{stem}.reasons", found.summary())
    compare_tiles.tile_list(
        table,
        f"{stem}.reasons",
        "Tiles called alike, the least alike reasons first",
        caption=lambda row: f"{row['call']}\n{row['rank correlation']:+.2f}",
        column_order=["file", "call", "rank correlation", "mean difference"],
    )
    st.caption("Pick a tile to see both maps and their difference at the top of the page.")


def layers(first: Bundle, second: Bundle, part: str, stem: str) -> None:
    """Draw how alike every layer of the one is to every layer of the other."""
    tiles = compare_services.some(compare_services.tile_set(part))
    st.markdown(
        "Linear CKA asks whether two layers put the same tiles close to each other: 1 means alike "
        "up to turning and scaling, about 0 unrelated. It does not compare units one by one."
    )
    found: Similarity | None = compare_jobs.result(
        compare_services.similarity_key(first, second, tiles),
        partial(compare_services.similarity, first, second, tiles),
        "Compare their layers",
        f"Both networks read {tiles.words}.",
        "Comparing layers",
    )
    if found is None:
        return
    closest = found.closest()
    if closest is None:
        st.info("No layer varies over these tiles, so there is nothing to compare.")
        return
    one, other, cka = closest
    alt = f"CKA of {len(found.layers_first)} by {len(found.layers_second)} layers. "
    alt += f"The two layers most alike are {one} and {other}: {cka:.2f}."
    charts.show(compare_charts.layers(found), f"{stem}.layers", alt)
    st.markdown(md("The two layers most alike are `{}` and `{}`: {:.2f}.", one, other, cka))
    panels.table(found.table(), f"{stem}.layers", alt)
    nothing = int(np.isnan(found.values).all(axis=1).sum())
    st.caption(
        f"Debiased linear CKA (Kornblith and others 2019; Song and others 2012) over "
        f"{found.n_tiles} tiles; maps averaged over a 4 × 4 grid. Convolutions are taken as they "
        "come out, in MobileNetV2 before their normalisation. With few tiles values are rough."
        + (f" {nothing} layers say the same of every tile and stay empty." if nothing else "")
    )
    panels.say([f"{name}: {why}" for name, why in found.failures])
