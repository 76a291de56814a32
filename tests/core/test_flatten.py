"""Any shape of network becomes one flat graph with the same outputs."""

import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.networks.flatten import flatten
from osteo_core.networks.graph import Graph
from tests.toys import base_network, shaped, wake

SHAPES = ("flat", "nested", "sequential", "twice")


def batch(side: int = 32, n: int = 2):
    return np.random.default_rng(0).uniform(-1, 1, (n, side, side, 3)).astype(np.float32)


@pytest.mark.parametrize("architecture", ["vgg19", "mobilenetv2", "plain"])
@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_are_the_originals(architecture, shape):
    model = shaped(architecture, shape)
    flat = flatten(model)
    inputs = batch()
    expected = model(inputs, training=False).numpy()
    assert expected.std(axis=0).max() > 1e-3  # the two tiles differ, so equality says something
    np.testing.assert_allclose(flat(inputs, training=False).numpy(), expected, atol=1e-6)
    assert not any(isinstance(layer, (keras.Model, keras.Sequential)) for layer in flat.layers)
    conv = {"vgg19": "block1_conv2", "mobilenetv2": "block_3_depthwise", "plain": "conv2"}
    assert flat.get_layer(conv[architecture]).output is not None


def test_weights_are_copies():
    model = shaped("plain", "nested")
    flat, inputs = flatten(model), batch()
    before = flat(inputs).numpy()
    wake(model, seed=99)
    np.testing.assert_array_equal(flat(inputs).numpy(), before)


def test_merges_keywords_and_bare_operations():
    start = keras.Input((8, 8, 3))
    left = keras.layers.Conv2D(4, 3, padding="same", name="left")(start)
    right = keras.layers.Conv2D(4, 1, name="right")(inputs=start)
    both = keras.layers.Concatenate(name="both")([left, right * 2.0 + left])
    attended = keras.layers.MultiHeadAttention(2, 4, name="look")(both, value=both, key=both)
    ended = keras.layers.GlobalAveragePooling2D()(keras.ops.relu(attended - both))
    model = wake(keras.Model(start, keras.layers.Dense(3)(ended)))
    inner = keras.Input((8, 8, 3))
    nested = keras.Model(inner, keras.layers.Rescaling(2.0)(model(inner / 4.0)))
    inputs = batch(8)
    flat = flatten(nested)
    np.testing.assert_allclose(flat(inputs), nested(inputs), rtol=1e-5, atol=1e-6)
    assert {"left", "right", "both", "look"} <= {layer.name for layer in flat.layers}


def test_one_name_in_two_parents_is_prefixed_and_a_second_call_is_numbered():
    def part(name):
        layers = [keras.Input((6, 6, 3)), keras.layers.Conv2D(3, 1, name="conv")]
        return wake(keras.Sequential(layers, name=name), seed=len(name))

    start = keras.Input((6, 6, 3))
    relu = keras.layers.ReLU(name="relu")
    x = relu(part("first")(start))
    x = relu(part("second")(x))
    model = keras.Model(start, keras.layers.Flatten(name="flat")(x))
    flat = flatten(model)
    names = [step.name for step in Graph.of(flat).steps]
    assert names == ["conv", "relu", "second_conv", "relu_2", "flat"]
    np.testing.assert_allclose(flat(batch(6)), model(batch(6)), atol=1e-6)


def test_a_model_called_twice_stands_twice():
    inner = wake(keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(3, 1, name="c")]))
    start = keras.Input((6, 6, 3))
    model = keras.Model(start, keras.layers.Flatten()(inner(inner(start))))
    flat = flatten(model)
    np.testing.assert_allclose(flat(batch(6)), model(batch(6)), atol=1e-6)
    assert [layer.name for layer in flat.layers][1:3] == ["c", "c_2"]


def test_adapted_normalization_keeps_its_constants():
    layer = keras.layers.Normalization(name="scale")
    layer.adapt(np.random.default_rng(1).normal(5, 3, (64, 4, 4, 3)).astype(np.float32))
    model = keras.Sequential([keras.Input((4, 4, 3)), layer, keras.layers.Flatten()])
    np.testing.assert_allclose(flatten(model)(batch(4)), model(batch(4)), atol=1e-6)


def test_inference_mode_whatever_the_call_said():
    start = keras.Input((4, 4, 3))
    x = keras.layers.Dropout(0.5)(start, training=True)
    model = keras.Model(start, keras.layers.Flatten()(x))
    np.testing.assert_array_equal(flatten(model)(batch(4), training=False), batch(4).reshape(2, 48))


@pytest.mark.parametrize(("given", "size"), [(None, (224, 224)), ((40, 56), (40, 56))])
def test_open_input_size(given, size):
    start = keras.Input((None, None, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3)(start))
    flat = flatten(keras.Model(start, x), given)
    assert flat.input_shape == (None, *size, 3)


def _two_inputs():
    a, b = keras.Input((4, 4, 3)), keras.Input((4, 4, 3))
    return keras.Model([a, b], a + b)


def _grey():
    start = keras.Input((4, 4, 1))
    return keras.Model(start, keras.layers.Flatten()(start))


def _lambda():
    start = keras.Input((4, 4, 3))
    return keras.Model(start, keras.layers.Lambda(lambda x: x * 2, name="guess")(start))


class _Own(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_two_inputs, "2 inputs"),
        (_grey, "RGB"),
        (_lambda, "'guess'"),
        (_Own, "_Own"),
        (lambda: keras.Sequential([keras.layers.Flatten()], name="bare"), "'bare'"),
        (lambda: "a string", "str"),
    ],
)
def test_refusals_are_sentences(make, says):
    with pytest.raises(ModelError, match=r"Expected .*Received: ") as refusal:
        flatten(make())
    assert says in str(refusal.value)


def test_wrong_input_size_is_refused():
    with pytest.raises(ModelError, match=r"32 × 32\. Received: 64 × 64"):
        flatten(base_network("plain"), (64, 64))
