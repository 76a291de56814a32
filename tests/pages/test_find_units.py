"""The Find page: its searches, what it says where something is missing, and the bookmarks."""

import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from osteo_core.cohorts import read_cohort
from osteo_core.explain import finding
from osteo_core.explain.spread import Spread
from osteo_core.tiles import load_tile
from osteo_core.unit_index import build_index, index_folder, open_index, summarise, write_summary
from osteo_core.units import Unit
from osteo_ui import saving, services, sources
from osteo_ui.selection import MAX_MARKS
from tests.dashboard import url
from tests.pages.looking import chart, labels, press, said

LAYERS = ["block1_conv1", "block1_conv2", "block5_conv4", "fc1", "fc2", "logits"]


@pytest.fixture
def index(toy, toy_cohort, tmp_path):
    """The toy's units over the eight tiles that are there."""
    folder = tmp_path / "index"
    for _ in build_index(toy, read_cohort(toy_cohort), folder):
        pass
    return open_index(folder)


@pytest.fixture
def summary(index, toy_models):
    """The summary of all tiles; the bundle carries it while a test runs."""
    file = toy_models / "toy" / "units.npz"
    found = summarise(index, "all")
    write_summary(found, file)
    yield found
    file.unlink()


@pytest.fixture
def readings(toy):
    entries = sources.entries("example")[:2]
    return [services.reading(toy, load_tile(sources.tile_path(e.ref))) for e in entries]


@pytest.fixture
def two():
    return [entry.ref.encode() for entry in sources.entries("example")[:2]]


def units(table):
    return table["Unit"].tolist()


def addresses(ranked):
    return [str(Unit(layer, n)) for layer, n in zip(ranked["layer"], ranked["unit"], strict=True)]


def tick(at, number, row):
    """Send what the browser sends when a row of a table is ticked, and run."""
    states = at._tree.get_widget_states()
    message = states.widgets.add()
    message.id = at.dataframe[number].proto.id
    message.string_value = json.dumps({"selection": {"rows": [row], "columns": [], "cells": []}})
    at._run(states)


def heads(at):
    return [element.value for element in at.subheader]


# By labelled tiles -------------------------------------------------------------------------------


def test_without_a_summary_it_says_what_makes_one(open_page):
    at = open_page("find_units", find="classes")
    for find in ("selectivity", "dead"):
        assert "`osteo index --model toy --cohort DIR` makes it" in said(at)
        assert not at.dataframe
        at.segmented_control(key="widget.find").select(find).run()


def test_selectivity_at_both_ends(open_page, summary):
    at = open_page("find_units", **{"class": "Viable"})
    found = finding.by_selectivity(summary, "Viable")
    best, worst = (table.value for table in at.dataframe)
    assert units(best) == addresses(found.first(200))
    assert units(worst) == addresses(found.last(200))
    assert (best["AUC"] > 0.5).all()
    assert {"Most selective for Viable", "Most selective against Viable"} <= set(heads(at))
    assert "From 8 tiles (3 Non-Tumor, 3 Non-Viable-Tumor, 2 Viable)" in said(at)
    assert chart(at)["data"][0]["x"] == LAYERS
    assert "Select a row to go to a unit." in said(at)


def test_in_one_layer_with_a_unit_picked(open_page, summary):
    at = open_page("find_units", **{"in": "fc1", "layer": "fc1", "unit": "3"})
    assert all(unit.startswith("fc1:") for unit in units(at.dataframe[0].value))
    assert "Selected: **`fc1:3`**" in said(at)
    assert chart(at)["data"][-1]["name"] == "fc1:3"
    press(at, "Bookmark")
    assert url(at)["mark"] == ["fc1:3"]
    assert "Bookmarked" in labels(at)


def test_two_classes(open_page, summary):
    at = open_page("find_units", find="classes", against="Viable", **{"class": "Non-Tumor"})
    found = finding.by_class_difference(summary, "Non-Tumor", "Viable")
    assert units(at.dataframe[0].value) == addresses(found.first())
    at.selectbox(key="widget.target").select("Viable").run()
    assert at.selectbox(key="widget.against").value == "Non-Tumor"  # never against itself
    assert "Higher in Viable" in heads(at)


def test_dead_units_layer_by_layer(open_page, summary):
    at = open_page("find_units", find="dead")
    table = at.dataframe[0].value
    assert table["Layer"].tolist() == LAYERS
    assert table["Dead"].sum() == summary.dead.sum()
    assert table["Activation"].tolist() == ["relu"] * 5 + ["linear"]
    assert f"{summary.dead.sum()} of 46 units are dead" in said(at)
    assert "Linear layers (1 of 6 here)" in said(at)


def test_an_indexed_cohort_stands_in_for_the_summary(open_page, index, toy_cohort):
    folder = index_folder(toy_cohort, "toy")
    shutil.copytree(index.folder, folder)
    at = open_page("find_units", source="cohort", cohort=str(toy_cohort))
    assert "From 3 training tiles" in said(at)
    shutil.rmtree(folder.parent)


def test_a_damaged_summary_is_a_sentence(open_page, summary, toy_models):
    file = toy_models / "toy" / "units.npz"
    file.write_bytes(b"nothing")
    assert "Expected a unit summary" in said(open_page("find_units"))


# On the tiles on view ----------------------------------------------------------------------------


def test_activation_on_the_tile(open_page, readings, summary):
    at = open_page("find_units", find="activation", order="mean")
    figures = finding.tile_figures(readings[0], LAYERS)
    found = finding.by_activation(figures, "mean", Spread.of(summary, "mean"))
    table = at.dataframe[0].value
    assert units(table) == addresses(found.first(200))
    assert table["Higher than"].to_numpy() == pytest.approx(found.table["higher_than"] * 100)
    assert "share of 8 tiles on which" in said(at)
    at.selectbox(key="widget.find_layer").select("block5_conv4").run()
    values = readings[0].activation("block5_conv4").mean((0, 1))
    assert at.dataframe[0].value["Mean"].to_numpy() == pytest.approx(np.sort(values)[::-1])


def test_activation_without_a_summary(open_page, readings):
    at = open_page("find_units", find="activation")
    found = finding.by_activation(finding.tile_figures(readings[0], LAYERS), "maximum")
    assert units(at.dataframe[0].value) == addresses(found.first(200))
    assert "no summary of training tiles is at hand" in said(at)


def test_contribution_on_the_tile(open_page, readings):
    at = open_page("find_units", find="activation", order="contribution", **{"class": "Viable"})
    shares = [readings[0].contributions_by_class(layer)[:, 2] for layer in LAYERS]
    values = np.sort(np.concatenate(shares))
    best, worst = (table.value["Contribution"].to_numpy() for table in at.dataframe)
    assert best == pytest.approx(values[values > 0][::-1], rel=1e-4, abs=1e-6)
    assert worst == pytest.approx(values[values < 0], rel=1e-4, abs=1e-6)


def test_two_tiles(open_page, readings, summary, two):
    at = open_page("find_units", find="tiles", tile=two)
    first, second = (finding.tile_figures(reading, LAYERS) for reading in readings)
    found = finding.by_tile_difference(first, second, Spread.of(summary, "mean"))
    assert units(at.dataframe[0].value) == addresses(found.first(200))
    assert units(at.dataframe[1].value) == addresses(found.last(200))
    at.multiselect(key="widget.tiles").set_value(two[:1]).run()
    assert "Two tiles are needed." in said(at)
    at.segmented_control(key="widget.find").select("activation").run()
    at.multiselect(key="widget.tiles").set_value([]).run()
    assert "Choose a tile in the sidebar." in said(at)


# Picking and bookmarks ---------------------------------------------------------------------------


def test_a_picked_row_moves_layer_and_unit(open_page, summary):
    at = open_page("find_units")
    best, worst = (units(table.value) for table in at.dataframe)
    tick(at, 0, 2)
    assert ":".join(url(at)["layer"] + url(at)["unit"]) == best[2]
    assert f"Selected: **`{best[2]}`**" in said(at)
    one, other = (table.proto.id for table in at.dataframe)
    tick(at, 1, 0)
    assert f"Selected: **`{worst[0]}`**" in said(at)
    assert at.dataframe[0].proto.id != one  # drawn anew, without its tick
    assert at.dataframe[1].proto.id == other  # as it was, wherever it is scrolled to


def test_a_picked_bookmark_moves_layer_and_unit(open_page):
    at = open_page("find_units", mark=["fc1:3", "fc2:1"])
    tick(at, 0, 1)
    assert url(at)["layer"] + url(at)["unit"] == ["fc2", "1"]
    assert {"Remove fc2:1", "Remove all"} <= set(labels(at))


def test_bookmarks_are_pasted_listed_and_removed(open_page):
    at = open_page("find_units", mark="fc1:3", layer="fc1", unit="3")
    at.text_input(key="bookmarks.pasted").set_value("block1_conv1:2, fc2:1 fc1:3;fc9:1 12").run()
    assert url(at)["mark"] == ["fc1:3", "block1_conv1:2", "fc2:1"]
    sentences = [warning.value for warning in at.warning]
    assert len(sentences) == 2
    assert "Received: 'fc9'" in sentences[0]
    table = at.dataframe[-1].value
    assert table["Layer"].tolist() == ["fc1", "block1_conv1", "fc2"]
    press(at, "Remove fc1:3")
    assert url(at)["mark"] == ["block1_conv1:2", "fc2:1"]
    press(at, "Remove all")
    assert "mark" not in url(at)


def test_no_more_bookmarks_than_a_link_can_carry(open_page):
    full = [f"{layer}:{n}" for layer in LAYERS[:5] for n in range(6)]
    full += [f"elsewhere:{n}" for n in range(MAX_MARKS - len(full))]
    at = open_page("find_units", mark=full, layer="logits", unit="0")
    button = next(button for button in at.button if button.label == "Bookmark")
    assert button.disabled
    assert f"{MAX_MARKS} units are bookmarked" in button.help
    assert "30 are not units of toy." in said(at)
    at.text_input(key="bookmarks.pasted").set_value("logits:1").run()
    assert url(at)["mark"] == full
    assert "1 were not added" in said(at)


def test_figures_of_bookmarks_on_the_tiles_on_view(open_page, readings, summary, two, monkeypatch):
    saved = {}
    monkeypatch.setattr(saving, "download", lambda _, data, file, *rest: saved.update({file: data}))
    at = open_page("find_units", tile=two, mark=["fc1:3", "block5_conv4:2"], **{"class": "Viable"})
    assert list(saved) == ["toy.selectivity.Viable.csv"]
    press(at, "Work out the figures on 2 tiles, for a CSV")
    table = pd.read_csv(io.BytesIO(saved["toy.bookmarks.csv"]()))
    assert table["tile_sha256"].tolist() == [r.tile_sha256 for r in readings for _ in range(2)]
    neurons = table[table["layer"] == "fc1"]
    values = [float(reading.activation("fc1")[3]) for reading in readings]
    assert neurons["maximum"].tolist() == pytest.approx(values)
    shares = [reading.contributions_by_class("fc1")[3, 2] for reading in readings]
    assert neurons["contribution_Viable"].tolist() == pytest.approx(shares, abs=1e-6)
    area = summary.figures(Unit("fc1", 3)).selectivity[2]
    assert neurons["auc_Viable"].tolist() == pytest.approx([area, area])
    assert (table["rank_class"] == "Viable").all()


def test_a_widget_drawn_late_starts_from_the_selection(open_page, summary):
    link = {"find": "classes", "in": "fc2", "class": "Viable", "against": "Non-Viable-Tumor"}
    at = open_page("find_units", **link)
    at.run()
    shown = {
        name: at.selectbox(key=f"widget.{name}") for name in ("find_layer", "target", "against")
    }
    starts = {name: box.proto.options[box.proto.default] for name, box in shown.items()}
    assert starts == {"find_layer": "fc2 (7)", "target": "Viable", "against": "Non-Viable-Tumor"}
