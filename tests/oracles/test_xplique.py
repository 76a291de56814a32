"""Methods against Xplique 2.0.2, on the logits; what differs is stated with each."""

import keras
import numpy as np
import pytest

from osteo_core.explain.gradients import noisy_copies
from osteo_core.explain.perturbation import random_masks, windows
from tests.toys import THREE, engine_of, noise_tile, wake

pytestmark = pytest.mark.oracle
attributions = pytest.importorskip("xplique.attributions", reason="make oracle installs it")

SIDE, TARGET = 32, 0


def network():
    """Smooth activations, so that a rule of integration does not decide the digits."""
    start = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(8, 3, padding="same", activation="softplus", name="conv1")(start)
    x = keras.layers.AveragePooling2D(2, name="pool")(x)
    x = keras.layers.Conv2D(12, 3, padding="same", activation="softplus", name="conv2")(x)
    x = keras.layers.Flatten(name="flat")(x)
    model = keras.Model(start, keras.layers.Dense(3, activation="softmax", name="last")(x))
    return wake(model, seed=2)


@pytest.fixture(scope="module")
def reading():
    return engine_of(network(), preprocessing="rescale").read(noise_tile(SIDE))


@pytest.fixture(scope="module")
def logits(reading):
    engine = reading.engine
    output = engine.network.get_layer(engine.logits_layer).output
    return keras.Model(engine.network.inputs[0], output)


def theirs(logits, reading, kind, **settings):
    """Their map without batch and colour axes of one."""
    explainer = getattr(attributions, kind)(logits, batch_size=8, **settings)
    target = np.eye(3, dtype=np.float32)[None, TARGET]
    return np.squeeze(np.asarray(explainer(reading.tensor("input")[None], target)))


def ours(reading, name, layer=None, **asked):
    return reading.heatmap(name, layer, THREE[TARGET], parameters=asked).values


def check(found, expected):
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


def test_saliency(reading, logits):
    """No deviation: both take the greatest absolute value over colours."""
    check(ours(reading, "saliency"), theirs(logits, reading, "Saliency"))


def test_gradient_times_input(reading, logits):
    """Theirs is the mean over colours, ours the sum: three times as much."""
    check(ours(reading, "gradient_x_input"), 3 * theirs(logits, reading, "GradientInput"))


def test_integrated_gradients(reading, logits):
    """Theirs: the trapezoid rule and the mean over colours; ours: midpoints and the sum."""
    found = ours(reading, "integrated_gradients", baseline="black", steps=32)
    check(found, 3 * theirs(logits, reading, "IntegratedGradients", steps=64))


def test_smoothgrad(reading, logits, monkeypatch):
    """Theirs is the mean of signed gradients, with noise in absolute units.

    Ours, after the paper, is the mean of the saliency maps. Copy by copy the gradients are one.
    """
    start = reading.tensor("input")
    kind = attributions.gradient_statistics.gradient_statistic.GradientStatistic
    each = []
    for copy in noisy_copies(start, 4, 0.15, 0):
        monkeypatch.setattr(kind, "_perturb_samples", staticmethod(lambda *_, c=copy: c[None]))
        each.append(theirs(logits, reading, "SmoothGrad", nb_samples=1, reducer=None))
    check(ours(reading, "smoothgrad", samples=4), np.abs(each).max(axis=-1).mean(axis=0))


def test_occlusion(reading, logits):
    """Theirs adds up the windows over a place, ours takes their mean."""
    counts = np.zeros((SIDE, SIDE))
    for place in windows((SIDE, SIDE), 8, 2):
        counts[place] += 1
    expected = theirs(logits, reading, "Occlusion", patch_size=8, patch_stride=4)
    check(ours(reading, "occlusion", grid=8, window=2, baseline="black"), expected / counts)


def test_rise(reading, logits, monkeypatch):
    """Theirs is the mean score where a place is seen; ours less the mean over all masks."""
    masks = np.array(list(random_masks((SIDE, SIDE), 24, 4, 0.5, 0)))[..., None]
    start = reading.tensor("input")
    kind = attributions.rise.Rise
    monkeypatch.setattr(kind, "_get_masks", staticmethod(lambda *_: masks))
    monkeypatch.setattr(kind, "_apply_masks", staticmethod(lambda x, m, _: (x[None] * m, m)))
    scores = reading.tail("input").scores(masks * start)[:, TARGET]
    found = ours(reading, "rise", masks=24, grid=4, baseline="black")
    check(found, theirs(logits, reading, "Rise", nb_samples=24) - scores.mean())


def test_gradcam(reading, logits):
    """Theirs is enlarged to the input's size by bicubic interpolation: nothing at this layer."""
    expected = theirs(logits, reading, "GradCAM", conv_layer="conv1")
    check(ours(reading, "gradcam", "conv1"), expected)


def test_gradcam_plus_plus(reading, logits):
    """Theirs is another formula: the mean of a map in place of its sum, and shares left unscaled.

    The paper (eq. 19) and the authors' code have the sum, and shares that sum to one; so have
    tf-keras-vis and we, and the pictures differ. Their formula on our activation and gradient
    gives their map.
    """
    activation = reading.activation("conv1")
    gradient = reading.gradient("conv1", THREE[TARGET])
    below = 2 + gradient * activation.mean(axis=(0, 1))
    weights = (np.maximum(gradient, 0) / below).mean(axis=(0, 1))
    expected = theirs(logits, reading, "GradCAMPP", conv_layer="conv1")
    check(np.maximum(activation @ weights, 0), expected)
