"""The decisions page on bundles without weights: one panel, and all that follows it."""

import json

import numpy as np
import pytest

from osteo_core.ensemble_bundles import describe, write_ensemble
from osteo_ui import services
from tests import dashboard
from tests.dashboard import no_engine, url
from tests.fake_bundles import CLASSES, fake_predictions, sha, write_fake
from tests.pages.looking import figures, labels, press, said, table_with

N = {"train": 60, "validation": 60, "test": 90}


def noisy(classes=CLASSES, seed=0):
    """Predictions of a network that is often right and less sure where it errs."""
    rng = np.random.default_rng(seed)
    frame = fake_predictions(CLASSES, ()).iloc[:0].copy()
    rows = []
    for part, n in N.items():
        for i in range(n):
            label = i % 3
            p = rng.dirichlet(np.where(np.arange(3) == label, 2.2, 0.9))
            case = f"Case-{i % 2}"
            key = f"{part}-{i}"
            start = [sha(key), f"{key}.jpg", f"{case}-{part}-{i % 4}", case, part, CLASSES[label]]
            rows.append([*start, *p.round(6)])
    frame = type(frame)(rows, columns=frame.columns)
    if tuple(classes) != CLASSES:
        frame = frame[frame["label"].isin(classes)]
        frame = frame[[c for c in frame if not c.startswith("p_") or c[2:] in classes]].copy()
        known = [f"p_{name}" for name in classes]
        frame[known] = frame[known].div(frame[known].sum(axis=1), axis=0)
    return frame


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    monkeypatch.setattr(services, "engine", no_engine)
    for seed, name in enumerate(("one", "two")):
        noisy(seed=seed).to_csv(write_fake(tmp_path, name) / "predictions.csv", index=False)
    return tmp_path


@pytest.fixture
def open_page(models):
    def run(page="decisions", **link):
        at = dashboard.open_page(page, {"model": "one", **link}).run()
        assert not at.exception
        return at

    return run


def slider(at, field):
    return at.slider(key=f"widget.{field}")


def choose_row(at, column, row=0):
    """Send what the browser sends when a row of a table is ticked, and run."""
    found = next(t for t in at.dataframe if column in t.value)
    states = at._tree.get_widget_states()
    message = states.widgets.add()
    message.id = found.proto.id
    message.string_value = json.dumps({"selection": {"rows": [row], "columns": [], "cells": []}})
    at._run(states)
    assert not at.exception


def test_all_tables_follow_one_slider(open_page):
    at = open_page(refer="0", silent="100")
    assert figures(at)["To a person"] == "0.0%"
    assert figures(at)["Error in the rest"] == figures(at)["Error without asking"]
    slider(at, "refer_below").set_value(90).run()
    assert not at.exception
    referrals = table_with(at, "reason")
    referred = int(referrals.loc[referrals["reason"] == "unsure", "tiles"].iloc[0])
    assert 0 < referred < 90
    assert figures(at)["To a person"] == f"{referred / 90:.1%}"
    assert table_with(at, "found or referred")["to a person"].sum() == referred
    assert len(table_with(at, "why")) == referred
    error = float(figures(at)["Error in the rest"].rstrip("%"))
    assert error < float(figures(at)["Error without asking"].rstrip("%"))
    assert url(at)["refer"] == ["90"]
    parts = table_with(at, "part").set_index("part")
    assert parts.loc["test", "to a person"] == pytest.approx(referred / 90)
    assert parts.loc["validation", "tiles"] == 60


def test_thresholds_and_costs_move_the_calls_and_live_in_the_link(open_page):
    at = open_page(call="thresholds", refer="0", silent="100")
    before = table_with(at, "found or referred").set_index("class")["missed"]
    slider(at, "thresholds.Viable").set_value(5).run()
    after = table_with(at, "found or referred").set_index("class")["missed"]
    assert after["Viable"] < before["Viable"]
    assert after["Non-Tumor"] > before["Non-Tumor"]
    assert url(at)["threshold"] == ["Non-Tumor:50", "Non-Viable-Tumor:50", "Viable:5"]
    again = open_page(call="thresholds", refer="0", silent="100", threshold=url(at)["threshold"])
    assert table_with(again, "found or referred")["missed"].tolist() == after.tolist()
    assert slider(again, "thresholds.Viable").value == 5
    costs = open_page(call="costs", refer="0", silent="100", cost=["Viable:50"])
    assert table_with(costs, "found or referred").set_index("class")["missed"]["Viable"] == 0
    equal = open_page(call="costs", refer="0", silent="100", cost=["Viable:1"])
    assert table_with(equal, "found or referred")["missed"].tolist() == before.tolist()


def test_limits_are_chosen_on_validation_and_the_page_says_so(open_page):
    at = open_page(refer="0", silent="100", target="5")
    assert "choose on validation, and only read off here" in said(at)
    press(at, "Choose the limit")
    assert not at.exception
    chosen = int(url(at)["refer"][0])
    parts = table_with(at, "part").set_index("part")
    assert parts.loc["validation", "error in the rest"] <= 0.05
    slider(at, "refer_below").set_value(chosen - 1).run()
    assert table_with(at, "part").set_index("part").loc["validation", "error in the rest"] > 0.05
    at = open_page(call="thresholds", cost=["Viable:40"], refer="0", silent="100")
    press(at, "Choose the thresholds")
    limits = dict(text.rsplit(":", 1) for text in url(at)["threshold"])
    assert int(limits["Viable"]) < int(limits["Non-Tumor"])
    at = open_page(call="two-stage", cost=["Viable:40", "Non-Viable-Tumor:40"])
    press(at, "Choose the start of tumour")
    assert int(url(at)["gate"][0]) < 50


def test_calibration_is_told_and_can_be_left_out(open_page):
    assert "calibrated with temperature" in said(open_page())
    at = open_page(calibrated="0")
    assert "as the network gave them" in said(at)
    at.toggle(key="widget.calibrated").set_value(True).run()
    assert "calibrated with temperature" in said(at)


def test_networks_put_together_are_decided_with(open_page):
    at = open_page(mix="weighted")
    assert "lowest log loss on 60 validation tiles" in said(at)
    assert table_with(at, "network")["network"].tolist() == ["the ensemble", "one", "two"]
    assert "osteo ensemble make --kind weighted --members one,two" in at.code[0].value
    at.selectbox(key="widget.mix").select("vote").run()
    assert url(at)["mix"] == ["vote"]
    at.multiselect(key="widget.mixed").set_value(["one"]).run()
    assert "two different networks or more" in at.error[0].value
    assert not at.exception


def test_the_necrosis_meter(open_page):
    at = open_page(meter="Case-0-test-0")
    shown = figures(at)
    assert {"Expected share", "By calls", "By labels"} <= set(shown)
    assert "Research only" in said(at)
    assert "90 % line" in said(at)
    moving = table_with(at, "moves it by")
    assert moving["would cross"].any()
    at.selectbox(key="widget.meter_of").select("Case-1-test-1").run()
    assert url(at)["meter"] == ["Case-1-test-1"]
    at.segmented_control(key="widget.meter_by").select("case").run()
    assert at.selectbox(key="widget.meter_of").options == ["Case-0", "Case-1"]


def test_a_chosen_tile_leads_to_its_picture_or_says_how(open_page):
    at = open_page(refer="90")
    choose_row(at, "why")
    assert "is not shipped" in said(at)


def test_a_network_of_two_classes_has_no_stages_and_no_meter(models, open_page):
    folder = write_fake(models, "pair", CLASSES[::2])
    noisy(CLASSES[::2]).to_csv(folder / "predictions.csv", index=False)
    at = open_page(model="pair", call="two-stage")
    assert not at.error
    assert "does not tell Non-Viable-Tumor from Viable" in said(at)
    folder = write_fake(models, "kinds", CLASSES[1:])
    noisy(CLASSES[1:]).to_csv(folder / "predictions.csv", index=False)
    at = open_page(model="kinds", call="two-stage")
    assert "two-stage" not in at.selectbox(key="widget.rule").options
    assert "Expected share" in figures(at)


def test_empty_single_class_and_missing_parts_are_sentences(models, open_page):
    folder = models / "one"
    frame = noisy()
    alone = (frame["split"] != "test") | (frame["label"] == "Non-Tumor")
    frame[alone & (frame["split"] != "validation")].to_csv(folder / "predictions.csv", index=False)
    at = open_page()
    assert "hardly any tumour" in said(at) or "points below" in said(at)
    assert "Not calibrated" in said(at)
    assert "nan" not in " ".join(figures(at).values()).lower()
    press(at, "Choose the limit")
    assert "No limit leaves" in said(at)
    empty = open_page(part="validation")
    assert "no labelled tile of these classes" in said(empty)
    (folder / "predictions.csv").unlink()
    assert "predictions.csv" in open_page().error[0].value


def test_everything_can_go_to_a_person(open_page):
    at = open_page(refer="100")
    assert figures(at)["Error in the rest"] == "–"
    assert figures(at)["To a person"] == "100.0%"


def test_an_ensemble_in_models_is_listed_scored_and_offers_its_members(models, open_page):
    found = {bundle.name: bundle for bundle in services.bundles()}
    write_ensemble(models / "both", describe("mean", [found["one"], found["two"]]))
    at = open_page("metrics", model="both")
    assert "Accuracy" in figures(at)
    assert at.selectbox(key="widget.network").value == "both"
    assert "ensemble of `one`, `two`" in said_in_sidebar(at)
    at = open_page("heat_maps", model="both")
    assert "is an ensemble. Maps and units belong to one network" in said(at)
    assert {"one", "two"} <= set(labels(at))
    at.button(key="member.two").click().run()
    assert url(at)["model"] == ["two"]
    at = open_page("compare", model=["both", "one"])
    assert "`both` is an ensemble: it has no maps or layers of its own" in said(at)
    at.button(key="member.reasons.both.two").click().run()
    assert url(at)["model"] == ["two", "one"]
    at = open_page("compare", model=["both", "one"])
    assert "both" in table_with(at, "network")["network"].tolist()


def said_in_sidebar(at):
    return "\n".join(str(c.value) for c in at.sidebar.caption)
