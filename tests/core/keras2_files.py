"""Files as Keras 2 wrote them, written out by hand: settings as JSON and weights as HDF5."""

import io
import json
import zipfile

import h5py
import numpy as np

from osteo_core import open_model
from tests.toys import CLASSES, ramp_tile

SIDE = (None, 4, 4, 3)
POLICY = {"class_name": "Policy", "config": {"name": "mixed_float16"}}
INITIALIZER = {"class_name": "GlorotUniform", "config": {"seed": None, "dtype": "float32"}}
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


def layer(kind, name, *feeds, call=None, **config):
    """A layer called once on the layers that feed it, with named arguments in `call`."""
    node = [[feed, 0, 0, dict(call or {})] for feed in feeds]
    return {
        "class_name": kind,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
        "name": name,
        "inbound_nodes": [node] if feeds else [],
    }


def function(symbol, name, *feeds, **call):
    """A TensorFlow function that was called on symbolic tensors."""
    kind = "SlicingOpLambda" if symbol.endswith("getitem") else "TFOpLambda"
    made = layer(kind, name, *feeds, call={"name": None, **call}, function=symbol)
    if len(feeds) == 1:  # the structure of the first argument is kept
        made["inbound_nodes"] = made["inbound_nodes"][0]
    return made


def start(name="input_1", shape=SIDE, **config):
    settings = {"batch_input_shape": list(shape), "sparse": False, "ragged": False, **config}
    return layer("InputLayer", name, **settings)


def conv(name="maps", *feeds, kind="Conv2D", **config):
    settings = {
        "filters": 3,
        "kernel_size": [1, 1],
        "strides": [1, 1],
        "padding": "valid",
        "data_format": "channels_last",
        "dilation_rate": [1, 1],
        "groups": 1,
        "activation": "linear",
        "use_bias": True,
        "kernel_initializer": INITIALIZER,
        "kernel_regularizer": {"class_name": "L2", "config": {"l2": 1e-4}},
        "activity_regularizer": None,
    }
    return layer(kind, name, *feeds, **{**settings, **config})


def dense(name="logits", *feeds, units=2, activation="softmax", **config):
    settings = {"units": units, "activation": activation, "use_bias": True}
    return layer("Dense", name, *feeds, **{**settings, **config})


def network(*layers, name="model", kind="Functional", end=None):
    inputs = [[one["name"], 0, 0] for one in layers if one["class_name"] == "InputLayer"]
    config = {"name": name, "layers": list(layers), "input_layers": inputs}
    config["output_layers"] = [[end or layers[-1]["name"], 0, 0]]
    return {"class_name": kind, "config": config, "name": name, "inbound_nodes": []}


def sequential(*layers, name="sequential", **config):
    return {
        "class_name": "Sequential",
        "config": {"name": name, "layers": list(layers), **config},
        "name": name,
        "inbound_nodes": [],
    }


def head():
    """Weights of `ramp_network` without its convolution: logits of three means."""
    kernel = np.array([[1, -1], [-2, 4], [3, 0]], np.float32)
    return [("logits/kernel:0", kernel), ("logits/bias:0", np.zeros(2, np.float32))]


def ramp_weights():
    """Of `ramp_network`: on `ramp_tile` its logits are -0.5 and 2.5."""
    kernel = np.array([[1, -1, 0], [0, 1, 0], [0, 0, 0]], np.float32)[None, None]
    maps = [("maps/kernel:0", kernel), ("maps/bias:0", np.array([0, 0, -1], np.float32))]
    return {"maps": maps, "logits": head()}


def ramp(**changed):
    """The settings of `ramp_network` as Keras 2 had them."""
    layers = {
        "input_1": start(),
        "maps": conv("maps", "input_1"),
        "means": layer("GlobalAveragePooling2D", "means", "maps", data_format="channels_last"),
        "logits": dense("logits", "means"),
    }
    return network(*{**layers, **changed}.values())


def write_h5(file, config, weights, version="2.15.0", cut_names=False):
    """Settings, and by top-level layer the weights with the names that they carry."""
    with h5py.File(file, "w") as content:
        content.attrs["model_config"] = json.dumps(config).encode()
        content.attrs["backend"] = b"tensorflow"
        if version:
            content.attrs["keras_version"] = version.encode()
        group = content.create_group("model_weights")
        names = [one["config"]["name"].encode() for one in config["config"]["layers"]]
        if cut_names:
            group.attrs["layer_names0"], group.attrs["layer_names1"] = names[:1], names[1:]
        else:
            group.attrs["layer_names"] = names
        for name in names:
            own = group.create_group(name)
            listed = weights.get(name.decode(), [])
            own.attrs["weight_names"] = [path.encode() for path, _ in listed]
            for path, value in listed:
                own[path] = value
    return file


def write_archive(file, config, weights, version="2.15.0", root="layers"):
    """Settings, and by group the weights numbered in it."""
    packed = io.BytesIO()
    with h5py.File(packed, "w") as content:
        for path, values in weights.items():
            for i, value in enumerate(values):
                content[f"{root}/{path}/vars/{i}"] = value
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", packed.getvalue())
    return file


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
