"""Files of Keras 2, rebuilt: their answers are worked out by hand here."""

import numpy as np
import pytest

from tests.core.keras2_files import (
    ALL,
    POLICY,
    RAMP,
    answer,
    conv,
    dense,
    function,
    head,
    layer,
    network,
    ones,
    ramp,
    ramp_weights,
    recurrent_network,
    sequential,
    softmax,
    start,
    write_archive,
    write_h5,
)
from tests.toys import CLASSES, THREE


@pytest.mark.parametrize("kind", ["Functional", "Model"])
@pytest.mark.parametrize("version", ["2.15.0", "2.3.1", ""])
def test_a_plain_network(tmp_path, kind, version):
    config = {**ramp(), "class_name": kind}
    file = write_h5(tmp_path / "m.h5", config, ramp_weights(), version, cut_names=version == "")
    np.testing.assert_allclose(answer(file), softmax(*RAMP), atol=1e-6)


@pytest.mark.parametrize("root", ["layers", "_layer_checkpoint_dependencies"])
@pytest.mark.parametrize("number", ["", "_2"])  # 2.12 counted every layer twice
def test_an_archive_of_keras_2(tmp_path, root, number):
    config = {**ramp(), "module": "keras.src.engine.functional", "registered_name": "Functional"}
    config["compile_config"] = {"loss": {"module": "mine", "class_name": "F", "config": {}}}
    twice = network(
        start(),
        conv("a", "input_1"),
        conv("b", "a"),
        layer("GlobalAveragePooling2D", "means", "b"),
        dense("logits", "means"),
    )
    twice["module"] = "keras.src.engine.functional"
    maps = [value for _, value in ramp_weights()["maps"]]
    turn = [np.eye(3, dtype=np.float32)[None, None] * 2, np.zeros(3, np.float32)]
    last = [value for _, value in head()]
    weights = {"conv2d": turn, f"conv2d{number or '_1'}": maps, "dense": last}
    file = write_archive(tmp_path / "m.keras", twice, weights, root=root)
    # doubled colours: means 15, -15 + 20, -1
    np.testing.assert_allclose(answer(file), softmax(15 - 10 - 3, -15 + 20), atol=1e-6)
    file = write_archive(tmp_path / "n.keras", config, {"conv2d": maps, "dense": last}, root=root)
    np.testing.assert_allclose(answer(file), softmax(*RAMP), atol=1e-6)


def _slashes(maps="block1/maps"):
    layers = [
        start(),
        conv(maps, "input_1"),
        layer("GlobalAveragePooling2D", "means", maps),
        dense("logits", "means"),
    ]
    weights = ramp_weights()
    weights[maps] = [(f"{maps}/{n.split('/')[1]}", v) for n, v in weights.pop("maps")]
    return network(*layers), weights, RAMP


def _depthwise_normalised():
    """Colours × 2, less a mean of 10 and over a deviation of 2, × 3: green is 15, red 22.5 - 15."""
    normal = {"axis": [3], "epsilon": 0.0, "momentum": 0.99, "fused": True, "renorm": False}
    layers = [
        start(),
        conv("each", "input_1", kind="DepthwiseConv2D", depth_multiplier=1, filters=None),
        layer("BatchNormalization", "bn", "each", **normal),
        layer("GlobalAveragePooling2D", "means", "bn"),
        dense("logits", "means", units=3),
    ]
    del layers[1]["config"]["filters"]
    weights = {
        "each": [("each/depthwise_kernel:0", 2 * ones(1, 1, 3, 1)), ("each/bias:0", 0 * ones(3))],
        "bn": [
            ("bn/gamma:0", 3 * ones(3)),
            ("bn/beta:0", 0 * ones(3)),
            ("bn/moving_mean:0", 10 * ones(3)),
            ("bn/moving_variance:0", 4 * ones(3)),
        ],
        "logits": [
            ("logits/kernel:0", np.eye(3, dtype=np.float32)),
            ("logits/bias:0", 0 * ones(3)),
        ],
    }
    return network(*layers), weights, ((15 - 10) * 1.5, (20 - 10) * 1.5, -15)


def functions_network():
    """Red and blue change places, green gains 1; all / 5, cut at 6, averaged, squared."""
    layers = [
        start(),
        function(
            "__operators__.getitem",
            "turned",
            "input_1",
            slice_spec=[
                {"class_name": "__ellipsis__"},
                {"start": None, "stop": None, "step": -1},
            ],
        ),
        function("nn.bias_add", "moved", "turned", bias=[0.0, 1.0, 0.0]),
        function("math.truediv", "scaled", "moved", y=5.0),
        function("nn.relu6", "kept", "scaled"),
        function("math.reduce_mean", "means", "kept", axis=[1, 2], keepdims=False),
        function("concat", "both", "means", "means", axis=-1),
        function("math.multiply", "more", "both", y=["both", 0, 0]),
        function("cast", "same", "more", dtype="float32"),
        dense("logits", "same", units=3),
    ]
    kernel = np.vstack([np.eye(3), np.zeros((3, 3))]).astype(np.float32)
    weights = {"logits": [("logits/kernel:0", kernel), ("logits/bias:0", 0 * ones(3))]}
    return network(*layers), weights, (0.0, 2.2**2, 1.5**2)


def shapes_network():
    """`tf.shape` with an open number of tiles, a reshape, a transpose and `2 - x`."""
    minus = function("math.subtract", "minus", "turned", y=["turned", 0, 0])
    minus["inbound_nodes"] = [["_CONSTANT_VALUE", -1, 2.0, {"y": ["turned", 0, 0], "name": None}]]
    layers = [
        start(),
        function("compat.v1.shape", "shape", "input_1", out_type="int32"),
        function("__operators__.getitem", "n", "shape", slice_spec=0),
        function("reshape", "rows", "input_1", shape=[["n", 0, 0], 16, 3]),
        function("compat.v1.transpose", "turned", "rows", perm=[0, 2, 1], conjugate=False),
        minus,
        function("math.reduce_mean", "means", "minus", axis=-1),
        dense("logits", "means", units=3),
    ]
    weights = {"logits": [("logits/kernel:0", np.eye(3)), ("logits/bias:0", 0 * ones(3))]}
    return network(*layers), weights, (2 - 7.5, 2 - 10, 2)


def _old_activations():
    """Keras 2's hard sigmoid is clip(0.2 x + 0.5): of means 1.5, 2, 0 it is 0.8, 0.9, 0.5."""
    layers = [
        start(),
        layer("Rescaling", "fifth", "input_1", scale=0.2, offset=0.0),
        layer("GlobalAveragePooling2D", "means", "fifth"),
        layer("Activation", "hard", "means", activation="hard_sigmoid"),
        layer("LeakyReLU", "leaky", "hard", alpha=0.30000001192092896),
        dense(
            "logits", "leaky", units=3, activation={"class_name": "function", "config": "softmax"}
        ),
    ]
    weights = {"logits": [("logits/kernel:0", -np.eye(3)), ("logits/bias:0", 0 * ones(3))]}
    return network(*layers), weights, (-0.8, -0.9, -0.5)


def _choices():
    """Grey is 0.2989 red + 0.587 green; where it is above 8 it is halved, else it stays; mirrored.

    Over the ramp: red 0..15 and green 10, so grey runs from 5.87 to 10.35.
    """
    halved = function("math.truediv", "halved", "grey", y=2.0)
    chosen = function("where", "chosen", "over", x=["halved", 0, 0], y=["grey", 0, 0])
    layers = [
        start(),
        function("image.rgb_to_grayscale", "grey", "input_1"),
        function("math.greater", "over", "grey", y=8.0),
        halved,
        chosen,
        function("image.flip_left_right", "turned", "chosen"),
        function("__operators__.getitem", "corner", "turned", slice_spec=[ALL, 0, 0, ALL]),
        function("math.reduce_mean", "mean", "chosen", axis=[1, 2]),
        function("concat", "both", "corner", "mean", axis=-1),
        dense("logits", "both"),
    ]
    weights = {"logits": [("logits/kernel:0", np.eye(2)), ("logits/bias:0", 0 * ones(2))]}
    grey = 0.2989 * np.arange(16) + 5.87
    return network(*layers), weights, (grey[3], np.where(grey > 8, grey / 2, grey).mean())


def _states():
    """A layer that starts from another's states, and keeps them."""
    config = {"units": 2, "implementation": 2, "time_major": False, "reset_after": True}
    first = layer("GRU", "first", "rows", **config, return_state=True)
    second = layer("GRU", "second", "rows", **config)
    second["inbound_nodes"] = [[["rows", 0, 0, {}], ["first", 0, 1, {}]]]
    layers = [
        start(),
        layer("Reshape", "rows", "input_1", target_shape=[16, 3]),
        first,
        second,
        dense("logits", "second"),
    ]

    def gru(name, update, state):
        """Gates of the bias: new = update * old + (1 - update) * tanh(state)."""
        bias = np.zeros((2, 6), np.float32)
        bias[0] = [update, update, 0, 0, *state]
        path = f"{name}/gru_cell"
        kernels = [("kernel:0", np.zeros((3, 6))), ("recurrent_kernel:0", np.zeros((2, 6)))]
        return [(f"{path}/{n}", v) for n, v in [*kernels, ("bias:0", bias)]]

    weights = {
        "first": gru("first", -50, (0.5, -0.25)),  # forgets all: tanh of its bias
        "second": gru("second", 50, (3, 3)),  # keeps what it starts from
        "logits": [("logits/kernel:0", np.eye(2)), ("logits/bias:0", 0 * ones(2))],
    }
    return network(*layers), weights, (np.tanh(0.5), np.tanh(-0.25))


def _named_ends():
    """Inputs and outputs in a dict, as a model that is given names has them."""
    config = ramp()
    config["config"]["input_layers"] = {"image": ["input_1", 0, 0]}
    config["config"]["output_layers"] = {"class": ["logits", 0, 0]}
    return config, ramp_weights(), RAMP


CASES = [
    _choices,
    _states,
    _named_ends,
    _slashes,
    _depthwise_normalised,
    functions_network,
    shapes_network,
    _old_activations,
    recurrent_network,
]


@pytest.mark.parametrize("case", CASES)
def test_what_is_repaired(tmp_path, case):
    config, weights, logits = case()
    file = write_h5(tmp_path / "m.h5", config, weights)
    classes = THREE if len(logits) == 3 else CLASSES
    np.testing.assert_allclose(answer(file, classes), softmax(*logits), atol=1e-6)


def test_half_precision(tmp_path):
    maps = conv("maps", "input_1", dtype=POLICY)
    file = write_h5(tmp_path / "m.h5", ramp(maps=maps), ramp_weights())
    np.testing.assert_allclose(answer(file), softmax(*RAMP), atol=1e-3)


def test_a_sequential_that_says_its_size_in_its_first_layer(tmp_path):
    first = conv("maps", batch_input_shape=[None, 4, 4, 3], trainable=True)
    config = sequential(first, layer("GlobalAveragePooling2D", "means"), dense("logits"))
    file = write_h5(tmp_path / "m.h5", config, ramp_weights(), "2.2.4")
    np.testing.assert_allclose(answer(file), softmax(*RAMP), atol=1e-6)


def test_a_layer_that_is_called_twice(tmp_path):
    maps = conv("maps", "input_1")
    maps["inbound_nodes"].append([["maps", 0, 0, {}]])
    means = layer("GlobalAveragePooling2D", "means", "maps")
    means["inbound_nodes"][0][0][1] = 1  # of its second call
    file = write_h5(tmp_path / "m.h5", ramp(maps=maps, means=means), ramp_weights())
    # red stays, green - red becomes green - 2 red: 7.5, -5, -1
    np.testing.assert_allclose(answer(file), softmax(7.5 + 10 - 3, -7.5 - 20), atol=1e-6)


def test_a_division_that_gives_0_by_0_has_a_gradient():
    import tensorflow as tf

    from osteo_core.model_files.keras2.functions import scale_back

    x, y = tf.constant([3.0, 3.0]), tf.constant([2.0, 0.0])
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        made = scale_back(x, y)
    np.testing.assert_allclose(made, [1.5, 0])
    by_x, by_y = tape.gradient(made, [x, y])
    np.testing.assert_allclose(by_x, [0.5, 0])  # as TensorFlow's own
    np.testing.assert_allclose(by_y, [-0.75, 0])
