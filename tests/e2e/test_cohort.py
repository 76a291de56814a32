"""The page Cohort: an audit that ends, a leak side by side, a tile picked on the slide map."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.core.audit_cohorts import leaky_cohort
from tests.e2e.dashboard import Dashboard

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-four tiles of four slides, and a copy of the first in another part."""
    folder = tmp_path_factory.mktemp("cohort")
    leaky_cohort(folder, 24)
    return folder


def test_a_leak_is_found_and_its_tile_read(dashboard: Dashboard, folder: Path) -> None:
    dashboard.open("cohort", cohort=str(folder))
    leak = "1 pair of tiles that show one picture lie across the parts of the split"
    expect(dashboard.text(re.compile(leak))).to_be_visible()
    dashboard.segment("Show", "Pairs")
    expect(dashboard.picture(re.compile("^Tile .*zcopy-0.jpg"))).to_be_visible()
    read = dashboard.main_role("link", name="Read this tile")
    expect(read).to_have_count(2)
    read.last.click()
    title = dashboard.role("heading", level=1, name="Read a tile", exact=True)
    expect(title).to_be_visible()
    expect(dashboard.text(re.compile("zcopy-0"))).not_to_have_count(0)
    assert dashboard.query["source"] == ["cohort"]


def test_a_tile_is_picked_on_the_map(dashboard: Dashboard, folder: Path) -> None:
    dashboard.open("cohort", cohort=str(folder), audit="map")
    chart = dashboard.chart(re.compile("tiles of .* at their places, coloured by label"))
    expect(chart).to_be_visible()
    expect(dashboard.page.get_by_test_id("stSkeleton")).to_have_count(0)
    square = chart.locator(".scatterlayer .point").first
    box = square.bounding_box()
    assert box is not None
    dashboard.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(dashboard.main_role("link", name="Read this tile")).to_be_visible()
    assert dashboard.query["tile"][0].startswith("cohort:")
    dashboard.segment("Colour", "Confidence")
    expect(dashboard.chart(re.compile("coloured by confidence"))).to_be_visible()
