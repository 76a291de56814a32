"""The filters page: layers, orders, one map large, the table; and the pictures behind them."""

import io

import numpy as np
import pytest
from PIL import Image

from osteo_core.tiles import load_tile
from osteo_ui import drawn, layer_atlas, layers, services, sources
from tests.dashboard import url
from tests.pages.looking import atlas, chart, labels, pick, points, press, said


@pytest.fixture
def first():
    return sources.entries("example")[0]


@pytest.fixture
def reading(toy, first):
    return services.reading(toy, load_tile(sources.tile_path(first.ref)))


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_the_papers_layers_are_a_click_away(open_page):
    at = open_page("filters")
    assert at.selectbox(key="widget.layer").value == "block5_conv4"
    press(at, "block1_conv2")
    assert at.selectbox(key="widget.layer").value == "block1_conv2"
    assert url(at)["layer"] == ["block1_conv2"]
    assert "8 maps of `block1_conv2`, 16 × 16 values each, after relu activation" in said(at)


def test_another_network_offers_its_first_and_last(open_page):
    at = open_page("filters", model="plain", layer="block5_conv4")
    assert {"early", "late"} <= set(labels(at))
    assert at.selectbox(key="widget.layer").value == "late"
    assert "plain has no such layer as block5_conv4: late is shown instead." in said(at)


def test_layers_are_described(open_page):
    at = open_page("filters")
    options = at.selectbox(key="widget.layer").options
    assert options == [
        "block1_conv1: 32 × 32 × 6, sees 3 × 3 px",
        "block1_conv2: 16 × 16 × 8, sees 8 × 8 px",
        "block5_conv4: 8 × 8 × 10, sees 18 × 18 px",
    ]


@pytest.mark.parametrize("order", ["mean", "maximum", "contribution"])
def test_orders_and_the_table_of_the_strongest(open_page, reading, order):
    at = open_page("filters", order=order, **{"class": "Viable"})
    maps = reading.activation("block5_conv4")
    strength = {
        "mean": maps.mean((0, 1)),
        "maximum": maps.max((0, 1)),
        "contribution": reading.contributions("block5_conv4", "Viable"),
    }[order]
    best = np.argsort(-strength, kind="stable")
    table = next(t.value for t in at.dataframe if "Map" in t.value)
    assert table["Map"].tolist() == best.tolist()
    shown = atlas(at, "atlas.maps.0")
    assert shown["order"] == best.tolist()
    assert shown["values"] == pytest.approx(strength.tolist(), rel=1e-3)
    column = {"mean": "Mean", "maximum": "Maximum", "contribution": "Share of score"}[order]
    assert table[column].to_numpy() == pytest.approx(strength[best], rel=1e-5)


def test_one_map_large_with_its_histogram(open_page, reading):
    at = open_page("filters", unit="3")
    values = reading.activation("block5_conv4")[:, :, 3]
    text = f"mean {values.mean():.3g}, maximum {values.max():.3g}"
    assert text in said(at)
    _, shares = points(chart(at)["data"][0])
    assert sum(share or 0 for share in shares) == pytest.approx(1)
    assert shares[0] == pytest.approx((values < values.min() + np.ptp(values) / 48).mean())


def test_a_map_that_is_not_there_is_a_sentence(open_page, reading):
    at = open_page("filters", unit="99")
    assert "This layer has maps 0 to 9: there is no map 99." in said(at)
    strongest = reading.activation("block5_conv4").mean((0, 1)).argmax()
    assert at.number_input(key="widget.unit").value == strongest


def test_a_picked_map_is_shown_large_and_stands_in_the_link(open_page):
    at = open_page("filters", mark=["block5_conv4:2", "block5_conv4:99", "fc1:3"])
    assert atlas(at, "atlas.maps.0")["marked"] == [2]
    pick(at, "atlas.maps.0", 7)
    assert (url(at)["layer"], url(at)["unit"]) == (["block5_conv4"], ["7"])
    assert atlas(at, "atlas.maps.0")["selected"] == 7
    assert at.number_input(key="widget.unit").value == 7
    assert "of map 7 of `block5_conv4`" in said(at)


@pytest.mark.parametrize("nonsense", [10, "7"])
def test_what_the_browser_may_not_send_changes_nothing(open_page, nonsense):
    at = open_page("filters", unit="3")
    pick(at, "atlas.maps.0", nonsense)
    assert not at.exception
    assert url(at)["unit"] == ["3"]


def test_a_fully_connected_layer_on_view_elsewhere_is_no_error_here(open_page, reading):
    at = open_page("filters", layer="fc1", unit="8")
    assert at.selectbox(key="widget.layer").value == "block5_conv4"
    assert "no such layer" not in said(at)
    strongest = int(reading.activation("block5_conv4").mean((0, 1)).argmax())
    assert at.number_input(key="widget.unit").value == strongest
    assert url(at)["layer"] == ["fc1"]
    at.number_input(key="widget.unit").set_value(4).run()
    assert (url(at)["layer"], url(at)["unit"]) == (["block5_conv4"], ["4"])


def test_four_tiles_share_order_and_scale(open_page):
    names = [entry.ref.encode() for entry in sources.entries("example")[:3]]
    at = open_page("filters", tile=names, scale="layer", order="mean")
    orders = [atlas(at, f"atlas.maps.{i}")["order"] for i in range(3)]
    assert orders[0] == orders[1] == orders[2]
    assert "strongest mean first in Synthetic Non-Tumor 1; all maps on one scale" in said(at)


def test_a_mosaic_holds_each_map_in_its_place(reading):
    maps = reading.activation("block5_conv4")
    order = tuple(range(10))[::-1]
    picture = pixels(drawn.mosaic_png(reading, "block5_conv4", order, "grey", 5))
    cell = (picture.shape[1] + 2) // 5
    for place, unit in enumerate(order):
        y, x = divmod(place, 5)
        corner = picture[y * cell : y * cell + cell - 2, x * cell : x * cell + cell - 2, 0]
        low, high = maps[:, :, unit].min(), maps[:, :, unit].max()
        expected = np.rint((maps[0, 0, unit] - low) / max(high - low, 1e-9) * 255)
        assert corner[0, 0] == pytest.approx(expected, abs=1)


def test_the_picture_of_an_atlas_holds_each_map_in_its_place(reading):
    sheet = layer_atlas.sheet(reading, "block5_conv4", "grey")
    maps = reading.activation("block5_conv4")
    assert (sheet.count, sheet.cell) == (10, maps.shape[1::-1])
    picture = np.asarray(Image.open(io.BytesIO(sheet.png)).convert("RGB"))
    (width, height), spread = sheet.cell, np.ptp(maps, axis=(0, 1))
    for unit in np.flatnonzero(spread):
        y, x = divmod(int(unit), sheet.columns)
        cell = picture[y * height : (y + 1) * height, x * width : (x + 1) * width, 0]
        expected = (maps[:, :, unit] - maps[:, :, unit].min()) / spread[unit] * 255
        assert np.abs(cell - expected).max() <= 1


def test_a_common_scale_dims_weaker_maps(reading):
    maps = reading.activation("block5_conv4")
    ends = layers.common_limits([reading], "block5_conv4")
    assert ends == pytest.approx((maps.min(), maps.max()))
    peaks = maps.max((0, 1))
    unit = int(np.where(peaks > 0, peaks, np.inf).argmin())  # the weakest that fires
    own = pixels(drawn.mosaic_png(reading, "block5_conv4", (unit,), "grey", 1))
    shared = pixels(drawn.mosaic_png(reading, "block5_conv4", (unit,), "grey", 1, ends))
    assert own.max() == 255
    assert shared.max() == pytest.approx(255 * peaks[unit] / maps.max(), abs=1)


def test_numbers_stand_on_a_margin_that_is_clear(reading):
    order = tuple(range(10))
    plain = pixels(drawn.mosaic_png(reading, "block5_conv4", order, "grey", 5))
    marked = pixels(drawn.mosaic_png(reading, "block5_conv4", order, "grey", 5, ticks=True))
    top, left = (a - b for a, b in zip(marked.shape[:2], plain.shape[:2], strict=True))
    assert top > 0
    assert left > 0
    assert (marked[top:, left:, :3] == plain).all()
    assert (marked[:, :left, 3] == 0).any()
    assert (marked[:, :left, 3] > 0).any()


@pytest.mark.parametrize(
    ("count", "tiles", "columns"),
    [(1, 1, 1), (64, 1, 8), (64, 4, 8), (256, 2, 16), (512, 1, 32), (512, 2, 16), (1280, 4, 32)],
)
def test_columns_of_a_mosaic(count, tiles, columns):
    assert layers.mosaic_columns(count, tiles) == columns
