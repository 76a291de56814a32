"""What is checked when a network is opened, and names and batches that used to trip it."""

import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError
from tests.toys import engine_of, noise_tile, wake

L = keras.layers


def _network(name="conv", batch=None, kind=L.GlobalAveragePooling2D):
    start = keras.Input(batch_shape=(batch, 16, 16, 3), name="image")
    x = L.Conv2D(4, 3, activation="relu", name=name)(L.Rescaling(1 / 255)(start))
    x = kind()(x)
    return wake(keras.Model(start, L.Dense(3, activation="softmax", name="out")(x)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused_by_layer(value):
    model = _network()
    kernel, bias = model.get_layer("conv").get_weights()
    kernel[0, 0, 0, 0] = value
    model.get_layer("conv").set_weights([kernel, bias])
    with pytest.raises(ModelError, match=r"'conv' \(Conv2D\), where 1 of the 108 values"):
        engine_of(model)


@keras.saving.register_keras_serializable("tests")
class Fickle(L.Layer):
    """Answers by what is in none of its settings: a copy of it is another layer."""

    shift = 1.0

    def call(self, x):
        return x + self.shift * keras.ops.arange(3, dtype="float32")


def test_a_network_that_is_read_otherwise_than_keras_runs_it_is_refused():
    start = keras.Input((16, 16, 3))
    row = L.GlobalAveragePooling2D()(L.Conv2D(4, 3)(L.Rescaling(1 / 255)(start)))
    fickle = Fickle()
    fickle.shift = 2.0
    model = wake(keras.Model(start, L.Softmax()(fickle(L.Dense(3)(row)))))
    with pytest.raises(ModelError, match=r"Engine\.read and Keras .* up to 0\.\d+ apart"):
        engine_of(model)


def test_answers_that_are_no_numbers_are_refused():
    start = keras.Input((16, 16, 3))
    row = L.GlobalAveragePooling2D()(L.Conv2D(4, 3, activation="exponential")(start))
    model = keras.Model(start, L.Dense(3, activation="softmax")(row * 1e38))
    with pytest.raises(ModelError, match="answers NaN to every test input"):
        engine_of(model)


def _overflows():
    """Answers all but bright tiles: exp of the mean colour overflows."""
    start = keras.Input((16, 16, 3))
    row = L.GlobalAveragePooling2D()(L.Conv2D(1, 1, name="conv", use_bias=False)(start))
    powers = keras.ops.exp(row / 2)
    model = keras.Model(start, L.Dense(3, activation="softmax", name="out")(powers / (1 + powers)))
    model.get_layer("conv").set_weights([np.full((1, 1, 3, 1), 1 / 3, np.float32)])
    return model


def test_a_tile_without_an_answer_is_named_with_the_layer():
    engine = engine_of(_overflows())
    dark, bright = noise_tile(16), noise_tile(16)
    bright.pixels.setflags(write=True)
    bright.pixels[:] = 255
    assert np.isfinite(engine.read(dark).probabilities).all()
    with pytest.raises(
        ModelError, match=r"NaN; the first layer with NaN or infinite values is exp"
    ):
        engine.read(bright)


@pytest.mark.parametrize(
    "name",
    ["input", "output", "probabilities", "log_probabilities", "out:1", "factor of conv", "層"],
)
def test_layers_may_be_called_anything(name):
    model, tile = _network(name), noise_tile(16)
    engine = engine_of(model)
    wanted = np.asarray(model(engine.prepare(tile)))[0]
    reading = engine.read(tile)
    np.testing.assert_allclose(reading.probabilities, wanted, atol=1e-6)
    layer = engine.default_layer
    assert layer != "input"
    np.testing.assert_allclose(
        reading.contributions_by_class(layer)[:, 2],
        reading.contributions(layer, "Viable"),
        atol=1e-5,
    )
    assert reading.heatmap("gradcam").values.shape == (14, 14)
    assert reading.heatmap("saliency", "input").values.shape == (16, 16)


class Row(L.Layer):
    """A layer that lays a batch of a known size out by itself."""

    def call(self, x):
        return keras.ops.reshape(x, (4, 14 * 14 * 4))


@pytest.mark.parametrize("size", [1, 4])
def test_a_fixed_batch_is_opened(size):
    kind = lambda: lambda x: keras.ops.reshape(x, (size, -1))  # noqa: E731
    model = _network(batch=size, kind=kind)
    tiles = [noise_tile(16, seed) for seed in range(3)]
    engine = engine_of(model)
    given = engine.predict(tiles)
    for tile, row in zip(tiles, given, strict=True):
        batch = np.repeat(engine.prepare(tile), size, axis=0)
        np.testing.assert_allclose(row, np.asarray(model(batch))[0], atol=1e-5)
    assert engine.read(tiles[0]).heatmap("gradcam").values.shape == (14, 14)


def test_a_fixed_batch_that_cannot_be_opened_is_said():
    with pytest.raises(ModelError, match=r"batches of exactly 4"):
        engine_of(_network(batch=4, kind=Row))
