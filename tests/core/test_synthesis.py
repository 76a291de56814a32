"""Dreams of toy units with known answers, and the store that keeps them."""

import os
from dataclasses import replace

import numpy as np
import pytest

from osteo_core.errors import ModelError, OsteoError
from osteo_core.explain.canvases import canvas_size
from osteo_core.explain.dream_store import DreamStore, cache_folder
from osteo_core.explain.synthesis import DreamSettings, dream, dream_cost, forward_time
from osteo_core.units import Unit
from tests.toys import engine_of, noise_tile, ramp_network, shaped, tile_of

SHORT = DreamSettings(steps=6)


def last(steps):
    *_, step = steps
    return step.dream


@pytest.fixture(scope="module")
def engine():
    return engine_of(shaped("plain", "flat"), preprocessing="vgg19")


@pytest.fixture(scope="module")
def made(engine):
    return last(dream(engine, Unit("conv2", 5), SHORT))


def test_a_unit_that_sees_red_dreams_of_red():
    engine = engine_of(ramp_network(), n_classes=2)
    seen = last(dream(engine, Unit("maps", 0), DreamSettings(steps=24)))
    red, green, blue = seen.picture.reshape(-1, 3).mean(0)
    assert red > 225
    assert max(abs(green - 128), abs(blue - 128)) < 30
    assert seen.activation == pytest.approx(seen.picture[..., 0].max())
    assert seen.on_grey == 128


def test_what_speaks_against_a_unit_is_left_out():
    engine = engine_of(ramp_network(), n_classes=2)  # green - red
    seen = last(dream(engine, Unit("maps", 1), DreamSettings(steps=24))).picture
    assert seen[..., 1].mean() > 200
    assert seen[..., 0].mean() < 55


def test_a_unit_that_nothing_moves_is_refused():
    engine = engine_of(ramp_network(), n_classes=2)  # -1 whatever is shown
    with pytest.raises(ModelError, match="no change of a grey canvas moves"):
        next(dream(engine, Unit("maps", 2)))


def test_a_silent_unit_is_woken():
    import keras

    model = ramp_network()
    kernel, _ = model.get_layer("maps").get_weights()
    model.get_layer("maps").set_weights([kernel, np.array([-200, 0, 0], np.float32)])
    model.get_layer("maps").activation = keras.activations.relu
    seen = last(dream(engine_of(model, n_classes=2), Unit("maps", 0), DreamSettings(steps=24)))
    assert seen.on_grey == 0
    assert seen.activation == pytest.approx(seen.picture[..., 0].max() - 200.0)


@pytest.mark.parametrize("preprocessing", ["vgg19", "densenet121"])
def test_the_picture_drives_the_unit_as_said(preprocessing):
    engine = engine_of(shaped("plain", "nested"), preprocessing=preprocessing)
    for unit in (Unit("fc1", 3), Unit("predictions", 1)):
        seen = last(dream(engine, unit, SHORT))
        read = engine.read(tile_of(seen.picture)).activation(unit.layer)[unit.index]
        assert seen.activation == pytest.approx(read, rel=1e-4, abs=1e-4)
        assert seen.activation > seen.on_grey


def test_the_picture_of_a_channel(made):
    assert made.picture.shape == (32, 32, 3)
    assert made.picture.dtype == np.uint8
    assert made.activation > made.on_grey >= 0
    assert made.versions["tf-keras-vis"] == "0.8.7"


def test_the_same_seed_gives_the_same_picture(engine, made):
    again, other = (
        last(dream(engine, made.unit, replace(SHORT, seed=seed))).picture for seed in (0, 1)
    )
    assert np.array_equal(made.picture, again)
    assert not np.array_equal(made.picture, other)


def test_steps_tell_how_far_they_are(engine):
    steps = list(dream(engine, Unit("conv1", 0), SHORT, show_every=2))
    assert [step.done for step in steps] == [1, 2, 3, 4, 5, 6]
    assert [step.picture is not None for step in steps] == [False, True, False, True, False, True]
    assert [step.dream is not None for step in steps] == [False] * 5 + [True]
    assert steps[0].seconds_left > 0
    assert steps[-1].seconds_left == 0


def test_the_network_stays_as_it_was(engine):
    network, tile = engine.network, noise_tile()
    weights = [np.array(weight) for weight in network.get_weights()]
    nodes = [len(layer._inbound_nodes) for layer in network.layers]
    before, pieces = engine.read(tile).logits, len(engine._pieces)
    steps = dream(engine, Unit("conv2", 5), SHORT)
    next(steps)
    assert np.array_equal(engine.read(tile).logits, before)  # between two steps
    list(steps)
    assert np.array_equal(engine.read(tile).logits, before)
    assert [len(layer._inbound_nodes) for layer in network.layers] == nodes
    assert len(engine._pieces) == pieces
    for old, new in zip(weights, network.get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_others_can_read_while_a_run_waits(engine):
    steps = dream(engine, Unit("conv2", 5), SHORT)
    next(steps)
    assert engine._lock.acquire(blocking=False)
    engine._lock.release()


def test_channels_need_no_more_than_a_small_canvas():
    engine = engine_of(shaped("plain", "flat", side=160))
    assert canvas_size(engine, "conv2") == (96, 96)
    assert canvas_size(engine, "conv2", side=64) == (64, 64)
    assert canvas_size(engine, "conv2", side=500) == (160, 160)
    assert canvas_size(engine, "fc1") == (160, 160)
    one = DreamSettings(steps=1, side=64)
    assert last(dream(engine, Unit("conv2", 1), one)).picture.shape == (64, 64, 3)


def test_a_layer_of_fixed_size_gets_the_whole_input():
    import keras

    start = keras.Input((112, 112, 3))
    x = keras.layers.PReLU(name="own_slope_at_each_place")(start)
    x = keras.layers.Conv2D(2, 3, name="conv")(x)
    x = keras.layers.Dense(3, name="logits")(keras.layers.GlobalAveragePooling2D()(x))
    engine = engine_of(keras.Model(start, x))
    assert canvas_size(engine, "conv") == (96, 96)
    steps = dream(engine, Unit("conv", 0), DreamSettings(steps=1))
    assert last(steps).picture.shape == (112, 112, 3)


def test_cost_grows_with_depth_canvas_and_steps(engine):
    def cost(layer, **settings):
        settings = DreamSettings(**settings)
        return dream_cost(engine, Unit(layer, 0), settings, forward_seconds=1.0)

    assert 0 < cost("conv1") < cost("conv2") < cost("fc1") < 150
    assert cost("conv2", side=16) < cost("conv2")
    assert cost("conv2", steps=6) < cost("conv2") / 6
    assert dream_cost(engine, Unit("conv1", 0)) > 0
    assert forward_time(engine) > 0


def test_wrong_questions_are_refused(engine):
    with pytest.raises(ModelError, match="Received: 12"):
        dream(engine, Unit("conv2", 12))
    with pytest.raises(ModelError, match="Received: 'pool1'"):
        dream_cost(engine, Unit("pool1", 0))
    with pytest.raises(ModelError, match="Received: 0"):
        DreamSettings(steps=0)
    with pytest.raises(ModelError, match="Received: 8 px"):
        DreamSettings(side=8)


def test_what_is_kept_comes_back(made, tmp_path):
    store = DreamStore(tmp_path / "dreams")
    assert store.load(made.bundle_digest, made.unit, SHORT) is None
    file = store.save(made)
    kept = store.load(made.bundle_digest, made.unit, SHORT)
    assert np.array_equal(kept.picture, made.picture)
    for name in ("unit", "bundle", "activation", "on_grey", "settings", "seconds", "versions"):
        assert getattr(kept, name) == getattr(made, name)
    assert store.load("e" * 64, made.unit, SHORT) is None
    assert store.load(made.bundle_digest, Unit("conv2", 4), SHORT) is None
    assert store.load(made.bundle_digest, made.unit, replace(SHORT, seed=1)) is None
    assert sorted(path.suffix for path in file.parent.iterdir()) == [".json", ".png"]


@pytest.mark.parametrize("suffix", [".png", ".json"])
def test_a_damaged_file_is_refused_and_repaired(made, tmp_path, suffix):
    store = DreamStore(tmp_path)
    file = store.save(made).with_suffix(suffix)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(OsteoError, match=r"conv2-5-"):
        store.load(made.bundle_digest, made.unit, SHORT)
    store.save(made)
    assert store.load(made.bundle_digest, made.unit, SHORT) is not None


def test_a_picture_without_its_description_is_none(made, tmp_path):
    store = DreamStore(tmp_path)
    store.save(made).with_suffix(".json").unlink()  # as a kill between the two writes leaves it
    assert store.load(made.bundle_digest, made.unit, SHORT) is None


def test_the_oldest_go_first(made, tmp_path):
    store = DreamStore(tmp_path, limit=2)
    for number in range(3):
        file = store.save(replace(made, unit=Unit("conv2", number)))
        os.utime(file.with_suffix(".json"), (number, number))
    found = [store.load(made.bundle_digest, Unit("conv2", n), SHORT) for n in range(3)]
    assert [dream is not None for dream in found] == [False, True, True]
    assert len(list(tmp_path.iterdir())) == 4


def test_a_folder_that_cannot_be_written(made, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OsteoError, match="Expected a folder that can be written"):
        DreamStore(tmp_path / "file" / "dreams").save(made)


def test_where_dreams_are_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("OSTEO_CACHE", str(tmp_path))
    assert DreamStore().folder == tmp_path / "dreams"
    monkeypatch.delenv("OSTEO_CACHE")
    assert cache_folder().name == "osteo-explain"
