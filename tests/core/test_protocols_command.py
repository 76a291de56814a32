"""`osteo evaluate --cohort --protocol`: one pass of the base, what it is told of, what is kept."""

import hashlib
import json

import cv2
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from osteo_core.bundles import load_bundle, write_card
from osteo_core.cohorts.table import Cohort, CohortTile, read_cohort, write_cohort
from osteo_core.commands.evaluate import evaluate
from osteo_core.errors import BundleError, CohortError, RecipeError
from osteo_core.evaluate import frozen
from osteo_core.evaluate.protocol_report import read_report
from tests.fake_bundles import CLASSES, fake_card

SIDE, N = 16, 60
SHADES = {
    "Non-Tumor": (230, 200, 220),
    "Non-Viable-Tumor": (200, 120, 150),
    "Viable": (90, 60, 140),
}


def make(size, weights):
    import keras

    if weights == "imagenet":
        raise OSError("Expected a network connection. Received: none.")
    start = keras.Input((*size, 3))
    x = keras.layers.Conv2D(8, 3, activation="relu", name="conv", bias_initializer="normal")(start)
    return keras.Model(start, keras.layers.MaxPooling2D(name="pool")(x))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """60 tiles that their colour tells apart, ten slides, two cases; the last is no picture."""
    folder = tmp_path_factory.mktemp("cohort")
    rng, tiles = np.random.default_rng(3), []
    for i in range(N):
        label, case = CLASSES[i % 3], f"Case-{i % 2}"
        pixels = np.clip(np.array(SHADES[label]) + rng.normal(0, 25, (32, 32, 3)), 0, 255)
        file = folder / f"{i}.png"
        cv2.imwrite(str(file), pixels.astype(np.uint8))
        if i == N - 1:
            file.write_bytes(b"no picture")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        tiles.append(
            CohortTile(file.name, label, case, f"{case}-S{i % 10}", i, i, digest, "train", label)
        )
    write_cohort(Cohort(folder, folder, tuple(tiles)))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory, folder):
    """A bundle that was tuned on the tiles of slides 0 to 5."""
    import keras

    from osteo_core.networks.build import BASES, Base, Head, build_network
    from osteo_core.networks.weights import save_weights

    models = tmp_path_factory.mktemp("models")
    (models / "toy").mkdir()
    BASES["toy-protocols"] = Base(make, end="pool")
    keras.utils.set_random_seed(1)
    network = build_network("toy-protocols", 3, (SIDE, SIDE), Head("avg", (4,), 0.5))
    digest = save_weights(network, models / "toy" / "weights.npz")
    card = fake_card("toy", CLASSES).model_dump() | {
        "architecture": "toy-protocols",
        "input_size": (SIDE, SIDE),
        "preprocessing": "rescale",
        "head": {"pooling": "avg", "units": (4,), "dropout": 0.5},
        "weights": [{"file": "weights.npz", "sha256": digest}],
    }
    write_card(models / "toy", type(fake_card("toy", CLASSES)).model_validate(card))
    make((SIDE, SIDE), None).save_weights(str(models / "base.weights.h5"))
    frame = pd.read_csv(folder / "cohort.csv")
    frame = frame.assign(
        tile=frame["sha256"], split=np.where(frame.index % 10 < 6, "train", "test")
    )
    frame = frame.assign(**{f"p_{name}": 1 / 3 for name in CLASSES})
    kept = ["tile", "file", "slide", "case", "split", "label", *(f"p_{name}" for name in CLASSES)]
    frame[kept].to_csv(models / "toy" / "predictions.csv", index=False)
    return models


@pytest.fixture
def run(models, folder, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(models))
    given = ["--model", "toy", "--cohort", str(folder), "--protocol"]
    return lambda *more: CliRunner().invoke(evaluate, [*given, *more])


def untouched(models, tmp_path):
    return "--backbone-weights", str(models / "base.weights.h5"), "--cache", str(tmp_path)


def test_all_protocols_from_one_pass(run, models, folder, tmp_path, monkeypatch):
    decoded = []
    load = Cohort.load
    monkeypatch.setattr(Cohort, "load", lambda self, t: decoded.append(t.file) or load(self, t))
    first = run("all", "--json", "--save", *untouched(models, tmp_path))
    assert first.exit_code == 1  # one tile is no picture
    assert "59.png" in first.stderr
    assert sorted(decoded) == sorted(f"{i}.png" for i in range(N))
    told = json.loads(first.stdout)
    assert set(told["protocols"]) == {"tile", "slide", "case", "800/274/70", "90/10", "70/30"}
    for scores in told["protocols"].values():
        low, high = scores["accuracy_ci95"]
        assert 0 <= low <= scores["accuracy"] <= high <= 1
        assert scores["n_slides"] == 10
    assert told["protocols"]["slide"]["n_tiles"] == N - 1
    assert told["protocols"]["tile"]["accuracy"] > 0.9
    assert "No two slides were found to show the same tissue" in told["skipped"]["tissue"]
    assert told["base"]["kind"] == "ImageNet"
    assert "met none of these tiles" in told["base"]["sentence"]
    assert "from random tiles to whole cases held out" in told["gap"]

    again = run("all", "--json", *untouched(models, tmp_path))
    assert len(decoded) == N  # nothing was read again, not even to learn what cannot be read
    assert again.exit_code == 1
    assert json.loads(again.stdout)["protocols"] == told["protocols"]
    shipped, beside = models / "toy" / "protocols.json", folder / "protocols" / "toy.json"
    assert shipped.read_text() == beside.read_text()
    assert read_report(beside).protocols["case"].accuracy == told["protocols"]["case"]["accuracy"]
    assert not read_report(beside).seconds  # the same run gives the same file


def test_slides_that_show_the_same_tissue_are_held_out_together(run, models, tmp_path, monkeypatch):
    """The first tile of slide 0 and that of slide 1, made copies, tie the two."""
    given = untouched(models, tmp_path)
    run("tile", *given)
    (file,) = tmp_path.glob("*/grey.npy")
    grey = np.load(file)
    grey[1] = grey[0]
    np.save(file, grey)
    monkeypatch.setattr(Cohort, "load", lambda *_: pytest.fail("read again"))
    told = json.loads(run("tissue", "--json", *given).stdout)
    scores = told["protocols"]["tissue"]
    assert len(scores["runs"]) == 5
    assert scores["accuracy"] == 1  # the toy's classes are told by one colour
    assert scores["accuracy_ci95_by_tissue"] is None
    assert any("no interval by tissue: every draw gives 1.000" in note for note in scores["notes"])
    assert "by tissue" in run("slide", *given).stdout

    file.unlink()  # features of before there were grey tiles: the pictures are read once more
    monkeypatch.undo()
    monkeypatch.setenv("OSTEO_MODELS", str(models))
    found = run("tissue", "--json", *given)
    assert "No two slides were found" in str(found.exception)
    assert file.is_file()


def test_one_protocol_as_text(run, models, tmp_path):
    text = run("case", *untouched(models, tmp_path)).stdout
    assert text.startswith("toy: toy-protocols base, ImageNet weights")
    assert [line.split()[0] for line in text.splitlines()[2:3]] == ["case"]
    assert "Case-0" in text
    assert "800" not in text


def test_the_tuned_base_is_scored_only_where_it_never_was(run, tmp_path):
    found = run("all", "--json", "--own-base", "--cache", str(tmp_path))
    assert isinstance(found.exception, SystemExit), found.exception
    told = json.loads(found.stdout)
    assert told["base"]["kind"] == "own"
    assert told["protocols"]["slide"]["n_tiles"] == 23  # slides 6 to 9, less the broken tile
    assert told["protocols"]["slide"]["n_slides"] == 4
    assert "23 of 59 tiles that it never met" in told["base"]["sentence"]
    assert "Not a figure for a new patient" in told["protocols"]["case"]["notes"][0]

    (file,) = tmp_path.glob("*/grey.npy")
    grey = np.load(file)
    grey[6] = grey[0]  # a tile of slide 6, which the base never met, and one of slide 0
    np.save(file, grey)
    tied = run("tissue", "--json", "--own-base", "--cache", str(tmp_path))
    notes = json.loads(tied.stdout)["protocols"]["tissue"]["notes"]
    assert "Not a figure for new tissue" in notes[0]


def test_without_a_download_the_own_base_is_used_and_said(run, tmp_path):
    found = run("slide", "--json", "--cache", str(tmp_path))
    assert "could not be downloaded" in found.stderr
    assert json.loads(found.stdout)["base"]["kind"] == "own"


def test_a_base_that_met_every_tile_is_refused_with_a_way_out(run, models, tmp_path):
    file = models / "toy" / "predictions.csv"
    kept = file.read_text()
    try:
        file.write_text(kept.replace(",test,", ",train,"))
        found = run("all", "--own-base", "--cache", str(tmp_path))
    finally:
        file.write_text(kept)
    assert isinstance(found.exception, BundleError)
    assert "--backbone-weights FILE" in str(found.exception)


def test_weights_of_another_network_are_a_sentence(models, tmp_path):
    (tmp_path / "other.weights.h5").write_bytes(b"nothing")
    with pytest.raises(RecipeError, match="Expected ImageNet weights of toy-protocols"):
        frozen.frozen_base(load_bundle(models / "toy"), tmp_path / "other.weights.h5")


def test_what_cannot_be_written_or_asked_is_a_sentence(run, models, folder, tmp_path):
    weights = "--backbone-weights", str(models / "base.weights.h5")
    found = run("tile", *weights, "--cache", str(folder / "cohort.csv" / "below"))
    assert isinstance(found.exception, CohortError)
    assert "give one by --cache DIR" in str(found.exception)
    assert "Received: --part train" in run("tile", "--part", "train", *weights).output


def test_a_network_of_two_classes_shares_the_pass(run, models, folder, tmp_path, monkeypatch):
    given = untouched(models, tmp_path)
    run("tile", *given)
    binary = models / "binary"
    binary.mkdir()
    card = load_bundle(models / "toy").card.model_dump() | {"classes": CLASSES[:2]}
    write_card(binary, type(fake_card("binary", CLASSES)).model_validate(card))
    monkeypatch.setattr(Cohort, "load", lambda *_: pytest.fail("read again"))
    asked = ["--model", "binary", "--cohort", str(folder), "--protocol", "tile", "--json"]
    found = CliRunner().invoke(evaluate, [*asked, *given])
    told = json.loads(found.stdout)
    assert told["cohort"]["n_tiles"] == 40
    assert set(told["protocols"]["tile"]["recall"]) == set(CLASSES[:2])
    assert "20 tiles of classes the network lacks" in found.stderr


def test_a_tile_that_could_not_be_read_is_no_black_one_after_a_kill(folder, tmp_path):
    """The features are in place, and the run was killed before it wrote what it could not read."""
    pixels = frozen._Pixels(read_cohort(folder))
    gone = read_cohort(folder).tiles[-1]
    assert frozen._failures(tmp_path / "failed.json", pixels).keys() == {gone.sha256}
    again = frozen._Pixels(read_cohort(folder))
    assert frozen._failures(tmp_path / "failed.json", again).keys() == {gone.sha256}
    assert not again.asked
