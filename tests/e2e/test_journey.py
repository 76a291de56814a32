"""The whole way in one go: upload, filters, neurons, heat map, compare, and a link to a friend."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard import CALL, Visitors
from tests.e2e.made_files import text_file, tile_file

pytestmark = pytest.mark.e2e


def test_one_selection_is_carried_through_all_pages_and_into_a_link(visit: Visitors) -> None:
    first = visit()
    first.open()
    first.segment("Source of tiles", "Upload")
    first.upload(tile_file("biopsy.png", 4), text_file("letter.png"))
    refused = first.role("alert").filter(has_text="letter.png")
    expect(refused).to_be_visible()
    first.wait_until_drawn("read")
    expect(first.text("biopsy.png: uploaded")).to_be_visible()
    called = first.role("heading", level=3, name=CALL).inner_text()

    first.go("Filters")
    first.role("button", name="block1_conv2", exact=True).click()
    expect(first.units("All 64 maps of block1_conv2 on biopsy.png")).to_be_visible()

    first.go("Neurons")
    expect(first.units("Activations of the 512 units of fc1")).to_be_visible()
    expect(first.text("activations on biopsy.png")).to_be_visible()

    first.go("Heat maps")
    predicted = called.rpartition(", ")[0]
    heat = f"Grad-CAM at block1_conv2 for {predicted} over biopsy.png"
    expect(first.picture(heat)).to_be_visible()
    expect(first.text(re.compile(rf"^{predicted}: logit"))).to_be_visible()

    first.go("Compare")
    first.role("button", name=re.compile("^Compare with ")).click()
    first.wait_until_drawn("compare")
    expect(first.picture(re.compile("^Grad-CAM at .* over biopsy.png"))).to_have_count(2)

    friend = visit()
    friend.page.goto(first.page.url)
    expect(friend.text("Upload biopsy.png again")).to_be_visible()
    friend.upload(tile_file("biopsy.png", 4))
    friend.wait_until_drawn("compare")
    expect(friend.picture(heat)).to_be_visible()
