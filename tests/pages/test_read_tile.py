"""The first page: calls, truth, choosing tiles from each source, bad files beside good ones."""

import hashlib

import cv2
import numpy as np
import pytest

from osteo_core.tiles import load_tile
from osteo_ui import sources
from tests.dashboard import url
from tests.pages.looking import chart, labels, points, press, said

PNG = cv2.imencode(".png", np.random.default_rng(1).integers(0, 255, (50, 40, 3), np.uint8))[1]


@pytest.fixture
def first():
    return sources.entries("example")[0]


def upload(at, *files):
    at.segmented_control(key="widget.source").select("upload").run()
    at.file_uploader(key="widget.uploads").set_value(list(files)).run()
    assert not at.exception
    return at


def test_the_numbers_are_the_engines(open_page, toy, first):
    at = open_page("read_tile")
    reading = toy.read(load_tile(sources.tile_path(first.ref)))
    best = f"{reading.predicted}, {reading.probabilities.max():.1%}"
    assert best in [element.value for element in at.subheader]
    shares, names = points(chart(at)["data"][0])
    assert shares == pytest.approx(reading.probabilities.tolist(), abs=1e-6)
    assert f"<b>{reading.predicted}</b>" in "".join(names)
    assert names[0].endswith("(true)")
    right = reading.predicted == first.label
    assert ("Right" in said(at)) == right
    assert ("Wrong" in said(at)) != right


def test_synthetic_tiles_are_said_to_be(open_page):
    at = open_page("read_tile")
    assert "Twelve synthetic tiles" in said(at)
    assert "**Synthetic Non-Tumor 1**: drawn by a program" in said(at)


def test_up_to_four_tiles_side_by_side(open_page):
    at = open_page("read_tile")
    names = [entry.ref.encode() for entry in sources.entries("example")[:5]]
    for name in names[1:4]:
        at.button(key=f"add.{name}").click().run()
    assert url(at)["tile"] == names[:4]
    assert at.button(key=f"add.{names[4]}").disabled
    assert len([e for e in at.subheader if "%" in e.value]) == 4
    at.button(key=f"add.{names[0]}").click().run()
    assert url(at)["tile"] == names[1:4]
    at.button(key=f"show.{names[4]}").click().run()
    assert url(at)["tile"] == [names[4]]


def test_no_tile_is_an_empty_state(open_page):
    at = open_page("read_tile")
    at.multiselect(key="widget.tiles").set_value([]).run()
    assert not at.exception
    assert "Choose a tile in the sidebar." in said(at)


def test_a_bad_upload_does_not_stop_a_good_one(open_page, toy):
    at = open_page("read_tile")
    upload(at, ("good.png", PNG.tobytes(), "image/png"), ("bad.png", b"no picture", "image/png"))
    errors = [element.value for element in at.error]
    assert len(errors) == 1
    assert "Received: bad.png" in errors[0]
    sha = hashlib.sha256(PNG.tobytes()).hexdigest()
    assert url(at)["tile"] == [f"upload:{sha[:12]}:good.png"]
    reading = toy.read(load_tile(PNG.tobytes(), "good.png"))
    assert f"{reading.predicted}, {reading.probabilities.max():.1%}" in said(at)
    assert "True class not known" in said(at)


@pytest.mark.parametrize("page", ["filters", "neurons", "heat_maps"])
def test_two_files_of_one_name_are_told_apart(open_page, page):
    other = cv2.imencode(".png", np.full((40, 40, 3), 9, np.uint8))[1].tobytes()
    at = open_page("read_tile")
    upload(at, ("a.png", PNG.tobytes(), "image/png"), ("a.png", other, "image/png"))
    assert len(url(at)["tile"]) == 2
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception
    assert "a.png" in said(at)


def test_an_upload_stays_when_its_box_is_gone(open_page):
    at = open_page("read_tile")
    upload(at, ("good.png", PNG.tobytes(), "image/png"))
    at.segmented_control(key="widget.source").select("example").run()
    assert "**good.png**: uploaded, 40 × 50 px" in said(at)


def test_a_cohort_is_filtered_and_its_labels_are_known(open_page, toy_cohort):
    at = open_page("read_tile", source="cohort", cohort=str(toy_cohort))
    assert "9 tiles of 9 slides, split by slide." in said(at)
    at.multiselect(key="filter.label").select("Viable").run()
    at.multiselect(key="filter.part").select("train").run()
    assert [label for label in labels(at) if label.startswith("tile-")] == ["tile-2"]
    press(at, "tile-2")
    assert "true class Viable" in said(at)
    assert "Case-1-A2, train part" in said(at)


def test_a_missing_image_is_a_sentence(open_page, toy_cohort):
    table = sources.cohort(str(toy_cohort))
    gone, here = table.tiles[8].sha256[:12], table.tiles[0].sha256[:12]
    at = open_page(
        "read_tile",
        source="cohort",
        cohort=str(toy_cohort),
        tile=[f"cohort:{gone}", f"cohort:{here}"],
    )
    assert [e.value for e in at.warning if "image of this tile is missing" in e.value]
    assert "**tile-0**" in said(at)


def test_a_folder_without_a_cohort_is_a_sentence(open_page, tmp_path):
    at = open_page("read_tile")
    at.segmented_control(key="widget.source").select("cohort").run()
    at.text_input(key="widget.cohort").input(str(tmp_path)).run()
    assert not at.exception
    assert any("cohort.csv" in element.value for element in at.error)


def test_a_tile_the_network_was_trained_on_is_named(open_page, toy_models, toy_cohort):
    tile = sources.cohort(str(toy_cohort)).tiles[0]
    file = toy_models / "toy" / "predictions.csv"
    lines = file.read_text()
    try:
        row = f"{tile.sha256},tile-0.png,s,c,train,Non-Tumor,0.2,0.3,0.5\n"
        file.write_text(lines + row)
        at = open_page("read_tile", cohort=str(toy_cohort), tile=f"cohort:{tile.sha256[:12]}")
        assert "This network was trained on this tile" in said(at)
    finally:
        file.write_text(lines)


def test_no_network_at_all(toy, tmp_path, monkeypatch):
    from tests import dashboard

    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    at = dashboard.open_page("read_tile", {}).run()
    assert not at.exception
    assert "No trained network was found" in said(at)
