"""The heat-map page: what is asked, what it costs, what is drawn, and the grade beside it."""

import io
import json
import time

import numpy as np
import pytest
from PIL import Image

from osteo_core import pictures
from osteo_core.errors import ModelError
from osteo_core.explain import INPUT, find_method, methods
from osteo_core.explain.again import read_saved
from osteo_core.reading import Reading
from osteo_core.tiles import load_tile
from osteo_ui import drawn, heat_services, heat_views, heat_words, services, sources
from tests.dashboard import url
from tests.pages.heat_pages import VIABLE, settled
from tests.pages.looking import labels, press, said

pytestmark = pytest.mark.usefixtures("heat_pages")


@pytest.fixture
def tiles():
    return [load_tile(sources.tile_path(e.ref)) for e in sources.entries("example")[:2]]


def test_what_was_explained_is_said(open_page, toy, tiles):
    at = open_page("heat_maps", **{"class": "Viable", "layer": "block1_conv2"})
    heat = services.reading(toy, tiles[0]).heatmap("gradcam", "block1_conv2", "Viable")
    assert f"**Viable**: logit {heat.target_logit:.2f}, " in said(at)
    assert f"probability {heat.target_probability:.1%}" in said(at)
    assert f"{heat.values.max():.3g}" in [element.value for element in at.caption]
    assert "gradient of the class's logit (before softmax)" in said(at)


def test_the_predicted_class_is_the_default(open_page, toy, tiles):
    at = open_page("heat_maps")
    predicted = services.reading(toy, tiles[0]).predicted
    assert at.selectbox(key="widget.target").value == ""
    assert f"**{predicted}**: logit" in said(at)
    assert "as predicted" in said(at)


def test_an_empty_map_says_why(open_page):
    at = open_page("heat_maps", **{"class": "Non-Tumor"})
    why = "The score of Non-Tumor does not depend on block5_conv4 here: every gradient is zero."
    assert why in [element.value for element in at.warning]


def test_drawing_it_otherwise_computes_nothing(open_page, monkeypatch):
    at = open_page("heat_maps", **{"class": "Viable"})
    asked = []
    monkeypatch.setattr(Reading, "heatmap", lambda *a, **k: asked.append(a))
    at.slider(key="widget.opacity").set_value(85).run()
    at.selectbox(key="widget.heat_colours").select("magma").run()
    assert not at.exception
    assert asked == []
    assert url(at)["opacity"] == ["85"]
    assert url(at)["heat"] == ["magma"]


def test_tiles_can_share_a_scale(open_page, toy, tiles):
    names = [entry.ref.encode() for entry in sources.entries("example")[:2]]
    at = open_page("heat_maps", tile=names, **{"class": "Viable"})
    highs = [
        float(services.reading(toy, tile).heatmap("gradcam", target="Viable").values.max())
        for tile in tiles
    ]
    ends = [f"{high:.3g}" for high in highs]
    assert [c.value for c in at.caption if c.value in ends] == ends
    at.segmented_control(key="widget.heat_scale").select("shared").run()
    assert [c.value for c in at.caption if c.value in ends] == [f"{max(highs):.3g}"] * 2


def test_the_picture_is_tile_and_map_mixed(toy, tiles):
    heat = services.heat_map(services.reading(toy, tiles[0]), "block5_conv4", "Viable")
    bare = np.asarray(Image.open(io.BytesIO(drawn.heat_png(heat, tiles[0], "grey", 0.0, 1.0))))
    assert (bare == tiles[0].pixels).all()
    full = Image.open(io.BytesIO(drawn.heat_png(heat, tiles[0], "grey", 1.0, 1e9)))
    assert not np.asarray(full).any()
    assert json.loads(full.text["osteo"])["target"] == "Viable"


def test_the_float_download_is_the_raw_map(toy, tiles):
    heat = services.heat_map(services.reading(toy, tiles[0]), "block5_conv4", "Viable")
    with np.load(io.BytesIO(pictures.float_download(heat.values, heat.meta()))) as file:
        assert (file["values"] == heat.values).all()
        meta = json.loads(str(file["meta"]))
    assert meta["explains"] == "logit"
    assert meta["layer"] == "block5_conv4"


def test_a_class_the_network_has_not(open_page):
    at = open_page("heat_maps", model="plain", **{"class": "Non-Viable-Tumor"})
    assert "This network has no class Non-Viable-Tumor" in said(at)
    assert at.selectbox(key="widget.target").value == ""


@pytest.fixture
def slow(monkeypatch):
    """Make every method one that is not computed without being asked for."""
    monkeypatch.setattr(heat_services, "AT_ONCE_S", -1.0)
    monkeypatch.setattr(heat_services, "ONE_GRADIENT", -1.0)


def test_a_slow_method_says_what_it_costs_and_waits(open_page, slow, monkeypatch):
    monkeypatch.setattr("osteo_ui.unit_services.forward_seconds", lambda engine: 0.5)
    at = open_page("heat_maps", method="rise", set="rise.masks:28", **VIABLE)
    assert "RISE at the input: **about 14 s** on this computer (28 forward passes)" in said(at)
    assert "RISE is not computed yet." in said(at)
    assert "PNG" not in labels(at)
    settled(press(at, "Compute"))
    assert "Compute" not in labels(at)
    assert "**Viable**: logit" in said(at)


def test_a_slow_map_can_be_stopped_and_asked_for_again(open_page, slow, monkeypatch):
    held = []

    def wait(self, *asked):
        while not held:
            time.sleep(0.01)
            yield 0.5
        return (yield from steps(self, *asked))

    steps = Reading.heatmap_steps
    monkeypatch.setattr(Reading, "heatmap_steps", wait)
    at = press(open_page("heat_maps", method="saliency", **VIABLE), "Compute")
    assert "Compute" not in labels(at)
    press(at, "Stop").run()
    assert "Compute" in labels(at)
    held.append(True)
    settled(press(at, "Compute"))
    assert "**Viable**: logit" in said(at)


def test_what_goes_wrong_in_a_slow_map_is_a_sentence(open_page, slow, monkeypatch):
    def fail(self, *asked):
        yield 0.1
        raise ModelError("Expected it to work. Received: no.")

    monkeypatch.setattr(Reading, "heatmap_steps", fail)
    at = settled(press(open_page("heat_maps", method="gradient_x_input", **VIABLE), "Compute"))
    assert "Expected it to work. Received: no." in [element.value for element in at.error]
    assert "Compute" in labels(at)


def test_a_method_starts_at_its_own_place_and_leads_back(open_page):
    at = open_page("heat_maps", layer="block1_conv2", **VIABLE)
    at.selectbox(key="widget.method").select("saliency").run()
    assert at.selectbox(key="widget.layer").value == INPUT
    assert "Saliency at the network's input of 32 × 32 px" in said(at)
    at.selectbox(key="widget.layer").select("block1_conv1").run()
    assert url(at)["layer"] == ["block1_conv1"]
    at.selectbox(key="widget.layer").select(INPUT).run()
    at.selectbox(key="widget.method").select("layercam").run()
    assert at.selectbox(key="widget.layer").value == "block1_conv2"
    assert url(at)["method"] == ["layercam"]


def test_a_label_of_before_a_setting_changed_the_costs_is_understood():
    for name, method in methods().items():
        for passes in (0.1, 1.0, 256.0):
            assert heat_words.method_of(heat_words.label(method, passes)) == name
        assert heat_words.method_of(name) == name


def test_the_class_can_be_held_against_another(open_page, toy):
    at = open_page("heat_maps", versus="Non-Tumor", **VIABLE)
    tile = load_tile(sources.tile_path(sources.entries("example")[8].ref))
    reading = services.reading(toy, tile)
    difference = reading.logits[2] - reading.logits[0]
    assert f"**Rather than Non-Tumor**: {difference:+.2f} between the two logits" in said(at)
    assert "The score is the difference of the two logits." in said(at)
    at.selectbox(key="widget.versus").select("Viable").run()
    assert "Rather than" not in "".join(element.value for element in at.markdown)


def test_settings_are_part_of_the_link(open_page):
    at = open_page("heat_maps", method="smoothgrad", set="smoothgrad.samples:3", **VIABLE)
    samples = at.number_input(key="set.smoothgrad.samples")
    assert samples.value == 3
    samples.set_value(4).run()
    assert url(at)["set"] == ["smoothgrad.samples:4"]
    press(at, "Back to the defaults")
    assert "set" not in url(at)
    assert at.number_input(key="set.smoothgrad.samples").value == 16


@pytest.mark.parametrize("text", ["smoothgrad.samples:many", "smoothgrad.samples:0", "rise.x:1"])
def test_a_setting_that_cannot_be_is_passed_over(text):
    method = find_method("smoothgrad")
    assert heat_services.settings_of(method, (text,)) == method.settings({})


def test_a_signed_map_has_zero_in_the_middle(open_page, toy):
    at = open_page("heat_maps", method="hirescam", **VIABLE)
    tile = load_tile(sources.tile_path(sources.entries("example")[8].ref))
    heat = services.reading(toy, tile).heatmap("hirescam", target="Viable")
    signed = find_method("hirescam").signed
    high = f"{heat_views.highest(heat):.3g}"
    ends = [c.value for c in at.caption if c.value.lstrip("-") == high]
    assert ends == ([f"-{high}", high] if signed else [high])


def test_the_middle_of_a_signed_map_is_white(toy, tiles):
    heat = services.heat_map(services.reading(toy, tiles[0]), INPUT, "Viable", "gradient_x_input")
    nothing = drawn.heat_png(heat, tiles[0], "blue-red", 1.0, 1e9)
    pixels = np.asarray(Image.open(io.BytesIO(nothing))).astype(int)
    assert heat.signed
    assert pixels.min() > 240


def test_a_picture_tells_how_to_make_it_again(toy, tiles, tmp_path):
    reading = services.reading(toy, tiles[0])
    heat = services.heat_map(reading, INPUT, "Viable", "smoothgrad", None, {"samples": 2})
    file = tmp_path / "map.png"
    file.write_bytes(drawn.heat_png(heat, tiles[0], "magma", 0.5, 2.0))
    saved = read_saved(file)
    assert saved.digest == heat.values_sha256
    assert saved.meta["parameters"]["samples"] == 2
    assert saved.meta["drawing"]["colours"] == "magma"
    assert saved.meta["drawing"]["high"] == 2.0
