"""The heat-map page: what is explained, scales, empty maps, and no second computation."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from osteo_core import pictures
from osteo_core.reading import Reading
from osteo_core.tiles import load_tile
from osteo_ui import drawn, services, sources
from tests.dashboard import url
from tests.pages.looking import said


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
    assert full.text["target"] == "Viable"
    assert full.text["bundle_digest"] == toy.digest


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
