"""Picks that the server hears when their page has been left already."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.dashboard import Dashboard
from tests.e2e.line import Line

pytestmark = pytest.mark.e2e

UNIT = "block5_conv4:119"
TOLD_AGAIN_WITHIN = 3500  # ms; see `insist` in osteo_ui/atlas/common.js


def _picks(line: Line) -> int:
    """How often the browser told the server of a tile picked in the strip."""
    return sum(b"unit.best__events" in message for message in line.said)


def _open(dashboard: Dashboard) -> Locator:
    layer, unit = UNIT.split(":")
    tile = "example:Synthetic Viable 1"
    dashboard.open("unit", model="vgg19-multiclass", tile=tile, layer=layer, unit=unit)
    dashboard.wait_until_drawn("unit")
    # Whatever is being drawn anew: it is clicked while the next page is on its way.
    strip = dashboard.page.get_by_role("group", name=f"Tiles that drive {UNIT} most")
    expect(strip).to_be_visible()
    return strip.get_by_role("button", pressed=False)


def _is_drawn(dashboard: Dashboard, name: str, title: str) -> None:
    dashboard.wait_until_drawn(name)
    expect(dashboard.role("heading", level=1, name=title, exact=True)).to_be_visible()
    expect(dashboard.main.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("what", ["tile", "panel"])
def test_a_click_while_the_next_page_is_on_its_way_does_not_break_it(
    dashboard: Dashboard, line: Line, what: str
) -> None:
    button = _open(dashboard).first
    line.hold()
    dashboard.page.get_by_role("navigation").get_by_role("link", name="Read a tile").click()
    line.wait_for_answer()
    before = len(line.said)
    if what == "tile":
        button.click()
    else:
        dashboard.segment("Ask more", "Switch off")
    dashboard.page.wait_for_timeout(2000)  # the server has drawn the next page, and heard the click
    assert len(line.said) > before
    line.release()
    _is_drawn(dashboard, "read", "Read a tile")
    dashboard.go("Unit")
    _is_drawn(dashboard, "unit", "Unit")


def test_a_pick_is_not_told_again_from_the_next_page(dashboard: Dashboard, line: Line) -> None:
    button = _open(dashboard).first
    line.hold()  # no answer: what was picked would be told again
    button.click()
    line.wait_for_answer()
    dashboard.page.get_by_role("navigation").get_by_role("link", name="Read a tile").click()
    dashboard.page.wait_for_timeout(200)  # for what was said before the click
    told = _picks(line)
    assert told > 0
    line.release()
    _is_drawn(dashboard, "read", "Read a tile")
    dashboard.page.wait_for_timeout(TOLD_AGAIN_WITHIN)
    assert _picks(line) == told
