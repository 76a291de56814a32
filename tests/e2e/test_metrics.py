"""The metrics page: its numbers are those of the stored predictions."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from playwright.sync_api import expect

from osteo_core.bundles import load_bundle
from tests.e2e.dashboard import Dashboard

pytestmark = pytest.mark.e2e

NAME = "vgg19-multiclass"


def test_accuracy_and_confusion_are_those_of_the_stored_predictions(dashboard: Dashboard) -> None:
    everything = load_bundle(NAME).predictions()
    dashboard.open("metrics", model=NAME)
    for part, words in (("test", "Test"), ("validation", "Validation")):
        dashboard.segment("Part of the split", words)
        tiles = everything[everything["split"] == part]
        right = _calls(tiles) == tiles["label"]
        expect(dashboard.text(f"{len(tiles)} tiles").first).to_be_visible()
        accuracy = dashboard.page.get_by_test_id("stMetricValue").first
        expect(accuracy).to_have_text(f"{right.mean():.1%}")
        expect(dashboard.chart(_confusion(tiles))).to_be_visible()
    dashboard.wait_until_drawn("metrics")
    expect(dashboard.chart(re.compile("^ROC curves: Non-Tumor AUC"))).to_be_visible()
    expect(dashboard.chart(re.compile("^Loss and accuracy over"))).to_be_visible()


def test_a_click_on_a_cell_opens_its_tiles_and_another_closes_it(dashboard: Dashboard) -> None:
    tiles = load_bundle(NAME).predictions().query("split == 'test'")
    wrong = tiles[(tiles["label"] == "Non-Tumor") & (_calls(tiles) == "Non-Viable-Tumor")]
    dashboard.open("metrics", model=NAME)
    dashboard.wait_until_drawn("metrics")
    chart = dashboard.chart(re.compile("^Confusion matrix"))
    plot = chart.first.locator(".nsewdrag").first
    box = plot.bounding_box()
    assert box is not None
    middle = {"x": box["width"] / 2, "y": box["height"] / 6}  # first row, second of three columns
    plot.click(position=middle, force=True)
    said = f"Non-Tumor called Non-Viable-Tumor: {len(wrong)} tile"
    expect(dashboard.text(re.compile(rf"^{said}s?, the surest first"))).to_be_visible()
    dashboard.link(confused="0,1")
    plot.click(position=middle, force=True)
    expect(dashboard.main.get_by_text("the surest first")).to_have_count(0)


def _calls(tiles: pd.DataFrame) -> pd.Series:
    shares = tiles[[column for column in tiles if column.startswith("p_")]]
    return shares.idxmax(axis=1).str.removeprefix("p_")


def _confusion(tiles: pd.DataFrame) -> re.Pattern[str]:
    counts = pd.crosstab(tiles["label"], _calls(tiles))
    row = counts.loc["Viable"]
    return re.compile(rf"^Confusion matrix\..*Viable: .*{row['Viable']} called Viable$")
