"""Every method that tf-keras-vis has, against it, on the logits; scaled to a maximum of one.

Grad-CAM is held against theirs at every convolution of VGG19; the other methods where they tell
something apart. Both sides differentiate the logit.
"""

from functools import partial

import keras
import numpy as np
import pytest
import tf_keras_vis.scorecam
from scipy.ndimage import zoom
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
from tf_keras_vis.layercam import Layercam
from tf_keras_vis.saliency import Saliency
from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
from tf_keras_vis.utils.scores import CategoricalScore

from osteo_core.explain.gradients import noisy_copies
from tests.toys import THREE, engine_of, noise_tile, shaped

SIDE = 64


@pytest.fixture(scope="module")
def vgg19():
    """A flat VGG19 with softmax, and an engine on the same network hidden in Sequential."""
    flat = shaped("vgg19", "flat", SIDE)
    return flat, engine_of(shaped("vgg19", "twice", SIDE), preprocessing="mobilenetv2")


def library_map(network, inputs, layer, index, kind=Gradcam, **settings):
    """Their raw map, shape (h, w); `network` ends in logits."""
    explainer = kind(network, clone=False)
    found = explainer(
        CategoricalScore(index),
        inputs,
        penultimate_layer=layer,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
        **settings,
    )
    return np.asarray(found)[0]


def to_one(values):
    return values / values.max() if values.max() > 0 else values


def ending_in_logits(engine):
    output = engine.network.get_layer(engine.logits_layer).output
    return keras.Model(engine.network.inputs[0], output)


def test_every_convolution_of_vgg19(vgg19):
    flat, engine = vgg19
    tile = noise_tile(SIDE)
    logits = Gradcam(flat, model_modifier=ReplaceToLinear(), clone=True).model
    reading = engine.read(tile)
    shown = 0
    for number, layer in enumerate(engine.conv_layers):
        target = THREE[number % 3]
        ours = reading.heatmap("gradcam", layer, target).values
        theirs = library_map(logits, engine.prepare(tile), layer, number % 3)
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(to_one(ours), to_one(theirs), atol=1e-3, err_msg=layer)
        np.testing.assert_allclose(ours, theirs, atol=1e-3 * max(theirs.max(), 1e-3))
        shown += ours.max() > 0
    assert len(engine.conv_layers) == 16
    assert shown >= 8  # equal because both are empty would say little


def test_inside_residual_blocks_of_mobilenetv2():
    engine = engine_of(shaped("mobilenetv2", "nested", SIDE), preprocessing="mobilenetv2")
    tile = noise_tile(SIDE)
    logits = ending_in_logits(engine)
    reading = engine.read(tile)
    for layer in ("Conv1", "block_4_expand", "block_8_project", "Conv_1"):
        for index, target in enumerate(THREE[:2]):
            ours = reading.heatmap("gradcam", layer, target).values
            theirs = library_map(logits, engine.prepare(tile), layer, index)
            np.testing.assert_allclose(to_one(ours), to_one(theirs), atol=1e-3, err_msg=layer)


def test_the_probability_gives_another_map(vgg19):
    """Why files say what was differentiated."""
    flat, engine = vgg19
    tile = noise_tile(SIDE)
    theirs = library_map(flat, engine.prepare(tile), "block5_conv1", 0)
    ours = engine.read(tile).heatmap("gradcam", "block5_conv1", THREE[0]).values
    assert np.abs(to_one(ours) - to_one(theirs)).max() > 0.01


def check(ours, theirs, layer=""):
    assert ours.max() > 0
    np.testing.assert_allclose(to_one(ours), to_one(theirs), atol=1e-3, err_msg=layer)


@pytest.fixture(scope="module")
def small():
    """MobileNetV2 with its tile read, and the same network ending in logits."""
    engine = engine_of(shaped("mobilenetv2", "flat", SIDE), preprocessing="mobilenetv2")
    return engine, engine.read(noise_tile(SIDE)), ending_in_logits(engine)


@pytest.mark.parametrize(("name", "kind"), [("gradcampp", GradcamPlusPlus), ("layercam", Layercam)])
def test_grad_cam_plus_plus_and_layercam(small, vgg19, name, kind):
    """Grad-CAM++: theirs carries the factor exp(logit), which the scaling takes out."""
    engine, reading, logits = small
    inputs = engine.prepare(noise_tile(SIDE))
    for index, layer in enumerate(("Conv1", "block_4_expand", "block_8_project")):
        target = THREE[index % 2]
        ours = reading.heatmap(name, layer, target).values
        check(ours, library_map(logits, inputs, layer, index % 2, kind), layer)
    engine = vgg19[1]
    ours = engine.read(noise_tile(SIDE)).heatmap(name, "block5_conv1", THREE[0]).values
    check(ours, library_map(ending_in_logits(engine), inputs, "block5_conv1", 0, kind))


@pytest.mark.parametrize(
    ("name", "layer", "asked", "theirs"),
    [
        ("scorecam", "conv2", {}, {}),
        ("scorecam", "conv1", {}, {}),
        ("scorecam_fast", "conv2", {"channels": 5}, {"max_N": 5}),
    ],
)
def test_score_cam(monkeypatch, name, layer, asked, theirs):
    """They enlarge maps from corner to corner, the paper's authors and we between pixel centres.

    Told to enlarge in that way, they give the same map. Their fast variant leaves the maps that it
    did not choose out of the sum too, as ours does.
    """
    engine = engine_of(shaped("plain", "flat", 32), preprocessing="rescale")
    tile = noise_tile(32)
    between_centres = partial(zoom, grid_mode=True)
    monkeypatch.setattr(tf_keras_vis.scorecam, "zoom", between_centres)
    scorecam = tf_keras_vis.scorecam.Scorecam
    inputs, logits = engine.prepare(tile), ending_in_logits(engine)
    for index, target in enumerate(THREE):
        ours = engine.read(tile).heatmap(name, layer, target, parameters=asked).values
        check(ours, library_map(logits, inputs, layer, index, scorecam, **theirs), target)


def test_saliency(small):
    engine, reading, logits = small
    for index, target in enumerate(THREE):
        ours = reading.heatmap("saliency", target=target).values
        inputs = engine.prepare(noise_tile(SIDE))
        theirs = Saliency(logits, clone=False)(
            CategoricalScore(index), inputs, normalize_map=False
        )[0]
        check(ours, theirs, target)
        np.testing.assert_allclose(ours, theirs, atol=1e-3 * theirs.max())


def test_smoothgrad(monkeypatch):
    """The paper's mean of saliency maps; theirs takes the mean before the maximum over colours.

    With the maximum taken first (as their `gradient_modifier`) and the same noise, the maps are
    one.
    """
    engine = engine_of(shaped("plain", "flat", 32), preprocessing="rescale")
    reading, logits = engine.read(noise_tile(32)), ending_in_logits(engine)
    inputs = engine.prepare(noise_tile(32))
    start, n, share = inputs[0], 6, 0.15
    noise = [copy - start for copy in noisy_copies(start, n, share, seed=4)]
    monkeypatch.setattr(np.random, "normal", lambda *_: np.array(noise, np.float32)[:, None])

    def strongest(gradient):
        return np.abs(gradient).max(axis=-1, keepdims=True)

    asked = {"samples": n, "noise": share, "seed": 4}
    ours = reading.heatmap("smoothgrad", target="Viable", parameters=asked).values
    theirs = Saliency(logits, clone=False)(
        CategoricalScore(2),
        inputs,
        smooth_samples=n,
        smooth_noise=share,
        gradient_modifier=strongest,
        normalize_map=False,
    )
    check(ours, theirs[0])
