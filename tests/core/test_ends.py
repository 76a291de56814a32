"""Every way a network can end: what its output is, and one answer by every way."""

import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError
from tests.toys import engine_of, noise_tile, wake

L = keras.layers
SIDE = 16


def _front(filters=6, dtype=None):
    start = keras.Input((SIDE, SIDE, 3))
    x = L.Conv2D(filters, 3, activation="relu", name="conv", dtype=dtype)(
        L.Rescaling(1 / 255)(start)
    )
    return start, x, L.GlobalAveragePooling2D()(x)


def _ended(end, **settings):
    start, maps, row = _front(**settings)
    return wake(keras.Model(start, end(maps, row)), seed=4)


def _head(row, name):
    return L.Dense(3, activation="softmax", name=name)(row)


def _flips(maps, row):
    head = L.Dense(3, activation="softmax")
    pool = L.GlobalAveragePooling2D()
    return L.Average()([head(pool(maps)), head(pool(maps[:, :, ::-1]))])


def _hierarchy(maps, row):
    tumour = L.Dense(1, activation="sigmoid", name="tumour")(row)
    viable = L.Dense(1, activation="sigmoid", name="viable")(row)
    return L.Concatenate()([1 - tumour, tumour * (1 - viable), tumour * viable])


def _by_hand(maps, row):
    powers = keras.ops.exp(L.Dense(3)(row))
    return powers / keras.ops.sum(powers, axis=-1, keepdims=True)


def _evidence(maps, row):
    found = L.Dense(3, activation="softplus")(row) + 1.0
    return found / keras.ops.sum(found, axis=-1, keepdims=True)


def _pair(maps, row):
    p = L.Dense(1, activation="sigmoid")(row)
    return L.Concatenate()([1 - p, p])


def _pair_turned(maps, row):
    p = L.Dense(1, activation="sigmoid")(row)
    return L.Concatenate()([p, 1 - p])


def _sharper(values):
    return keras.ops.softmax(3.0 * values)


_sharper.__name__ = "softmax"  # somebody's own, called as Keras' is
keras.saving.register_keras_serializable("tests")(_sharper)

KEPT = {
    "mean of heads": lambda m, r: L.Average()([_head(r, "a"), _head(r, "b")]),
    "weighted heads": lambda m, r: 0.3 * _head(r, "a") + 0.7 * _head(r, "b"),
    "products": _hierarchy,
    "by hand": _by_hand,
    "evidence": _evidence,
    "1 - p, p": _pair,
    "p, 1 - p": _pair_turned,
    "flips averaged": _flips,
    "a state": lambda m, r: L.SimpleRNN(3, activation="softmax")(L.Reshape((1, 6))(r)),
    "half of a split": lambda m, r: keras.ops.split(
        L.Concatenate()([_head(r, "a"), _head(r, "b")]), 2, axis=-1
    )[1],
    "reshaped": lambda m, r: L.Reshape((3,))(_head(r, "a")),
    "per place": lambda m, r: L.GlobalAveragePooling2D()(
        L.Conv2D(3, 1, activation="softmax", name="places")(m)
    ),
    "wrapped": lambda m, r: L.SpectralNormalization(L.Dense(3, activation="softmax"))(r),
    "a function of one's own": lambda m, r: L.Dense(3, activation=_sharper)(r),
    "mixed by a matrix": lambda m, r: L.Dense(3, use_bias=False, name="mixed")(_head(r, "a")),
    "one sigmoid, reshaped": lambda m, r: L.Reshape((1,))(L.Dense(1, activation="sigmoid")(r)),
    "one mean of sigmoids": lambda m, r: L.GlobalAveragePooling2D()(
        L.Conv2D(1, 1, activation="sigmoid")(m)
    ),
}
SCORES = {
    "linear": lambda m, r: L.Dense(3)(r),
    "one linear": lambda m, r: L.Dense(1)(r),
    "dropped out": lambda m, r: L.Dropout(0.5)(L.Activation("linear")(L.Dense(3)(r))),
    "by temperature": lambda m, r: L.Dense(3)(r) / 2.5,
    "rescaled": lambda m, r: L.Rescaling(0.5)(L.Dense(3)(r)),
    "normalised": lambda m, r: L.BatchNormalization()(L.Dense(3)(r)),
    "pooled": lambda m, r: L.GlobalAveragePooling2D()(L.Conv2D(3, 1, name="scores")(m)),
    "flattened": lambda m, r: L.Flatten()(L.Conv2D(3, SIDE - 2, name="scores")(m)),
    "mean of scores": lambda m, r: L.Average()([L.Dense(3)(r), L.Dense(3)(r)]),
}
OWN = {
    "softmax": lambda m, r: _head(r, "a"),
    "softmax of a split": lambda m, r: L.Softmax()(keras.ops.split(L.Dense(6)(r), 2, axis=-1)[1]),
    "softmax of a state": lambda m, r: L.Softmax()(
        L.LSTM(3, return_state=True)(L.Reshape((1, 6))(r))[2]
    ),
    "softmax by temperature": lambda m, r: keras.ops.softmax(L.Dense(3)(r) / 2.5),
    "cast": lambda m, r: L.Activation("softmax", dtype="float32")(L.Dense(3, dtype="float16")(r)),
}
REFUSED = {
    "doubled": (lambda m, r: 2 * _head(r, "a"), "sum to 2"),
    "sigmoids": (lambda m, r: L.Dense(3, activation="sigmoid")(r), "3 sigmoid units"),
    "tanh": (lambda m, r: L.Dense(3, activation="tanh")(r), "tanh"),
    "one tanh": (lambda m, r: L.Dense(1, activation="tanh", bias_initializer="ones")(r), "tanh"),
    "one softplus": (lambda m, r: L.Dense(1, activation="softplus")(r), "softplus"),
    "gated scores": (lambda m, r: L.Dense(3)(r) * L.Dense(3)(r), "Multiply"),
    "over the batch": (lambda m, r: L.Softmax(axis=0)(L.Dense(3)(r)), "softmax over axis 0"),
}


def _agrees(model, wanted):
    n_units = model.outputs[0].shape[1]
    engine, tile = engine_of(model, max(2, n_units)), noise_tile(SIDE * 2, 3)
    raw = np.asarray(model(engine.prepare(tile), training=False), np.float32)[0]
    wanted = wanted(raw)
    wanted = np.array([1 - wanted[0], wanted[0]]) if n_units == 1 else wanted
    reading = engine.read(tile)
    for given in (reading.probabilities, engine.predict([tile])[0]):
        np.testing.assert_allclose(given, wanted, atol=1e-6)
    for layer in ("conv", "input"):
        assert np.isfinite(reading.gradient(layer)).all()
    return engine, reading, wanted


@pytest.mark.parametrize("end", KEPT)
def test_probabilities_are_kept_and_their_logarithm_explained(end):
    model = _ended(KEPT[end])
    if end == "mixed by a matrix":
        model.get_layer("mixed").set_weights([np.full((3, 3), 0.1) + 0.7 * np.eye(3)])
    engine, reading, wanted = _agrees(model, lambda raw: raw)
    assert "are kept as they are" in engine.output
    assert not engine.softmax_added
    log = np.log(np.maximum(wanted, 1e-12))
    logits = log if "sigmoid" not in end else log - log[::-1]
    np.testing.assert_allclose(reading.logits, logits, atol=1e-4)


def _softmax(raw):
    if len(raw) == 1:
        return 1 / (1 + np.exp(-raw))
    return np.exp(raw) / np.exp(raw).sum()


@pytest.mark.parametrize("end", SCORES)
def test_a_softmax_is_added_behind_scores_and_said(end):
    engine = _agrees(_ended(SCORES[end]), _softmax)[0]
    assert engine.softmax_added
    assert "is added behind them" in engine.output


@pytest.mark.parametrize("end", OWN)
def test_the_logits_of_a_softmax_are_what_it_takes(end):
    engine, reading, _ = _agrees(_ended(OWN[end]), lambda raw: raw)
    assert "of its own" in engine.output
    np.testing.assert_allclose(_softmax(reading.logits), reading.probabilities, atol=1e-3)


def test_logarithms_of_probabilities_are_logits():
    model = _ended(lambda m, r: keras.ops.log_softmax(L.Dense(3)(r)))
    engine, reading, _ = _agrees(model, np.exp)
    assert "logarithms" in engine.output
    raw = np.asarray(model(engine.prepare(noise_tile(SIDE * 2, 3))))[0]
    np.testing.assert_allclose(reading.logits, raw, atol=1e-5)


@pytest.mark.parametrize("end", REFUSED)
def test_what_is_neither_is_refused_with_the_reason(end):
    make, says = REFUSED[end]
    model = _ended(make)
    with pytest.raises(ModelError, match=r"Expected .*Received: ") as refusal:
        engine_of(model, max(2, model.outputs[0].shape[1]))
    assert says in str(refusal.value)


def test_a_probability_of_zero_has_a_finite_logit():
    model = _ended(lambda m, r: L.Average()([_head(r, "a"), _head(r, "b")]))
    for name in ("a", "b"):
        model.get_layer(name).set_weights([np.zeros((6, 3)), np.array([200.0, 0, 0])])
    reading = engine_of(model).read(noise_tile(SIDE))
    np.testing.assert_allclose(reading.probabilities, [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(reading.logits, np.log([1, 1e-12, 1e-12]), atol=1e-3)
    assert np.isfinite(reading.gradient("conv", "Viable")).all()
