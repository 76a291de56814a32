"""The comparison page: two networks on one tile, and on the labelled ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard import Dashboard

pytestmark = pytest.mark.e2e

# What a file would have to fetch.
FETCHED = re.compile(
    r"""(?:src|href|srcset|data)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?http|@import"""
)


def test_two_networks_stand_side_by_side(dashboard: Dashboard) -> None:
    dashboard.open("compare", model="vgg19-multiclass")
    expect(dashboard.text("Choose a second network")).to_be_visible()
    dashboard.choose_also("Networks, two to four", re.compile("MobileNet"))
    dashboard.wait_until_drawn("compare")
    maps = dashboard.picture(re.compile("^Grad-CAM at "))
    expect(maps).to_have_count(2)
    assert maps.first.get_attribute("src") != maps.last.get_attribute("src")
    both = re.compile("^vgg19-multiclass: Class prob.*mobilenetv2-multiclass: Class prob")
    expect(dashboard.chart(both)).to_be_visible()
    scores = "Scores of each network on common tiles"
    expect(dashboard.role("region", name=scores)).to_be_visible()
    heading = dashboard.role("heading", name="Where they disagree")
    expect(heading).to_be_visible()
    assert dashboard.query["model"] == ["vgg19-multiclass", "mobilenetv2-multiclass"]


def test_a_count_opens_its_tiles_without_a_mouse(dashboard: Dashboard) -> None:
    dashboard.open("compare", model=["vgg19-multiclass", "mobilenetv2-multiclass"])
    dashboard.wait_until_drawn("compare")
    cell = dashboard.role("button", name=re.compile("both Viable"))
    cell.focus()
    cell.press("Enter")
    expect(dashboard.text("Both call it Viable")).to_be_visible()
    assert dashboard.query["cell"] == ["2,2"]
    tiles = "Both call it Viable"
    expect(dashboard.role("region", name=tiles).first).to_be_visible()


def test_the_report_opens_by_itself(dashboard: Dashboard, tmp_path: Path) -> None:
    dashboard.open("metrics", model="mobilenetv2-multiclass")
    dashboard.role("button", name="Make a report").click()
    ready = dashboard.role("button", name=re.compile(r"^Report, [\d.]+ MB"))
    with dashboard.page.expect_download() as download:
        ready.click()
    file = tmp_path / "report.html"
    download.value.save_as(file)
    text = file.read_text()
    assert "For research and teaching, not diagnosis." in text
    assert not FETCHED.search(text)
    assert "<script" not in text
    context = dashboard.page.context.browser.new_context(offline=True)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    expect(page.get_by_role("heading", name="At a glance")).to_be_visible()
    assert page.evaluate("[...document.images].every(i => i.naturalWidth > 0)")
    assert said == []
    context.close()
