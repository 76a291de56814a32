"""The atlas in a browser: picked with the mouse or with keys, and sent once."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.dashboard import Dashboard

pytestmark = pytest.mark.e2e

# Whether the picture has come and was drawn: how many colours there are on the canvas.
_DRAWN = """box => { const canvas = box.querySelector('canvas');
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return new Set(new Uint32Array(data.buffer)).size > 50 }"""


def _maps(dashboard: Dashboard, **query: str) -> Locator:
    dashboard.open("filters", model="vgg19-multiclass", layer="block1_conv2", **query)
    dashboard.wait_until_drawn("filters")
    maps = dashboard.units("All 64 maps of block1_conv2 on")
    expect(maps).to_be_visible()
    dashboard.page.wait_for_function(_DRAWN, arg=maps.element_handle())
    return maps


def _says(box: Locator, words: str | re.Pattern[str]) -> None:
    """What a screen reader is told to be chosen."""
    expect(box.get_by_role("option")).to_have_text(words)


def test_a_click_on_a_map_shows_it_large_and_stands_in_the_link(dashboard: Dashboard) -> None:
    maps = _maps(dashboard, unit="9")
    _says(maps, re.compile(r"^Unit 9, mean \S+, 10 of 64$"))
    maps.click(position={"x": 20, "y": 20})
    _says(maps, re.compile(r"^Unit 0, "))  # before the server has heard of it
    dashboard.link(unit="0")
    expect(dashboard.picture("Map 0 of block1_conv2 over")).to_be_visible()
    _says(maps, re.compile(r"^Unit 0, "))
    maps.hover(position={"x": 20, "y": 20})
    expect(dashboard.main.get_by_text(re.compile(r"^0: \S+mean$"))).to_be_visible()


def test_keys_alone_go_from_map_to_map_and_to_the_card(dashboard: Dashboard) -> None:
    maps = _maps(dashboard, unit="9")
    maps.evaluate("box => { box.mounted = 'once' }")
    maps.focus()
    for key in ("Home", *("ArrowRight",) * 5, "ArrowDown", "ArrowLeft"):
        dashboard.page.keyboard.press(key)
    _says(maps, re.compile(r"^Unit (?!9,)"))
    chosen = re.match(r"Unit (\d+)", maps.get_by_role("option").inner_text())
    assert chosen is not None
    dashboard.link(unit=chosen[1])
    expect(dashboard.picture(f"Map {chosen[1]} of block1_conv2 over")).to_be_visible()
    expect(maps).to_be_focused()
    assert maps.evaluate("box => box.mounted") == "once"
    dashboard.page.keyboard.press("End")
    dashboard.link(unit="63")
    card = dashboard.main_role("link", name="Open the unit's card")
    expect(card).to_have_attribute("href", re.compile("layer=block1_conv2&unit=63"))


def test_another_order_asks_for_no_picture(dashboard: Dashboard) -> None:
    asked: list[str] = []
    dashboard.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    maps = _maps(dashboard, unit="9")
    for picture in dashboard.main_role("img").and_(dashboard.page.locator("img")).all():
        picture.evaluate("image => image.decode()")
    dashboard.page.wait_for_load_state("networkidle")
    before = {path for path in asked if path.startswith("/media/")}
    dashboard.segment("Order", "Maximum")
    _says(maps, re.compile(r"^Unit 9, maximum \S+, \d+ of 64$"))
    expect(dashboard.text("highest maximum first")).to_be_visible()
    # A picture's address is its digest: another one would be another picture.
    assert {path for path in asked if path.startswith("/media/")} == before


def test_a_neuron_is_picked_among_the_bars(dashboard: Dashboard) -> None:
    dashboard.open("neurons", model="vgg19-multiclass", dense="fc2")
    bars = dashboard.units("Activations of the 1024 units of fc2")
    bars.focus()
    dashboard.page.keyboard.press("End")
    dashboard.link(layer="fc2", dense="fc2", unit="1023")
    expect(dashboard.main.get_by_text("Unit 1023", exact=True)).to_be_visible()
    bars.click(position={"x": 300, "y": 150})
    _says(bars, re.compile(r"^Unit (?!1023)\d+, Activation "))
    dashboard.page.wait_for_url(re.compile(r"unit=(?!1023)\d+"))
