import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError, RecipeError
from osteo_core.networks.build import Head, build_network
from osteo_core.networks.preprocessing import PREPROCESSING, normalise, prepare, resize


@pytest.fixture(scope="module")
def vgg19():
    return build_network("vgg19", 3, (64, 64))


def test_vgg19_has_keras_own_layer_names_and_the_papers_head(vgg19):
    names = [layer.name for layer in vgg19.layers]
    for name in ("block1_conv2", "block5_conv4", "fc1", "fc2", "logits", "probabilities"):
        assert name in names
    assert vgg19.get_layer("fc1").units == 512
    assert vgg19.get_layer("fc2").units == 1024
    assert not any(isinstance(layer, keras.Model) for layer in vgg19.layers)
    # 20,024,384 of the base, 512*512+512, 512*1024+1024, 1024*3+3
    assert vgg19.count_params() == 20_024_384 + 262_656 + 525_312 + 3_075


def test_flatten_keeps_every_place():
    network = build_network("vgg19", 2, (64, 64), Head("flatten", (512, 1024), 0.5))
    assert network.get_layer("fc1").kernel.shape == (2 * 2 * 512, 512)


def test_mobilenetv2_pools_and_has_a_hundred_units():
    network = build_network("mobilenetv2", 3, (64, 64))
    assert network.get_layer("fc1").kernel.shape == (1280, 100)
    assert network.get_layer("Conv_1").output.shape == (None, 2, 2, 1280)


def test_probabilities_add_up_to_one(vgg19):
    inputs = np.random.default_rng(0).normal(0, 50, (2, 64, 64, 3)).astype(np.float32)
    np.testing.assert_allclose(vgg19(inputs).numpy().sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "pooling", "said"),
    [("vgg99", "avg", "Architecture must be one of vgg19"), ("vgg19", "max", "Pooling must be")],
)
def test_unknown_names_are_said(architecture, pooling, said):
    with pytest.raises(RecipeError, match=said):
        build_network(architecture, 3, (64, 64), Head(pooling, (8,), 0))


KERAS = {
    "vgg19": keras.applications.vgg19.preprocess_input,
    "resnet50": keras.applications.resnet50.preprocess_input,
    "mobilenetv2": keras.applications.mobilenet_v2.preprocess_input,
    "xception": keras.applications.xception.preprocess_input,
    "densenet121": keras.applications.densenet.preprocess_input,
}


@pytest.mark.parametrize("name", KERAS)
def test_preprocessing_is_keras_own(name):
    rgb = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3)).astype(np.float32)
    np.testing.assert_allclose(normalise(rgb, name), KERAS[name](rgb.copy()), atol=1e-4)


def test_every_preprocessing_is_tested_or_plain():
    assert set(PREPROCESSING) == {*KERAS, "rescale", "none"}


def test_red_is_the_last_channel_of_vgg19():
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    first = prepare(red, (4, 4), "vgg19")[0, 0, 0]
    np.testing.assert_allclose(first, [-103.939, -116.779, 255 - 123.68], atol=1e-4)


def test_an_unknown_preprocessing_is_said():
    with pytest.raises(ModelError, match="Received: 'caffe2'"):
        normalise(np.zeros((1, 1, 3)), "caffe2")


def test_shrinking_takes_the_mean_of_each_area():
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:2, :2] = [[[0], [40]], [[80], [120]]]
    assert resize(pixels, (2, 2))[0, 0].tolist() == [60, 60, 60]


def test_an_oblong_tile_is_stretched_not_cropped():
    scan = np.zeros((220, 646, 3), np.uint8)
    scan[:, -30:] = 255
    inputs = prepare(scan, (64, 64), "rescale")
    assert inputs.shape == (1, 64, 64, 3)
    assert inputs[0, 30, -1, 0] == 1.0
    assert inputs[0, 30, 0, 0] == 0.0
