"""Grad-CAM against tf-keras-vis: both differentiate the logit, both scaled to a maximum of one."""

import keras
import numpy as np
import pytest
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
from tf_keras_vis.utils.scores import CategoricalScore

from tests.toys import THREE, engine_of, noise_tile, shaped

SIDE = 64


@pytest.fixture(scope="module")
def vgg19():
    """A flat VGG19 with softmax, and an engine on the same network hidden in Sequential."""
    flat = shaped("vgg19", "flat", SIDE)
    return flat, engine_of(shaped("vgg19", "twice", SIDE), preprocessing="mobilenetv2")


def library_map(network, inputs, layer, index):
    """Their raw map, shape (h, w); `network` ends in logits."""
    explainer = Gradcam(network, clone=False)
    found = explainer(
        CategoricalScore(index),
        inputs,
        penultimate_layer=layer,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    return np.asarray(found)[0]


def to_one(values):
    return values / values.max() if values.max() > 0 else values


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
    output = engine.network.get_layer(engine.logits_layer).output
    logits = keras.Model(engine.network.inputs[0], output)
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
