"""The dashboard: `streamlit run app.py`. Router and what every page shares; pages do the rest."""

from pathlib import Path

import streamlit as st

from osteo_ui import letters, sidebar, stale, state, streamlit_compat

letters.install()
streamlit_compat.watch()
st.set_page_config(
    page_title="Osteo Explain",
    # A file, because the browser would fetch an icon given by name from another host.
    page_icon=str(Path(__file__).parent / "osteo_ui" / "icon.png"),
    layout="wide",
    initial_sidebar_state=310,
    menu_items={
        "About": "See inside the networks that read bone-tumour histology. "
        "For research and teaching, not diagnosis."
    },
)


def page_of(name: str, title: str, icon: str, default: bool = False) -> st.Page:
    """Describe a page of `pages/`, which begins with `state.require_app()`."""
    return st.Page(f"pages/{name}.py", title=title, icon=f":material/{icon}:", default=default)


page = st.navigation(
    {
        "Look inside": [
            page_of("read_tile", "Read a tile", "biotech", default=True),
            page_of("filters", "Filters", "grid_view"),
            page_of("neurons", "Neurons", "scatter_plot"),
            page_of("unit", "Unit", "adjust"),
            page_of("find_units", "Find units", "manage_search"),
            page_of("heat_maps", "Heat maps", "local_fire_department"),
            page_of("heat_grid", "Heat map grid", "grid_on"),
        ],
        "Judge": [
            page_of("metrics", "Metrics", "analytics"),
            page_of("compare", "Compare", "compare"),
            page_of("decisions", "Decisions", "rule"),
            page_of("cohort", "Cohort", "dataset"),
        ],
        "Learn": [
            page_of("lessons", "Lesson: a shortcut", "school"),
        ],
    }
)

state.enter(page)
state.sync()
sidebar.settle()
sidebar.draw()
with stale.hidden():
    st.title(page.title, anchor=False)
    for notice in state.take_notices():
        st.info(notice, icon=":material/info:")
    page.run()
    state.leave()
