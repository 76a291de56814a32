"""The grid of heat maps: its cells are graded, are files, and lead to the page of heat maps."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.dashboard import Dashboard

pytestmark = pytest.mark.e2e

LINK = {"model": "mobilenetv2-multiclass", "row": ["gradcam", "layercam"]}
BADGE = re.compile(r"(Pass|Weak|Fail)$")  # behind its icon's name


def test_a_grid_is_graded_and_leads_to_its_maps(dashboard: Dashboard) -> None:
    dashboard.open("heat_grid", **LINK, tile="example:Synthetic Viable 1")
    dashboard.wait_until_drawn("heat_grid")
    maps = dashboard.picture(re.compile(r" at \S+ for .* over Synthetic Viable 1"))
    expect(maps).to_have_count(6)
    expect(dashboard.text(BADGE)).to_have_count(6)
    expect(dashboard.main.get_by_role("button", name="Stop")).to_have_count(0)
    expect(dashboard.text("Mean pairwise rank correlation")).to_be_visible()
    expect(dashboard.picture(re.compile("^Consensus of 2 methods"))).to_be_visible()

    rows = list(csv.DictReader(io.StringIO(dashboard.download("Numbers").decode())))
    assert {row["badge"] for row in rows} <= {"pass", "weak", "fail"}
    told = json.loads(Image.open(io.BytesIO(dashboard.download("Grid"))).text["osteo"])
    digests = [row["values_sha256"] for row in rows]
    assert [one["values_sha256"] for one in told["grid"]] == digests
    names = zipfile.ZipFile(io.BytesIO(dashboard.download("Maps"))).namelist()
    assert len(names) == 7

    dashboard.segment("Columns", "Layers")
    expect(dashboard.role("combobox", name="Layers, one a column")).to_be_visible()
    assert dashboard.link(columns="layers")
    dashboard.segment("Columns", "Classes")
    expect(maps).to_have_count(6)
    dashboard.main_role("link", name="Open").last.click()
    title = dashboard.role("heading", level=1, name="Heat maps", exact=True)
    expect(title).to_be_visible()
    expect(dashboard.picture(re.compile("^LayerCAM at Conv_1 for Viable over"))).to_be_visible()
    assert dashboard.link(method="layercam", layer="Conv_1")
