"""The neurons page: the plot, the dead units, and the table behind both."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard import Dashboard

pytestmark = pytest.mark.e2e


def test_units_are_plotted_counted_and_listed(dashboard: Dashboard) -> None:
    dashboard.open("neurons", model="vgg19-multiclass")
    expect(dashboard.units("Activations of the 512 units of fc1")).to_be_visible()
    expect(dashboard.role("region", name="Strongest units of fc1")).to_be_visible()
    units = pd.read_csv(io.BytesIO(dashboard.download("CSV")))
    assert list(units["Unit"]) == list(range(512))
    dead = int((units.iloc[:, 1] == 0).sum())
    expect(dashboard.page.get_by_test_id("stMetricValue").first).to_have_text(str(dead))
    expect(dashboard.text(f"{dead / 512:.0%} of 512 units")).to_be_visible()


def test_units_are_sorted_by_contribution_to_a_class(dashboard: Dashboard) -> None:
    dashboard.open("neurons", model="vgg19-multiclass", dense="fc2", **{"class": "Viable"})
    expect(dashboard.units("Activations of the 1024 units of fc2")).to_be_visible()
    dashboard.segment("Sort by", "Contribution")
    expect(dashboard.text("sorted by contribution to the logit of Viable")).to_be_visible()
    units = pd.read_csv(io.BytesIO(dashboard.download("CSV")))
    assert units["Contribution"].abs().max() > 0
