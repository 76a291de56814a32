"""Small networks for tests: some with weights written out by hand, some real ones made small."""

from __future__ import annotations

import hashlib

import numpy as np

from osteo_core.tiles import Tile

CLASSES = ("Non-Tumor", "Viable")
THREE = ("Non-Tumor", "Non-Viable-Tumor", "Viable")


def tile_of(pixels) -> Tile:
    pixels = np.ascontiguousarray(pixels, np.uint8)
    return Tile(pixels, hashlib.sha256(pixels.tobytes()).hexdigest(), "toy.png", ())


def noise_tile(side: int = 48, seed: int = 0) -> Tile:
    """A tile with structure at several sizes, so that deep layers see something."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.uniform(0, 255, (side // 8, side // 8, 3)), np.ones((8, 8, 1)))
    return tile_of(np.clip(coarse + rng.normal(0, 30, coarse.shape), 0, 255))


def engine_of(model, n_classes: int = 3, **settings):
    from osteo_core.engine import Engine

    named = {"name": "toy", "digest": "d" * 64, "preprocessing": "none"}
    named["classes"] = THREE[:n_classes] if n_classes == 3 else CLASSES
    return Engine(model, **{**named, **settings})


def ramp_tile() -> Tile:
    """4 × 4: red is 0..15 row by row, green is 10 everywhere, blue is 0."""
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[..., 0] = np.arange(16).reshape(4, 4)
    pixels[..., 1] = 10
    return tile_of(pixels)


def ramp_network(head: str = "softmax"):
    """Three 1 × 1 filters (red; green - red; -1), their means, and two classes.

    On `ramp_tile` the means are 7.5, 2.5, -1, and the logits
    Non-Tumor = 7.5 - 2·2.5 - 3 = -0.5 and Viable = -7.5 + 4·2.5 + 0 = 2.5.
    """
    import keras

    start = keras.Input((4, 4, 3))
    maps = keras.layers.Conv2D(3, 1, name="maps")
    means = keras.layers.GlobalAveragePooling2D(name="means")(maps(start))
    last = keras.layers.Dense(2, name="logits", activation=head)
    model = keras.Model(start, last(means))
    kernel = np.array([[1, -1, 0], [0, 1, 0], [0, 0, 0]], np.float32)  # (rgb, filters)
    maps.set_weights([kernel[None, None], np.array([0, 0, -1], np.float32)])
    last.set_weights([np.array([[1, -1], [-2, 4], [3, 0]], np.float32), np.zeros(2, np.float32)])
    return model


def corner_network():
    """One 3 × 3 kernel without padding, ReLU, and a place-by-place linear head.

    The kernel subtracts the upper left from the lower right: on red = 4·row + column that is
    (row + 2)·4 + column + 2 - 4·row - column = 10 at each of the 2 × 2 places.
    """
    import keras

    start = keras.Input((4, 4, 3))
    maps = keras.layers.Conv2D(1, 3, activation="relu", name="corner")
    flat = keras.layers.Flatten(name="flat")(maps(start))
    last = keras.layers.Dense(2, name="logits")
    model = keras.Model(start, last(flat))
    kernel = np.zeros((3, 3, 3, 1), np.float32)
    kernel[0, 0, 0], kernel[2, 2, 0] = -1, 1
    maps.set_weights([kernel, np.zeros(1, np.float32)])
    weights = np.array([[1, -8], [2, 0], [3, 4], [6, 0]], np.float32)  # (place, class)
    last.set_weights([weights, np.array([0, 5], np.float32)])
    return model


def residual_network():
    """x -> conv a -> (conv b + a) -> means -> logits, all 1 × 1 on one red channel.

    a = red, b = 2·a, sum = 3·red; logits = (mean, -mean).
    """
    import keras

    start = keras.Input((4, 4, 3))
    a = keras.layers.Conv2D(1, 1, name="a", use_bias=False)
    b = keras.layers.Conv2D(1, 1, name="b", use_bias=False)
    first = a(start)
    total = keras.layers.Add(name="sum")([first, b(first)])
    last = keras.layers.Dense(2, name="logits", use_bias=False)
    model = keras.Model(start, last(keras.layers.GlobalAveragePooling2D(name="means")(total)))
    a.set_weights([np.array([1, 0, 0], np.float32).reshape(1, 1, 3, 1)])
    b.set_weights([np.full((1, 1, 1, 1), 2, np.float32)])
    last.set_weights([np.array([[1, -1]], np.float32)])
    return model


def wake(model, seed: int = 0):
    """Give a network random weights that keep signals at a natural size through every layer."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        shape, name = tuple(variable.shape), variable.name
        if len(shape) > 1:
            receptive = int(np.prod(shape[:2])) if "depthwise" in variable.path else 0
            fan_in = receptive or int(np.prod(shape[:-1]))
            variable.assign(rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32))
        elif name in ("gamma", "moving_variance"):
            variable.assign(rng.uniform(0.8, 1.4, shape).astype(np.float32))
        elif name in ("bias", "beta", "moving_mean"):
            variable.assign(rng.normal(0, 0.1, shape).astype(np.float32))
    return model


def base_network(architecture: str, side: int = 32):
    """A small backbone without its top, awake."""
    import keras

    shape = (side, side, 3)
    if architecture == "vgg19":
        base = keras.applications.VGG19(include_top=False, weights=None, input_shape=shape)
    elif architecture == "mobilenetv2":
        base = keras.applications.MobileNetV2(
            include_top=False, weights=None, input_shape=shape, alpha=0.35
        )
    else:
        base = keras.Sequential(
            [
                keras.Input(shape),
                keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="conv1"),
                keras.layers.MaxPooling2D(name="pool1"),
                keras.layers.Conv2D(12, 3, activation="relu", name="conv2"),
            ],
            name="plain",
        )
    return wake(base, seed=3)


def shaped(architecture: str, shape: str, side: int = 32, head: str = "softmax"):
    """A classifier of one of the shapes in which people keep transfer-learning networks."""
    import keras

    base = base_network(architecture, side)
    units = 1 if head == "sigmoid" else 3
    top = [
        keras.layers.GlobalAveragePooling2D(name="pool"),
        keras.layers.Dense(16, activation="relu", name="fc1"),
        keras.layers.Dropout(0.5, name="drop"),
        keras.layers.Dense(units, activation=head, name="predictions"),
    ]
    if shape == "flat":
        x = base.outputs[0]
        for layer in top:
            x = layer(x)
        model = keras.Model(base.inputs[0], x, name="flat")
    elif shape == "nested":
        start = keras.Input((side, side, 3))
        x = base(start, training=False)
        for layer in top:
            x = layer(x)
        model = keras.Model(start, x, name="nested")
    elif shape == "sequential":
        model = keras.Sequential([keras.Input((side, side, 3)), base, *top], name="in_sequence")
    else:  # a Sequential in a Sequential, augmentation in front
        eyes = keras.Sequential([keras.layers.RandomFlip(name="flip"), base], name="eyes")
        mind = keras.Sequential(top, name="mind")
        model = keras.Sequential([keras.Input((side, side, 3)), eyes, mind], name="nested_twice")
    for layer, seed in ((top[1], 11), (top[3], 12)):
        wake(layer, seed)
    return model
