"""`osteo cohort audit`: its JSON, its sentences, its exit status, its suspects; and its cost."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from osteo_core.benchmark.audit import audit_s
from osteo_core.cli import osteo
from osteo_core.cohorts.audit import audit
from osteo_core.errors import CohortError
from osteo_core.evaluate import out_of_fold
from tests.core.audit_cohorts import cohort_of, leaky_cohort, synthetic_cohort, tile_of
from tests.fake_bundles import write_fake


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sixty tiles and one copy, of the first tile, in another part."""
    folder = tmp_path_factory.mktemp("cohort")
    leaky_cohort(folder, 60)
    return folder


def run(*arguments):
    return CliRunner().invoke(osteo, ["cohort", "audit", *map(str, arguments)])


def test_json_names_the_leak_by_the_cohorts_files(folder):
    found = run(folder, "--json")
    assert found.exit_code == 0
    told = json.loads(found.stdout)
    (leak,) = told["leaks"]
    assert leak["a"].endswith("tile-000.png")
    assert leak["b"].endswith("zcopy-0.jpg")
    assert leak["kind"] == "near-duplicate"
    assert leak["parts"] == ["train", "validation"]
    assert leak["across"] is True
    assert told["pairs"] == told["unnamed_overlaps"] == told["unread"] == []
    assert told["tiles"] == 61
    assert {row["case"] for row in told["stain"]} == {"Case-1", "Case-9"}
    assert sum(cell["tiles"] for cell in told["classes"]) == 61


def test_the_text_says_it_in_sentences(folder):
    said = run(folder).stdout
    assert "1 pair of tiles that show one picture lie across the parts of the split" in said
    assert "zcopy-0.jpg (validation): near-duplicate" in said
    assert "Label suspects out of fold: Not run" in said


def test_a_tile_that_cannot_be_read_is_named_and_the_others_are_audited(tmp_path):
    tiles = synthetic_cohort(tmp_path, 12)
    cohort_of(tmp_path, [*tiles, tile_of(tmp_path / "gone.png", split="test")])
    found = run(tmp_path, "--json")
    assert found.exit_code == 1
    assert "gone.png" in found.stderr
    told = json.loads(found.stdout)
    assert [item["file"] for item in told["unread"]] == [str(tmp_path / "gone.png")]
    assert "1 tile was left out: not readable." in told["sentences"]


def test_a_folder_without_a_cohort_and_a_lone_option_are_refused(tmp_path):
    with pytest.raises(CohortError, match="without"):
        CliRunner().invoke(osteo, ["cohort", "audit", str(tmp_path)], standalone_mode=False,
                           catch_exceptions=False)  # fmt: skip
    weights = tmp_path / "w.h5"
    weights.touch()
    assert run(tmp_path, "--backbone-weights", weights).exit_code == 2


def predictions(cohort, wrong):
    """Each tile called as labelled with 0.8; the tile in `wrong` otherwise, with 0.9."""
    rows = []
    for tile in cohort.tiles:
        sure = {name: 0.8 if name == tile.label else 0.1 for name in cohort.classes}
        if tile.file == wrong.file:
            sure = {"Non-Tumor": 0.05, "Non-Viable-Tumor": 0.05, "Viable": 0.9}
        rows.append({"tile": tile.sha256, "file": tile.file, "slide": tile.slide,
                     "case": tile.case, "split": tile.split, "label": tile.label}
                    | {f"p_{name}": p for name, p in sure.items()})  # fmt: skip
    return pd.DataFrame(rows)


def test_stored_predictions_tell_a_suspect_where_the_tile_was_not_trained_on(
    folder, tmp_path, monkeypatch
):
    from osteo_core.cohorts import read_cohort

    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    cohort = read_cohort(folder)
    held = next(t for t in cohort.tiles if t.split == "test" and t.label == "Non-Tumor")
    stored = write_fake(tmp_path, "net", cohort.classes) / "predictions.csv"
    predictions(cohort, held).to_csv(stored, index=False)
    told = json.loads(run(folder, "--json").stdout)
    assert told["out_of_fold"]["by"] == "stored predictions of net"
    (suspect,) = told["suspects"]
    assert (suspect["file"], suspect["says"], suspect["confidence"]) == (held.file, "Viable", 0.9)
    trained = next(t for t in cohort.tiles if t.split == "train" and t.label == "Non-Tumor")
    predictions(cohort, trained).to_csv(stored, index=False)
    assert json.loads(run(folder, "--json", "--model", "net").stdout)["suspects"] == []


def test_cross_validation_finds_a_swapped_label_and_keeps_tied_tiles_together(folder):
    from osteo_core.cohorts import read_cohort

    cohort = read_cohort(folder)
    result = audit(cohort)
    groups = out_of_fold.tied_groups(cohort.tiles, result)
    assert len(set(groups.tolist())) == 60  # the tile and its copy are one group
    classes, rng = cohort.classes, np.random.default_rng(0)
    truth = np.array([classes.index(tile.label) for tile in cohort.tiles])
    believed = truth.copy()
    believed[5] = (truth[5] + 1) % 3
    values = (np.eye(3)[believed] * 4 + rng.normal(0, 0.5, (61, 3))).astype(np.float32)
    found = out_of_fold.cross_validated(values, cohort.tiles, groups, classes)
    assert found.shape == (61, 3)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.flatnonzero(found.argmax(axis=1) != truth).tolist() == [5]


def test_the_audits_cost_is_measured_on_tiles_without_leaks():
    assert 0 < audit_s.__wrapped__(24) < 60
