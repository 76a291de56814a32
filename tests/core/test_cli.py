import csv
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from osteo_core.cli import main, osteo
from osteo_core.explain import methods
from osteo_core.files.under_way import UnderWay
from osteo_core.heatmap import load_heatmap
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


def test_a_folder_without_pictures_is_named_and_fails(call, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no picture")
    for command in (("predict",), ("explain", "--out", tmp_path / "maps")):
        result = call(*command, "--model", "small", tmp_path / "empty")
        assert result.exit_code == 1
        assert "Expected a folder with pictures (.jpg" in result.stderr
        assert str(tmp_path / "empty") in result.stderr


def test_predict_tells_on_stderr_what_was_changed_in_a_file(call, tmp_path):
    Image.fromarray(np.full((40, 40), 90, np.uint8)).save(tmp_path / "grey.png")
    result = call("predict", "--model", "small", tmp_path)
    assert "osteo: grey.png: grey repeated in three channels." in result.stderr
    assert "repeated" not in result.stdout


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
    args = ("--method", "gradcam", "--layer", "block_13_expand", "--target", "Viable")
    result = call("explain", "--model", "small", *args, "--out", out, tiles)
    assert result.exit_code == 0, result.output
    manifest = json.loads((out / "manifest.json").read_text())
    assert [row["stem"] for row in manifest["maps"]] == ["a", "a-2"]
    assert manifest["maps"][0]["target"] == "Viable"
    with np.load(out / "a.gradcam.npz") as stored:
        assert stored["values"].dtype == np.float32
        assert stored["values"].shape == (2, 2)
        assert stored["values"].min() >= 0
    picture = Image.open(out / "a.gradcam.png")
    assert picture.size == (50, 40)
    assert json.loads(picture.text["osteo"])["layer"] == "block_13_expand"
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in out.glob("*.png"))  # show tiles
    assert not any(file.name.startswith(".") for file in out.iterdir())


def test_a_network_of_weights_that_are_no_numbers_ends_in_1(tmp_path, tiles, capsys, monkeypatch):
    import keras

    start = keras.Input((32, 32, 3))
    model = keras.Model(start, keras.layers.Dense(2, name="end")(keras.layers.Flatten()(start)))
    kernel, bias = model.get_layer("end").get_weights()
    model.get_layer("end").set_weights([kernel, bias + np.nan])
    model.save(tmp_path / "nan.keras")
    words = f"osteo predict --model {tmp_path / 'nan.keras'} --classes a,b --preprocessing none"
    monkeypatch.setattr(sys, "argv", [*words.split(), str(tiles)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    said = capsys.readouterr()
    assert "'end' (Dense)" in said.err
    assert said.out == ""


def test_predictions_of_some_tiles_appear_whole_and_by_one_command_at_a_time(call, tiles, tmp_path):
    (tiles / "broken.png").write_bytes(b"not a picture")
    result = call("predict", "--model", "small", "--out", tmp_path / "p.csv", tiles)
    assert result.exit_code == 1
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 3
    before, place = (tmp_path / "p.csv").read_bytes(), tmp_path / "p.csv"
    with UnderWay(place, place, text=True, private=False):  # as another `osteo predict` has it
        result = call("predict", "--model", "small", "--out", tmp_path / "p.csv", tiles)
    assert "another command is writing now" in str(result.exception)
    assert place.read_bytes() == before


def test_a_contrast_with_settings_is_drawn_to_both_sides_of_zero(call, tiles, tmp_path):
    out = tmp_path / "maps"
    args = ("--method", "integrated_gradients", "--set", "steps=8", "--set", "baseline=white")
    args += ("--layer", "input", "--target", "Viable", "--against", "Non-Tumor")
    result = call("explain", "--model", "small", *args, "--out", out, tiles / "a.png")
    assert result.exit_code == 0, result.output
    heat = load_heatmap(out / "a.integrated_gradients.npz")
    assert (heat.layer, heat.target, heat.against) == ("input", "Viable", "Non-Tumor")
    assert heat.parameters == {"steps": 8, "baseline": "white"}
    told = json.loads(Image.open(out / "a.integrated_gradients.png").text["osteo"])
    assert told["values_sha256"] == heat.values_sha256
    drawn = told["drawing"]
    assert drawn["colours"] == "blue-red"
    assert drawn["high"] == pytest.approx(np.abs(heat.values).max())
    assert drawn["low"] == -drawn["high"]


@pytest.mark.parametrize("kind", ["npz", "png"])
def test_a_map_is_made_again_from_its_file(call, tiles, tmp_path, kind):
    out = tmp_path / "maps"
    call("explain", "--model", "small", "--method", "eigencam", "--out", out, tiles / "a.png")
    saved = out / f"a.eigencam.{kind}"
    result = call("explain", "--from", saved, "--out", tmp_path / "again", tiles)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{saved}: the same to the bit\n"
    again = load_heatmap(tmp_path / "again" / "a.eigencam.npz")
    assert again.values_sha256 == load_heatmap(out / "a.eigencam.npz").values_sha256


def test_a_map_that_comes_out_otherwise_is_status_1(call, tiles, tmp_path):
    out = tmp_path / "maps"
    call("explain", "--model", "small", "--method", "eigencam", "--out", out, tiles / "a.png")
    heat = load_heatmap(out / "a.eigencam.npz")
    changed = replace(heat, values=heat.values * 2, versions={**heat.versions, "keras": "2.0"})
    result = call("explain", "--from", changed.save(out / "changed"), tiles)
    assert result.exit_code == 1
    assert "not the same: values differ by up to" in result.stdout
    assert "(0.5 of the largest); made with keras 2.0, now " in result.stdout


@pytest.mark.parametrize(
    ("args", "missing"),
    [
        (("--out", "o", "x.png"), "--model"),
        (("--model", "small", "x.png"), "--out"),
        (("--model", "small", "--out", "o"), "PATHS"),
        (("--model", "small", "--out", "o", "--set", "steps", "x.png"), "NAME=VALUE"),
    ],
)
def test_what_explain_needs_is_said(call, args, missing):
    result = call("explain", *args)
    assert result.exit_code == 2
    assert f"Expected {missing}. Received:" in result.output


def test_methods_are_listed_with_their_cost_on_a_network(call):
    told = call("methods").output
    assert "gradcam  Grad-CAM (cam, not signed)\n    at last convolution; differentiates" in told
    assert "cost" not in told
    rows = json.loads(call("methods", "--model", "small", "--json").output)
    assert [row["name"] for row in rows] == list(methods())
    assert all(row["forward_passes"] > 0 for row in rows)
    assert rows[0]["default_layer"] == "block_13_expand"  # Conv_1 is 1 × 1 at 32 px


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--layer", "block9"), "block9"),
        (("--target", "Healthy"), "Healthy"),
        (("--against", "Healthy"), "Healthy"),
        (("--method", "magic"), "magic"),
        (("--set", "steps=8"), "steps"),
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
