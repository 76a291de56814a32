"""What has maps: wrapped convolutions, tokens, and networks that have none."""

import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError
from tests.toys import engine_of, noise_tile, wake

L = keras.layers
SIDE = 16


def _from(front, classes=3):
    start = keras.Input((SIDE, SIDE, 3))
    row = front(L.Rescaling(1 / 255, name="rescale")(start))
    return wake(keras.Model(start, L.Dense(classes, activation="softmax", name="out")(row)))


def _means(x):
    return L.GlobalAveragePooling2D()(x)


class ClassToken(L.Layer):
    """A learnt token in front of the others."""

    def build(self, shape):
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")

    def call(self, x):
        rows = (keras.ops.shape(x)[0], 1, x.shape[-1])
        return keras.ops.concatenate([keras.ops.broadcast_to(self.token, rows), x], axis=1)


def _block(x, name):
    row = L.LayerNormalization()(x)
    x = L.Add(name=f"{name}_attended")([x, L.MultiHeadAttention(1, 4)(row, row)])
    return L.Add(name=name)([x, L.Dense(6, activation="gelu")(L.LayerNormalization()(x))])


def _patches(x):
    x = L.Reshape((4, 4, 4, 4, 3))(x)
    x = L.Reshape((16, 48))(L.Permute((1, 3, 2, 4, 5))(x))
    return L.Dense(6, name="embed")(x)


def _vit(x):
    for name in ("first", "second"):
        x = _block(x, name)
    return x


def _gated(maps):
    places = L.Reshape((36, 4))(maps)
    gate = L.Dense(3, activation="tanh", name="V")(places)
    weights = L.Softmax(axis=1)(L.Dense(1, name="w")(gate))
    return L.Flatten()(L.Dot(axes=1)([weights, places]))


def _excited(maps):
    gate = L.Conv2D(2, 1, activation="relu", name="se1")(
        L.GlobalAveragePooling2D(keepdims=True)(maps)
    )
    return _means(maps * L.Conv2D(4, 1, activation="sigmoid", name="se2")(gate))


def _conv(x, name="a2", **settings):
    return L.Conv2D(4, 3, activation="relu", name=name, **settings)(x)


FRONTS = {
    "gated": (lambda x: _gated(_conv(x, strides=2, padding="valid")[:, :6, :6]), "a2", (7, 7)),
    "excited": (lambda x: _excited(_conv(x)), "a2", (14, 14)),
    "rows": (
        lambda x: L.Flatten()(L.Dense(2, name="per_row")(L.LSTM(3, return_sequences=True)(
            L.Reshape((14, 56))(_conv(x))
        ))), "a2", (14, 14),
    ),
    "spectral": (
        lambda x: _means(L.SpectralNormalization(L.Conv2D(4, 3), name="sn")(x)), "sn", (14, 14)
    ),
    "solid": (
        lambda x: _means(L.Reshape((14, 14, 4), name="back")(
            L.Conv3D(4, 3, name="c3d")(L.Reshape((SIDE, SIDE, 3, 1))(x))
        )), "back", (14, 14),
    ),
    "tokens": (lambda x: L.GlobalAveragePooling1D()(_vit(_patches(x))), "second_maps", (4, 4)),
    "class token": (lambda x: _vit(ClassToken()(_patches(x)))[:, 0], "first_maps", (4, 4)),
    "patches apart": (
        lambda x: L.GlobalAveragePooling1D()(L.TimeDistributed(L.GlobalMaxPooling2D(), name="each")(
            L.TimeDistributed(L.Conv2D(4, 3, activation="relu"))(L.Reshape((16, 4, 4, 3))(
                L.Permute((1, 3, 2, 4, 5))(L.Reshape((4, 4, 4, 4, 3))(x))
            ))
        )), "each_maps", (4, 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("front", FRONTS)
def test_the_default_layer_is_the_last_with_maps(front):
    make, layer, size = FRONTS[front]
    model = _from(make)
    engine, tile = engine_of(model), noise_tile(SIDE * 2, 1)
    assert engine.default_layer == layer
    assert not engine.no_maps
    reading = engine.read(tile)
    np.testing.assert_allclose(
        reading.probabilities, np.asarray(model(engine.prepare(tile)))[0], atol=1e-5
    )
    heat = reading.heatmap("gradcam", target="Viable")
    gradient, maps = reading.gradient(layer, "Viable"), reading.activation(layer)
    assert heat.values.shape == size
    np.testing.assert_allclose(
        heat.values, np.maximum(maps @ gradient.mean(axis=(0, 1)), 0), atol=1e-6
    )
    assert np.any(gradient)
    np.testing.assert_allclose(
        reading.contributions_by_class(layer)[:, 2],
        reading.contributions(layer, "Viable"),
        atol=1e-5,
    )


def test_tokens_lie_row_by_row_without_the_class_token():
    model = _from(FRONTS["class token"][0])
    engine = engine_of(model)
    reading = engine.read(noise_tile(SIDE * 2, 1))
    row = reading.activation("first")  # (17, 6)
    np.testing.assert_array_equal(reading.activation("first_maps"), row[1:].reshape(4, 4, 6))
    named = reading.heatmap("gradcam", layer="first")  # the tokens' own name leads to their maps
    assert named.layer == "first_maps"


def test_a_row_of_rows_is_no_map():
    def front(x):
        return L.GlobalAveragePooling1D()(_block(L.Dense(6)(L.Reshape((16, 48))(x)), "rows"))

    engine = engine_of(_from(front))
    assert engine.conv_layers == ()


NONE = {
    "dense": (
        lambda x: L.Dense(5, activation="relu", name="fc")(L.Flatten()(x)), "neurons of fc, out"
    ),
    "in time": (
        lambda x: L.GlobalAveragePooling1D()(L.Conv1D(4, 3, name="c1d")(L.Reshape((16, 48))(x))),
        "c1d (Conv1D): its output has shape (14, 4)",
    ),
    "strips": (
        lambda x: L.GlobalAveragePooling1D()(L.TimeDistributed(L.GlobalAveragePooling2D())(
            L.TimeDistributed(L.Conv2D(4, 1), name="strips")(L.Reshape((8, 2, 16, 3))(x))
        )),
        "strips (Conv2D in TimeDistributed)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("front", NONE)
def test_a_network_without_maps_says_what_it_has(front):
    make, says = NONE[front]
    engine = engine_of(_from(make))
    reading = engine.read(noise_tile(SIDE))
    for ask in (lambda: engine.default_layer, lambda: reading.heatmap("gradcam")):
        with pytest.raises(ModelError, match="Expected a layer with maps") as refusal:
            ask()
        assert says in str(refusal.value)
        assert "Integrated gradients" in str(refusal.value)
    assert reading.heatmap("integrated_gradients").values.shape == (SIDE, SIDE)
    assert reading.contributions_by_class("out").shape == (3, 3)


def test_a_gate_of_one_place_is_asked_about_in_vain():
    engine = engine_of(_from(FRONTS["excited"][0]))
    assert "se2" in engine.unit_layers
    with pytest.raises(ModelError, match=r"such as a2\. Received: 'se2' of shape \(1, 1, 4\)"):
        engine.read(noise_tile(SIDE)).heatmap("gradcam", layer="se2")
