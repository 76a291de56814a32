"""The neurons page: plots, orders, dead units, the strongest, and class means of a cohort."""

import numpy as np
import pytest

from osteo_core.tiles import load_tile
from osteo_ui import class_means, services, sources
from tests.dashboard import url
from tests.pages.looking import chart, labels, points, press, said


@pytest.fixture
def entries():
    return sources.entries("example")[:2]


@pytest.fixture
def readings(toy, entries):
    return [services.reading(toy, load_tile(sources.tile_path(e.ref))) for e in entries]


def test_units_against_activations(open_page, entries, readings):
    at = open_page("neurons", tile=[e.ref.encode() for e in entries])
    traces = chart(at)["data"]
    assert [trace["name"] for trace in traces] == [e.title for e in entries]
    for trace, reading in zip(traces, readings, strict=True):
        x, y = points(trace)
        assert x == list(range(12))
        assert y == pytest.approx(reading.activation("fc1").tolist())


def test_sorted_by_contribution(open_page, readings):
    at = open_page("neurons", sort="contribution", **{"class": "Viable"})
    shares = readings[0].contributions("fc1", "Viable")
    order = np.argsort(-shares, kind="stable")
    _, y = points(chart(at)["data"][0])
    assert y == pytest.approx(readings[0].activation("fc1")[order].tolist())
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
    assert not at.get("plotly_chart")
    press(at, "Read 3 tiles")
    table = sources.cohort(str(toy_cohort))
    traces = {trace["name"]: points(trace)[1] for trace in chart(at)["data"]}
    assert list(traces) == ["Non-Tumor", "Non-Viable-Tumor", "Viable"]
    for row in table.part("train"):
        own = toy.read(table.load(row)).activation("fc1")
        assert traces[row.label] == pytest.approx(own.tolist(), abs=1e-5)
    assert "means over 1 Non-Tumor, 1 Non-Viable-Tumor, 1 Viable tiles" in said(at)
    assert not [label for label in labels(at) if label.startswith("Read ")]


def test_a_missing_image_leaves_the_other_means(open_page, toy_cohort):
    at = open_page("neurons", series="means", cohort=str(toy_cohort), part="test")
    press(at, "Read 3 tiles")
    assert len(chart(at)["data"]) == 2
    assert any("tile-8.png" in warning.value for warning in at.warning)


def test_a_job_can_be_stopped_and_goes_on(open_page, toy, toy_cohort):
    table = sources.cohort(str(toy_cohort))
    arguments = (toy.digest, sources.cohort_digest(str(toy_cohort)), "validation", 30)
    job = class_means._job(*arguments, table, toy)
    job.step(toy, table)
    at = open_page("neurons", series="means", cohort=str(toy_cohort), part="validation")
    assert "Stopped: 1 of 3 tiles have been read." in said(at)
    assert len(chart(at)["data"]) == 1
    press(at, "Go on with 2 tiles")
    assert len(chart(at)["data"]) == 3


def test_a_sample_is_balanced_and_steady(toy_cohort):
    table = sources.cohort(str(toy_cohort))
    first = class_means.sample(table, "train", 30)
    assert [tile.label for tile in first] == list(table.classes)
    assert first == class_means.sample(table, "train", 0)
    assert len(class_means.sample(table, "train", 1)) == 3
