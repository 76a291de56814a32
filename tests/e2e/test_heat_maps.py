"""The heat-map page: another class is another map, what a map costs, and how far to trust it."""

from __future__ import annotations

import hashlib
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.e2e.dashboard import PATIENCE, Dashboard

pytestmark = pytest.mark.e2e

CLASSES = ("Non-Tumor", "Non-Viable-Tumor", "Viable")


def test_another_class_is_another_map(dashboard: Dashboard) -> None:
    dashboard.open("heat_maps", model="vgg19-multiclass")
    dashboard.wait_until_drawn("heat_maps")
    pictures = set()
    for name in CLASSES:
        dashboard.choose("Class", name)
        map_ = _map(dashboard, name)
        expect(map_).to_be_visible()
        expect(dashboard.text(re.compile(rf"^{name}: logit -?\d+\.\d\d"))).to_be_visible()
        pictures.add(map_.get_attribute("src"))
        assert dashboard.link(**{"class": name})
    assert len(pictures) > 1  # two may be empty alike, where nothing speaks for a class


def test_the_legend_is_in_the_units_of_the_downloaded_values(dashboard: Dashboard) -> None:
    dashboard.open("heat_maps", model="mobilenetv2-multiclass", layer="block_13_expand")
    dashboard.wait_until_drawn("heat_maps")
    _wait_for_the_grade(dashboard)  # it draws the page anew: a file asked for just then is lost
    file = np.load(io.BytesIO(dashboard.download("Values")))
    values, meta = file["values"], json.loads(str(file["meta"]))
    assert values.ndim == 2
    assert values.min() >= 0
    assert meta["layer"] == "block_13_expand"
    assert meta["target"] in CLASSES
    expect(_map(dashboard, meta["target"])).to_be_visible()
    expect(dashboard.picture(f"viridis: 0 to {values.max():.3g}")).to_be_visible()


def test_opacity_and_colours_change_the_picture_only(dashboard: Dashboard) -> None:
    dashboard.open("heat_maps", model="mobilenetv2-multiclass", **{"class": "Viable"})
    map_ = _map(dashboard, "Viable")
    expect(map_).to_be_visible()
    _wait_for_the_grade(dashboard)
    logit = dashboard.text("Viable: logit").inner_text()
    before = str(map_.get_attribute("src"))
    dashboard.role("slider", name="Opacity over the tile").press("ArrowRight")
    expect(map_).not_to_have_attribute("src", before)
    dashboard.link(opacity="55")
    dashboard.choose("Colours", "magma")
    expect(dashboard.picture(re.compile("^magma: 0 to "))).to_be_visible()
    expect(dashboard.text("Viable: logit")).to_have_text(logit)


def test_a_slow_method_is_told_computed_graded_and_kept(dashboard: Dashboard) -> None:
    dashboard.open(
        "heat_maps",
        model="mobilenetv2-multiclass",
        tile="example:Synthetic Viable 1",
        set="smoothgrad.samples:48",
        **{"class": "Viable"},
    )
    dashboard.wait_until_drawn("heat_maps")
    dashboard.choose("Method", re.compile("^SmoothGrad"))
    cost = re.compile(r"^SmoothGrad at the input: about .+ on this computer \(120 forward passes\)")
    expect(dashboard.text(cost)).to_be_visible()
    expect(dashboard.text("SmoothGrad is not computed yet.")).to_be_visible()
    dashboard.role("button", name="Compute").click()
    made = dashboard.picture(re.compile("^SmoothGrad at the input for Viable over Synthetic"))
    expect(made).to_be_visible()
    dashboard.link(method="smoothgrad")

    table = dashboard.main_role("table").filter(has_text="Held against")
    expect(table).to_be_visible(timeout=4 * PATIENCE)  # the first grade of a network compiles
    expect(table.get_by_role("row", name=re.compile("^Faithfulness"))).to_be_visible()
    _wait_for_the_grade(dashboard)
    dashboard.text("Deletion and insertion curves").click()
    expect(dashboard.chart(re.compile("^Deletion curve on Synthetic Viable 1"))).to_be_visible()
    expect(dashboard.chart(re.compile("^Insertion curve on Synthetic Viable 1"))).to_be_visible()

    meta = json.loads(Image.open(io.BytesIO(dashboard.download("PNG"))).text["osteo"])
    values = np.load(io.BytesIO(dashboard.download("Values")))["values"]
    assert meta["method"] == "smoothgrad"
    assert meta["layer"] == "input"
    assert meta["parameters"]["samples"] == 48
    assert meta["drawing"]["colours"] == "viridis"
    assert meta["values_sha256"] == hashlib.sha256(values.tobytes()).hexdigest()
    assert dashboard.broken_pictures() == []


def _wait_for_the_grade(dashboard: Dashboard) -> None:
    badge = dashboard.text(re.compile(r"(Pass|Weak|Fail)$")).first
    expect(badge).to_be_visible(timeout=4 * PATIENCE)  # the first grade of a network compiles


def _map(dashboard: Dashboard, target: str) -> Locator:
    return dashboard.picture(re.compile(rf"^Grad-CAM at \w+ for {target} over "))
