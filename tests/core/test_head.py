"""Every way a classifier can end, and its logits made visible."""

import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.networks.flatten import flatten
from osteo_core.networks.head import expose_logits
from tests.toys import wake


def _ended(*layers):
    return wake(keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Flatten(), *layers]))


def _operation_head():
    start = keras.Input((2, 2, 3))
    x = keras.layers.Dense(3, name="scores")(keras.layers.Flatten()(start))
    return wake(keras.Model(start, keras.ops.softmax(x)))


DENSE = keras.layers.Dense


@pytest.mark.parametrize(
    ("make", "logits", "kind"),
    [
        (lambda: _ended(DENSE(3, activation="softmax", name="out")), "out", "softmax"),
        (lambda: _ended(DENSE(3, name="out"), keras.layers.Softmax()), "out", "softmax"),
        (
            lambda: _ended(DENSE(3, name="out"), keras.layers.Activation("softmax")),
            "out",
            "softmax",
        ),
        (lambda: _ended(DENSE(3, name="out")), "out", "softmax"),
        (_operation_head, "scores", "softmax"),
        (lambda: _ended(DENSE(1, activation="sigmoid", name="out")), "out", "sigmoid"),
        (
            lambda: _ended(DENSE(1, name="out"), keras.layers.Activation("sigmoid")),
            "out",
            "sigmoid",
        ),
        (lambda: _ended(DENSE(1, name="out")), "out", "sigmoid"),
        (
            lambda: _ended(DENSE(3, activation="softmax", name="out"), keras.layers.Dropout(0.1)),
            "out",
            "softmax",
        ),
    ],
)
def test_heads_show_their_logits(make, logits, kind):
    model = make()
    headed = expose_logits(flatten(model))
    assert (headed.logits, headed.kind) == (logits, kind)
    assert headed.n_classes == (2 if kind == "sigmoid" else 3)
    inputs = np.random.default_rng(0).uniform(-1, 1, (2, 2, 2, 3)).astype(np.float32)
    raw = keras.Model(headed.network.input, headed.network.get_layer(logits).output)(inputs)
    end = keras.ops.softmax(raw) if kind == "softmax" else keras.ops.sigmoid(raw)
    np.testing.assert_allclose(headed.network(inputs), end, atol=1e-6)
    if model.layers[-1].name != logits or model.layers[-1].activation.__name__ != "linear":
        np.testing.assert_allclose(headed.network(inputs), model(inputs), atol=1e-6)


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        ([DENSE(3, activation="sigmoid")], "3 sigmoid units"),
        ([DENSE(1, activation="softmax")], "1 unit"),
        ([DENSE(3, activation="relu")], "relu"),
        ([DENSE(3, activation="softmax"), keras.layers.Rescaling(2.0)], "Rescaling"),
        ([DENSE(3, activation="softmax"), keras.layers.Activation("tanh")], "Activation"),
        ([DENSE(4), keras.layers.Reshape((2, 2))], "(2, 2)"),
    ],
)
def test_heads_that_cannot_be_read(layers, says):
    with pytest.raises(ModelError, match=r"Expected .*Received: ") as refusal:
        expose_logits(flatten(_ended(*layers)))
    assert says in str(refusal.value)
