"""The parts of the neurons page."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from osteo_core import pictures
from osteo_ui import atlas, layer_atlas, saving, state, unit_links, widgets, words
from osteo_ui.answers import Answers, Floats
from osteo_ui.answers import of_tiles as answers_of
from osteo_ui.markdown import md
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading

SORTS = {"index": "Index", "activation": "Activation", "contribution": "Contribution"}


def choose_layer(engine: "Engine") -> str:
    """Draw the choice of a fully connected layer; one that was chosen on another page counts."""
    names = {name: f"{name} ({engine.layer(name).n_units})" for name in engine.dense_layers}
    now = state.selection()
    wanted = now.layer if now.layer in names else now.dense
    if wanted and wanted not in {info.name for info in engine.layers}:
        st.caption(f"{engine.name} has no fully connected layer {wanted}.")
    key, value = widgets.key_of("dense"), wanted if wanted in names else next(iter(names))
    took = {"on_change": _take_layer, "args": (key, now.layer in names)}
    extra = {"format_func": names.get, "required": True}
    title = "Layer (units)"
    return widgets.told(st.segmented_control, title, key, value, list(names), **took, **extra)


def _take_layer(key: str, with_unit: bool) -> None:
    state.take("dense", key)
    if with_unit:  # the unit on view is one of the layer that is left
        state.update(layer=state.selection().dense, unit=-1)


def unit_on_view(layer: str, count: int) -> int | None:
    """Return the chosen unit if it is one of this layer."""
    now = state.selection()
    return now.unit if now.layer == layer and 0 <= now.unit < count else None


def of_tiles(shown: Sequence[Shown], readings: Sequence["Reading"], layer: str) -> Answers:
    """Return a layer's activations on each tile."""
    titles = widgets.distinct_titles(shown)
    return answers_of({t: r.activation(layer) for t, r in zip(titles, readings, strict=True)})


def plot(
    engine: "Engine", layer: str, answers: Answers, sort: str, shares: Floats | None, target: str
) -> None:
    """Draw units against activations, what they are, and the downloads."""
    info = engine.layer(layer)
    name = saving.file_stem(engine.name, layer, "neurons", sort)
    atlas.bars(
        "atlas.neurons",
        answers.values,
        order=answers.order(sort, shares),
        selected=unit_on_view(layer, info.n_units),
        marked=layer_atlas.marked(layer, info.n_units),
        value_title="Activation",
        rank_title=f"Rank by {sort}",
        alt=f"Activations of the {info.n_units} units of {layer}",
        on_pick=partial(_pick, layer),
        file=name,
    )
    how = {
        "index": "in the network's own order",
        "activation": f"sorted by activation in {answers.first}, strongest at the left",
        "contribution": f"sorted by contribution to the logit of {target} in {answers.first} "
        "(gradient × activation), largest at the left",
    }[sort]
    st.caption(
        md(
            "`{}` after {} activation: {}, not scaled; "
            "{} units {}. Point at a unit for its number and its value; click it, or "
            "go to it with the arrow keys, to choose it.",
            layer,
            info.activation or "linear",
            answers.words,
            info.n_units,
            how,
        )
    )
    meta = {"layer": layer, "bundle_digest": engine.digest, "rows": list(answers.values)}
    stacked = np.stack(list(answers.values.values()))
    with st.container(horizontal=True):
        csv = partial(_csv, answers, shares)
        saving.download("CSV", csv, f"{name}.csv", "text/csv", "All units as a table")
        floats = partial(pictures.float_download, stacked, meta)
        saving.download("Values", floats, f"{name}.npz", saving.NPZ, saving.NPZ_HELP)


def _pick(layer: str, unit: int) -> None:
    state.update(dense=layer, layer=layer, unit=unit)


def chosen(layer: str, answers: Answers, shares: Floats | None) -> None:
    """Draw what the chosen unit answered, and the link to its card."""
    unit = unit_on_view(layer, answers.units)
    if unit is None:
        return
    values = ", ".join(f"{words.number(v[unit])} ({n})" for n, v in answers.values.items())
    share = f"; contribution {words.number(shares[unit])}" if shares is not None else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(md("**Unit {}** of `{}`: {}{}.", unit, layer, values, share), width="content")
        unit_links.unit_link("Open the unit's card", layer=layer, unit=unit)


def _csv(answers: Answers, shares: Floats | None) -> bytes:
    return saving.csv(answers.table(shares))


def dead_units(layer: str, answers: Answers) -> None:
    """Draw how many units are silent, in each tile and in all of them."""
    columns = st.columns(max(4, len(answers.dead)))
    for column, (name, count) in zip(columns, answers.dead.items(), strict=False):
        share = f"{count / answers.units:.0%} of {answers.units} units"
        column.metric(f"Dead, {name}", count, share, delta_color="off", delta_arrow="off")
    st.caption(
        md("Dead: a unit of `{}` whose activation is exactly 0 on the tile or tiles.", layer)
    )


def strongest(layer: str, answers: Answers, shares: Floats | None, target: str) -> None:
    """Draw the table of the strongest units."""
    by = "Contribution" if shares is not None else answers.first
    frame = answers.table(shares).sort_values(by, ascending=False, kind="stable").head(20)
    values = st.column_config.NumberColumn(format="%.4g")
    st.dataframe(
        frame,
        hide_index=True,
        height=300,
        key="neuron-rows",
        on_select=partial(_take_row, layer, tuple(int(unit) for unit in frame["Unit"])),
        selection_mode="single-row",
        column_config={name: values for name in frame.columns if name != "Unit"},
        alt=f"Strongest units of {layer}",
    )
    share = (
        f" Contribution: gradient of the logit of {target} times activation, in {answers.first}."
        if shares is not None
        else ""
    )
    st.caption(
        md(
            "The 20 strongest units of `{}`, by {}. Select a row to choose its unit.{}",
            layer,
            by,
            share,
        )
    )


def _take_row(layer: str, units: tuple[int, ...]) -> None:
    rows = st.session_state["neuron-rows"]["selection"]["rows"]
    if rows:
        _pick(layer, units[rows[0]])
