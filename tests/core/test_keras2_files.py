"""Files of Keras 2, rebuilt: their answers are worked out by hand here."""

import numpy as np
import pytest

from osteo_core import open_model
from osteo_core.errors import ModelError
from tests.core.keras2_files import (
    POLICY,
    conv,
    dense,
    function,
    head,
    layer,
    network,
    ramp,
    ramp_weights,
    sequential,
    start,
    write_archive,
    write_h5,
)
from tests.toys import CLASSES, THREE, ramp_tile

ALL = {"start": None, "stop": None, "step": None}
RAMP = (-0.5, 2.5)  # logits on the ramp tile


def answer(file, classes=CLASSES):
    engine = open_model(file, classes=classes, preprocessing="none")
    return engine.predict([ramp_tile()])[0]


def softmax(*logits):
    powers = np.exp(np.array(logits) - max(logits))
    return powers / powers.sum()


def ones(*shape):
    return np.ones(shape, np.float32)


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


def recurrent_network():
    """Zero kernels: gates of the bias alone, so both directions end in one known number."""
    inner = {
        "class_name": "LSTM",
        "config": {
            "name": "lstm",
            "units": 1,
            "time_major": False,
            "implementation": 2,
            "activation": "tanh",
            "recurrent_activation": "sigmoid",
            "return_sequences": False,
            "unroll": False,
        },
    }
    layers = [
        start(),
        layer("Reshape", "rows", "input_1", target_shape=[16, 3]),
        layer("Bidirectional", "both", "rows", layer=inner, merge_mode="concat"),
        dense("logits", "both"),
    ]
    bias = np.array([50, -50, 1, 50], np.float32)  # in, forget, cell, out: h = tanh(tanh(1))
    cell = [("kernel:0", np.zeros((3, 4))), ("recurrent_kernel:0", np.zeros((1, 4)))]
    both = []
    for way in ("forward", "backward"):
        both += [(f"both/{way}_lstm/lstm_cell/{n}", v) for n, v in [*cell, ("bias:0", bias)]]
    last = [("logits/kernel:0", np.array([[1.0, 0], [1, 0]])), ("logits/bias:0", 0 * ones(2))]
    return network(*layers), {"both": both, "logits": last}, (2 * np.tanh(np.tanh(1)), 0)


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


def _own_layer():
    return ramp(maps=layer("MyLayer", "maps", "input_1")), ramp_weights()


def _lambda():
    code = ["4wEAAAA=", None, None]
    return ramp(maps=layer("Lambda", "maps", "input_1", function=code)), ramp_weights()


def _other_function():
    return ramp(maps=function("math.bessel_i0", "maps", "input_1")), ramp_weights()


def _time_first():
    config, weights, _ = recurrent_network()
    config["config"]["layers"][2]["config"]["layer"]["config"]["time_major"] = True
    return config, weights


def _other_setting():
    return ramp(maps=conv("maps", "input_1", spin=3)), ramp_weights()


def _too_few():
    return ramp(), {**ramp_weights(), "logits": head()[:1]}


def _none():
    return ramp(), {"maps": ramp_weights()["maps"]}


def _turned():
    (name, kernel), bias = head()
    return ramp(), {**ramp_weights(), "logits": [(name, kernel.T), bias]}


def _circle():
    return ramp(maps=conv("maps", "means")), ramp_weights()


def _subclassed():
    return {**ramp(), "class_name": "MyModel"}, ramp_weights()


REFUSED = [
    (_own_layer, "'MyLayer' ('maps')"),
    (_lambda, "Lambda layer"),
    (_other_function, "tf.math.bessel_i0"),
    (_time_first, "time_major=True"),
    (_other_setting, "spin=3"),
    (_too_few, "'logits' have the shapes 3×2 where 3×2, 2 belong"),
    (_none, "'logits' have the shapes none"),
    (_turned, "shapes 2×3, 2 where 3×2, 2 belong"),
    (_circle, "fed by something that is not there"),
    (_subclassed, "'MyModel'"),
]


@pytest.mark.parametrize(("make", "says"), REFUSED)
def test_what_cannot_be_rebuilt_is_named_with_the_version_and_the_way_out(tmp_path, make, says):
    file = write_h5(tmp_path / "m.h5", *make(), version="2.11.0")
    with pytest.raises(ModelError, match=r"written by Keras 2\.11\.0") as refusal:
        open_model(file, CLASSES, "none")
    assert says in str(refusal.value)
    assert "model.save('x.keras')" in str(refusal.value)


def test_an_archive_without_a_layers_weights_is_refused(tmp_path):
    maps = [value for _, value in ramp_weights()["maps"]]
    file = write_archive(tmp_path / "m.keras", ramp(), {"conv2d": maps})
    with pytest.raises(ModelError, match="weights for 0 layers of the kind 'dense' where 1"):
        open_model(file, CLASSES, "none")
