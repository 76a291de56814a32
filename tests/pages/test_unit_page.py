"""The unit page: a unit's card, and every way from it to another unit, tile or class."""

import io
import shutil
import time

import numpy as np
import pandas as pd
import pytest

from osteo_core.bundles import load_bundle
from osteo_core.explain.ablation import scan_table, switched_off
from osteo_core.explain.cards import unit_card
from osteo_core.explain.fields import effective_field
from osteo_core.explain.places import units_at
from osteo_core.tiles import load_tile
from osteo_core.unit_index import build_index, gallery_cohort, open_index, summarise, write_summary
from osteo_core.units import Unit
from osteo_ui import services, sources, unit_changes, unit_late, unit_scan
from tests.dashboard import url
from tests.pages.looking import atlas, chart, pick, press, said

LAYER = "block5_conv4"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(unit_late, "REST_S", 0)


@pytest.fixture
def reading(toy):
    return services.reading(toy, load_tile(sources.tile_path(sources.entries("example")[0].ref)))


@pytest.fixture
def firing(reading):
    """Units of the last convolution that fire, strongest mean first."""
    maps = reading.activation(LAYER)
    return [int(i) for i in np.argsort(-maps.mean((0, 1))) if maps[..., i].any()]


@pytest.fixture(scope="session")
def indexed_models(toy_models, tmp_path_factory):
    """The toys once more, `toy` with the index of the gallery and a summary of it."""
    from osteo_core import open_model

    folder = tmp_path_factory.mktemp("indexed") / "models"
    shutil.copytree(toy_models, folder)
    index = folder / "toy" / "gallery"
    list(build_index(open_model(folder / "toy"), gallery_cohort(), index))
    write_summary(summarise(open_index(index), "all"), folder / "toy" / "units.npz")
    return folder


@pytest.fixture
def indexed(toy, indexed_models, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(indexed_models))
    return load_bundle(indexed_models / "toy")


def now(at):
    return {key: url(at).get(key, [""])[0] for key in ("layer", "unit")}


def names(at, key):
    return [row["name"] for row in atlas(at, key)["rows"]]


def test_the_card_of_a_unit(open_page, reading, firing):
    at = open_page("unit", layer=LAYER, unit=str(firing[0]), **{"class": "Viable"})
    card = unit_card(reading, Unit(LAYER, firing[0]), "Viable")
    assert f"`{LAYER}:{firing[0]}`" in said(at)
    assert f"**{card.value:.3g}** | **{card.place[0]}, {card.place[1]}**" in said(at)
    rows = atlas(at, "unit.classes")["rows"]
    assert [row["value"] for row in rows] == pytest.approx(card.contributions.tolist())
    every = reading.contributions_by_class(LAYER)[:, reading.classes.index("Viable")]
    bars = atlas(at, "unit.ranking")
    assert bars["order"] == np.argsort(-every, kind="stable").tolist()
    assert bars["order"].index(firing[0]) + 1 == card.rank
    assert bars["selected"] == firing[0] == atlas(at, "unit.maps")["selected"]


def framed(at):
    """The frames on the tile by their line; the effective field follows the card when it can."""
    end = time.monotonic() + 20
    while "solid" not in (boxes := {b["style"]: b for b in atlas(at, "unit.tile")["boxes"]}):
        assert time.monotonic() < end, "no effective field is framed"
        time.sleep(0.05)
        at.run()
    return boxes


def test_both_receptive_fields_are_framed(open_page, reading, firing):
    at = open_page("unit", layer=LAYER, unit=str(firing[0]))
    found = effective_field(reading, Unit(LAYER, firing[0]))
    boxes = framed(at)
    top, left, bottom, right = (edge / 32 for edge in found.box)
    assert [boxes["solid"][k] for k in ("top", "left", "bottom", "right")] == [
        pytest.approx(edge) for edge in (top, left, bottom, right)
    ]
    assert all(0 <= boxes["dashed"][k] <= 1 for k in ("top", "left", "bottom", "right"))
    tall, wide = found.size
    assert "Textbook receptive field 18 × 18 px of the 32 × 32 px input" in said(at)
    assert f"effective {tall} × {wide} px (solid)" in said(at)


def test_without_a_unit_the_strongest_is_shown_and_named_in_the_link(open_page, firing):
    at = open_page("unit")
    assert now(at) == {"layer": LAYER, "unit": str(firing[0])}


@pytest.mark.parametrize("key", ["unit.maps", "unit.ranking"])
def test_a_unit_picked_anywhere_moves_the_card(open_page, key):
    at = open_page("unit", layer=LAYER, unit="2")
    pick(at, key, 5)
    assert now(at) == {"layer": LAYER, "unit": "5"}
    assert f"`{LAYER}:5`" in said(at)


def test_partners_lead_to_their_cards(open_page, reading, firing):
    at = open_page("unit", layer=LAYER, unit=str(firing[0]))
    before = unit_card(reading, Unit(LAYER, firing[0])).partners_before
    assert names(at, "unit.before") == [str(one.unit) for one in before]
    pick(at, "unit.before", 0)
    first = before.partners[0].unit
    assert now(at) == {"layer": first.layer, "unit": str(first.index)}


def test_a_class_picked_is_the_class_of_the_page(open_page):
    at = open_page("unit", layer=LAYER, unit="1")
    pick(at, "unit.classes", 0)
    assert url(at)["class"] == ["Non-Tumor"]
    assert "by what they add to Non-Tumor" in said(at)


@pytest.mark.parametrize("layer", [LAYER, "fc1"])
def test_a_place_leads_to_the_units_that_fire_there(open_page, reading, layer):
    at = open_page("unit", layer=layer, unit="1")
    pick(at, "unit.tile", {"x": 0.5, "y": 0.25})
    assert url(at)["place"] == ["500,250"]
    found = units_at(reading, LAYER, 0.5, 0.25).units  # neurons have no places
    assert names(at, "unit.there") == [str(one.unit) for one in found]
    pick(at, "unit.there", 0)
    assert now(at) == {"layer": LAYER, "unit": str(found[0].unit.index)}
    press(at, "Forget the place")
    assert "place" not in url(at)


def test_keys_step_through_units_and_layers(open_page, firing):
    at = open_page("unit", layer=LAYER, unit="9")
    pick(at, "unit.keys", {"action": "unit-after", "times": 2})
    assert now(at)["unit"] == "1"  # of ten, round and round
    pick(at, "unit.keys", {"action": "mark", "times": 1})
    assert url(at)["mark"] == [f"{LAYER}:1"]
    pick(at, "unit.keys", {"action": "layer-after", "times": 1})
    assert now(at)["layer"] == "fc1"
    pick(at, "unit.keys", {"action": "layer-before", "times": 9})
    assert now(at)["layer"] == "block1_conv1"


def test_links_that_ask_for_what_is_not_there(open_page):
    at = open_page("unit", layer=LAYER, unit="900")
    assert f"`{LAYER}` has units 0 to 9, not 900: unit 9 is shown." in [w.value for w in at.warning]
    at = open_page("unit", model="plain", layer=LAYER)
    assert "plain has no such layer as block5_conv4: late is shown instead." in said(at)


def test_a_silent_unit_is_a_sentence(open_page, reading):
    quiet = next(i for i, v in enumerate(reading.activation("fc1")) if v == 0)
    at = open_page("unit", layer="fc1", unit=str(quiet))
    assert f"fc1:{quiet} is zero on this tile." in said(at)
    assert atlas(at, "unit.tile")["overlay"] is None


def test_units_switched_off(open_page, reading, firing):
    units = [Unit(LAYER, index) for index in firing[:2]]
    at = open_page("unit", layer=LAYER, panel="off", off=list(map(str, units)))
    found = switched_off(reading, units)
    bars = {trace["name"]: trace for trace in chart(at)["data"]}
    assert bars["With the units off"]["x"] == pytest.approx(found.after.tolist())
    assert bars["Random units off instead"]["x"] == pytest.approx(found.control.T.ravel().tolist())
    frame = pd.read_csv(io.BytesIO(unit_changes.table(found, reading.classes)))
    assert frame["what"].tolist() == ["before", "after", *(f"control {k}" for k in range(1, 11))]
    assert frame["p_Viable"].to_numpy()[:2] == pytest.approx([found.before[2], found.after[2]])


def test_units_held_at_another_tiles_values(open_page, toy, reading, firing):
    donor = sources.entries("example")[4]
    other = services.reading(toy, load_tile(sources.tile_path(donor.ref)))
    link = {"instead": "tile", "valuesof": donor.ref.encode(), "panel": "off"}
    at = open_page("unit", layer=LAYER, unit=str(firing[0]), **link)
    found = switched_off(reading, [Unit(LAYER, firing[0])], {LAYER: other.activation(LAYER)})
    after = next(t for t in chart(at)["data"] if t["name"] == "With the units off")
    assert after["x"] == pytest.approx(found.after.tolist())
    assert f"Holding at the values of {donor.title}" in said(at)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("block5_conv4:17, 40", ["block5_conv4:17", "block5_conv4:40"]),
        ("3 fc1:2;4", ["here:3", "fc1:2", "fc1:4"]),
        ("block5_conv4:x", []),
        ("", []),
    ],
)
def test_addresses_as_they_are_typed(text, found):
    assert unit_changes.addresses(text, "here") == found


def test_a_scan_ranks_the_layer_and_is_kept(open_page, reading):
    at = open_page("unit", layer=LAYER, unit="1", panel="scan")
    assert "forward passes of" in said(at)
    press(at, "Scan 10 units")
    expected = scan_table(reading, LAYER)
    assert names(at, "unit.scanned") == [str(row.unit) for row in expected]
    pick(at, "unit.scanned", 0)
    assert now(at)["unit"] == str(expected[0].unit.index)
    assert names(at, "unit.scanned") == [str(row.unit) for row in expected]
    frame = pd.read_csv(io.BytesIO(unit_scan.table(expected, reading.classes)))
    assert frame["unit"].tolist() == [str(row.unit) for row in expected]


def test_without_an_index_the_page_says_so(open_page):
    at = open_page("unit", layer=LAYER, unit="1")
    assert "this network carries no summary of its units" in said(at)
    assert "Which tiles drive it most is not known" in said(at)


def test_tiles_that_drive_a_unit_lead_to_their_readings(indexed, open_page, firing):
    at = open_page("unit", layer=LAYER, unit=str(firing[0]), best="mean")
    tops = open_index(indexed.folder / "gallery").top(Unit(LAYER, firing[0]), "mean")
    strip = atlas(at, "unit.best")
    assert [caption.split("\n")[0] for caption in strip["captions"]] == [t.label for t in tops]
    named = {load_tile(sources.tile_path(e.ref)).sha256: e for e in sources.entries("example")}
    pick(at, "unit.best", 1)
    assert url(at)["tile"] == [named[tops[1].sha256].ref.encode()]
    assert atlas(at, "unit.best")["selected"] == 1
    assert now(at) == {"layer": LAYER, "unit": str(firing[0])}


def test_how_a_unit_answers_to_each_class(indexed, open_page, firing):
    from osteo_core.unit_index import read_summary

    at = open_page("unit", layer=LAYER, unit=str(firing[0]))
    figures = read_summary(indexed.folder / "units.npz").figures(Unit(LAYER, firing[0]))
    rows = atlas(at, "unit.selectivity")["rows"]
    assert [row["text"] for row in rows] == [f"{a:.2f}" for a in figures.selectivity_maximum]
    for one in atlas(at, "unit.spread")["series"]:
        assert sum(one["shares"]) == pytest.approx(1, abs=1e-3)
    assert "over 12 tiles of the cohort" in said(at)


def test_units_held_at_a_class_mean(indexed, open_page, firing):
    link = {"panel": "off", "instead": "mean", "meanof": "Viable"}
    at = open_page("unit", layer=LAYER, unit=str(firing[0]), **link)
    assert "Holding at the mean over Viable tiles" in said(at)
