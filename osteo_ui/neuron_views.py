"""The parts of the neurons page."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from osteo_core import pictures
from osteo_ui import charts, state, widgets
from osteo_ui.answers import Answers, Floats
from osteo_ui.answers import of_tiles as answers_of
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading

SORTS = {"index": "Index", "activation": "Activation", "contribution": "Contribution"}


def choose_layer(engine: "Engine") -> str:
    """Draw the choice of a fully connected layer."""
    names = {name: f"{name} ({engine.layer(name).n_units})" for name in engine.dense_layers}
    wanted = state.selection().dense
    if wanted and wanted not in names:
        st.caption(f"{engine.name} has no fully connected layer {wanted}.")
    return widgets.segments("Layer (units)", "dense", names)


def of_tiles(shown: Sequence[Shown], readings: Sequence["Reading"], layer: str) -> Answers:
    """Return a layer's activations on each tile."""
    titles = widgets.distinct_titles(shown)
    return answers_of({t: r.activation(layer) for t, r in zip(titles, readings, strict=True)})


def plot(
    engine: "Engine", layer: str, answers: Answers, sort: str, shares: Floats | None, target: str
) -> None:
    """Draw units against activations, what they are, and the downloads."""
    info = engine.layer(layer)
    name = widgets.file_stem(engine.name, layer, "neurons", sort)
    figure = charts.neuron_plot(answers.values, answers.order(sort, shares), sort=sort)
    charts.show(figure, name, f"Activations of the {info.n_units} units of {layer}")
    how = {
        "index": "in the network's own order",
        "activation": f"sorted by activation in {answers.first}, strongest at the left",
        "contribution": f"sorted by contribution to the logit of {target} in {answers.first} "
        "(gradient × activation), largest at the left",
    }[sort]
    st.caption(
        f"`{layer}` after {info.activation or 'linear'} activation: {answers.words}, not scaled; "
        f"{info.n_units} units {how}. The camera button saves the plot as PNG."
    )
    meta = {"layer": layer, "bundle_digest": engine.digest, "rows": list(answers.values)}
    stacked = np.stack(list(answers.values.values()))
    with st.container(horizontal=True):
        csv = partial(_csv, answers, shares)
        widgets.download("CSV", csv, f"{name}.csv", "text/csv", "All units as a table")
        floats = partial(pictures.float_download, stacked, meta)
        widgets.download("Values", floats, f"{name}.npz", widgets.NPZ, widgets.NPZ_HELP)


def _csv(answers: Answers, shares: Floats | None) -> bytes:
    return answers.table(shares).to_csv(index=False).encode()


def dead_units(layer: str, answers: Answers) -> None:
    """Draw how many units are silent, in each tile and in all of them."""
    columns = st.columns(max(4, len(answers.dead)))
    for column, (name, count) in zip(columns, answers.dead.items(), strict=False):
        share = f"{count / answers.units:.0%} of {answers.units} units"
        column.metric(f"Dead, {name}", count, share, delta_color="off", delta_arrow="off")
    st.caption(f"Dead: a unit of `{layer}` whose activation is exactly 0 on the tile or tiles.")


def strongest(layer: str, answers: Answers, shares: Floats | None, target: str) -> None:
    """Draw the table of the strongest units."""
    by = "Contribution" if shares is not None else answers.first
    frame = answers.table(shares).sort_values(by, ascending=False, kind="stable").head(20)
    values = st.column_config.NumberColumn(format="%.4g")
    st.dataframe(
        frame,
        hide_index=True,
        height=300,
        column_config={name: values for name in frame.columns if name != "Unit"},
        alt=f"Strongest units of {layer}",
    )
    share = (
        f" Contribution: gradient of the logit of {target} times activation, in {answers.first}."
        if shares is not None
        else ""
    )
    st.caption(f"The 20 strongest units of `{layer}`, by {by}.{share}")
