"""The graph by hand: where it pinches, what a tail needs, how far a place sees."""

import keras
import pytest

from osteo_core.errors import ModelError
from osteo_core.networks.cuts import cuts, pinches
from osteo_core.networks.graph import Graph
from osteo_core.networks.receptive import receptive_field, receptive_fields
from tests.toys import base_network


@pytest.fixture(scope="module")
def vgg19():
    return base_network("vgg19")


@pytest.fixture(scope="module")
def mobilenetv2():
    return base_network("mobilenetv2")


@pytest.fixture(scope="module")
def vgg(vgg19):
    return Graph.of(vgg19)


@pytest.fixture(scope="module")
def mobile(mobilenetv2):
    return Graph.of(mobilenetv2)


def test_pinches_are_where_everything_runs_through(mobile):
    found = pinches(mobile)
    assert "block_3_project_BN" in found  # the block's start feeds both its arms
    assert "block_4_expand" not in found  # the other arm passes it by
    assert "block_4_add" in found


def test_cuts_are_narrow(mobile, vgg):
    assert cuts(mobile)[:3] == (
        "expanded_conv_project_BN",
        "block_1_project_BN",
        "block_3_project_BN",
    )
    assert cuts(vgg) == tuple(f"block{i}_pool" for i in range(1, 6))


def test_sources_of_a_tail_in_a_residual_block(mobile):
    behind = mobile.downstream("block_4_expand")
    found = mobile.sources(
        [mobile.output], lambda name: name == "block_4_expand" or name not in behind
    )
    assert found == ("block_3_project_BN", "block_4_expand")


# Receptive fields, by hand ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("block1_conv1", (3, 3, 1)),
        ("block1_conv2", (5, 5, 1)),
        ("block1_pool", (6, 6, 2)),
        ("block2_conv2", (14, 14, 2)),  # 6 + 2·(3 - 1)·2
        ("block3_conv4", (48, 48, 4)),  # 16 + 4·2·4
        ("block5_conv4", (252, 252, 16)),
    ],
)
def test_receptive_field_vgg19(vgg19, layer, expected):
    assert receptive_field(vgg19, layer) == expected


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("Conv1", (3, 3, 2)),
        ("expanded_conv_depthwise", (7, 7, 2)),  # 3 + 2·2
        ("block_1_depthwise", (11, 11, 4)),  # 7 + 2·2, then stride 2
        ("block_2_add", (19, 19, 4)),  # the longer arm: 11 + 2·4
        ("block_3_depthwise", (27, 27, 8)),
    ],
)
def test_receptive_field_mobilenetv2(mobilenetv2, layer, expected):
    assert receptive_field(mobilenetv2, layer) == expected


def test_receptive_field_dilation_transpose_and_whole_input():
    start = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(2, (3, 1), dilation_rate=(4, 1), name="holes")(start)
    x = keras.layers.MaxPooling2D((1, 2), name="wide")(x)
    x = keras.layers.Conv2DTranspose(2, 2, strides=2, name="grown")(x)
    x = keras.layers.Conv2D(2, 3, name="behind")(x)
    model = keras.Model(start, keras.layers.GlobalAveragePooling2D(name="all")(x))
    assert receptive_field(model, "holes") == (9, 1, 1)
    assert receptive_field(model, "wide") == (9, 2, 2)
    fields = receptive_fields(Graph.of(model))
    assert fields["behind"].size == (10, 4)  # 9 + 2·½ and 2 + 2·1
    assert fields["all"] is None
    with pytest.raises(ModelError, match="sees all of it"):
        receptive_field(model, "all")
    with pytest.raises(ModelError, match="'nowhere'"):
        receptive_field(model, "nowhere")
