"""Whoever hurries loses nothing: widgets that the browser draws only after a later run."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard import PAGES, url

KINDS = (
    "multiselect",
    "number_input",
    "segmented_control",
    "selectbox",
    "slider",
    "text_input",
)
VIEWED = {
    "model": ["plain", "toy"],
    "tile": ["example:Synthetic Viable 1", "example:Synthetic Non-Tumor 2"],
    "source": "cohort",
    "cohort": "no/such/folder",
    "layer": "late",
    "unit": "3",
    "dense": "fc2",
    "order": "mean",
    "map": "magma",
    "scale": "layer",
    "sort": "activation",
    "opacity": "25",
    "heat": "magma",
    "heatscale": "shared",
    "part": "train",
}


def _widgets(at):
    """The widgets on the page that show a field of the selection, by their keys."""
    found = (element for kind in KINDS for element in getattr(at, kind))
    return {e.key: e for e in found if e.key and e.key.startswith("widget.")}


def _set(element):
    """What the run tells a widget that is on the screen already, or None."""
    proto = element.proto
    if not proto.set_value:
        return None
    for several in ("raw_values", "value"):  # words, or a slider's numbers
        if hasattr(proto, several) and hasattr(getattr(proto, several), "__len__"):
            return _plain(getattr(proto, several))
    return proto.raw_value if hasattr(proto, "raw_value") else proto.value


def _start(element):
    """What the browser shows, and sends, if it draws the widget for the first time now."""
    proto = element.proto
    if element.type == "selectbox":
        return proto.options[proto.default] if proto.HasField("default") else ""
    if element.type == "multiselect":
        return [proto.options[i] for i in proto.default]
    if hasattr(proto, "click_mode"):
        return [proto.options[i].content for i in proto.default]
    return proto.default if not hasattr(proto.default, "__len__") else _plain(proto.default)


def _plain(value):
    return value if isinstance(value, str) else list(value)


@pytest.mark.parametrize("page", PAGES)
def test_a_widget_drawn_late_starts_from_the_selection(open_page, page):
    viewed = VIEWED | ({"cohort": ""} if page == "cohort" else {})  # it stops without a good folder
    at = open_page(page, **viewed)
    told = {key: _set(element) for key, element in _widgets(at).items()}
    assert {"widget.network", "widget.source", "widget.tiles", "widget.cohort"} <= set(told)
    at.run()
    later = _widgets(at)
    assert {key: _set(element) for key, element in later.items()} == dict.fromkeys(told)
    assert {key: _start(element) for key, element in later.items()} == told


def test_tiles_drawn_late_stay_chosen_and_can_still_be_cleared(open_page):
    tile = ["example:Synthetic Viable 1"]
    at = open_page("filters", tile=tile)
    at.segmented_control(key="widget.order").select("mean").run()
    tiles = at.multiselect(key="widget.tiles")
    assert _set(tiles) is None
    tiles.set_value(tile if _start(tiles) else []).run()  # as a browser that draws it now
    assert url(at)["tile"] == tile
    at.multiselect(key="widget.tiles").set_value([]).run()
    assert "tile" not in url(at)
    assert at.multiselect(key="widget.tiles").value == []


def _a_button_sets_what_a_widget_shows():
    import streamlit as st

    from osteo_ui import state, widgets

    state.enter(st.Page(lambda: None, title="A page", url_path="a_page"))
    state.sync()
    state.write_url()
    now = state.selection().order
    widgets.bound(st.selectbox, "Order", "order", now, ["index", "mean"])
    st.button("Mean", on_click=state.update, kwargs={"order": "mean"})
    if st.session_state.pop("cut", False):
        st.stop()  # as the next click does
    state.leave()


@pytest.mark.parametrize("cut", [True, False])
@pytest.mark.parametrize("address", [{}, {"unit": "3"}])  # of a page change; of before the click
def test_what_a_browser_still_shows_is_no_choice(cut, address):
    at = AppTest.from_function(_a_button_sets_what_a_widget_shows)
    at.query_params["unit"] = "3"
    at.run()
    at.session_state["cut"] = cut
    at.button[0].click().run()
    assert at.query_params == {"unit": "3", "order": "mean"}
    for _ in range(2):  # it may click on before the answer comes
        at.query_params = dict(address)
        at.selectbox(key="widget.order").select("index").run()
        assert at.selectbox(key="widget.order").value == "mean"
        assert at.query_params == {"unit": "3", "order": "mean"}


@pytest.mark.parametrize("cut", [True, False])
def test_a_choice_can_be_taken_back_at_once(cut):
    at = AppTest.from_function(_a_button_sets_what_a_widget_shows).run()
    at.session_state["cut"] = cut
    at.button[0].click().run()  # and the browser has the new address now
    at.selectbox(key="widget.order").select("index").run()
    assert at.selectbox(key="widget.order").value == "index"
    assert at.query_params == {}


def _a_page_draws_itself_anew():
    import streamlit as st

    from osteo_ui import state

    if st.session_state.pop("again", False):
        state.rerun()  # as a fragment that the browser runs every so often
    state.enter(st.Page(lambda: None, title="A page", url_path="a_page"))
    state.sync()
    state.write_url()
    st.button("Mark", on_click=state.update, kwargs={"marks": ("conv:6",)})
    state.leave()


def test_a_page_that_draws_itself_anew_undoes_no_click():
    at = AppTest.from_function(_a_page_draws_itself_anew)
    at.query_params["unit"] = "6"
    at.run()
    at.button[0].click().run()
    assert at.query_params == {"unit": "6", "mark": "conv:6"}
    at.query_params = {"unit": "6"}  # the browser has not heard of the mark yet
    at.session_state["again"] = True
    at.run()
    assert at.query_params == {"unit": "6", "mark": "conv:6"}
