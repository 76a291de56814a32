"""The neuron loop, walked once around, and its link opened by somebody else."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard import Dashboard, Visitors

pytestmark = pytest.mark.e2e


def test_from_a_place_to_its_unit_to_a_tile_and_back_and_off(visit: Visitors) -> None:
    sender = visit()
    tile = "example:Synthetic Viable 1"
    sender.open("unit", model="vgg19-multiclass", tile=tile, layer="block5_conv4", unit=0)
    sender.wait_until_drawn("unit")
    # place -> unit
    sender.role("application", name=re.compile("block5_conv4:0")).click(
        position={"x": 150, "y": 150}
    )
    there = sender.role("list", name=re.compile("fire at the place"))
    expect(there).to_be_visible()
    row = there.get_by_role("button").first
    unit = str(row.get_attribute("aria-label")).split(",")[0]
    assert re.fullmatch(r"block5_conv4:\d+", unit)
    assert unit != "block5_conv4:0"
    row.click()
    _shows(sender, unit)
    # unit -> the tile that drives it most, among those that are not on view
    strip = sender.role("group", name=f"Tiles that drive {unit} most")
    strip.get_by_role("button", pressed=False).first.click()
    sender.page.wait_for_url(lambda url: "tile=" in url and tile not in unquote_plus(url))
    title = unquote_plus(re.findall(r"tile=example%3A([^&]+)", sender.page.url)[0])
    _shows(sender, unit)
    # that tile's reading
    sender.go("Read a tile")
    sender.wait_until_drawn("read")
    expect(sender.text(title).first).to_be_visible()
    # unit off
    sender.go("Unit")
    _shows(sender, unit)
    sender.segment("Ask more", "Switch off")
    told = re.compile(rf"^Switching off {unit}, .* goes from .* drawn at random")
    expect(sender.text(told)).to_be_visible()
    # the link, elsewhere
    receiver = visit()
    receiver.page.goto(sender.link(panel="off"))
    _shows(receiver, unit)
    expect(receiver.text(told)).to_have_text(sender.text(told).inner_text())


def _shows(visitor: Dashboard, unit: str) -> None:
    expect(visitor.main_role("heading", name=unit, exact=True)).to_be_visible()


def test_keys_step_through_units_and_layers(dashboard: Dashboard) -> None:
    dashboard.open("unit", model="mobilenetv2-multiclass", layer="Conv_1", unit=5)
    expect(dashboard.main_role("button", name="Keys")).to_be_visible()  # they are heard
    dashboard.page.keyboard.press("ArrowRight")
    _shows(dashboard, "Conv_1:6")
    dashboard.page.keyboard.press("m")
    dashboard.link(unit="6", mark="Conv_1:6")
    dashboard.page.keyboard.press("[")
    expect(dashboard.main_role("heading", name=re.compile("^block_16_project:"))).to_be_visible()
    dashboard.page.keyboard.press("?")
    expect(dashboard.role("dialog")).to_contain_text("Unit before, unit after")
    dashboard.page.keyboard.press("Escape")
    expect(dashboard.page.get_by_role("dialog")).to_have_count(0)
    dashboard.go("Find units")
    dashboard.link(mark="Conv_1:6")
