"""One engine for all: its layers, batches, threads and memory."""

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError
from tests.toys import THREE, engine_of, noise_tile, shaped


@pytest.fixture(scope="module")
def plain():
    return engine_of(shaped("plain", "twice"), preprocessing="rescale")


def test_an_engine_tells_its_layers(plain):
    assert plain.conv_layers == ("conv1", "conv2")
    assert plain.dense_layers == ("fc1", "predictions")
    assert plain.default_layer == "conv2"
    assert plain.input_size == (32, 32)
    assert (plain.classes, plain.card, plain.preprocessing) == (THREE, None, "rescale")
    found = plain.layer("conv2")
    assert found.kind == "convolution"
    assert (found.shape, found.n_units) == ((14, 14, 12), 12)
    assert (found.receptive_field, found.stride) == ((8, 8), 2)  # 3, pool 4, then 2·2 more
    assert (found.activation, found.parameters) == ("relu", 3 * 3 * 8 * 12 + 12)
    assert plain.layer("pool1").kind == "pooling"
    fc1 = plain.layer("fc1")
    assert (fc1.kind, fc1.shape, fc1.receptive_field) == ("dense", (16,), None)
    assert plain.layer("predictions").activation == "linear"
    assert plain.layer("probabilities").kind == "other"


def test_depthwise_convolutions_are_convolutions():
    start = keras.Input((8, 8, 3))
    x = keras.layers.DepthwiseConv2D(3, name="apart")(start)
    x = keras.layers.SeparableConv2D(4, 1, name="parted")(x)
    x = keras.layers.Dense(5, name="everywhere")(x)
    x = keras.layers.Dense(3, name="end")(keras.layers.GlobalAveragePooling2D()(x))
    engine = engine_of(keras.Model(start, x))
    assert engine.conv_layers == ("apart", "parted", "everywhere")
    assert engine.layer("apart").kind == "depthwise convolution"
    assert engine.dense_layers == ("end",)


def test_a_network_without_convolutions_says_so():
    start = keras.Input((4, 4, 3))
    engine = engine_of(keras.Model(start, keras.layers.Dense(3)(keras.layers.Flatten()(start))))
    with pytest.raises(ModelError, match="Expected a layer with maps"):
        engine.read(noise_tile(8)).heatmap()


def test_channels_first_is_refused():
    start = keras.Input((3, 4, 3))
    x = keras.layers.MaxPooling2D(1, data_format="channels_first")(start)
    model = keras.Model(start, keras.layers.Dense(3)(keras.layers.Flatten()(x)))
    with pytest.raises(ModelError, match="channels last"):
        engine_of(model)


def test_predict_takes_any_number_of_tiles(plain):
    tiles = [noise_tile(32 + 8 * i, seed=i) for i in range(5)]
    found = plain.predict(iter(tiles), batch_size=2)
    assert (found.shape, found.dtype) == ((5, 3), np.float32)
    expected = [plain.read(tile).probabilities for tile in tiles]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert plain.predict([]).shape == (0, 3)
    assert [len(part) for part in plain.predict_batches(tiles, 2)] == [2, 2, 1]


# Sharing ----------------------------------------------------------------------------------------


def _job(engine, number):
    """One of five different questions about one of three tiles."""
    reading = engine.read(noise_tile(32, seed=number % 3))
    asked = number % 5
    if asked == 0:
        return reading.probabilities
    if asked == 1:
        return reading.heatmap(layer="conv2", target=THREE[number % 2]).values
    if asked == 2:
        return reading.without("conv1", [number % 8]).probabilities
    if asked == 3:
        return reading.activation("conv1")
    return reading.contributions("fc1", THREE[2])


def test_eight_threads_get_the_right_answers():
    shared = engine_of(shaped("plain", "twice"), preprocessing="rescale")  # nothing compiled yet
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: _job(shared, number), range(240)))
    alone = engine_of(shaped("plain", "twice"), preprocessing="rescale")
    expected = {number: _job(alone, number) for number in range(120)}  # every kind of job
    for number, answer in enumerate(answers):
        np.testing.assert_allclose(answer, expected[number % 120], atol=1e-5)


def test_threads_share_one_reading(plain):
    reading = plain.read(noise_tile(32))
    with ThreadPoolExecutor(8) as pool:
        maps = list(pool.map(lambda i: reading.heatmap(target=THREE[i % 3]), range(48)))
    assert all(maps[i] is maps[i % 3] for i in range(48))


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux to read memory")
def test_memory_does_not_grow_over_500_readings(plain):
    """A new Keras model or compiled function a reading would cost 85 MiB or more."""

    def read(number):
        reading = plain.read(noise_tile(32, seed=number % 7), keep="convolutions")
        reading.heatmap(layer="conv1", target=THREE[number % 3])
        reading.without("conv1", [number % 8]).heatmap(target=THREE[0])

    for number in range(60):
        read(number)
    gc.collect()
    before, pieces = _resident_mib(), len(plain._pieces)
    for number in range(500):
        read(number)
    gc.collect()
    assert len(plain._pieces) == pieces
    assert _resident_mib() - before < 20


def test_a_light_reading_is_light(plain):
    light, full = (plain.read(noise_tile(32), keep=keep) for keep in ("stages", "convolutions"))
    assert "conv1" not in light._activations.values
    assert "conv1" in full._activations.values
    np.testing.assert_allclose(light.activation("conv1"), full.activation("conv1"), atol=1e-6)
    assert "conv1" in light._activations.values  # made once, then kept
