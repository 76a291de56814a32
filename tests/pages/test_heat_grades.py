"""The grade beside a heat map: its badge, its rule, masks, and the layers compared by it."""

import io
import json
import re
import time

import numpy as np
import pytest
from PIL import Image

from osteo_core.grades import CRITERIA, RULE, Grade
from osteo_core.tiles import load_tile
from osteo_ui import drawn, heat_services, services, sources
from tests.dashboard import url
from tests.pages.heat_pages import VIABLE, graded, settled
from tests.pages.looking import chart, labels, press, said

pytestmark = pytest.mark.usefixtures("heat_pages")
REAL_GRADE = heat_services.grade_steps


@pytest.fixture
def tiles():
    return [load_tile(sources.tile_path(e.ref)) for e in sources.entries("example")[:2]]


@pytest.mark.parametrize(("badge", "word"), [("pass", "Pass"), ("weak", "Weak"), ("fail", "Fail")])
def test_every_map_has_its_badge_and_a_failed_one_says_so(open_page, monkeypatch, badge, word):
    monkeypatch.setattr(heat_services, "grade_steps", graded(badge, faithfulness=0.25))
    at = open_page("heat_maps", **VIABLE)
    said_now = said(settled(at))
    assert f": {word}]" in said_now
    assert f" This is why: {badge}." in said_now
    assert "| Faithfulness ↑ | **0.25** |" in said_now
    assert ("Do not rely on this map." in said_now) == (badge == "fail")


def test_the_four_questions_stand_apart_each_with_a_word_and_its_figures(open_page, monkeypatch):
    monkeypatch.setattr(heat_services, "grade_steps", REAL_GRADE)
    at = settled(open_page("heat_maps", **VIABLE))
    for title in CRITERIA.values():
        lines = [text.value for text in at.markdown if f"**{title}.**" in text.value]
        assert len(lines) == 1
        assert re.search(r"(Yes|Partly|No|Cannot tell)\] \*\*", lines[0])
        assert "asked for)" in lines[0]


def test_where_a_method_fails_those_that_did_better_are_one_click_away(open_page, monkeypatch):
    badges = {"gradcam": "fail", "eigencam": "pass"}

    def steps(engine, tile, heat, settings, mask=None):
        badge = badges.get(heat.method, "weak")
        return (yield from graded(badge, faithfulness=0.5)(engine, tile, heat, settings))

    monkeypatch.setattr(heat_services, "grade_steps", steps)
    at = settled(open_page("heat_maps", **VIABLE))
    assert "No other method has been graded for Viable on this tile yet." in said(at)
    offer = next(label for label in labels(at) if label.startswith("Try "))
    assert re.fullmatch(r"Try [\w. +()×-]+ \(.*second.*\)", offer)
    settled(open_page("heat_maps", method="eigencam", **VIABLE))
    at = settled(open_page("heat_maps", **VIABLE))
    assert "**Did better for Viable on this tile**" in said(at)
    assert "Eigen-CAM at" in said(at)
    assert not [label for label in labels(at) if label.startswith("Try ")]
    settled(press(at, "Show Eigen-CAM"))
    assert url(at)["method"] == ["eigencam"]
    assert "Pass]" in said(at)
    assert "Did better" not in said(at)


def test_a_failed_map_is_drawn_pale(toy, tiles):
    heat = services.heat_map(services.reading(toy, tiles[0]), "block5_conv4", "Viable")

    def colour(faded):
        png = drawn.heat_png(heat, tiles[0], "viridis", 0.5, 1.0, None, faded)
        return np.ptp(np.asarray(Image.open(io.BytesIO(png))).astype(int), axis=2).mean()

    assert colour(True) < 0.5 * colour(False)


def test_a_grade_is_made_by_itself_with_its_rule_and_curves(open_page, monkeypatch):
    monkeypatch.setattr(heat_services, "grade_steps", REAL_GRADE)
    at = settled(open_page("heat_maps", **VIABLE))
    assert RULE in said(at)
    assert any(f"{word}]" in said(at) for word in ("Pass", "Weak", "Fail"))
    assert "| Pointing game ↑ |" in said(at)  # the shipped tiles have a mask
    assert not at.get("plotly_chart")
    box = next(e for e in at.expander if e.label == "Deletion and insertion curves")
    at.session_state[box.proto.id.rpartition("-")[2]] = True
    names = [trace["name"].rpartition(" ")[0] for trace in chart(at.run())["data"]]
    assert names == ["Grad-CAM", "Edges", "Random, mean"]


def test_grading_can_be_stopped_and_begun_again(open_page, monkeypatch):
    held = []

    def wait(*asked):
        while not held:
            time.sleep(0.01)
            yield 0.2
        return (yield from graded("weak")(*asked))

    monkeypatch.setattr(heat_services, "grade_steps", wait)
    monkeypatch.setattr(heat_services, "grade_seconds", lambda *_: 1.0)  # not this machine's pace
    at = open_page("heat_maps", tile="example:Synthetic Viable 3")
    assert "Grading]" in said(at)
    press(at, "Stop").run()
    assert "Not graded]" in said(at)
    assert "Grading takes about a second on this computer." in said(at)
    held.append(True)
    assert "Weak]" in said(settled(press(at, "Grade")))


def test_a_grade_that_is_shown_no_longer_does_not_hold_up_the_next(open_page, monkeypatch):
    begun = []

    def wait(engine, tile, heat, settings, mask=None):
        begun.append(heat.method)
        while heat.method == "gradcam":
            time.sleep(0.01)
            yield 0.2
        return (yield from graded("weak")(engine, tile, heat, settings))

    monkeypatch.setattr(heat_services, "grade_steps", wait)
    at = open_page("heat_maps", **VIABLE)
    at.selectbox(key="widget.method").select("layercam").run()
    assert "Weak]" in said(settled(at))
    assert begun == ["gradcam", "layercam"]


def test_a_mask_outlines_the_evidence(toy, tiles):
    heat = services.heat_map(services.reading(toy, tiles[0]), "block5_conv4", "Viable")
    mask = np.zeros(tiles[0].pixels.shape[:2], bool)
    mask[100:200, 50:300] = True
    bare, lined = (
        np.asarray(Image.open(io.BytesIO(drawn.heat_png(heat, tiles[0], "grey", 0, 1, m))))
        for m in (None, mask)
    )
    changed = (bare != lined).any(axis=2)
    assert changed[100, 60:290].all()
    assert not changed[110:190, 60:290].any()
    assert not changed[210:].any()
    assert (lined[100, 60:290] == 255).all()


def test_the_wrong_mask_is_told_and_a_right_one_taken(open_page):
    at = open_page("heat_maps", tile="example:Synthetic Non-Tumor 1")
    at.session_state["heat.masks"] = True
    at.run()
    box = next(b for b in at.get("file_uploader") if b.key.startswith("mask."))
    assert "shipped with the tile" in box.label
    box.set_value([("mask.geojson", b'{"type": "Point"}', "application/json")]).run()
    assert any("Received: none in it." in error.value for error in at.error)
    ring = [[10, 10], [10, 90], [90, 90], [90, 10], [10, 10]]
    told = json.dumps({"type": "Polygon", "coordinates": [ring]}).encode()
    box = next(b for b in at.get("file_uploader") if b.key.startswith("mask."))
    box.set_value([("mask.geojson", told, "application/json")]).run()
    box = next(b for b in at.get("file_uploader") if b.key.startswith("mask."))
    assert "uploaded, 3% of the tile" in box.label


def test_the_layers_are_compared_and_the_best_is_named(open_page, monkeypatch):
    worth = {"block1_conv1": 0.1, "block1_conv2": 0.4, "block5_conv4": 0.2}

    def steps(engine, tile, heat, settings, mask=None):
        yield 0.5
        figures = {"faithfulness": worth[heat.layer]}
        return Grade("weak", ("Why.",), figures, settings, heat.meta())

    monkeypatch.setattr(heat_services, "grade_steps", steps)
    at = open_page("heat_maps", beside="layers", tile="example:Synthetic Viable 4")
    assert "at 3 convolutions, each graded: **about" in said(at)
    settled(press(settled(at), "Compare layers"))
    assert "No layer gives a map that passes; the best is **block1_conv2**, faithfulness 0.40" in (
        said(at)
    )
    shown = [label for label in labels(at) if label in worth]
    assert shown == ["block1_conv1", "block1_conv2", "block5_conv4"]
    press(at, "block1_conv2")
    assert url(at)["layer"] == ["block1_conv2"]
    assert "Grad-CAM at `block1_conv2`" in said(at)


@pytest.mark.parametrize(("page", "link"), [("read_tile", {}), ("compare", {"layer": "late"})])
def test_a_map_on_another_page_has_its_grade_or_a_way_to_it(open_page, monkeypatch, page, link):
    made = []

    def steps(engine, tile, heat, settings, mask=None):
        made.append((heat.bundle, heat.method))
        return (yield from graded("fail")(engine, tile, heat, settings))

    monkeypatch.setattr(heat_services, "grade_steps", steps)
    link = link | ({"model": ["toy", "plain"]} if page == "compare" else {})
    at = open_page(page, tile="example:Synthetic Viable 1", **link)
    n = 2 if page == "compare" else 1
    assert said(at).count("Not graded yet]") == n
    assert made == []  # nothing is begun that nobody asked for
    offers = [button for button in at.button if button.label.startswith("Grade it")]
    assert len(offers) == n
    at = settled(offers[0].click().run())
    assert len(made) == 1
    assert "Fail] This is why: fail." in said(at)
    assert said(at).count("Not graded yet]") == n - 1


def test_a_grade_made_elsewhere_is_told_on_the_first_page(open_page):
    settled(open_page("heat_maps", **VIABLE))
    at = open_page("read_tile", **VIABLE)
    assert "Weak] This is why: weak." in said(at)
    assert "Not graded yet" not in said(at)
