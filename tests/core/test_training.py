import json

import cv2
import keras
import numpy as np
import pytest

from osteo_core.bundles import load_bundle
from osteo_core.cohorts import SplitProtocol, read_cohort, split_cohort, write_cohort
from osteo_core.cohorts.importing import import_cohort
from osteo_core.errors import FileError, RecipeError
from osteo_core.files import locked
from osteo_core.networks.build import BASES, Base, Head, build_network
from osteo_core.networks.preprocessing import normalise, resize
from osteo_core.training.augmentation import mixed
from osteo_core.training.data import Part
from osteo_core.training.features import build_features
from osteo_core.training.recipes import RECIPES, Recipe, Stage, find_recipe
from osteo_core.training.run import restore_shares, train

SIZE = 32
STAGES = (
    Stage(
        name="head", frozen_up_to="conv1", views=1, epochs=3, head_rate=0.02, base_rate=0, batch=8
    ),
    Stage(name="all layers", epochs=3, head_rate=0.01, base_rate=0.01, batch=8),
)


def toy_base(input_size, weights):
    inputs = keras.Input((*input_size, 3))
    x = keras.layers.Conv2D(6, 3, activation="relu", name="conv1")(inputs)
    x = keras.layers.Conv2D(6, 3, activation="relu", name="conv2")(x)
    return keras.Model(inputs, x)


@pytest.fixture(autouse=True)
def toy_architecture(monkeypatch):
    monkeypatch.setitem(BASES, "toy", Base(toy_base, end="conv2"))


@pytest.fixture
def recipe():
    return Recipe(
        name="toy", title="Toy", architecture="toy", classes=("blue", "red"), units=(8,),
        input_size=(SIZE, SIZE), preprocessing="rescale", stages=STAGES, source="none",
        deviations=(), dropout=0.2, averaging=0.5,
    )  # fmt: skip


@pytest.fixture
def cohort(tmp_path):
    """Forty-eight noisy tiles, red or blue."""
    rng = np.random.default_rng(1)
    for number in range(48):
        label, channel = (("blue", 0), ("red", 2))[number % 2]
        pixels = rng.integers(0, 90, (40, 40, 3), dtype=np.uint8)
        pixels[..., channel] += 120
        folder = tmp_path / "tiles" / label
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"t{number}.png"), pixels)
    import_cohort(tmp_path / "tiles", tmp_path / "cohort", split="tile")
    return read_cohort(tmp_path / "cohort")


@pytest.fixture
def backbone(tmp_path):
    keras.utils.set_random_seed(3)
    file = tmp_path / "toy.weights.h5"
    toy_base((SIZE, SIZE), None).save_weights(file)
    return file


def run(recipe, cohort, out, backbone, report=lambda line: None, **more):
    return load_bundle(train(recipe, cohort, out, backbone_weights=backbone, report=report, **more))


def test_a_network_learns_and_its_bundle_is_complete(recipe, cohort, backbone, tmp_path):
    bundle = run(recipe, cohort, tmp_path / "models" / "toy", backbone)
    table = bundle.predictions()
    called = np.where(table["p_red"] > 0.5, "red", "blue")
    assert (called == table["label"]).mean() == 1.0
    assert set(table["split"]) == {"train", "validation", "test"}
    assert len(table) == 48
    history = bundle.history()
    assert list(history["stage"]) == ["head"] * 3 + ["all layers"] * 3
    assert history["val_loss"].iloc[-1] < history["val_loss"].iloc[0]
    assert bundle.card.split.parts["train"].tiles == len(cohort.part("train"))
    assert not (bundle.folder / ".training").exists()


def test_stored_predictions_are_those_of_the_stored_network(recipe, cohort, backbone, tmp_path):
    bundle = run(recipe, cohort, tmp_path / "toy", backbone)
    first = cohort.tiles[0]
    pixels = resize(cohort.load(first).pixels, (SIZE, SIZE))
    fresh = bundle.network()(normalise(pixels[None], "rescale"), training=False).numpy()[0]
    row = bundle.predictions().set_index("tile").loc[first.sha256]
    np.testing.assert_allclose([row["p_blue"], row["p_red"]], fresh, atol=1e-5)


def test_the_test_part_has_no_say_in_training(recipe, cohort, backbone, tmp_path):
    honest = run(recipe, cohort, tmp_path / "a", backbone)
    relabelled = tuple(
        type(t)(**{**t.__dict__, "label": "red" if t.label == "blue" else "blue"})
        if t.split == "test" else t for t in cohort.tiles
    )  # fmt: skip
    wrong = type(cohort)(**{**cohort.__dict__, "tiles": relabelled})
    other = run(recipe, wrong, tmp_path / "b", backbone)
    assert honest.digest == other.digest


class Killed(Exception):
    pass


@pytest.mark.parametrize("last_words", ["head, epoch 2 done", "all layers, epoch 5 done"])
def test_a_killed_run_goes_on_and_ends_the_same(recipe, cohort, backbone, tmp_path, last_words):
    whole = run(recipe, cohort, tmp_path / "whole", backbone)

    def kill(line):
        if line.startswith(last_words):
            raise Killed

    with pytest.raises(Killed):
        run(recipe, cohort, tmp_path / "killed", backbone, report=kill)
    resumed = run(recipe, cohort, tmp_path / "killed", backbone)
    columns = ["epoch", "stage", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert resumed.history()[columns].equals(whole.history()[columns])
    assert [w.sha256 for w in resumed.card.weights] == [w.sha256 for w in whole.card.weights]


def killed(recipe, cohort, out, backbone, last_words="head, epoch 2 done", **more):
    def kill(line):
        if line.startswith(last_words):
            raise Killed

    with pytest.raises(Killed):
        run(recipe, cohort, out, backbone, report=kill, **more)
    return tree(out)


def tree(folder):
    return {f.relative_to(folder): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def other_backbone(tmp_path):
    keras.utils.set_random_seed(4)
    file = tmp_path / "other.weights.h5"
    toy_base((SIZE, SIZE), None).save_weights(file)
    return file


def test_a_killed_run_never_goes_on_as_another(recipe, cohort, backbone, tmp_path):
    out = tmp_path / "toy"
    before = killed(recipe, cohort, out, backbone)
    faster = recipe.model_copy(update={"label_smoothing": 0.1, "seed": 8})
    resplit = split_cohort(cohort, SplitProtocol("tile", seed=8))
    for changed, said in (
        ((faster, cohort, backbone), r"another recipe \(label_smoothing and seed\)"),
        ((recipe, resplit, backbone), "another cohort"),
        ((recipe, cohort, other_backbone(tmp_path)), "another starting weights"),
    ):
        with pytest.raises(RecipeError, match=f"Received: .*{said}.*--replace"):
            run(*changed[:2], out, changed[2])
        assert tree(out) == before
    changed = run(faster, cohort, out, backbone, replace=True)
    alone = run(faster, cohort, tmp_path / "alone" / "toy", backbone)
    assert changed.digest == alone.digest


def test_a_finished_network_is_replaced_when_asked_and_when_the_new_one_is_whole(
    recipe, cohort, backbone, tmp_path
):
    out = tmp_path / "toy"
    old = run(recipe, cohort, out, backbone)
    (out / "beyond.csv").write_text("what the old one said\n")
    lines = []
    assert run(recipe, cohort, out, backbone, report=lines.append).digest == old.digest
    assert lines == [f"{out} holds the network of this very run already; --replace trains it anew"]
    changed = recipe.model_copy(update={"seed": 8})
    with pytest.raises(RecipeError, match=r"trained with another recipe \(seed\).*--replace"):
        run(changed, cohort, out, backbone)
    killed(changed, cohort, out, backbone, "all layers, epoch 6 done", replace=True)
    assert load_bundle(out).digest == old.digest
    assert len(load_bundle(out).weight_files()) == 2
    new = run(changed, cohort, out, backbone)  # which goes on, and so may replace
    assert new.digest != old.digest
    assert sorted(f.name for f in out.iterdir()) == sorted(
        ["base.npz", "card.json", "head.npz", "history.csv", "predictions.csv"]
    )


@pytest.mark.parametrize("damaged", ["state.json", "checkpoint2.npz"])
def test_a_damaged_run_is_named(recipe, cohort, backbone, tmp_path, damaged):
    killed(recipe, cohort, tmp_path / "toy", backbone)
    (tmp_path / "toy" / ".training" / damaged).write_bytes(b"{")
    with pytest.raises(RecipeError, match=f"delete that folder.*damaged {damaged}"):
        run(recipe, cohort, tmp_path / "toy", backbone)


def test_two_runs_do_not_write_into_one_folder(recipe, cohort, backbone, tmp_path):
    with (
        locked(tmp_path / "toy"),
        pytest.raises(FileError, match="another `osteo train` is writing now"),
    ):
        run(recipe, cohort, tmp_path / "toy", backbone)


def test_a_recipe_that_starts_from_a_bundle_shares_its_base(recipe, cohort, backbone, tmp_path):
    models = tmp_path / "models"
    first = run(recipe, cohort, models / "toy", backbone)
    head_only = recipe.model_copy(
        update={
            "start": "toy",
            "stages": (STAGES[0].model_copy(update={"frozen_up_to": "conv2"}),),
        }
    )
    second = run(head_only, cohort, models / "second", None, cache=tmp_path / "cache")
    assert second.card.weights[0].file == "../toy/base.npz"
    assert second.card.weights[0].sha256 == first.card.weights[0].sha256
    assert not (second.folder / "base.npz").exists()
    before, after = first.network(), second.network()
    np.testing.assert_array_equal(*(n.get_layer("conv2").kernel for n in (before, after)))


def test_cached_features_are_the_fronts_and_a_complete_cache_is_not_recomputed(tmp_path):
    front = toy_base((SIZE, SIZE), None)
    tiles = {f"t{i}": np.full((SIZE, SIZE, 3), 20 * i, np.uint8) for i in range(11)}
    args = {
        "folder": tmp_path,
        "size": (SIZE, SIZE),
        "preprocessing": "rescale",
        "augmentation": RECIPES["vgg19-multiclass"].augmentation,
        "views": 1,
        "seed": 0,
    }
    ticks = []
    cache = build_features(front, tiles, tick=lambda *t: ticks.append(t), **args)
    expected = front(normalise(tiles["t9"][None], "rescale"), training=False).numpy()[0]
    np.testing.assert_allclose(cache.view(0)[cache.rows["t9"]], expected, atol=2e-3)
    assert ticks[-1] == ("features", 22, 22)
    again = build_features(None, tiles, tick=lambda *t: pytest.fail("computed again"), **args)
    assert again.view(1).shape == (11, *front.output_shape[1:])


def test_a_recipe_travels_as_json(tmp_path):
    recipe = RECIPES["vgg19-multiclass"]
    file = tmp_path / "mine.json"
    file.write_text(recipe.model_dump_json())
    assert find_recipe(str(file)) == recipe


@pytest.mark.parametrize("name", ["vgg99", "no/such.json"])
def test_an_unknown_recipe_is_named(name):
    with pytest.raises(RecipeError, match=r"Recipe must be one of vgg19-multiclass.*Received"):
        find_recipe(name)


def test_a_part_without_a_class_is_refused(recipe, cohort, backbone, tmp_path):
    few = [t for t in cohort.tiles if not (t.split == "validation" and t.label == "red")]
    poor = type(cohort)(**{**cohort.__dict__, "tiles": tuple(few)})
    with pytest.raises(RecipeError, match="validation part must have tiles of each class"):
        run(recipe, poor, tmp_path / "x", backbone)


def test_card_says_how_it_came_to_be(recipe, cohort, backbone, tmp_path):
    bundle = run(recipe, cohort, tmp_path / "toy", backbone)
    card = json.loads((bundle.folder / "card.json").read_text())
    assert card["split"]["kind"] == "tile"
    assert card["split"]["cohort_digest"] == cohort.digest
    assert card["recipe"]["stages"][0]["frozen_up_to"] == "conv1"
    assert set(card["provenance"]["best_epochs"]) == {"head", "all layers"}


def test_another_split_gives_another_digest(cohort, tmp_path):
    other = split_cohort(cohort, SplitProtocol("tile", seed=8))
    write_cohort(type(cohort)(**{**other.__dict__, "folder": tmp_path / "again"}))
    assert read_cohort(tmp_path / "again").digest != cohort.digest


def test_class_shares_are_put_back():
    network = build_network("toy", 2, (SIZE, SIZE), Head("avg", (4,), 0.0))
    inputs = np.random.default_rng(0).random((3, SIZE, SIZE, 3), np.float32)
    balanced = network(inputs).numpy()
    restore_shares(network, Part(["a", "b", "c", "d"], np.array([0, 1, 1, 1], np.int32)))
    expected = balanced * [0.25, 0.75]
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network(inputs).numpy(), expected, rtol=1e-5)


def test_mixing_keeps_shares_and_pairs_inputs_with_their_targets():
    inputs = np.array([[0.0], [1.0], [5.0]], np.float32)
    targets = np.eye(3, dtype=np.float32)
    x, y = mixed(inputs, targets, 0.2, np.random.default_rng(1))
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(x, y @ inputs, rtol=1e-6)
    assert mixed(inputs, targets, 0.0, np.random.default_rng(1))[0] is inputs
