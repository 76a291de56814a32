"""Small networks drawn at random by seed, and what Keras and a plain tape say of them."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tests.toys import wake

SIDE = 12
L = keras.layers


class _Draw:
    """One network in the making: the maps and rows at hand, and the numbers that choose."""

    def __init__(self, seed: int, dtype: str) -> None:
        self.random = np.random.default_rng(seed)
        self.policy = dtype
        self.count = 0

    def name(self, kind: str) -> str:
        """A name, now and then one that is ours or looks like a second output's."""
        self.count += 1
        odd = ("input", "probabilities", "log_probabilities", f"{kind}:1", f"factor of {kind}")
        taken = self.random.random() < 0.08
        return f"{odd[self.random.integers(len(odd))]}" if taken else f"{kind}{self.count}"

    def one(self, *choices):
        return choices[self.random.integers(len(choices))]

    def kept(self, layer):
        """A layer under a name that no other has."""
        return layer(name=f"{self.name('l')}_{self.count}", dtype=self.policy)

    def conv(self, x, units=None):
        units = units or int(self.random.integers(2, 6))
        settings = {
            "padding": "same",
            "activation": self.one("relu", "linear", "gelu", "sigmoid", "relu"),
            "strides": 1,
            "name": f"{self.name('c')}_{self.count}",
            "dtype": self.policy,
        }
        if self.random.random() < 0.2:
            return L.DepthwiseConv2D(3, **settings)(x)
        wrapped = self.random.random() < 0.1
        made = L.Conv2D(units, int(self.random.integers(1, 4)), **settings)
        return L.SpectralNormalization(made)(x) if wrapped else made(x)

    def step(self, x):
        """Something that people do to maps, `(n, h, w, c)` to `(n, h, w, c')`."""
        units = x.shape[-1]
        kind = self.random.integers(14)
        if kind == 0:
            return L.Add()([x, self.conv(x, units) if units > 1 else x])
        if kind == 1:
            return L.Multiply()([x, x])
        if kind == 2:
            return L.Concatenate()([x, L.Dropout(0.3)(x)])
        if kind == 3:  # a norm written by hand
            return x / keras.ops.sqrt(keras.ops.mean(x * x, axis=-1, keepdims=True) + 1e-3)
        if kind == 4:
            mean = keras.ops.mean(x, axis=(1, 2), keepdims=True)
            return (x - mean) / keras.ops.sqrt(keras.ops.var(x, axis=(1, 2), keepdims=True) + 1e-2)
        if kind == 5 and units % 2 == 0:  # a split, both halves used
            first, second = keras.ops.split(x, 2, axis=-1)
            return first * keras.ops.sigmoid(second)
        if kind == 6 and units % 2 == 0:  # a split, the second half used
            return keras.ops.split(x, 2, axis=-1)[1]
        if kind == 7:  # squeeze and excitation
            gate = L.GlobalAveragePooling2D(keepdims=True)(x)
            gate = L.Conv2D(2, 1, activation="relu", dtype=self.policy)(gate)
            gate = L.Conv2D(units, 1, activation="sigmoid", dtype=self.policy)(gate)
            return L.Multiply()([x, gate])
        if kind == 8:  # one layer, called twice
            shared = L.Conv2D(units, 3, padding="same", activation="relu", dtype=self.policy)
            return L.Add()([shared(x), shared(shared(x))])
        if kind == 9:  # self-attention over places
            height, width = x.shape[1:3]
            row = L.Reshape((height * width, units))(L.AveragePooling2D(1)(x))
            row = L.Add()([row, L.MultiHeadAttention(1, 3, dtype=self.policy)(row, row)])
            return L.Reshape((height, width, units))(row)
        if kind == 10:
            return L.BatchNormalization(dtype=self.policy)(x)
        if kind == 11:
            return L.LayerNormalization(dtype=self.policy)(x)
        if kind == 12:
            return x + L.Dropout(0.2)(x)
        return keras.ops.maximum(x, self.conv(x, units)) if units > 1 else self.conv(x)

    def end(self, x):
        """A head, and what turns its output into probabilities."""
        row = self.one(L.GlobalAveragePooling2D, L.Flatten)()(x)
        if self.random.random() < 0.3:
            row = L.Dense(4, activation="relu", dtype=self.policy, name="fc")(row)
        if self.random.random() < 0.3:
            row = L.Add()([row, row])
        kind = self.random.integers(9)
        softmax = L.Softmax(dtype="float32")
        if kind == 0:
            return L.Dense(3, dtype=self.policy)(row), "scores"
        if kind == 1:
            return L.Dense(1, dtype=self.policy)(row), "scores"
        if kind == 2:
            return L.Dense(1, activation="sigmoid", dtype="float32")(row), "probabilities"
        if kind == 3:
            parts = keras.ops.split(L.Dense(6, dtype=self.policy)(row), 2, axis=-1)
            return softmax(parts[1]), "probabilities"
        if kind == 4:
            shared = L.Dense(3, activation="softmax", dtype="float32")
            return L.Average()([shared(row), shared(row * 0.5)]), "probabilities"
        if kind == 5:
            p = L.Dense(1, activation="sigmoid", dtype="float32")(row)
            return L.Concatenate()([1 - p, p]), "probabilities"
        if kind == 6:
            evidence = L.Dense(3, activation="softplus", dtype="float32")(row) + 0.1
            return evidence / keras.ops.sum(evidence, axis=-1, keepdims=True), "probabilities"
        if kind == 7:
            return softmax(L.Dense(3, dtype=self.policy)(row) / 2.0), "probabilities"
        return L.Dense(3, activation="softmax", dtype=self.policy)(row), "probabilities"


def draw(seed: int, dtype: str = "float32"):
    """A network `(n, 12, 12, 3)` to scores or probabilities, awake.

    Returns:
        The model, and whether it gives `"scores"` or `"probabilities"`.
    """
    made = _Draw(seed, dtype)
    start = keras.Input((SIDE, SIDE, 3), name=made.one("input", "image"))
    x = made.conv(L.Rescaling(1 / 255, name="rescale")(start))
    for place in range(int(made.random.integers(2, 6))):
        x = made.step(x)
        if place == 1:
            x = L.MaxPooling2D()(x)
    x = made.conv(x, 4)
    end, gives = made.end(x)
    return wake(keras.Model(start, end, name=f"drawn_{seed}"), seed), gives


def said_by_keras(model, gives: str, batch) -> np.ndarray:
    """Probabilities, `(n, classes)`."""
    raw = keras.ops.cast(model(batch, training=False), "float32")
    if gives == "scores":
        raw = keras.ops.softmax(raw) if raw.shape[1] > 1 else keras.ops.sigmoid(raw)
    raw = np.asarray(raw)
    return np.concatenate([1 - raw, raw], 1) if raw.shape[1] == 1 else raw


def gradient_by_tape(engine, batch, layer: str, direction) -> np.ndarray:
    """The logits' gradient along a direction at a layer, by one tape over the whole network.

    Keras runs the network; the layer's output passes through a variable of zeros on its way on,
    so that every use of it counts once.
    """
    output = engine.graph.tensors[layer]
    zeros = tf.zeros((len(batch), *output.shape[1:]), output.dtype)
    with tf.GradientTape() as tape:
        tape.watch(zeros)
        logits = _run(engine.graph, batch, layer, zeros, engine.logits_layer)
        scores = tf.cast(logits, tf.float32)
        if scores.shape[1] == 1:
            scores = tf.concat([-scores, scores], -1)
        along = tf.reduce_sum(scores * direction)
    return np.asarray(tape.gradient(along, zeros, unconnected_gradients="zero"), np.float32)[0]


def activation_gradient_by_tape(engine, batch, layer: str, at) -> np.ndarray:
    """Gradient of one activation at the network's input, by one tape."""
    start = tf.convert_to_tensor(batch)
    with tf.GradientTape() as tape:
        tape.watch(start)
        value = _run(engine.graph, start, "", None, layer)[(0, *at)]
    return np.asarray(tape.gradient(value, start, unconnected_gradients="zero"), np.float32)[0]


def _run(graph, batch, layer: str, zeros, wanted: str):
    """Call every layer in order, none of the package's own ways of running a piece."""
    values = {id(graph.tensors["input"]): batch + zeros if layer == "input" else batch}
    for step in graph.steps:
        args, kwargs = step.arguments.fill_in(values)
        made = keras.tree.flatten(step.operation(*args, **kwargs))
        for name, value in zip(step.outputs, made, strict=True):
            values[id(graph.tensors[name])] = value + zeros if name == layer else value
    return values[id(graph.tensors[wanted])]
