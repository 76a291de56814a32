"""The comparison page: two networks on one tile, and on the labelled ones."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard import Dashboard

pytestmark = pytest.mark.e2e


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
    expect(dashboard.page.get_by_role("region", name=scores)).to_be_visible()
    heading = dashboard.page.get_by_role("heading", name="Where they disagree")
    expect(heading).to_be_visible()
    assert dashboard.query["model"] == ["vgg19-multiclass", "mobilenetv2-multiclass"]
