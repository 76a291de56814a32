"""The filters page: the paper's layers, orders of the maps, and what can be downloaded."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.dashboard import Dashboard

pytestmark = pytest.mark.e2e


def test_every_map_of_both_layers_is_shown_ordered_and_downloaded(dashboard: Dashboard) -> None:
    dashboard.open("filters", model="vgg19-multiclass")
    _go_to_layer(dashboard, "block1_conv2", 64)
    _go_to_layer(dashboard, "block5_conv4", 512)
    dashboard.segment("Order", "Mean")
    expect(dashboard.text("strongest mean first")).to_be_visible()

    values = np.load(io.BytesIO(dashboard.download("Values")))
    maps, meta = values["values"], json.loads(str(values["meta"]))
    assert maps.dtype == np.float32
    assert maps.ndim == 3
    assert maps.shape[2] == 512
    height, width, _ = maps.shape
    expect(dashboard.text(f"{height} × {width} values each")).to_be_visible()
    assert meta["layer"] == "block5_conv4"

    picture = Image.open(io.BytesIO(dashboard.download("PNG")))
    picture.load()
    assert picture.width >= 32 * width
    order = json.loads(picture.text["order"])
    assert sorted(order) == list(range(512))
    means = maps.mean(axis=(0, 1))[order]
    assert (np.diff(means) <= 1e-6).all()


def _go_to_layer(dashboard: Dashboard, layer: str, count: int) -> None:
    dashboard.role("button", name=layer, exact=True).click()
    maps = dashboard.units(f"All {count} maps of {layer} on")
    expect(maps).to_be_visible()
    expect(maps.get_by_role("option")).to_have_attribute("aria-setsize", str(count))


def test_one_map_is_shown_large_over_the_tile(dashboard: Dashboard) -> None:
    dashboard.open("filters", model="vgg19-multiclass", layer="block5_conv4", unit=17)
    expect(dashboard.picture("Map 17 of block5_conv4 over")).to_be_visible()
    box = dashboard.role("spinbutton", name="Map, 0 to 511")
    box.fill("18")
    box.press("Enter")
    expect(dashboard.picture("Map 18 of block5_conv4 over")).to_be_visible()
    expect(dashboard.chart("Histogram of map 18 of block5_conv4")).to_be_visible()
    dashboard.link(unit="18")
