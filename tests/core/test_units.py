"""Units asked about from a reading: held, scanned, followed back to classes and to the input."""

import numpy as np
import pytest
import tensorflow as tf

from osteo_core.errors import ModelError
from osteo_core.networks.channels import last_apart
from osteo_core.units import Unit
from tests.toys import engine_of, noise_tile, ramp_network, ramp_tile, residual_network, shaped

SHAPES = [("vgg19", "nested"), ("mobilenetv2", "twice"), ("plain", "sequential")]


@pytest.fixture(scope="module")
def ramp():
    return engine_of(ramp_network(), 2).read(ramp_tile())


@pytest.fixture(scope="module")
def readings():
    """Real architectures, small, backbone hidden in other layers."""
    made = {}

    def of(architecture, shape, **settings):
        key = (architecture, shape, *settings.values())
        if key not in made:
            side = 48 if architecture == "mobilenetv2" else 32
            n_classes = 2 if settings else 3
            model = shaped(architecture, shape, side, **settings)
            engine = engine_of(model, n_classes, preprocessing="mobilenetv2")
            made[key] = engine.read(noise_tile(side))
        return made[key]

    return of


def test_addresses():
    assert str(Unit("block5_conv4", 17)) == "block5_conv4:17"
    assert Unit.parse("block5_conv4:17") == Unit("block5_conv4", 17)
    assert Unit.parse("a:b:3") == Unit("a:b", 3)
    for text in ("block5_conv4", "block5_conv4:", ":4", "a:-1", "a:1.5"):
        with pytest.raises(ModelError, match=r"Expected a unit.*Received"):
            Unit.parse(text)


def test_unit_layers_are_convolutions_and_dense_layers(readings):
    engine = readings("vgg19", "nested").engine
    convolutions = [
        f"block{b}_conv{c}" for b, n in enumerate((2, 2, 4, 4, 4), 1) for c in range(1, n + 1)
    ]
    assert engine.unit_layers == (*convolutions, "fc1", "predictions")
    assert engine.check_unit(Unit("fc1", 15)) == Unit("fc1", 15)
    for unit in (Unit("fc1", 16), Unit("fc1", -1), Unit("block1_pool", 0), Unit("nowhere", 0)):
        with pytest.raises(ModelError, match=r"Expected a.*Received"):
            engine.check_unit(unit)


# Held at values ---------------------------------------------------------------------------------


def test_clamped_by_hand(ramp):
    # means (7.5, 2.5, -1); logits Non-Tumor = m0 - 2·m1 + 3·m2, Viable = -m0 + 4·m1
    np.testing.assert_allclose(ramp.clamped("means", {1: 1.0}).logits, [2.5, -3.5], atol=1e-6)
    values = np.zeros((4, 4), np.float32)
    values[0, 0] = 16  # a mean of 1
    mapped = ramp.clamped("maps", {1: values})
    np.testing.assert_allclose(mapped.logits, [2.5, -3.5], atol=1e-6)
    np.testing.assert_array_equal(mapped.activation("maps")[..., 1], values)
    again = mapped.clamped("maps", {1: 0.0, 2: -2.0}).clamped("means", {0: 1})
    np.testing.assert_allclose(again.logits, [1 - 6, -1], atol=1e-6)
    assert again.silenced == {"maps": (1, 2), "means": (0,)}
    np.testing.assert_allclose(ramp.logits, [-0.5, 2.5], atol=1e-6)  # the first is as it was


def test_a_deeper_layer_stays_held_when_one_in_front_of_it_changes(ramp):
    held = ramp.clamped("means", {1: 1.0}).clamped("maps", {0: 0.0})  # m0 = 0, m1 held at 1
    np.testing.assert_allclose(held.logits, [-5, 4], atol=1e-6)


def test_a_map_of_another_size_is_refused(ramp):
    with pytest.raises(ModelError, match=r"a map of \(4, 4\).*Received: shape \(2, 2\)"):
        ramp.clamped("maps", {0: np.zeros((2, 2), np.float32)})


@pytest.mark.parametrize(("architecture", "shape"), SHAPES)
def test_holding_a_unit_at_its_own_values_changes_nothing(readings, architecture, shape):
    reading = readings(architecture, shape)
    layer = reading.engine.conv_layers[-2]
    own = {unit: reading.activation(layer)[..., unit] for unit in (0, 3)}
    np.testing.assert_allclose(reading.clamped(layer, own).logits, reading.logits, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "shape", "layer"),
    [
        ("vgg19", "nested", "block5_conv1"),
        ("mobilenetv2", "twice", "block_4_expand"),
        ("plain", "sequential", "predictions"),
    ],
)
def test_a_scan_is_each_unit_off_in_turn(readings, architecture, shape, layer):
    reading = readings(architecture, shape)
    seen = []
    for units, logits, probabilities in reading.scan(layer):
        assert logits.shape == probabilities.shape == (len(units), 3)
        seen += units
        for unit, row in list(zip(units, probabilities, strict=True))[:: max(1, len(units) // 3)]:
            expected = reading.without(layer, [unit]).probabilities
            np.testing.assert_allclose(row, expected, atol=1e-5)
    assert seen == list(range(reading.engine.layer(layer).n_units))
    some = [row for units, _, rows in reading.scan(layer, [2, 1]) for row in rows]
    np.testing.assert_allclose(some[1], reading.without(layer, [1]).probabilities, atol=1e-5)


def test_a_scan_keeps_what_is_off_already(ramp):
    ((units, logits, _),) = ramp.without("maps", [1]).scan("maps", [0])
    assert units == (0,)
    np.testing.assert_allclose(logits[0], ramp.without("maps", [0, 1]).logits, atol=1e-6)


# To the classes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("architecture", "shape"), SHAPES)
def test_contributions_to_all_classes_are_those_to_each(readings, architecture, shape):
    reading = readings(architecture, shape)
    engine = reading.engine
    assert not reading.units_prepared or architecture == "plain"
    reading.prepare_units()
    assert reading.units_prepared
    layers = engine.unit_layers if architecture == "vgg19" else engine.unit_layers[::6]
    for layer in layers:
        found = reading.contributions_by_class(layer)
        expected = [reading.contributions(layer, target) for target in engine.classes]
        size = np.abs(expected).max()
        np.testing.assert_allclose(found, np.stack(expected, -1), rtol=2e-3, atol=1e-4 * size)


def test_contributions_of_one_sigmoid_unit(readings):
    reading = readings("plain", "nested", head="sigmoid")
    found = reading.contributions_by_class("conv2")
    np.testing.assert_allclose(found[:, 0], -found[:, 1])
    np.testing.assert_allclose(found[:, 1], reading.contributions("conv2", "Viable"), atol=1e-6)


def test_contributions_with_units_off(readings):
    reading = readings("plain", "sequential").without("conv2", [1]).clamped("fc1", {2: 0.7})
    for layer in ("conv1", "conv2", "fc1"):
        found = reading.contributions_by_class(layer)
        expected = [reading.contributions(layer, target) for target in reading.classes]
        np.testing.assert_allclose(found, np.stack(expected, -1), atol=1e-5)
    assert not reading.contributions_by_class("conv2")[1].any()


def test_contributions_through_a_residual_block():
    reading = engine_of(residual_network(), 2).read(ramp_tile())
    # a = red, sum = 3a, b = 2a; the mean of red is 7.5, and both arms lead to (mean, -mean)
    np.testing.assert_allclose(reading.contributions_by_class("a"), [[22.5, -22.5]], rtol=1e-6)
    np.testing.assert_allclose(reading.contributions_by_class("b"), [[15, -15]], rtol=1e-6)


# To the input -----------------------------------------------------------------------------------


def test_input_gradient_by_hand(ramp):
    gradient = ramp.input_gradient("maps", 1, (2, 3))  # green - red at one place
    expected = np.zeros((4, 4, 3), np.float32)
    expected[2, 3] = [-1, 1, 0]
    np.testing.assert_array_equal(gradient, expected)
    for place in (None, (4, 0), (0, -1)):
        with pytest.raises(ModelError, match="Expected a place within"):
            ramp.input_gradient("maps", 1, place)


@pytest.mark.parametrize(("architecture", "shape"), SHAPES)
def test_input_gradient_is_that_of_the_whole_network(readings, architecture, shape):
    reading = readings(architecture, shape)
    engine = reading.engine
    start = tf.constant(reading.tensor("input")[None])
    for layer in (*engine.conv_layers[1::8], "fc1"):
        place = (1, 0) if layer != "fc1" and engine.layer(layer).shape[0] > 1 else None
        place = (0, 0) if layer != "fc1" and place is None else place
        with tf.GradientTape() as tape:
            tape.watch(start)
            at = engine.graph.run({"input": start}, (layer,))[0][(0, *(place or ()), 3)]
        expected = tape.gradient(at, start)[0]
        size = np.abs(expected).max()
        np.testing.assert_allclose(
            reading.input_gradient(layer, 3, place), expected, rtol=1e-3, atol=1e-4 * size
        )


def test_nothing_is_seen_through_a_unit_that_is_held(ramp):
    held = ramp.clamped("maps", {1: 3.0})
    assert not held.input_gradient("maps", 1, (0, 0)).any()
    assert held.input_gradient("maps", 0, (0, 0)).any()


@pytest.mark.parametrize(
    ("architecture", "layer", "end"),
    [
        ("vgg19", "block5_conv3", "block5_conv3"),
        ("vgg19", "block5_conv4", "pool"),
        ("mobilenetv2", "block_3_depthwise", "block_3_depthwise_relu"),
        ("mobilenetv2", "block_4_project", "block_4_project_BN"),  # then channels of two arms meet
        ("mobilenetv2", "Conv_1", "pool"),
    ],
)
def test_channels_stay_apart_up_to_the_next_weights(readings, architecture, layer, end):
    shape = {"vgg19": "nested", "mobilenetv2": "twice"}[architecture]
    reading = readings(architecture, shape)
    assert last_apart(reading.engine.graph, layer) == end
    ((_, _, some),) = reading.scan(layer, [1, 0])
    np.testing.assert_allclose(some[0], reading.without(layer, [1]).probabilities, atol=1e-5)
