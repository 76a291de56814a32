"""The searches of the Find page that go by the tiles on view."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.explain import finding
from osteo_ui import find_data, layers, saving, services, sources, state, widgets
from osteo_ui.find_data import Known
from osteo_ui.find_views import Search
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    import pandas as pd

    from osteo_core.engine import Engine
    from osteo_core.explain.spread import Spread

BY = {"maximum": "Maximum", "mean": "Mean", "contribution": "Contribution"}
NO_SCALE = (
    "no summary of training tiles is at hand, so it is counted in standard deviations of the "
    "layer's own units"
)


def tiles_on_view() -> list[Shown]:
    """Return the chosen tiles that could be decoded; say what is wrong with the others."""
    everything = sources.shown(state.selection())
    for item in everything:
        if item.tile is None:
            st.warning(item.problem, icon=":material/image_not_supported:")
    return [item for item in everything if item.tile is not None]


def activation(bundle: Bundle, found: Known | None, layer: str, row: Any) -> Search | None:
    """Look for units that answer strongly to the first tile on view, or add much to a class."""
    engine = widgets.open_engine(bundle)
    with row:
        by = widgets.segments("By", "order", BY)
        target = ""
        if by == "contribution":
            target = widgets.choose_class("Class", engine.classes, width=200)
    shown = tiles_on_view()
    if not shown:
        st.info("Choose a tile in the sidebar.", icon=":material/image_search:")
        return None
    if by == "contribution":
        return _contribution(engine, shown[0], layer, target)
    with widgets.computing("Reading the tile"):
        figures = find_data.figures(engine, shown[0].tile, layer)
        training = find_data.spread(found, by, layer)
        ranking = find_data.ranking(
            (*(found.key if found else (engine.digest,)), shown[0].tile.sha256, by, layer),
            lambda: finding.by_activation(figures, by, training),
        )
    return Search(
        ranking,
        (f"Strongest by {by} on {shown[0].entry.title}", ""),
        {
            by: BY[by],
            **({"higher_than": "Higher than"} if found else {}),
            "deviations": "Deviations",
            "share_positive": "Above zero",
            **({"mean": "Mean"} if by == "maximum" else {"maximum": "Maximum"}),
        },
        _activation_words(by, layer, found),
        saving.tile_stem(shown[0], engine.name, by, layer),
    )


def _activation_words(by: str, layer: str, found: Known | None) -> str:
    order = f"By the {by} of the unit's map" if layer else "Layers have no common scale, so units "
    if found is None:
        goes = "." if layer else "go by Deviations."
        return (
            f"{order}{goes} Deviations: how far the {by} lies above the mean of the layer's units "
            f"on this tile; {NO_SCALE}. Above zero: share of the map."
        )
    goes = "." if layer else "go by Higher than, and by Deviations where that is equal."
    return (
        f"{order}{goes} Higher than: share of {found.tiles} on which this unit's {by} is lower, "
        "told from a histogram of 24 bins. Deviations: how far it lies above its mean on them, in "
        "standard deviations. Above zero: share of the map."
    )


def _contribution(engine: "Engine", item: Shown, layer: str, chosen: str) -> Search:
    with widgets.computing("Reading the tile"):
        reading = services.reading(engine, item.tile)
        target = layers.target_of(reading, chosen)
        figures = find_data.figures(engine, item.tile, layer)
    names = (layer,) if layer else engine.unit_layers
    shares = find_data.shares(engine.digest, item.tile.sha256)
    if shares.missing(names):
        _progress(shares.gather(reading, names))
    number = engine.classes.index(target)
    ranking = find_data.ranking(
        (engine.digest, item.tile.sha256, "contribution", target, layer),
        lambda: finding.by_contribution(figures, shares.of(names, number)),
    )
    return Search(
        ranking,
        (f"Speak for {target}", f"Speak against {target}"),
        {
            "contribution": "Contribution",
            "share": "Of its layer",
            "maximum": "Maximum",
            "share_positive": "Above zero",
        },
        f"Contribution: gradient of the logit of {target} times activation, summed over the map, "
        f"on {item.entry.title}; in units of the logit. Of its layer: share of the sum of the "
        "magnitudes of the layer's contributions."
        + ("" if layer else " The fewer units a layer has, the more each of them tends to add."),
        saving.tile_stem(item, engine.name, "contribution", target, layer),
    )


def _progress(steps: Iterator[float]) -> None:
    hold = st.empty()
    for done in steps:
        hold.progress(done, text=f"Going back through the layers: {done:.0%}")
    hold.empty()


def tiles(bundle: Bundle, found: Known | None, layer: str, row: Any) -> Search | None:
    """Look for units that two tiles drive differently."""
    shown = tiles_on_view()
    if len(shown) < 2:
        st.info(
            "Two tiles are needed. Choose a second one in the sidebar, under “On view”.",
            icon=":material/compare:",
        )
        return None
    engine, (one, other) = widgets.open_engine(bundle), shown[:2]
    with widgets.computing("Reading the tiles"):
        figures = [find_data.figures(engine, item.tile, layer) for item in (one, other)]
        training = find_data.spread(found, "mean", layer)
        pair = (one.tile.sha256, other.tile.sha256)
        ranking = find_data.ranking(
            (*(found.key if found else (engine.digest,)), *pair, layer),
            lambda: finding.by_tile_difference(*figures, training),
        )
    titles = widgets.distinct_titles(shown)[:2]
    return Search(
        ranking,
        (f"Higher in {titles[0]}", f"Higher in {titles[1]}"),
        {"difference": "Difference", "mean_first": "In first", "mean_second": "In second"},
        f"Difference of the unit's mean between {titles[0]} and {titles[1]}, "
        + (
            f"in standard deviations of that mean over {found.tiles}."
            if found
            else f"in one layer's measure: {NO_SCALE} on the two tiles."
        ),
        saving.tile_stem(one, engine.name, "less", other.entry.title, layer),
        _left_out(training, figures, found),
    )


def _left_out(
    training: "Spread | None", figures: Sequence["pd.DataFrame"], found: Known | None
) -> tuple[str, ...]:
    """Say how many units have no measure because they never vary."""
    if training is None or found is None:
        return ()
    first, second = (table["mean"].to_numpy() for table in figures)
    count = int(((first != second) & ~training.varies).sum())
    if not count:
        return ()
    return (
        f"{count} units differ here but give the same on every one of {found.tiles}, so that "
        "there is no deviation to count in; they stand last in the file.",
    )
