"""The decisions page: one panel, and the tables that follow it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from osteo_core.bundles import load_bundle
from osteo_core.evaluate.deciding import prepare
from osteo_core.evaluate.decisions import Rule
from osteo_core.evaluate.referral import ReferralRule
from tests.e2e.dashboard import Dashboard

pytestmark = pytest.mark.e2e

NAME = "vgg19-multiclass"


def referred(below: int) -> int:
    bundle = load_bundle(NAME)
    ready = prepare(bundle.predictions(), "test", bundle.card.classes)
    return ready.decide(Rule(), ReferralRule(below / 100, 1.0)).n_referred


def test_a_slider_moved_by_the_keyboard_redraws_the_tables_and_the_link(
    dashboard: Dashboard,
) -> None:
    dashboard.open("decisions", model=NAME, refer=94, silent=100)
    dashboard.wait_until_drawn("decisions")
    expect(dashboard.text(f"{referred(94)} of 135 tiles")).to_be_visible()
    assert referred(95) > referred(94)
    slider = dashboard.role("slider", name="Highest probability below, %")
    slider.focus()
    slider.press("ArrowRight")
    expect(dashboard.text(f"{referred(95)} of 135 tiles")).to_be_visible()
    said = re.compile(r"^What became of the tiles\. Non-Tumor: ")
    expect(dashboard.chart(said)).to_be_visible()
    assert dashboard.link(refer="95")
    panel = dashboard.page.get_by_text("Ask a person")
    dashboard.role("heading", name="The tiles", exact=True).scroll_into_view_if_needed()
    expect(panel).to_be_in_viewport()  # the panel stays while the tables are scrolled


def test_the_necrosis_meter_says_that_it_is_for_research(dashboard: Dashboard) -> None:
    dashboard.open("decisions", model=NAME)
    dashboard.wait_until_drawn("decisions")
    expect(dashboard.text("Research only.")).to_be_visible()
    expect(dashboard.chart(re.compile("^Share of dead tumour "))).to_be_visible()
    assert dashboard.download("CSV").startswith(b"class,tiles,")
