"""`osteo grade`: a table of methods with intervals, from a cohort or the shipped examples."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from osteo_core.cli import osteo
from osteo_core.grades.sampling import Sampled, bootstrap, sample
from tests.core.unit_index_cohorts import noise_cohort
from tests.toys import engine_of, shaped


@pytest.fixture
def call(monkeypatch):
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    monkeypatch.setattr("osteo_core.commands.grade.open_chosen", lambda *_: engine)
    return lambda *args: CliRunner().invoke(osteo, ["grade", "--model", "x", *map(str, args)])


def test_examples_are_graded_with_their_masks(call, tmp_path):
    out = tmp_path / "grades.csv"
    asked = ("--methods", "gradcam, saliency", "--tiles", 3, "--points", 2, "--out", out)
    result = call(*asked, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["part"], set(told["methods"])) == ("examples", {"gradcam", "saliency"})
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    assert [row["method"] for row in rows] == ["gradcam", "saliency"]
    for row in rows:
        shares = [float(row[f"share_{badge}"]) for badge in ("pass", "weak", "fail")]
        assert sum(shares) == pytest.approx(1)
        assert row["n_tiles"] == "3"
    saliency = rows[1]
    low, mean, high = (float(saliency[f"faithfulness{end}"]) for end in ("_low", "", "_high"))
    assert low <= mean <= high
    assert saliency["relevance_mass_n"] == "3"
    again = call(*asked)
    assert "3 tiles" in again.stdout
    assert list(csv.DictReader(out.open(encoding="utf-8"))) == rows


def test_a_cohort_is_graded_and_bad_tiles_are_named(call, tmp_path):
    cohort = noise_cohort(tmp_path / "cohort", 12)
    gone = cohort.part("test")[0]
    cohort.path(gone).unlink()
    out = tmp_path / "grades.csv"
    result = call("--cohort", cohort.folder, "--methods", "saliency", "--points", 2, "--out", out)
    assert result.exit_code == 1
    assert f"left out {gone.file}" in result.stderr
    assert next(csv.DictReader(out.open(encoding="utf-8")))["n_tiles"] == "2"


def test_unknown_methods_are_refused_before_any_work(call, tmp_path):
    result = call("--methods", "magic", "--out", tmp_path / "grades.csv")
    assert "Expected a method" in str(result.exception)
    assert not (tmp_path / "grades.csv").exists()


def test_a_sample_is_even_and_seeded():
    tiles = [Sampled(f"{label}{i}", label, None) for label in "abb" for i in range(10)]
    drawn = sample(tiles, 6, 1)
    assert sorted(tile.label for tile in drawn) == ["a", "a", "a", "b", "b", "b"]
    assert drawn == sample(tiles, 6, 1)
    assert drawn != sample(tiles, 6, 2)
    assert sample(tiles, 99, 0) == tiles


def test_an_interval_covers_the_mean_of_many_samples():
    """Of 200 samples of 30 numbers about 95 % of the intervals hold the true mean, 0."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        found = bootstrap(random.normal(size=30).tolist(), 0)
        held += found.low <= 0 <= found.high
    assert 0.88 <= held / 200 <= 0.99
    assert bootstrap([], 0) is None
    one = bootstrap([0.5], 0)
    assert (one.mean, one.low, one.high, one.n) == (0.5, 0.5, 0.5, 1)
