import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from osteo_core.cli import osteo
from tests.core.test_bundles import bundle, network  # noqa: F401


@pytest.fixture
def tiles(tmp_path):
    folder = tmp_path / "tiles"
    (folder / "deeper").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a.png", "deeper/a.png"):
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(folder / name)
    return folder


@pytest.fixture
def call(bundle, monkeypatch):  # noqa: F811
    monkeypatch.setenv("OSTEO_MODELS", str(bundle.folder.parent))
    runner = CliRunner()
    return lambda *args: runner.invoke(osteo, [str(arg) for arg in args])


def test_models_are_listed(call):
    assert call("models").output.startswith("small  Small, 32 x 32 px: Non-Tumor | Viable")


def test_predict_writes_a_row_a_tile(call, tiles, tmp_path):
    result = call("predict", "--model", "small", "--out", tmp_path / "p.csv", tiles)
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader((tmp_path / "p.csv").open()))
    columns = ["path", "model", "predicted", "p_Non-Tumor", "p_Viable"]
    assert list(rows[0]) == columns
    assert [row["path"] for row in rows] == [str(tiles / "a.png"), str(tiles / "deeper/a.png")]
    for row in rows:
        p = [float(row["p_Non-Tumor"]), float(row["p_Viable"])]
        assert sum(p) == pytest.approx(1, abs=1e-5)
        assert row["predicted"] == ("Non-Tumor", "Viable")[int(np.argmax(p))]


def test_a_bad_tile_is_named_and_the_others_are_done(call, tiles):
    (tiles / "broken.png").write_bytes(b"not a picture")
    result = call("predict", "--model", "small", tiles, tiles / "absent.png")
    assert result.exit_code == 1
    assert "broken.png" in result.stderr
    assert "absent.png" in result.stderr
    assert len(result.stdout.splitlines()) == 3


def test_explain_writes_raw_maps_pictures_and_a_manifest(call, tiles, tmp_path):
    out = tmp_path / "maps"
    args = ("--method", "gradcam", "--layer", "Conv_1", "--target", "Viable")
    result = call("explain", "--model", "small", *args, "--out", out, tiles)
    assert result.exit_code == 0, result.output
    manifest = json.loads((out / "manifest.json").read_text())
    assert [row["stem"] for row in manifest["maps"]] == ["a", "a-2"]
    assert manifest["maps"][0]["target"] == "Viable"
    with np.load(out / "a.gradcam.npz") as stored:
        assert stored["values"].dtype == np.float32
        assert stored["values"].shape == (1, 1)
        assert stored["values"].min() >= 0
    picture = Image.open(out / "a.gradcam.png")
    assert picture.size == (50, 40)
    assert json.loads(picture.text["osteo"])["layer"] == "Conv_1"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--layer", "block9"), "block9"),
        (("--target", "Healthy"), "Healthy"),
        (("--method", "magic"), "magic"),
    ],
)
def test_what_explain_does_not_know_is_said(call, tiles, tmp_path, args, said):
    result = call("explain", "--model", "small", *args, "--out", tmp_path / "o", tiles)
    assert said in str(result.exception)
    assert not (tmp_path / "o" / "manifest.json").exists()


def test_an_error_is_one_sentence_and_status_2(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "osteo_core.cli", "predict", "--model", "nope", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "Received: 'nope'" in done.stderr


def test_help_is_quick_to_import():
    code = "import osteo_core.cli, sys; print('tensorflow' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
