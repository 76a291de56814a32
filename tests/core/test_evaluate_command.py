"""`osteo evaluate` on stored predictions and on a cohort's tiles."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from osteo_core.cohorts.table import Cohort, CohortTile
from osteo_core.commands.evaluate import evaluate
from osteo_core.errors import BundleError, TileError
from osteo_core.evaluate.running import predict_unread, roles
from tests.fake_bundles import CLASSES, fake_predictions, sha, write_fake


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    write_fake(tmp_path, "three", wrong=(0, 1, 2))
    write_fake(tmp_path, "empty").joinpath("predictions.csv").write_text(
        fake_predictions(CLASSES, ()).iloc[:0].to_csv(index=False)
    )
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(evaluate, arguments)


@pytest.mark.usefixtures("models")
def test_json_of_the_test_part():
    result = run("--model", "three", "--json")
    assert result.exit_code == 0
    scores = json.loads(result.stdout)["protocols"]["slide"]
    assert scores["accuracy"] == 0.75  # 9 of 12
    assert scores["accuracy_ci95"] == pytest.approx([0.4677, 0.9111], abs=5e-5)
    assert scores["macro_f1"] == pytest.approx(0.75)  # one tile of each class goes one class on
    assert (scores["n_tiles"], scores["n_slides"], scores["n_cases"]) == (12, 6, 2)
    assert json.loads(run("--model", "three", "--protocol", "all", "--json").stdout) == (
        json.loads(result.stdout)
    )


@pytest.mark.usefixtures("models")
def test_text_says_what_stands_behind_it():
    text = run("--model", "three", "--protocol", "slide").stdout
    assert "accuracy 0.7500 (95 % interval 0.4677 to 0.9111)" in text
    assert "12 tiles, 6 slides, 2 cases" in text
    assert run("--model", "three", "--part", "train").stdout.startswith("three, train part")


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--model", "three", "--protocol", "case"), "split by slide only.*Received: case"),
        (("--model", "empty"), "needs labelled tiles.*Received: none"),
        (("--model", "nowhere"), "three.*Received: 'nowhere'"),
    ],
)
def test_what_is_not_there_is_one_sentence(arguments, sentence):
    result = run(*arguments)
    assert isinstance(result.exception, BundleError)  # the command line turns it into status 2
    assert "\n" not in str(result.exception)
    with pytest.raises(BundleError, match=sentence):
        raise result.exception


def test_metrics_do_not_need_tensorflow(models):
    code = (
        "import sys; from osteo_core.commands.evaluate import evaluate;"
        "evaluate(['--model', 'three'], standalone_mode=False);"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, b"accuracy" in done.stdout) == (0, True)


def tile(name, case="Case-3", slide="Case-3-A1"):
    return CohortTile(f"{name}.jpg", "Viable", case, slide, None, None, sha(name))


def test_roles_follow_the_networks_own_split():
    met = fake_predictions(CLASSES, ())
    known = tile("test-0")
    sibling = tile("new", "Case-48", "Case-48-train-0")  # another tile of a slide trained on
    chosen = tile("new2", "Case-48", "Case-48-validation-0")
    fresh = tile("new3", "Case-48", "Case-48-new")
    nameless = tile("new4", "", "")
    cohort = Cohort(Path(), Path(), (known, sibling, chosen, fresh, nameless))
    assert roles(cohort, met, "slide") == ["test", "train", "validation", "test", "test"]
    assert roles(cohort, met, "tile") == ["test"] * 5
    assert roles(cohort, met, "case") == ["test", "train", "train", "train", "test"]


class Fake:
    """Enough of a bundle and a cohort to run: the network answers with the mean of each channel."""

    name = "fake"
    card = SimpleNamespace(classes=CLASSES, input_size=(4, 4), preprocessing="none")

    def network(self):
        return lambda inputs, training: inputs.mean(axis=(1, 2)) / 255

    def load(self, entry):
        if entry.file.startswith("bad"):
            raise TileError("A tile is a picture. Received: nothing.")
        return SimpleNamespace(pixels=np.full((8, 6, 3), (255, 51, 0), np.uint8))


def test_a_tile_that_cannot_be_read_does_not_stop_the_others():
    tiles = [tile(f"good{i}") for i in range(10)]
    tiles.insert(3, tile("bad"))
    steps = []
    fresh = predict_unread(Fake(), Fake(), tiles, lambda done, total: steps.append((done, total)))
    assert fresh.failures == (("bad.jpg", "A tile is a picture. Received: nothing."),)
    assert fresh.frame["file"].tolist() == [f"good{i}.jpg" for i in range(10)]
    assert fresh.frame["p_Non-Tumor"].tolist() == [1.0] * 10
    assert fresh.frame["p_Non-Viable-Tumor"].tolist() == [0.2] * 10
    assert steps == [(8, 11), (11, 11)]
