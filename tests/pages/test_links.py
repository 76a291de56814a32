"""The selection in the URL: round trips, restored views, hostile values, uploads asked for."""

import dataclasses
import hashlib
import subprocess
import sys
from urllib.parse import parse_qs, urlencode

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from osteo_ui import sources
from osteo_ui.selection import Selection, TileRef, from_query, to_query
from tests.dashboard import APP, url
from tests.fake_bundles import write_fake
from tests.pages.looking import said

FULL = Selection(
    models=("toy", "plain"),
    tiles=(
        TileRef("example", "Synthetic Viable 1"),
        TileRef("upload", "0123456789ab", "a: b.png"),
        TileRef("cohort", "ba9876543210"),
    ),
    source="cohort",
    cohort="/data/my cohort",
    layer="block1_conv2",
    unit=7,
    dense="fc2",
    target="Non-Viable-Tumor",
    order="contribution",
    map_colours="magma",
    map_scale="layer",
    sort="activation",
    series="means",
    opacity=0,
    heat_colours="cividis",
    heat_scale="shared",
    part="train",
    per_class=0,
    place="500,1000",
    off=("block5_conv4:17", "fc1:3"),
    instead="tile",
    mean_class="Viable",
    donor=TileRef("example", "Synthetic Viable 2"),
    best="mean",
    panel="scan",
    marks=("block1_conv1:0", "logits:2"),
    find="dead",
    find_layer="fc1",
    against="Viable",
    method="smoothgrad",
    versus="Non-Tumor",
    signed_colours="purple-orange",
    method_settings=("smoothgrad.samples:50", "rise.masks:200"),
    baseline="white",
    outline=0,
    heat_panel="layers",
    grid_by="models",
    grid_methods=("gradcam", "rise"),
    grid_layers=("block1_conv2", "input"),
    rule="thresholds",
    thresholds=("Non-Tumor:70", "Viable:20"),
    costs=("Viable:9",),
    gate=30,
    refer_below=80,
    refer_viable=5,
    calibrated=0,
    target_error=1,
    mix="weighted",
    mixed=("toy", "plain"),
    meter_by="case",
    meter_of="Case-48",
    audit_panel="map",
    pairs_of="labels",
    map_slide="Case-48-P5-C20",
    map_by="confidence",
    pair="0,2",
    calls_of="Viable",
    calls_cell="1,2",
    confusion_cell="0,2",
    point=85,
)


def test_every_field_survives_a_link():
    for field in dataclasses.fields(Selection):
        assert getattr(FULL, field.name) != field.default, f"{field.name} is not put to the test"
    assert from_query(to_query(FULL)) == (FULL, [])


HARD = (
    "my model (v2)",
    "a&b=c?d#e 100%25+",
    "q\"',;:|",
    " lead and trail ",
    "\u00e9 and e\u0301",
    "\u65e5\u672c",
    "x" * 255,
    "<5 % $x$ :red[y] `z` ![i](x)",
    "a\nb",
)


@pytest.mark.parametrize("name", HARD)
def test_any_name_survives_its_link(name):
    there = Selection(
        models=(name, "toy"),
        mixed=(name,),
        layer=name,
        off=(f"{name}:3",),
        marks=(f"{name}:0", "fc1:2"),
        target=name,
        thresholds=(f"{name}:30",),
        meter_of=name,
        grid_layers=(name,),
        tiles=(TileRef("upload", "0123456789ab", name),),
    )
    link = urlencode(to_query(there), doseq=True)
    assert from_query(parse_qs(link, keep_blank_values=True)) == (there, [])


def test_a_name_that_is_no_text_does_not_stop_a_link():
    urlencode(to_query(Selection(models=("\udcff", "toy"))), doseq=True)


def test_a_network_with_any_name_opens_by_its_own_link(open_metrics, metric_models):
    for name in ("a network", *HARD[:6]):
        write_fake(metric_models, name)
    for name in HARD[:6]:
        at = open_metrics(model=name)
        assert url(at)["model"] == [name]
        assert at.selectbox(key="widget.network").value == name
        assert not at.info


def test_defaults_are_left_out():
    assert to_query(Selection()) == {}
    assert from_query({}) == (Selection(), [])


def test_no_more_than_four_and_none_twice():
    tiles = [f"example:tile {i}" for i in (1, 1, 2, 3, 4, 5)]
    selection, notices = from_query({"tile": tiles})
    assert len(selection.tiles) == 3  # the first four addresses, of which two are one
    assert notices == []


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("model", "../../etc/passwd"),
        ("model", ""),
        ("model", ".."),
        ("tile", "example:<script>"),
        ("tile", "upload:0123456789AB:x.png"),
        ("tile", "upload:../../x"),
        ("tile", "file:/etc/passwd"),
        ("cohort", "//server/share"),
        ("cohort", r"\\server\share"),
        ("cohort", "a\0b"),
        ("cohort", "x" * 2000),
        ("layer", "x" * 300),
        ("unit", "-1"),
        ("unit", "1e3"),
        ("unit", "٣"),
        ("unit", "9" * 5000),
        ("class", "\n"),
        ("order", "random"),
        ("opacity", "101"),
        ("heat", "jet"),
        ("part", "all"),
    ],
)
def test_a_bad_value_falls_back_with_a_sentence(key, text):
    selection, notices = from_query({key: [text]})
    assert selection == Selection()
    assert len(notices) == 1
    assert f"`{key}`" in notices[0]
    assert "Received:" in notices[0]
    assert "<" not in notices[0]


@pytest.mark.parametrize("page", ["read_tile", "filters", "neurons", "heat_maps"])
def test_a_hostile_link_opens_each_page(open_page, page):
    at = open_page(
        page,
        model=["nope", "toy"],
        tile=["example:Synthetic Viable 1", "example:No such tile", "cohort:0123456789ab"],
        layer="no_such_layer",
        dense="no_such_layer",
        unit="60000",
        opacity="1000",
        order="<script>",
        **{"class": "No such class"},
    )
    assert url(at)["model"] == ["toy"]
    assert "No example tile has this name." in said(at)
    assert "A tile of a cohort needs the cohort's folder." in said(at)
    assert "`order` was expected to be" in said(at)
    assert "Received: <script>." in said(at)
    assert not [e for e in at.info if "<" in e.value]


def test_bad_values_are_told_once(toy):
    from tests import dashboard

    at = dashboard.open_page("read_tile", {"model": "nope", "opacity": "999"}).run()
    told = [element.value for element in at.info]
    assert any("`opacity`" in sentence and "`999`" in sentence for sentence in told)
    assert any("`nope`" in sentence for sentence in told)
    at.run()
    assert not [e for e in at.info if "opacity" in e.value]


def test_a_link_restores_the_view(open_page):
    tiles = ["example:Synthetic Viable 1", "example:Synthetic Non-Tumor 2"]
    at = open_page(
        "heat_maps",
        tile=tiles,
        layer="block1_conv2",
        opacity="25",
        heat="magma",
        heatscale="shared",
        **{"class": "Viable"},
    )
    assert at.multiselect(key="widget.tiles").value == tiles
    assert at.selectbox(key="widget.layer").value == "block1_conv2"
    assert at.selectbox(key="widget.target").value == "Viable"
    assert at.selectbox(key="widget.heat_colours").value == "magma"
    assert at.segmented_control(key="widget.heat_scale").value == "shared"
    assert at.slider(key="widget.opacity").value == 25


def test_the_selection_goes_from_page_to_page(open_page):
    at = open_page("filters", layer="block1_conv2", unit="3")
    at.switch_page("pages/neurons.py").run()
    at.segmented_control(key="widget.sort").select("activation").run()
    at.switch_page("pages/heat_maps.py").run()
    assert at.selectbox(key="widget.layer").value == "block1_conv2"
    at.selectbox(key="widget.target").select("Viable").run()
    at.switch_page("pages/filters.py").run()
    assert at.number_input(key="widget.unit").value == 3
    assert url(at) | {"tile": []} == {
        "model": ["toy"],
        "tile": [],
        "layer": ["block1_conv2"],
        "unit": ["3"],
        "class": ["Viable"],
        "sort": ["activation"],
    }


def test_a_view_without_choices_names_network_and_tile(toy):
    from tests import dashboard

    at = dashboard.open_page("read_tile", {}).run()
    first = sources.entries("example")[0].ref.encode()
    assert url(at) == {"model": ["toy"], "tile": [first]}


def _cut_short_once():
    import streamlit as st

    from osteo_ui import sidebar, state

    state.sync()
    if "cut" not in st.session_state:
        st.session_state["cut"] = True
        st.stop()  # as a click does before all is drawn
    sidebar.settle()


def test_a_first_run_cut_short_by_a_click_still_gets_its_tile(toy):
    at = AppTest.from_function(_cut_short_once).run().run()
    first = sources.entries("example")[0].ref.encode()
    assert url(at) == {"model": ["toy"], "tile": [first]}


def _put_and_cut_short_once():
    import streamlit as st

    from osteo_ui import state

    state.enter(st.Page(lambda: None, title="A page", url_path="a_page"))
    state.put("letter", "b")
    st.selectbox("Letter", ["a", "b"], key="letter")
    if "cut" not in st.session_state:
        st.session_state["cut"] = True
        st.stop()
    state.leave()


def test_a_widget_is_told_its_value_until_a_run_came_to_its_end():
    at = AppTest.from_function(_put_and_cut_short_once)
    told = [at.run().selectbox(key="letter").proto.set_value for _ in range(3)]
    assert told == [True, True, False]


def test_changing_the_network_keeps_the_others_to_compare(open_page):
    at = open_page("heat_maps", model=["toy", "plain"])
    at.selectbox(key="widget.network").select("plain").run()
    assert url(at)["model"] == ["plain", "toy"]
    at.selectbox(key="widget.network").select("toy").run()
    assert url(at)["model"] == ["toy", "plain"]


def test_a_link_to_an_upload_asks_for_the_file(open_page):
    data = cv2.imencode(".png", np.full((40, 60, 3), 90, np.uint8))[1].tobytes()
    address = f"upload:{hashlib.sha256(data).hexdigest()[:12]}:mine.png"
    other = cv2.imencode(".png", np.full((40, 60, 3), 91, np.uint8))[1].tobytes()
    at = open_page("heat_maps", tile=[address, "example:Synthetic Viable 1"])
    assert "Upload mine.png again" in said(at)
    assert address.split(":")[1] in said(at)
    files = [("renamed.png", data, "image/png"), ("other.png", other, "image/png")]
    at.file_uploader(key="widget.uploads").set_value(files).run()
    assert "Upload mine.png again" not in said(at)
    assert url(at)["tile"] == [address, "example:Synthetic Viable 1"]
    assert "**renamed.png**: uploaded, 60 × 40 px" in said(at)


def test_nothing_loads_tensorflow_before_a_network_is_asked_for():
    code = (
        "import sys, osteo_ui.services, osteo_ui.sidebar, osteo_ui.tile_picker, osteo_ui.views,"
        "osteo_ui.filter_views, osteo_ui.neuron_views, osteo_ui.heat_views, osteo_ui.class_means;"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=APP.parent, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
