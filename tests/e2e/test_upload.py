"""Files of one's own: good ones are read, a bad one is refused with a sentence."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard import CALL, Dashboard
from tests.e2e.made_files import text_file, tile_file

pytestmark = pytest.mark.e2e


def test_a_bad_file_is_refused_and_the_good_ones_are_read(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.segment("Source of tiles", "Upload")
    dashboard.upload(
        tile_file("square.png", 1), text_file("letter.png"), tile_file("tall.png", 2, 300, 220)
    )
    refused = dashboard.role("alert")
    expect(refused).to_have_count(1)
    expect(refused).to_contain_text("letter.png")
    expect(refused).to_contain_text("Expected")
    expect(dashboard.text("square.png: uploaded, 256 × 256 px")).to_be_visible()
    expect(dashboard.text("tall.png: uploaded, 220 × 300 px")).to_be_visible()
    expect(dashboard.role("heading", level=3, name=CALL)).to_have_count(2)
    expect(dashboard.picture("Tile letter.png, H&E stain")).to_have_count(0)
    expect(dashboard.page.get_by_test_id("stException")).to_have_count(0)
