"""The faster way back through a convolution is the same as TensorFlow's own."""

import keras
import numpy as np
import pytest

from osteo_core.networks.turned import _is_plain
from tests.toys import engine_of, noise_tile, wake


def network(**settings):
    start = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(start)
    asked = {"kernel_size": 3, "padding": "same", "activation": "tanh", "name": "asked"}
    x = keras.layers.Conv2D(5, **{**asked, **settings})(x)
    x = keras.layers.GlobalAveragePooling2D(name="means")(x)
    return wake(keras.Model(start, keras.layers.Dense(3, name="logits")(x)), seed=4)


def ending_in_logits(engine):
    output = engine.network.get_layer(engine.logits_layer).output
    return keras.Model(engine.network.inputs[0], output)


@pytest.mark.parametrize(
    ("settings", "plain"),
    [
        ({}, True),
        ({"kernel_size": 1, "use_bias": False}, True),
        ({"kernel_size": (5, 3)}, True),
        ({"kernel_size": 2}, False),
        ({"strides": 2}, False),
        ({"dilation_rate": 2}, False),
        ({"padding": "valid"}, False),
    ],
)
def test_gradients_are_those_of_tensorflow(settings, plain):
    import tensorflow as tf

    engine = engine_of(network(**settings), preprocessing="rescale")
    assert _is_plain(engine.network.get_layer("asked")) == plain
    reading = engine.read(noise_tile(32))
    batch = tf.constant(engine.prepare(noise_tile(32)))
    with tf.GradientTape() as tape:
        tape.watch(batch)
        score = ending_in_logits(engine)(batch, training=False)[0, 1]
    expected = np.asarray(tape.gradient(score, batch))[0]
    ours = reading.gradient("input", engine.classes[1])
    np.testing.assert_allclose(ours, expected, atol=1e-5 * np.abs(expected).max())
