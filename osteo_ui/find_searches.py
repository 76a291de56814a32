"""The searches of the Find page by labelled tiles: the controls of each, and what it found."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.explain import finding
from osteo_core.explain.finding import Ranking
from osteo_ui import find_data, find_on_tiles, saving, state, widgets, words
from osteo_ui.find_data import Known
from osteo_ui.find_views import Search
from osteo_ui.markdown import md

FINDS = {
    "selectivity": "Selectivity",
    "activation": "Activation",
    "tiles": "Two tiles",
    "classes": "Two classes",
    "dead": "Dead",
}
Searching = Callable[[Bundle, Known | None, str, Any], Search | None]


def no_summary(bundle: Bundle) -> None:
    """Say that the units have not been summed up, and what to do."""
    st.info(
        md(
            "Nothing is known of `{}` on its training tiles, which this search goes by. "
            "{:code} makes it; then choose Cohort in the sidebar and type its folder.",
            bundle.name,
            words.command("osteo index --model {} --cohort DIR", bundle.name),
        ),
        icon=":material/dataset:",
    )


def choose_layer(names: dict[str, int]) -> str:
    """Draw the choice of the layer to look in; "" for all."""
    wanted = state.selection().find_layer
    if wanted and wanted not in names:
        st.caption(f"This network has no such layer as {wanted}: all are searched.")
    every = f"All {len(names)} layers ({sum(names.values()):,} units)"
    return str(
        widgets.choose(
            "In",
            "find_layer",
            ["", *names],
            format_func=lambda name: f"{name} ({names[name]:,})" if name else every,
            width=260,
        )
    )


def selectivity(bundle: Bundle, found: Known | None, layer: str, row: Any) -> Search | None:
    """Look for units that tell a class from the rest."""
    if found is None:
        return no_summary(bundle)
    with row:
        target = widgets.choose("Class", "target", found.summary.classes, width=200)

    def over(layer: str) -> Ranking:
        return find_data.ranking(
            (*found.key, "selectivity", target, layer),
            lambda: finding.by_selectivity(found.summary, target, layer or None),
        )

    return Search(
        over(layer),
        (f"Most selective for {target}", f"Most selective against {target}"),
        {
            "auc": "AUC",
            "mean_class": "In class",
            "mean_rest": "In rest",
            "firing_share": "Fires on",
        },
        f"AUC: the chance that a {target} tile drives the unit's mean higher than a tile of "
        "another class does. 1: always; 0.5: no better than chance; 0: never. In class, in "
        "rest: the unit's mean over the tiles of the class and over the others. Fires on: share "
        f"of tiles with the unit above zero anywhere. From {found.tiles} ({_counts(found)}); the "
        "tile on view plays no part.",
        saving.file_stem(bundle.name, "selectivity", target, layer),
        everywhere=over(""),
    )


def _counts(found: Known) -> str:
    pairs = zip(found.summary.counts, found.summary.classes, strict=True)
    return ", ".join(f"{count} {name}" for count, name in pairs)


def classes(bundle: Bundle, found: Known | None, layer: str, row: Any) -> Search | None:
    """Look for units that tell two classes apart."""
    if found is None:
        return no_summary(bundle)
    names = found.summary.classes
    if len(names) < 2:
        st.info("Two classes are needed, and the summary has one.", icon=":material/info:")
        return None
    with row:
        target = widgets.choose("Class", "target", names, width=200)
        others = [name for name in names if name != target]
        against = widgets.choose("Against", "against", others, width=200)

    def over(layer: str) -> Ranking:
        return find_data.ranking(
            (*found.key, "classes", target, against, layer),
            lambda: finding.by_class_difference(found.summary, target, against, layer or None),
        )

    return Search(
        over(layer),
        (f"Higher in {target}", f"Higher in {against}"),
        {
            "auc": "AUC",
            "difference": "Difference",
            "mean_class": "In first",
            "mean_against": "In second",
        },
        f"AUC: the chance that a {target} tile drives the unit's mean higher than a {against} "
        "tile does, told from histograms of 24 bins, so close to it and not exact. "
        f"Difference: of the two class means ({target} in first, {against} in second), in standard "
        "deviations inside the classes. From "
        f"{found.tiles} ({_counts(found)}).",
        saving.file_stem(bundle.name, "classes", target, against, layer),
        everywhere=over(""),
    )


def dead(bundle: Bundle, found: Known | None, layer: str, row: Any) -> Search | None:
    """List the units that never fire, and how many each layer has."""
    if found is None:
        return no_summary(bundle)
    return Search(
        finding.dead_units(found.summary, layer or None),
        (f"Dead units in {layer}" if layer else "Dead units", ""),
        {},
        f"Dead: zero at every place of every one of {found.tiles}. On another tile a dead unit "
        "may still fire.",
        saving.file_stem(bundle.name, "dead", layer),
    )


SEARCHES: dict[str, Searching] = {
    "selectivity": selectivity,
    "activation": find_on_tiles.activation,
    "tiles": find_on_tiles.tiles,
    "classes": classes,
    "dead": dead,
}
