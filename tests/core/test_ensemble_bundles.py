"""Ensembles on disk: made by the command, scored and asked like a network."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from osteo_core.bundles import list_bundles, load_bundle
from osteo_core.cohorts.table import Cohort, CohortTile, write_cohort
from osteo_core.commands.ensemble import ensemble as command
from osteo_core.commands.evaluate import evaluate
from osteo_core.commands.models import models as list_models
from osteo_core.ensemble_bundles import assemble, describe, list_ensembles
from osteo_core.ensemble_reader import EnsembleReader
from osteo_core.errors import BundleError
from osteo_core.evaluate import compare, read_part
from osteo_core.evaluate.running import FreshPredictions, predict_unread
from tests.fake_bundles import CLASSES, fake_predictions, sha, write_fake


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    write_fake(tmp_path, "one", wrong=(0, 1))
    write_fake(tmp_path, "two", wrong=(1, 2))
    write_fake(tmp_path, "pair", CLASSES[1:], wrong=())
    return tmp_path


def make(folder, *arguments):
    done = CliRunner().invoke(command, ["make", "--out", str(folder / "both"), *arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_an_ensemble_on_disk_is_scored_like_a_network(folder):
    told = make(folder, "--members", "one,two")
    assert "Mean of one and two" in told
    card = json.loads((folder / "both" / "ensemble.json").read_text())
    assert (card["kind"], card["members"]) == ("mean", ["one", "two"])
    bundle = load_bundle("both")
    other = assemble(folder / "x", describe("vote", bundle.parts), bundle.parts)
    assert bundle.digest != other.digest
    frames = {b.name: b.predictions() for b in (bundle, *bundle.parts)}
    compared = compare(frames, dict.fromkeys(frames, CLASSES), "test")
    # both miss tile 1; on 0 and 2 they tie, and of equals the first class is called
    assert compared.parts["both"].metrics().correct == 10
    shown = json.loads(CliRunner().invoke(evaluate, ["--model", "both", "--json"]).stdout)
    assert shown["protocols"]["slide"]["accuracy"] == pytest.approx(10 / 12)
    assert [b.name for b in list_bundles()] == ["one", "two", "pair"]
    assert [b.name for b in list_ensembles()] == ["both"]
    assert "both  Mean of one and two" in CliRunner().invoke(list_models).output


def test_weights_are_chosen_on_validation_and_told(folder):
    told = make(folder, "--members", "one,two", "--kind", "weighted")
    assert "lowest log loss on 9 validation tiles" in told
    assert "lowest log loss" in load_bundle("both").card.recipe["weights from"]
    told = make(folder, "--members", "one,two", "--kind", "weighted", "--weights", "3,1")
    assert load_bundle("both").ensemble.shares.tolist() == [0.75, 0.25]


def test_a_network_of_two_classes_must_have_met_the_third(folder):
    with pytest.raises(BundleError, match="ensemble complete --model pair"):
        make(folder, "--members", "one,pair", "--kind", "two-stage")
    assert not (folder / "both").exists()
    beyond = fake_predictions(CLASSES, ())
    beyond = beyond[beyond["label"] == "Non-Tumor"].drop(columns="p_Non-Tumor")
    beyond[["p_Non-Viable-Tumor", "p_Viable"]] = 0.5
    beyond.to_csv(folder / "pair" / "beyond.csv", index=False)
    make(folder, "--members", "one,pair", "--kind", "two-stage")
    bundle = load_bundle("both")
    part = read_part(bundle.predictions(), "test", bundle.card.classes)
    assert part.n_tiles == 12
    # "one" misses tiles 0 (no tumour called tumour) and 1 (dead called viable); stage two knows
    assert [c == t for c, t in zip(part.calls, part.labels, strict=True)].count(False) == 1
    assert part.metrics().correct == 11


def test_what_needs_one_network_names_the_members(folder):
    make(folder, "--members", "one,two")
    bundle = load_bundle("both")
    with pytest.raises(BundleError, match="one and two; choose one"):
        bundle.network()
    with pytest.raises(BundleError, match="learning curves"):
        bundle.history()
    with pytest.raises(BundleError, match="an ensemble itself"):
        assemble(folder / "x", describe("mean", [bundle, bundle.parts[0]]), [bundle, *bundle.parts])
    (folder / "both" / "ensemble.json").write_text("{}")
    with pytest.raises(BundleError, match=r"ensemble.json of both must have a valid"):
        load_bundle("both")


def test_a_cohort_is_run_through_all_members(folder, tmp_path):
    def says(row):
        card = SimpleNamespace(classes=CLASSES, input_size=(4, 4), preprocessing="none")
        answer = lambda inputs, training: np.tile(row, (len(inputs), 1))  # noqa: E731
        return SimpleNamespace(card=card, network=lambda: answer)

    make(folder, "--members", "one,two")
    bundle = replace(load_bundle("both"), parts=(says([0.8, 0.1, 0.1]), says([0.2, 0.7, 0.1])))
    tile = CohortTile("a.png", "Viable", "C", "C-1", None, None, sha("a"), "test")
    cohort = SimpleNamespace(load=lambda _: SimpleNamespace(pixels=np.zeros((8, 8, 3), np.uint8)))
    fresh = predict_unread(bundle, cohort, [tile])
    assert fresh.frame[[f"p_{c}" for c in CLASSES]].to_numpy() == pytest.approx(
        np.array([[0.5, 0.4, 0.1]])
    )


def test_a_network_is_run_on_the_tiles_it_does_not_know(folder, tmp_path, monkeypatch):
    tiles = tuple(
        CohortTile(f"{i}.png", label, "C", "C-1", None, None, sha(str(i)), "test")
        for i, label in enumerate(CLASSES)
    )
    cohort = Cohort(tmp_path / "cohort", tmp_path, tiles)
    write_cohort(cohort)
    asked = []

    def run(bundle, cohort, tiles, tick):
        asked.extend(tile.label for tile in tiles)
        rows = [[t.sha256, t.file, t.slide, t.case, t.split, t.label, 0.5, 0.5] for t in tiles]
        columns = ["tile", "file", "slide", "case", "split", "label"]
        columns += [f"p_{name}" for name in bundle.card.classes]
        return FreshPredictions(pd.DataFrame(rows, columns=columns), ())

    monkeypatch.setattr("osteo_core.evaluate.running.predict_unread", run)
    arguments = ["complete", "--model", "pair", "--cohort", str(cohort.folder)]
    other = CliRunner().invoke(command, arguments)
    assert "the cohort that pair was trained on" in str(other.exception)
    card = json.loads((folder / "pair" / "card.json").read_text())
    card["split"]["cohort_digest"] = cohort.with_classes(CLASSES[1:]).digest
    (folder / "pair" / "card.json").write_text(json.dumps(card))
    assert CliRunner().invoke(command, arguments).exit_code == 0
    assert asked == ["Non-Tumor"]
    assert load_bundle("pair").beyond()["label"].tolist() == ["Non-Tumor"]


class Fixed:
    """Enough of an engine: says the same of every tile."""

    def __init__(self, row):
        self.row = row

    def predict(self, tiles):
        return np.array([self.row for _ in tiles], np.float32)


def test_members_are_asked_about_new_tiles(folder):
    make(folder, "--members", "one,two")
    reader = EnsembleReader(load_bundle("both"), [Fixed([0.8, 0.1, 0.1]), Fixed([0.2, 0.7, 0.1])])
    rows = reader.predict(iter(["tile", "tile"]))
    assert rows == pytest.approx(np.array([[0.5, 0.4, 0.1]] * 2), abs=1e-6)
    assert reader.calls(rows) == ["Non-Tumor"] * 2


@pytest.mark.parametrize("kind", ["mean", "vote"])
def test_the_shipped_networks_of_two_classes_answer_for_all_tiles_together(kind):
    pairs = [bundle for bundle in list_bundles() if len(bundle.card.classes) == 2]
    made = assemble(Path("pairs"), describe(kind, pairs), pairs)
    three = load_bundle("vgg19-multiclass").predictions()
    frame = made.predictions()
    assert set(frame["tile"]) == set(three["tile"])
    assert read_part(frame, "test", made.card.classes).metrics().accuracy > 0.9
