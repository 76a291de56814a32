"""The pages that judge, together: a finding, a threshold, a mistake, each to its end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from osteo_core.bundles import load_bundle
from osteo_core.evaluate.deciding import prepare
from osteo_core.evaluate.decisions import Rule
from osteo_core.evaluate.referral import ReferralRule
from tests.core.audit_cohorts import leaky_cohort
from tests.e2e.conftest import Visitors
from tests.e2e.dashboard import Dashboard

pytestmark = pytest.mark.e2e

NAME = "vgg19-multiclass"


def test_the_shipped_tiles_are_audited_and_a_finding_leads_to_a_tile(
    dashboard: Dashboard, tmp_path: Path
) -> None:
    dashboard.open("cohort")
    dashboard.wait_until_drawn("cohort")
    expect(dashboard.text(re.compile(r"12 tiles of 1 slide and 1 case\."))).to_be_visible()
    expect(dashboard.text("No tile overlaps another across the parts")).to_be_visible()
    dashboard.segment("Show", "Slide map")
    expect(dashboard.text("The names of these tiles tell no places")).to_be_visible()

    leaky_cohort(tmp_path, 24)
    dashboard.open("cohort", cohort=str(tmp_path))
    see = dashboard.main_role("button", name="See the pairs").first
    see.focus()
    see.press("Enter")
    dashboard.link(audit="pairs")
    dashboard.main_role("link", name="Read this tile").first.click()
    title = dashboard.role("heading", level=1, name="Read a tile", exact=True)
    expect(title).to_be_visible()
    dashboard.wait_until_drawn("read")
    assert dashboard.query["tile"][0].startswith("cohort:")


def test_a_threshold_moves_the_figures_and_the_link_holds_it(visit: Visitors) -> None:
    dashboard = visit()
    dashboard.open("decisions", model=NAME, call="thresholds", refer=0, silent=100)
    dashboard.wait_until_drawn("decisions")
    slider = _slider(dashboard, "Threshold of Viable, %")
    expect(dashboard.text(_missed(50))).to_be_visible()
    slider.focus()
    slider.press("End")
    expect(dashboard.text(_missed(99))).to_be_visible()
    assert _missed(99) != _missed(50)
    dashboard.page.wait_for_url(re.compile("threshold=Viable%3A99"))
    dashboard.page.reload()
    expect(dashboard.text(_missed(99))).to_be_visible()
    expect(_slider(dashboard, "Threshold of Viable, %")).to_have_value("99")

    beside, below = _places(dashboard)
    assert beside["x"] + beside["width"] <= below["x"]  # the panel stands beside the figures
    narrow = visit(width=800)
    narrow.open("decisions", model=NAME, call="thresholds")
    narrow.wait_until_drawn("decisions")
    above, below = _places(narrow)
    assert above["y"] + above["height"] <= below["y"]  # and above them where there is no room


def test_mistakes_are_opened_without_a_mouse(dashboard: Dashboard) -> None:
    tiles = load_bundle(NAME).predictions().query("split == 'test'")
    shares = tiles[[column for column in tiles if column.startswith("p_")]]
    calls = shares.idxmax(axis=1).str.removeprefix("p_")
    n = int(((tiles["label"] == "Viable") & (calls == "Non-Tumor")).sum())
    words = f"Viable called Non-Tumor: {n} tile{'' if n == 1 else 's'}"
    dashboard.open("metrics", model=NAME)
    dashboard.wait_until_drawn("metrics")
    cells = dashboard.role("combobox", name="Tiles of a cell", exact=True)
    cells.focus()
    cells.press_sequentially("Viable called Non-Tumor")
    cells.press("Enter")
    expect(dashboard.role("region", name=words).first).to_be_visible()
    dashboard.link(confused="2,0")


def _slider(dashboard: Dashboard, name: str) -> Locator:
    return dashboard.role("slider", name=name)


def _missed(threshold: int) -> str:
    """The key figure of Viable at a threshold, by the library."""
    bundle = load_bundle(NAME)
    ready = prepare(bundle.predictions(), "test", bundle.card.classes)
    limits = tuple(threshold / 100 if c == "Viable" else 0.5 for c in bundle.card.classes)
    decided = ready.decide(Rule("thresholds", limits), ReferralRule(0, 1))
    n = int((decided.truth == decided.classes.index("Viable")).sum())
    return f"{decided.missed()} of {n}"


def _places(dashboard: Dashboard) -> tuple[dict[str, float], dict[str, float]]:
    """Where a slider of the panel is, and where the first figure."""
    panel = _slider(dashboard, "Highest probability below, %").bounding_box()
    figure = dashboard.page.get_by_test_id("stMetricValue").first.bounding_box()
    assert panel is not None
    assert figure is not None
    return dict(panel), dict(figure)
