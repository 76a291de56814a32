"""A link is a view: copied, sent, opened by somebody else, or written by nobody in their senses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.dashboard import CALL, PAGES, Dashboard, Visitors
from tests.e2e.made_files import tile_file
from tests.e2e.server import make_run

pytestmark = pytest.mark.e2e


def test_a_copied_link_shows_the_same_view_in_a_new_browser(visit: Visitors) -> None:
    sender = visit()
    sender.open("filters", model="vgg19-multiclass", layer="block5_conv1", unit=9, order="mean")
    sender.wait_until_drawn("filters")
    sender.go("Heat maps")
    sender.choose("Class", "Viable")
    heat = re.compile("^Grad-CAM at block5_conv1 for Viable over ")
    expect(sender.picture(heat)).to_be_visible()

    receiver = visit()
    receiver.page.goto(sender.link(**{"class": "Viable"}))
    expect(receiver.picture(heat)).to_have_attribute("src", _source(sender, heat))
    receiver.go("Filters")
    expect(receiver.picture("Map 9 of block5_conv1 over")).to_be_visible()
    expect(receiver.text("strongest mean first")).to_be_visible()


def _source(visitor: Dashboard, alt: re.Pattern[str]) -> re.Pattern[str]:
    """The picture's address on the server, which is made of its bytes."""
    return re.compile(re.escape(str(visitor.picture(alt).get_attribute("src")).split("?")[0]))


def test_a_link_is_the_first_thing_that_a_fresh_server_is_asked(
    browser: Browser, tmp_path: Path
) -> None:
    with make_run(tmp_path / "log.txt") as fresh:
        visitors = Visitors(browser, fresh.url)
        visitor = visitors()
        visitor.open("metrics", part="validation")
        chosen = visitor.role("radio", name="Validation", exact=True)
        expect(chosen).to_be_checked()
        expect(visitor.page.get_by_role("navigation").get_by_role("link")).to_have_count(len(PAGES))
        visitors.leave()


def test_a_link_to_an_uploaded_tile_asks_for_it_and_takes_it(visit: Visitors) -> None:
    file = tile_file("mine.png", 3)
    sender = visit()
    sender.open(model="vgg19-multiclass")
    sender.segment("Source of tiles", "Upload")
    sender.upload(file)
    call = sender.role("heading", level=3, name=CALL)
    expect(sender.picture("Tile mine.png, H&E stain")).to_be_visible()
    sender.wait_until_drawn("read")
    expect(call).to_be_visible()

    receiver = visit()
    receiver.page.goto(sender.page.url)
    expect(receiver.role("alert")).to_contain_text("Upload mine.png again")
    receiver.upload(file)
    expect(receiver.picture("Tile mine.png, H&E stain")).to_be_visible()
    expect(receiver.role("heading", level=3, name=CALL)).to_have_text(call.inner_text())
    expect(receiver.main.get_by_text("Upload mine.png again")).to_have_count(0)


NONSENSE = {
    "model": "no-such-network",
    "layer": "<script>window.broken = 1</script>",
    "unit": "99999999",
    "class": "Zebra",
    "order": "sideways",
    "opacity": "-3",
    "heat": "rainbow",
}


def test_a_link_of_nonsense_says_so_and_shows_the_default_view(dashboard: Dashboard) -> None:
    dashboard.open("heat_maps", **NONSENSE)
    dashboard.wait_until_drawn("heat_maps")
    expect(dashboard.picture(re.compile("^Grad-CAM at "))).to_be_visible()
    for field in ("model", "unit", "order", "opacity", "heat"):
        expect(dashboard.text(f"The link's {field} was expected to be")).to_be_visible()
    expect(dashboard.text(f"has no such layer as {NONSENSE['layer']}")).to_be_visible()
    expect(dashboard.text("This network has no class Zebra")).to_be_visible()
    expect(dashboard.page.get_by_test_id("stException")).to_have_count(0)
    assert dashboard.page.evaluate("window.broken") is None


def test_a_link_to_a_tile_that_is_not_there_says_so(dashboard: Dashboard) -> None:
    dashboard.open("filters", tile=["example:atlantis", "nonsense"])
    expect(dashboard.text("No example tile has this name. Received: atlantis.")).to_be_visible()
    expect(dashboard.text("The link's tile was expected to be")).to_be_visible()
    expect(dashboard.page.get_by_test_id("stException")).to_have_count(0)
