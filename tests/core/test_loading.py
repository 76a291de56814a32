"""Opening bundles and files of one's own; what cannot be opened is a sentence."""

import h5py
import keras
import numpy as np
import pytest

from osteo_core import open_model
from osteo_core.errors import BundleError, ModelError
from tests.core.test_bundles import bundle, network  # noqa: F401
from tests.toys import CLASSES, THREE, noise_tile, ramp_network, shaped


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("shape", ["nested", "twice"])
def test_open_a_file_of_ones_own(tmp_path, shape, suffix):
    model = shaped("plain", shape)
    file = tmp_path / f"mine{suffix}"
    model.save(file)
    engine = open_model(file, classes=THREE, preprocessing="rescale")
    assert (engine.name, len(engine.digest)) == ("mine", 64)
    tile = noise_tile(32)
    expected = model(engine.prepare(tile), training=False)[0]
    np.testing.assert_allclose(engine.read(tile).probabilities, expected, atol=1e-6)
    assert open_model(str(file), list(THREE), "rescale").digest == engine.digest


def test_open_a_fully_convolutional_file(tmp_path):
    start = keras.Input((None, None, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3, name="c")(start))
    keras.Model(start, x).save(tmp_path / "open.keras")
    told = {"classes": CLASSES, "preprocessing": "rescale"}
    assert open_model(tmp_path / "open.keras", **told).input_size == (224, 224)
    engine = open_model(tmp_path / "open.keras", **told, input_size=(64, 80))
    assert engine.read(noise_tile(32)).activation("c").shape == (62, 78, 2)


def test_open_a_bundle(bundle, monkeypatch):  # noqa: F811
    monkeypatch.setenv("OSTEO_MODELS", str(bundle.folder.parent))
    engine = open_model("small")
    assert (engine.name, engine.digest, engine.card) == ("small", bundle.digest, bundle.card)
    assert engine.classes == ("Non-Tumor", "Viable")
    assert engine.default_layer == "block_13_expand"  # Conv_1 is 1 × 1 at 32 px
    assert open_model(bundle.folder, classes=CLASSES).digest == bundle.digest
    with pytest.raises(ModelError, match=r"its card says mobilenetv2\. Received: vgg19"):
        open_model("small", preprocessing="vgg19")


def _lambda_file(folder):
    start = keras.Input((4, 4, 3))
    x = keras.layers.Lambda(lambda x: x * 2)(start)
    keras.Model(start, keras.layers.Flatten()(x)).save(folder / "m.keras")


def _garbage(folder):
    (folder / "m.keras").write_bytes(b"not a model")


def _cut_short(folder):
    ramp_network().save(folder / "whole.keras")
    data = (folder / "whole.keras").read_bytes()
    (folder / "m.keras").write_bytes(data[: len(data) // 2])


def _foreign_h5(folder):
    with h5py.File(folder / "m.h5", "w") as file:
        file["x"] = [1]


def _weights_only(folder):
    ramp_network().save_weights(folder / "m.weights.h5")


@pytest.mark.parametrize(
    ("make", "name", "says"),
    [
        (lambda folder: None, "m.keras", "does not exist"),
        (_garbage, "m.keras", "m.keras, which is not one"),
        (_cut_short, "m.keras", "m.keras"),
        (_foreign_h5, "m.h5", "m.h5"),
        (_lambda_file, "m.keras", "Lambda layer"),
        (_weights_only, "m.weights.h5", "weights only"),
        (lambda folder: (folder / "m.txt").write_text("x"), "m.txt", "m.txt"),
    ],
)
def test_files_that_are_refused(tmp_path, make, name, says):
    make(tmp_path)
    with pytest.raises(ModelError, match=r"^Expected [^\n]*Received: [^\n]*\.$") as refusal:
        open_model(tmp_path / name, CLASSES, "rescale")
    assert says in str(refusal.value)
    assert len(str(refusal.value)) < 500


def test_a_folder_without_a_card_and_an_unknown_name(tmp_path):
    with pytest.raises(BundleError, match=r"card\.json"):
        open_model(tmp_path)
    with pytest.raises(BundleError, match="'vgg99'"):
        open_model("vgg99")


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "classes=[...] with 2 names"),
        ({"classes": CLASSES}, "Expected preprocessing=..., one of vgg19"),
        ({"classes": CLASSES, "preprocessing": "magic"}, "Received: 'magic'"),
        ({"classes": THREE, "preprocessing": "none"}, "Expected 2 different class names"),
        ({"classes": ("a", "a"), "preprocessing": "none"}, "Received: a, a"),
        (
            {"classes": CLASSES, "preprocessing": "none", "input_size": (8, 8)},
            "4 × 4. Received: 8 × 8",
        ),
    ],
)
def test_what_a_file_must_be_told(tmp_path, told, says):
    ramp_network().save(tmp_path / "m.keras")
    with pytest.raises(ModelError, match=r"Expected|must be") as refusal:
        open_model(tmp_path / "m.keras", **told)
    assert says in str(refusal.value)


def test_a_batch_of_thousands_is_refused_before_it_is_run(tmp_path):
    start = keras.Input(batch_shape=(4096, 8, 8, 3))
    end = keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(start))
    keras.Model(start, end).save(tmp_path / "many.keras")
    with pytest.raises(ModelError, match="exactly 4096 tiles at once; 1 to 64 can be read"):
        open_model(tmp_path / "many.keras", CLASSES, "none")
