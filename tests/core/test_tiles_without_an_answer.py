"""A network that overflows on one tile: that tile is named, the others are done."""

import csv
import json

import cv2
import numpy as np
import pytest

from osteo_core.cli import main
from tests.core.test_agreement import _overflows
from tests.core.test_ends import SCORES, _ended


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    """A dark tile, a bright one on which the network overflows, and another dark one."""
    folder = tmp_path_factory.mktemp("tiles")
    rng = np.random.default_rng(0)
    for name, low, high in (("a", 0, 90), ("b", 250, 256), ("c", 20, 60)):
        pixels = rng.integers(low, high, (32, 32, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{name}.png"), pixels)
    return folder


@pytest.fixture(scope="module")
def overflowing(tmp_path_factory):
    """Its file."""
    file = tmp_path_factory.mktemp("models") / "overflows.keras"
    _overflows().save(file)
    return file


def _run(monkeypatch, *args):
    monkeypatch.setattr("sys.argv", ["osteo", *map(str, args)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def _own(file):
    return ("--model", file, "--classes", "a,b,c", "--preprocessing", "none")


def test_predict_writes_no_nan(monkeypatch, capsys, tmp_path, tiles, overflowing):
    out = tmp_path / "rows.csv"
    assert _run(monkeypatch, "predict", *_own(overflowing), "--out", out, tiles) == 1
    with out.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["path"][-5:] for row in rows] == ["a.png", "c.png"]
    assert "nan" not in out.read_text().lower()
    said = capsys.readouterr().err
    assert "b.png" in said
    assert "NaN" in said


def test_explain_leaves_its_manifest(monkeypatch, capsys, tmp_path, tiles, overflowing):
    out = tmp_path / "maps"
    assert _run(monkeypatch, "explain", *_own(overflowing), "--out", out, tiles) == 1
    manifest = json.loads((out / "manifest.json").read_text())
    assert [row["stem"] for row in manifest["maps"]] == ["a", "c"]
    assert manifest["failed"] == 1
    assert manifest["softmax_added"] is False
    assert "of its own" in manifest["output"]
    assert "b.png" in capsys.readouterr().err


def test_an_added_softmax_is_told_once(monkeypatch, capsys, tmp_path, tiles):
    file = tmp_path / "scores.keras"
    _ended(SCORES["linear"]).save(file)
    assert _run(monkeypatch, "predict", *_own(file), tiles) == 0
    said = capsys.readouterr().err
    assert said.count("a softmax is added behind them") == 1
