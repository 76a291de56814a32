"""Page 5: how good a network is, from stored predictions, and what stands behind the numbers."""

import streamlit as st

from osteo_core.errors import OsteoError
from osteo_ui import (
    charts,
    metric_calibration,
    metric_charts,
    metric_confusion,
    metric_curves,
    metric_networks,
    metric_papers,
    metric_protocols,
    metric_services,
    metric_tables,
    recipe_views,
    saving,
    state,
    widgets,
)
from osteo_ui import metric_panels as panels
from osteo_ui.markdown import md

state.require_app()

bundle = widgets.require_bundle()
st.caption(
    md(
        "`{}`, scored on its stored predictions: nothing is run here. For research and "
        "teaching, not diagnosis.",
        bundle.name,
    )
)
part = panels.choose_part()
try:
    view = metric_services.part_view(bundle, part)
    found = metric_services.part_figures(bundle, part)
except OsteoError as error:
    st.error(str(error))
    st.info(
        md("Choose another network in the sidebar, or train this one again with `osteo train`.")
    )
    st.stop()

standing = view.part.standing(bundle.card.split.kind)
if not view.part.n_tiles:
    st.info(f"{standing} Choose another part above.")
    st.stop()
st.markdown(standing)
panels.key_figures(view, found)
panels.say(view.notes)
stem = saving.file_stem(bundle.name, part)

grid = st.grid(2, min_column_width=panels.PANEL, gap="medium")
with grid.cell():
    st.subheader("Confusion", anchor="confusion")
    metric_confusion.matrix(view.metrics, stem)
with grid.cell():
    st.subheader("ROC, one class against the rest", anchor="roc")
    panels.roc(view.curves, found, stem)
metric_confusion.tiles(view.part, view.metrics, stem)

st.subheader("Every figure with its interval", anchor="figures")
metric_tables.figures(found, stem)

st.subheader("Per class", anchor="classes")
panels.table(
    metric_tables.per_class(view.metrics),
    f"{stem}.classes",
    "Precision, recall and F1 of each class",
)
st.caption(
    "Precision: of the tiles called so, how many are. Recall: of the tiles that are, how many were "
    "called so. F1: their harmonic mean. Macro: classes weigh alike; weighted: tiles do."
)

st.subheader("Precision and recall by threshold", anchor="thresholds")
metric_curves.precision_recall(view.part, found, stem)
metric_curves.at_a_point(view.part, stem)

st.subheader("Calibration", anchor="calibration")
metric_calibration.calibration(bundle, view.part, stem)

st.subheader("By slide", anchor="slides")
panels.table(
    metric_tables.by_slide(view.part), f"{stem}.slides", "Tiles called rightly on each slide"
)
st.caption(
    "On which slides the errors lie: spread over all, or crowded on a few. Wilson's 95 % intervals."
)

st.subheader("Tumour or no tumour", anchor="tumour")
panels.tumour(view.tumour, bundle, part)

st.subheader("Protocols: what another split would say", anchor="protocols")
metric_protocols.protocols(bundle, stem)
metric_papers.papers()

st.subheader("All networks on this part", anchor="networks")
metric_networks.forest(part, bundle.name)

st.subheader("Learning curves", anchor="learning")
try:
    curves = metric_services.learning(bundle)
except OsteoError as error:
    st.info(str(error))
else:
    if len(curves.table):
        charts.show(
            metric_charts.learning(curves),
            saving.file_stem(bundle.name, "learning"),
            alt=f"Loss and accuracy over {len(curves.table)} epochs. {curves.reason}",
        )
    st.caption(
        f"{curves.reason} Training values are measured while training, with augmentation and "
        "dropout, so they can lie below those of the validation part."
    )
    with st.expander("The epochs as a table"):
        panels.table(curves.table, saving.file_stem(bundle.name, "history"), "History of training")
metric_networks.learning(bundle.name)

st.subheader("Recipe", anchor="recipe")
recipe_views.recipe(bundle.card)
st.subheader("Split", anchor="split")
recipe_views.split(bundle.card)
