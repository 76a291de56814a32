"""The page Cohort: findings, pairs, suspects and the slide map; the shipped tiles; no folder."""

import time

import pandas as pd
import pytest

from osteo_ui import cohort_map, cohort_services, jobs, services
from osteo_ui.selection import SHORT_ID, Selection
from tests import dashboard
from tests.core.audit_cohorts import leaky_cohort
from tests.dashboard import no_engine, url
from tests.fake_bundles import CLASSES, write_fake
from tests.pages.looking import chart, points, press, said


def predictions(cohort, wrong):
    """Each tile called as labelled with 0.8; the tile in `wrong` Viable with 0.9."""
    rows = []
    for tile in cohort.tiles:
        shares = [0.8 if name == tile.label else 0.1 for name in cohort.classes]
        shares = [0.05, 0.05, 0.9] if tile.file == wrong.file else shares
        rows.append(
            [tile.sha256, tile.file, tile.slide, tile.case, tile.split, tile.label, *shares]
        )
    columns = ["tile", "file", "slide", "case", "split", "label"]
    return pd.DataFrame(rows, columns=columns + [f"p_{name}" for name in cohort.classes])


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Twenty-four tiles of four slides, and a copy of the first in another part."""
    return leaky_cohort(tmp_path_factory.mktemp("cohort"), 24)


@pytest.fixture
def wrong(cohort):
    return next(t for t in cohort.tiles if t.split == "test" and t.label == "Non-Tumor")


@pytest.fixture
def page(cohort, wrong, tmp_path, monkeypatch):
    """Open the page on that cohort and wait for its audit."""
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    monkeypatch.setattr(services, "engine", no_engine)
    stored = write_fake(tmp_path, "net") / "predictions.csv"
    predictions(cohort, wrong).to_csv(stored, index=False)
    jobs._jobs.clear()

    def run(**link):
        at = dashboard.open_page("cohort", {"model": "net", "cohort": str(cohort.folder), **link})
        at.run()
        until = time.monotonic() + 60
        view = cohort_services.view(Selection(cohort=str(cohort.folder)))
        while cohort_services.known_audit(view) is None and link.get("audit") != "classes":
            assert time.monotonic() < until, "the audit did not end"
            time.sleep(0.1)
        at.run()
        assert not at.exception
        return at

    return run


def links(at):
    return [element.proto for element in at.get("page_link")]


def test_findings_in_figures_and_sentences(page):
    at = page()
    assert {m.label: m.value for m in at.metric}["Leaks"] == "1"
    assert "1 pair of tiles that show one picture lie across the parts" in at.warning[0].value
    assert "25 tiles of 5 slides and 2 cases, split by slide" in said(at)
    assert "Whoever knows nothing of a tile but its case" in said(at)


def test_a_finding_leads_to_what_it_counts(page):
    at = page()
    assert not [b for b in at.button if b.key == "see.Different labels"]  # there are none
    at.button(key="see.Leaks").click().run()
    assert (url(at)["audit"], url(at).get("pairs")) == (["pairs"], None)
    kinds = at.segmented_control(key="widget.pairs_of")
    assert kinds.options[0] == "Leaks: 1"
    assert len(at.get("image")) == 2


def test_a_leak_is_shown_side_by_side_each_tile_a_click_from_being_read(page, cohort):
    at = page(audit="pairs")
    assert len(at.get("image")) == 2
    read = [link for link in links(at) if link.label == "Read this tile"]
    first, copy = cohort.tiles[0], cohort.tiles[-1]
    assert [f"cohort%3A{t.sha256[:SHORT_ID]}" in link.query_string
            for t, link in zip((first, copy), read, strict=True)] == [True, True]  # fmt: skip
    frame = at.dataframe[0].value
    assert frame["second"].tolist() == ["zcopy-0.jpg"]
    at.segmented_control(key="widget.pairs_of").select("labels").run()
    assert at.success[0].value == "There are none."
    assert url(at)["pairs"] == ["labels"]


def test_classes_need_no_audit(page):
    at = page(audit="classes")
    by_case = at.dataframe[0].value
    assert by_case["all"].tolist() == [24, 1]
    assert by_case["case"].tolist() == ["Case-1", "Case-9"]


def test_white_and_stain(page):
    at = page(audit="stain")
    traces = chart(at)["data"]
    assert [trace["name"] for trace in traces] == ["Case-1", "Case-9"]
    assert at.dataframe[0].value["case"].tolist() == ["Case-1", "Case-9"]
    at.segmented_control(key="widget.audit_panel").select("white").run()
    assert not at.exception


def test_a_tile_that_is_called_otherwise_is_a_suspect(page, wrong):
    at = page(audit="suspects")
    frame = at.dataframe[0].value
    assert frame[["tile", "says", "reason"]].to_numpy().tolist() == [
        [wrong.file.rsplit("/", 1)[-1], "Viable", "out of fold"]
    ]
    assert "1 of 13 tiles that net was not fitted to" in said(at)


def test_the_map_puts_tiles_at_their_places(page, wrong):
    at = page(audit="map", slide=wrong.slide)
    drawn = chart(at)
    assert len(drawn["layout"]["images"]) == 6
    assert {trace["name"] for trace in drawn["data"]} == set(CLASSES)
    every = sorted(x for trace in drawn["data"] for x in points(trace)[0])
    assert every == [2000 * i + 512 for i in range(3, 24, 4)]  # centres of tiles of 1024 px
    at.segmented_control(key="widget.map_by").select("error").run()
    traces = {trace["name"]: trace for trace in chart(at)["data"]}
    assert points(traces["wrong"])[0] == [wrong.x + 512]
    assert traces["wrong"]["text"] == "×"
    assert "called Viable, 90.0% (test part)" in traces["wrong"]["hovertext"][0]
    at.segmented_control(key="widget.map_by").select("confidence").run()
    (trace,) = chart(at)["data"]
    assert sorted(trace["marker"]["color"]) == [0.8] * 5 + [0.9]


def test_a_picked_tile_goes_on_view(page, wrong, monkeypatch):
    at = page(audit="map", slide=wrong.slide)
    picked = [{"customdata": [wrong.file]}]
    changes = {}
    monkeypatch.setattr(cohort_map, "_points", lambda key: picked)
    monkeypatch.setattr(cohort_map.state, "update", lambda **fields: changes.update(fields))
    view = cohort_services.view(Selection(cohort=url(at)["cohort"][0]))
    cohort_map._take(view, "chart")
    assert [ref.encode() for ref in changes["tiles"]] == [f"cohort:{wrong.sha256[:SHORT_ID]}"]


def test_a_class_has_one_colour_on_every_slide(page, wrong):
    classes = ["Non-Tumor", "Non-Viable-Tumor", "Viable"]
    hues = {name: cohort_map._colour(name, classes) for name in classes}
    assert len(set(hues.values())) == 3
    for trace in chart(page(audit="map", slide=wrong.slide))["data"]:
        assert trace["marker"]["color"] == hues[trace["name"]]


def test_suspects_of_tiles_that_no_network_met_are_not_called_clean(page):
    at = page(cohort="", audit="classes")
    at.segmented_control(key="widget.audit_panel").select("suspects").run()
    assert "Not run: net has no stored prediction of these tiles." in said(at)
    assert not at.success


def test_without_a_folder_the_shipped_tiles_are_shown_and_the_way_to_ones_own(page):
    at = page(cohort="", audit="classes")
    assert "osteo cohort import SRC --to DIR" in at.info[0].value
    assert "12 tiles of 1 slide and 1 case." in said(at)
    assert "All tiles are of one case" in said(at)
    at.segmented_control(key="widget.audit_panel").select("map").run()
    assert "The names of these tiles tell no places" in said(at)


def test_a_folder_without_a_cohort_is_a_sentence(page, tmp_path):
    at = page(cohort=str(tmp_path), audit="classes")
    assert "Received:" in at.error[0].value
    assert "Name another folder" in said(at)
    at.button[[b.label for b in at.button].index("Name another folder")].click().run()
    assert url(at)["source"] == ["cohort"]
    at.button[[b.label for b in at.button].index("See the shipped tiles")].click().run()
    assert "cohort" not in url(at)
    assert "12 tiles of 1 slide and 1 case." in said(at)


def test_an_audit_can_be_stopped_and_started(page, monkeypatch):
    def endless():
        while True:
            time.sleep(0.05)
            yield 0.1

    at = page(audit="classes")
    jobs._jobs.clear()
    monkeypatch.setattr(cohort_services, "audit_steps", lambda cohort: endless())
    at.segmented_control(key="widget.audit_panel").select("findings").run()
    assert "The findings stand here" in said(at)
    press(at, "Stop")
    assert "Audit" in [button.label for button in at.button]
    jobs._jobs.clear()
