"""Networks as layers in files of Keras 2: their weights find their places."""

import numpy as np
import pytest

from tests.core.keras2_files import (
    RAMP,
    answer,
    conv,
    dense,
    head,
    layer,
    network,
    ones,
    ramp_weights,
    sequential,
    softmax,
    start,
    write_archive,
    write_h5,
)


def nested_network(frozen, names=True):
    """A base with a normalisation in front of the head, behind layers that act in training only.

    Keras 2 lists a nested network's trainable weights first: its normalisation's moving mean and
    variance stand behind the convolution that follows it.
    """
    normal = {"axis": [3], "epsilon": 0.0}
    parts = [
        start("inner"),
        layer("BatchNormalization", "bn", "inner", **normal),
        conv("maps", "bn"),
    ]
    for part in parts[1:]:
        part["config"]["trainable"] = not frozen
    base = network(*parts, name="base")
    augment = sequential(
        layer("RandomFlip", "flip", mode="horizontal", seed=None, rng_type="stateful"),
        layer("RandomRotation", "turn", factor=0.1, fill_mode="reflect", rng_type=None),
        name="augment",
    )
    config = sequential(
        start("first"),
        augment,
        base,
        layer("GlobalAveragePooling2D", "means"),
        dense("logits"),
    )
    own = ramp_weights()
    trained = [("bn/gamma:0", 2 * ones(3)), ("bn/beta:0", 3 * ones(3))]
    fixed = [("bn/moving_mean:0", 3 * ones(3)), ("bn/moving_variance:0", 4 * ones(3))]
    listed = [*trained, *fixed, *own["maps"]] if frozen else [*trained, *own["maps"], *fixed]
    if not names:
        listed = [(f"renamed_{n}", v) for n, v in listed]
    return config, {"base": listed, "logits": own["logits"]}


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("names", [True, False])
def test_the_order_of_a_nested_networks_weights(tmp_path, frozen, names):
    file = write_h5(tmp_path / "m.h5", *nested_network(frozen, names))
    np.testing.assert_allclose(answer(file), softmax(*RAMP), atol=1e-6)


def test_a_nested_network_in_an_archive(tmp_path):
    config, weights = nested_network(frozen=False)
    held = {name.split(":")[0]: value for name, value in weights["base"]}
    file = write_archive(
        tmp_path / "m.keras",
        config,
        {
            "functional/layers/batch_normalization": [
                held[f"bn/{n}"] for n in ("gamma", "beta", "moving_mean", "moving_variance")
            ],
            "functional/layers/conv2d": [held["maps/kernel"], held["maps/bias"]],
            "dense": [value for _, value in head()],
        },
    )
    np.testing.assert_allclose(answer(file), softmax(*RAMP), atol=1e-6)
