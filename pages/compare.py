"""Page 6: two to four networks on the same tiles, side by side, and where they disagree."""

import streamlit as st

from osteo_core.errors import OsteoError
from osteo_ui import (
    charts,
    compare_pairs,
    compare_reasons,
    compare_views,
    disagreement_views,
    metric_charts,
    metric_services,
    saving,
    services,
    state,
    widgets,
)
from osteo_ui import metric_panels as panels
from osteo_ui.glances import glance
from osteo_ui.markdown import md

state.require_app()

st.caption(
    "Networks on the same tiles: their calls, where they look, how good they are, and where they "
    "disagree. For research and teaching, not diagnosis."
)
chosen = compare_views.choose_networks(services.bundles())
names = [bundle.name for bundle in chosen]

# Which pair is chosen below, where the scores are; the tiles above show it too.
pair = compare_pairs.chosen(chosen)

# The tables below need no network, so they are on screen while TensorFlow is being loaded.
on_tiles = st.container()

st.header("On labelled tiles", anchor="metrics")
part = panels.choose_part()
try:
    compared = metric_services.comparison(chosen, part)
except OsteoError as error:
    compared = None
    st.error(str(error))
    st.info(md("Choose other networks above, or train this one again with `osteo train`."))
if compared is not None:
    panels.say(compared.notes)
if compared is not None and not compared.n_tiles:
    st.info(
        "These networks have no labelled tile in common in this part, so there is nothing to score "
        "side by side. Choose networks that share a class, or another part."
    )
elif compared is not None:
    stem = saving.file_stem("compare", *names, part)
    protocols = {bundle.card.split.kind for bundle in chosen}
    kind = protocols.pop() if len(protocols) == 1 else ""
    st.markdown(compared.parts[names[0]].standing(kind))
    panels.table(compared.scores(), f"{stem}.scores", "Scores of each network on common tiles")
    charts.show(
        metric_charts.accuracies(compared.parts),
        f"{stem}.accuracies",
        alt="Accuracy of each network on common tiles with its 95 % interval",
    )
    st.caption(
        f"On the {compared.n_tiles} tiles that all have; accuracy with Wilson's 95 % interval. "
        "Overlapping intervals do not prove that two networks are equally good: the tiles are "
        "the same, so look at the pairs."
    )
    panels.table(compared.pairs(), f"{stem}.pairs", "Tiles that both, one or none call rightly")
    st.header("One against the other", anchor="pair")
    compare_pairs.choose(chosen)
    two = saving.file_stem("compare", pair[0].name, pair[1].name, part)
    compare_pairs.differences(compared, *pair, two)
    st.subheader("Call against call", anchor="calls")
    compare_pairs.calls(compared, *pair, two)
    st.header("Where they disagree", anchor="disagreements")
    disagreement_views.disagreements(compared, part)

compare_reasons.slow(*pair, part)

with on_tiles:
    st.header("On the chosen tiles", anchor="tiles")
    shown = widgets.require_tiles()
    networks = compare_views.readable(chosen)
    with widgets.computing("Opening the networks"):
        engines = {bundle.name: services.engine(bundle) for bundle in networks}
    if networks:
        left, right = st.columns(2)
        with left:
            compare_views.choose_layer(list(engines.values()))
        with right:
            widgets.choose_class("Class to explain", metric_services.all_classes(chosen))
    now = state.selection()
    for item in shown if networks else []:
        st.subheader(item.entry.title, anchor=False)
        with widgets.computing("Reading the tile"):
            seen = {n: glance(e, item.tile, now.layer, now.target) for n, e in engines.items()}
        compare_views.calls(networks, seen, item)
        compare_views.heat_maps(networks, engines, seen, item, pair)
    if networks:
        st.caption(
            "Grad-CAM explains the logit (before softmax). Each map is coloured from 0 to its own "
            "highest value: logits of two networks have no common unit, so compare where they "
            "look, not how strongly."
        )
