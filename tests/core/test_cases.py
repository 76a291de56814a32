"""Inputs that failed once, found with other people's bug reports: each is right now.

They lie beside the project, because their pictures are cut from the collection. Each kind has a
test of its own that makes its own input; these go the whole way on the real ones.
"""

import csv
import io
import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from osteo_core import load_tile, open_model
from osteo_core.cli import osteo
from osteo_core.errors import ModelError, OsteoError
from tests.toys import noise_tile

CLASSES = ["a", "b", "c"]


@pytest.fixture(scope="session")
def cases(shared_dir):
    folder = shared_dir / "cases"
    if not folder.is_dir():
        pytest.skip("the shared folder holds no cases")
    return {path.name.split("-")[0]: path for path in folder.iterdir() if path.is_dir()}


@pytest.fixture
def call():
    runner = CliRunner()
    return lambda *args: runner.invoke(osteo, [str(arg) for arg in args])


def said(work):
    """What some work gives, or its refusal."""
    try:
        return work()
    except ModelError as no:
        return no


def opened(file):
    import keras

    model = keras.saving.load_model(file, compile=False)
    n = max(2, model.outputs[0].shape[-1])
    return model, open_model(file, classes=CLASSES[:n], preprocessing="none")


def both(row):
    return np.concatenate([1 - row, row], -1) if row.shape[-1] == 1 else row


@pytest.mark.parametrize("kind", ["m01", "m02", "m03", "m06"])
def test_every_way_to_a_probability_is_keras(cases, kind):
    tile = noise_tile(64, seed=3)
    for file in sorted(cases[kind].glob("*.keras")):
        model, engine = opened(file)
        keras_says = both(np.asarray(model(engine.prepare(tile), training=False)))[0]
        read = engine.read(tile)
        assert read.probabilities == pytest.approx(keras_says, abs=1e-4), file.name
        assert engine.predict([tile])[0] == pytest.approx(keras_says, abs=1e-4), file.name
        assert read.predicted == engine.classes[int(keras_says.argmax())]


@pytest.mark.parametrize("kind", ["m03", "m04"])
def test_a_gradient_is_the_tapes(cases, kind):
    import keras
    import tensorflow as tf

    tile = noise_tile(64, seed=4)
    for file in sorted(cases[kind].glob("*.keras")):
        _, engine = opened(file)
        reading = engine.read(tile)
        batch = tf.constant(engine.prepare(tile))
        logits = engine.network.get_layer(engine.logits_layer.split(":")[0]).output
        bare = keras.Model(engine.network.input, logits)
        with tf.GradientTape() as tape:
            tape.watch(batch)
            score = tf.cast(bare(batch, training=False), tf.float32)[0, 1]
        expected = np.asarray(tape.gradient(score, batch))[0]
        scale = np.abs(expected).max()
        ours = reading.gradient("input", "b")
        assert np.abs(ours - expected).max() < (0.02 if kind == "m04" else 1e-3) * scale, file.name
        for layer in engine.unit_layers[:-1]:
            one = reading.contributions(layer, "b")
            every = reading.contributions_by_class(layer)[:, 1]
            assert every == pytest.approx(one, rel=1e-2, abs=1e-4 + 0.01 * np.abs(one).max())


def test_the_default_layer_has_a_map_or_there_is_a_sentence(cases):
    tile = noise_tile(64, seed=5)
    for file in sorted(cases["m05"].glob("*.keras")):
        _, engine = opened(file)
        name = said(lambda e=engine: e.default_layer)
        if isinstance(name, ModelError):
            continue
        height, width = engine.layer(name).shape[:2]
        assert height * width > 1, (file.name, name)
        heat = engine.read(tile).heatmap("gradcam", layer=name, target="a").values
        assert heat.size > 1
    _, gate = opened(cases["m05"] / "se_last.keras")
    assert gate.default_layer == "a2"


def test_files_of_keras_2_answer_as_they_did(cases):
    import tensorflow as tf

    stored = np.load(cases["m07"] / "expected.npz", allow_pickle=False)
    for file in sorted(cases["m07"].iterdir()):
        if file.suffix not in (".h5", ".keras"):
            continue
        engine = said(lambda f=file: open_model(f, classes=CLASSES, preprocessing="none"))
        if isinstance(engine, ModelError):
            assert file.name == "only_weights.h5", (file.name, str(engine))
            assert "weights" in str(engine)
            continue
        if file.name in stored:
            answers = engine.forward(tf.constant(stored["x"]))
            near = 2e-3 if "mixed" in file.name else 1e-4
            assert answers == pytest.approx(stored[file.name], abs=near), file.name


def test_convolutions_in_wrappers_are_found_or_named(cases):
    for file in sorted(cases["m08"].glob("*.keras")):
        found = said(lambda f=file: opened(f)[1])
        if isinstance(found, ModelError):
            assert "Conv" in str(found), (file.name, str(found))
        else:
            assert found.conv_layers, file.name


def test_weights_that_are_no_numbers_are_named(cases, call, tmp_path):
    file = cases["m09"] / "nan_weights.keras"
    picture = tmp_path / "t.png"
    from PIL import Image

    Image.fromarray(noise_tile(64).pixels).save(picture)
    n = _n_outputs(file)
    result = call(
        *("predict", "--model", file, "--classes", ",".join(CLASSES[:n])),
        *("--preprocessing", "none", picture),
    )
    assert result.exit_code in (1, 2)
    assert "nan,nan" not in result.output
    assert isinstance(result.exception, SystemExit | OsteoError)


def _n_outputs(file):
    import keras

    return int(keras.saving.load_model(file, compile=False).outputs[0].shape[-1])


def test_a_fixed_batch_is_opened_or_named(cases):
    import keras

    file = cases["m10"] / "fixed_batch.keras"
    tile = noise_tile(64, seed=6)
    engine = said(lambda: open_model(file, classes=CLASSES, preprocessing="none"))
    if isinstance(engine, ModelError):
        assert "batch" in str(engine)
        return
    model = keras.saving.load_model(file, compile=False)
    four = np.repeat(engine.prepare(tile), 4, axis=0)
    assert engine.read(tile).probabilities == pytest.approx(
        np.asarray(model(four, training=False))[0], abs=1e-4
    )


def test_classes_called_na_or_numbers_are_scored(cases, call):
    for name, right in (("cls-NA", 5 / 6), ("cls-0x", None), ("sk-numbers", 0.6)):
        result = call("evaluate", "--model", cases["e01"] / name, "--json")
        assert result.exit_code == 0, (name, result.output)
        (only,) = json.loads(result.stdout)["protocols"].values()
        rows = list(csv.DictReader((cases["e01"] / name / "predictions.csv").open()))
        assert only["n_tiles"] == len(rows)
        if right is not None:
            assert only["accuracy"] == pytest.approx(right)


@pytest.fixture
def imported(cases, call, tmp_path):
    def import_(kind, name):
        result = call("cohort", "import", cases[kind] / name, "--to", tmp_path / name)
        assert result.exit_code in (0, 1), result.output
        table = (tmp_path / name / "cohort.csv").read_text("utf-8")
        return list(csv.DictReader(io.StringIO(table))), result.output

    return import_


def test_classes_called_0_and_1_go_the_whole_way(imported):
    rows, _ = imported("e01", "zero_one")
    assert {row["label"] for row in rows} == {"0", "1"}


def test_a_split_on_disk_is_kept(imported):
    rows, _ = imported("c01", "keras_split4")
    assert {row["label"] for row in rows} == {"ADI", "LYM", "STR", "TUM"}
    named = {"train": "train", "val": "validation", "test": "test"}
    assert all(row["split"] == named[row["file"].split("/")[0]] for row in rows)


def test_one_class_in_two_unicode_forms_is_one(imported):
    rows, _ = imported("c02", "nfc")
    assert len({row["label"] for row in rows}) == 2
    assert len(rows) == 18


def test_spellings_of_one_class_are_told(cases, call, tmp_path):
    result = call("cohort", "import", cases["c03"] / "caseclash", "--to", tmp_path / "out")
    text = result.output + str(result.exception or "")
    assert "BENIGN" in text
    assert "benign" in text


@pytest.mark.parametrize("name", ["three", "csv_ok"])
def test_no_part_is_empty(imported, name):
    rows, _ = imported("c04", name)
    assert {row["split"] for row in rows} == {"train", "validation", "test"}


@pytest.mark.parametrize("name", ["csv_semicolon", "csv_tab", "csv_cp1252", "csv_nfd"])
def test_label_files_of_all_sorts_are_read(imported, cases, name):
    rows, _ = imported("c05", name)
    table = next((cases["c05"] / name).rglob("*.csv"))
    n_rows = len(table.read_bytes().strip().splitlines()) - 1
    assert len(rows) == n_rows


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("i01", name) for name in ("alpha0.tif", "alpha0_v4.bmp")),
        ("i02", "rgb_pages.ome.tif"),
        *(("i03", name) for name in ("x257.tif", "in_container.tif")),
    ],
)
def test_a_picture_is_the_one_that_was_stored(cases, kind, name):
    read, meant = load_tile(cases[kind] / name), load_tile(cases[kind] / "ref8.png")
    assert np.array_equal(read.pixels, meant.pixels)


def test_one_hot_pixel_changes_no_other(cases):
    read, meant = load_tile(cases["i03"] / "hot.tif"), load_tile(cases["i03"] / "ref8.png")
    changed = np.any(read.pixels != meant.pixels, axis=2)
    assert changed.mean() < 0.01


def test_pictures_of_other_kinds_are_read_or_named(cases):
    for kind in ("i04", "i05", "i06"):
        for file in sorted(cases[kind].iterdir()):
            if file.name == "README":
                continue
            tile = load_tile(file)
            assert min(tile.shape[:2]) > 64, file.name
            assert tile.pixels.std() > 5, file.name


def test_a_folder_of_jfif_is_predicted(cases, call, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(cases["i06"] / "a.jfif", folder / "a.JFIF")
    result = call("predict", "--model", "mobilenetv2-multiclass", folder)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 2
    (tmp_path / "none").mkdir()
    assert call("predict", "--model", "mobilenetv2-multiclass", tmp_path / "none").exit_code == 1
