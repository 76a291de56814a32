"""The page Cohort: what a cohort is made of, what in it flatters a network, and where tiles lie."""

import streamlit as st

from osteo_core.errors import OsteoError
from osteo_core.wording import how_split
from osteo_ui import (
    cohort_map,
    cohort_pairs,
    cohort_services,
    cohort_views,
    jobs,
    progress,
    services,
    state,
    widgets,
    words,
)
from osteo_ui.markdown import md

PANELS = {
    "findings": "Findings",
    "classes": "Classes",
    "pairs": "Pairs",
    "white": "White tiles",
    "stain": "Stain",
    "suspects": "Suspects",
    "map": "Slide map",
}

state.require_app()

st.caption(
    "What the numbers of a network on a cohort are worth. For research and teaching, not diagnosis."
)
try:
    view = cohort_services.view(state.selection())
except OsteoError as error:
    st.error(str(error))
    st.info("Name another folder under Tiles, Cohort in the sidebar.")
    with st.container(horizontal=True):
        if state.selection().source != "cohort":
            other = {"source": "cohort"}
            st.button("Name another folder", on_click=state.update, kwargs=other)
        st.button("See the shipped tiles", on_click=state.update, kwargs={"cohort": ""})
    st.stop()
if view.shipped:
    st.info(
        md(
            "These are the synthetic tiles that are shipped. For a cohort of your own, run "
            "`osteo cohort import SRC --to DIR`, then choose Cohort in the sidebar and name DIR."
        ),
        icon=":material/folder_open:",
    )
tiles = view.cohort.tiles
split = "" if view.shipped else f", split {how_split(view.cohort.protocol.kind)}"
slides, cases = len({tile.slide for tile in tiles}), len({tile.case for tile in tiles})
st.markdown(
    md(
        "**{}**: {} of {} and {}{}.",
        view.name,
        words.count(len(tiles), "tile"),
        words.count(slides, "slide"),
        words.count(cases, "case"),
        split,
    )
)
panel = widgets.segments("Show", "audit_panel", PANELS)
names = state.selection().models
bundle = services.bundle(names[0]) if names else None


def audited() -> None:
    """Ask for the audit, draw how far it is, and the panel."""
    job, key = cohort_services.audit_job(view), cohort_services.audit_key(view)
    audit = job.result if job.status == "done" else None
    if job.status == "failed":
        st.error(job.problem)
    if job.status in ("failed", "stopped"):
        st.button("Audit", icon=":material/play_arrow:", on_click=jobs.start, args=(key,))
    progress.bar([key], f"Auditing {words.count(len(tiles), 'tile')}")
    if panel == "suspects":
        cohort_views.suspects(view, audit, cohort_services.out_of_fold(bundle, view))
    elif panel == "map":
        cohort_map.draw(view, audit, bundle)
    elif audit is None:
        st.caption("The findings stand here when every tile has been read.")
    else:
        DRAWN[panel](view, audit)


DRAWN = {
    "findings": cohort_views.findings,
    "pairs": cohort_pairs.draw,
    "white": cohort_views.white,
    "stain": cohort_views.stain,
}
if panel == "classes":
    cohort_views.classes(view)
else:
    audited()
