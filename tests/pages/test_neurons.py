"""The neurons page: plots, orders, dead units, the strongest, and class means of a cohort."""

import numpy as np
import pytest

from osteo_core.tiles import load_tile
from osteo_ui import class_means, services, sources
from tests.dashboard import url
from tests.pages.looking import atlas, labels, pick, press, said

BARS = "atlas.neurons"


def series(at):
    return {one["name"]: one["values"] for one in atlas(at, BARS)["series"]}


@pytest.fixture
def entries():
    return sources.entries("example")[:2]


@pytest.fixture
def readings(toy, entries):
    return [services.reading(toy, load_tile(sources.tile_path(e.ref))) for e in entries]


def test_units_against_activations(open_page, entries, readings):
    at = open_page("neurons", tile=[e.ref.encode() for e in entries])
    assert list(series(at)) == [e.title for e in entries]
    for values, reading in zip(series(at).values(), readings, strict=True):
        assert values == pytest.approx(reading.activation("fc1").tolist(), rel=1e-3)
    assert atlas(at, BARS)["order"] is None  # by index


def test_a_picked_unit_is_chosen_for_all_pages(open_page, readings):
    at = open_page("neurons", tile="example:" + sources.entries("example")[0].title)
    assert atlas(at, BARS)["selected"] is None
    pick(at, BARS, 5)
    link = {key: url(at)[key] for key in ("dense", "layer", "unit")}
    assert link == {"dense": ["fc1"], "layer": ["fc1"], "unit": ["5"]}
    assert atlas(at, BARS)["selected"] == 5
    assert "**Unit 5** of `fc1`" in said(at)
    pick(at, BARS, 12)  # there are twelve
    assert url(at)["unit"] == ["5"]
    at.segmented_control(key="widget.dense").select("fc2").run()
    assert (url(at)["layer"], url(at)["dense"]) == (["fc2"], ["fc2"])
    assert atlas(at, BARS)["selected"] is None


def test_a_layer_chosen_on_another_page_is_shown(open_page):
    at = open_page("neurons", layer="fc2", unit="3")
    assert at.segmented_control(key="widget.dense").value == "fc2"
    assert atlas(at, BARS)["selected"] == 3


def test_sorted_by_contribution(open_page, readings):
    at = open_page("neurons", sort="contribution", **{"class": "Viable"})
    shares = readings[0].contributions("fc1", "Viable")
    order = np.argsort(-shares, kind="stable")
    assert atlas(at, BARS)["order"] == order.tolist()
    table = at.dataframe[0].value
    assert table["Unit"].tolist() == order.tolist()
    assert table["Contribution"].to_numpy() == pytest.approx(shares[order])
    assert "sorted by contribution to the logit of Viable" in said(at)


def test_dead_units_are_counted(open_page, entries, readings):
    at = open_page("neurons", tile=[e.ref.encode() for e in entries], dense="fc2")
    zero = [reading.activation("fc2") == 0 for reading in readings]
    counts = [int(z.sum()) for z in (*zero, zero[0] & zero[1])]
    assert [metric.value for metric in at.metric] == [str(count) for count in counts]


def test_the_layer_is_kept_beside_that_of_the_maps(open_page):
    at = open_page("neurons", layer="block1_conv2")
    at.segmented_control(key="widget.dense").select("logits").run()
    assert url(at)["dense"] == ["logits"]
    assert url(at)["layer"] == ["block1_conv2"]
    assert "3 units" in said(at)


def test_class_means_need_a_cohort(open_page):
    at = open_page("neurons", series="means")
    assert "Class means need labelled tiles" in said(at)


def test_class_means(open_page, toy, toy_cohort):
    at = open_page("neurons", series="means", cohort=str(toy_cohort), part="train")
    assert not at.get("bidi_component")
    press(at, "Read 3 tiles")
    table = sources.cohort(str(toy_cohort))
    traces = series(at)
    assert list(traces) == ["Non-Tumor", "Non-Viable-Tumor", "Viable"]
    for row in table.part("train"):
        own = toy.read(table.load(row)).activation("fc1")
        assert traces[row.label] == pytest.approx(own.tolist(), rel=1e-3, abs=1e-5)
    assert "means over 1 Non-Tumor, 1 Non-Viable-Tumor, 1 Viable tiles" in said(at)
    assert not [label for label in labels(at) if label.startswith("Read ")]


def test_a_missing_image_leaves_the_other_means(open_page, toy_cohort):
    at = open_page("neurons", series="means", cohort=str(toy_cohort), part="test")
    press(at, "Read 3 tiles")
    assert len(series(at)) == 2
    assert any("tile-8.png" in warning.value for warning in at.warning)


def test_a_job_can_be_stopped_and_goes_on(open_page, toy, toy_cohort):
    table = sources.cohort(str(toy_cohort))
    arguments = (toy.digest, sources.cohort_digest(str(toy_cohort)), "validation", 30)
    job = class_means._job(*arguments, table, toy)
    job.step(toy, table)
    at = open_page("neurons", series="means", cohort=str(toy_cohort), part="validation")
    assert "Stopped: 1 of 3 tiles have been read." in said(at)
    assert len(series(at)) == 1
    press(at, "Go on with 2 tiles")
    assert len(series(at)) == 3


def test_a_sample_is_balanced_and_steady(toy_cohort):
    table = sources.cohort(str(toy_cohort))
    first = class_means.sample(table, "train", 30)
    assert [tile.label for tile in first] == list(table.classes)
    assert first == class_means.sample(table, "train", 0)
    assert len(class_means.sample(table, "train", 1)) == 3
