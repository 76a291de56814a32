"""Shares that units have in each other: by hand, and against Keras' own sums."""

import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.explain.partners import partners_after, partners_before
from osteo_core.units import Unit
from tests.toys import (
    corner_network,
    engine_of,
    noise_tile,
    ramp_network,
    ramp_tile,
    residual_network,
    shaped,
    wake,
)

ALL = 10**6


def _sums(reading, layer):
    """What a layer gives before its activation, by Keras itself, (h, w, units) or (units,)."""
    operation = reading.engine.network.get_layer(layer)
    inputs = reading.tensor(reading.engine.graph.maker[layer].inputs[0])
    twin = type(operation).from_config({**operation.get_config(), "activation": "linear"})
    twin.build((None, *inputs.shape))
    twin.set_weights(operation.get_weights())
    return np.asarray(twin(inputs[None]))[0]


def _check(reading, layer, units=(0, -1)):
    """Shares and bias add up to the sum, at the strongest place, in the corners and inside."""
    sums = _sums(reading, layer)
    size = np.abs(sums).max()
    for index in units:
        unit = Unit(layer, index % sums.shape[-1])
        asked = [None]
        if sums.ndim == 3:
            h, w = sums.shape[:2]
            asked += [(0, 0), (0, w - 1), (h - 1, 0), (h - 1, w - 1), (h // 2, w // 3)]
        for place in asked:
            found = partners_before(reading, unit, place, count=ALL)
            if found.place is None and sums.ndim == 3:
                assert not reading.activation(layer)[..., unit.index].any()
                continue
            expected = sums[(*(found.place or ()), unit.index)]
            assert found.total == pytest.approx(expected, rel=1e-4, abs=1e-5 * size)
            added = sum(partner.value for partner in found) + found.bias
            assert added == pytest.approx(expected, rel=1e-4, abs=1e-5 * size)


def _read(model, side):
    return engine_of(model, preprocessing="mobilenetv2").read(noise_tile(side))


@pytest.fixture(scope="module")
def readings():
    """Real architectures, small, inside other models."""
    made = {}

    def of(architecture, shape, side):
        if (architecture, shape) not in made:
            made[architecture, shape] = _read(shaped(architecture, shape, side), side)
        return made[architecture, shape]

    return of


# By hand ----------------------------------------------------------------------------------------


def test_before_by_hand():
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    found = partners_before(reading, Unit("maps", 1))  # green - red, greatest where red is 0
    assert (found.place, found.total, found.bias) == ((0, 0), 10, 0)
    assert [(p.unit, p.value) for p in found] == [(Unit("input", 1), 10)]
    found = partners_before(reading, Unit("maps", 1), (3, 3))
    assert [(p.unit.index, p.value) for p in found] == [(0, -15), (1, 10)]
    found = partners_before(reading, Unit("logits", 1))  # -7.5 + 4·2.5; through the means
    assert [(p.unit, p.value) for p in found] == [(Unit("maps", 1), 10), (Unit("maps", 0), -7.5)]
    assert (found.place, found.total, found.n_partners, found.reason) == (None, 2.5, 3, None)


def test_after_by_hand():
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    found = partners_after(reading, Unit("maps", 1))
    assert [(p.unit, p.value) for p in found] == [(Unit("logits", 1), 10), (Unit("logits", 0), -5)]
    last = partners_after(reading, Unit("logits", 0))
    assert len(last) == 0
    assert "class scores" in last.reason


def test_flattened_places_are_one_unit():
    reading = engine_of(corner_network(), 2).read(ramp_tile())
    before = partners_before(reading, Unit("logits", 1))  # 10·(-8 + 0 + 4 + 0) and 5
    assert [(p.unit, p.value) for p in before] == [(Unit("corner", 0), -40)]
    assert (before.total, before.bias) == (-35, 5)
    after = partners_after(reading, Unit("corner", 0))
    assert [p.value for p in after] == [120, -40]


def test_a_sum_is_named_by_its_last_branch():
    reading = engine_of(residual_network(), 2).read(ramp_tile())
    before = partners_before(reading, Unit("logits", 0))  # the mean of 3·red
    assert [(p.unit, p.value) for p in before] == [(Unit("b", 0), 22.5)]
    assert [p.unit for p in partners_after(reading, Unit("a", 0))] == [Unit("b", 0)]
    assert [p.value for p in partners_after(reading, Unit("b", 0))] == [22.5, -22.5]


# Against Keras ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("architecture", "shape", "side", "layers"),
    [
        ("vgg19", "nested", 32, slice(1, None, 4)),
        ("mobilenetv2", "twice", 48, slice(0, 6)),
        ("mobilenetv2", "twice", 48, slice(-3, None)),
    ],
)
def test_shares_add_up(readings, architecture, shape, side, layers):
    reading = readings(architecture, shape, side)
    for layer in reading.engine.unit_layers[layers]:
        _check(reading, layer)


@pytest.mark.parametrize("side", [32, 33])
def test_paddings_strides_groups_and_multipliers(side):
    """TensorFlow pads an even map at one side only when it strides; "same" hides that."""
    layers = keras.layers
    start = keras.Input((side, side, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="even")(start)
    x = layers.ZeroPadding2D(((0, 1), (1, 0)), name="pad")(x)
    x = layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2, name="wide")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(max_value=6, name="relu6")(x)
    x = layers.Conv2D(12, (2, 5), padding="same", groups=4, name="groups")(x)
    x = layers.SeparableConv2D(6, 3, depth_multiplier=2, padding="same", name="separable")(x)
    x = layers.Conv2D(5, 2, dilation_rate=2, padding="same", use_bias=False, name="wide_apart")(x)
    x = layers.AveragePooling2D(2, name="pool")(x)
    x = layers.Dense(7, activation="relu", name="everywhere")(x)
    x = layers.Flatten(name="flat")(x)
    model = wake(keras.Model(start, layers.Dense(3, name="logits")(x)), seed=1)
    reading = _read(model, side)
    for layer in reading.engine.unit_layers:
        _check(reading, layer, units=range(8))
    for layer, n_behind in (("even", 16), ("groups", 6), ("separable", 5), ("everywhere", 3)):
        _both_ways(reading, _loudest(reading, layer), n_behind)
    _both_ways(reading, _loudest(reading, "wide"), 3)  # one of four groups of three


def _both_ways(reading, unit, n_behind):
    """What a unit adds to one behind it is what that one says it has from it."""
    found = partners_after(reading, unit, count=ALL)
    assert 0 < len(found) <= n_behind
    for partner in found.partners[:12]:
        back = {p.unit: p.value for p in partners_before(reading, partner.unit, count=ALL)}
        assert back[unit] == pytest.approx(partner.value, rel=1e-4, abs=1e-6)


def _loudest(reading, layer):
    values = reading.activation(layer)
    return Unit(layer, int(values.reshape(-1, values.shape[-1]).max(axis=0).argmax()))


def test_both_ways_in_real_architectures(readings):
    vgg = readings("vgg19", "nested", 32)
    _both_ways(vgg, _loudest(vgg, "block4_conv4"), 512)
    _both_ways(vgg, _loudest(vgg, "fc1"), 3)
    mobile = readings("mobilenetv2", "twice", 48)
    for layer in ("block_1_expand", "block_2_project", "block_3_depthwise"):
        _both_ways(mobile, _loudest(mobile, layer), ALL)
    names = {p.unit.layer for p in partners_before(mobile, Unit("block_5_expand", 0), count=ALL)}
    assert names == {"block_4_project"}  # behind the sum of block 4's two branches


def test_channels_of_a_concatenation_keep_their_names():
    layers = keras.layers
    start = keras.Input((8, 8, 3))
    a = layers.Conv2D(2, 1, name="a")(start)
    b = layers.Conv2D(3, 1, name="b")(a)
    x = layers.Concatenate(name="both")([a, b])
    x = layers.Conv2D(4, 3, name="c")(x)
    x = layers.GlobalMaxPooling2D(keepdims=True, name="most")(x)
    x = layers.Reshape((4,), name="row")(x)
    model = wake(keras.Model(start, layers.Dense(3, name="logits")(x)), seed=2)
    reading = _read(model, 8)
    found = partners_before(reading, Unit("c", 1), count=ALL)
    assert {p.unit for p in found} == {
        Unit("a", 0),
        Unit("a", 1),
        *(Unit("b", i) for i in range(3)),
    }
    behind_a = {p.unit.layer for p in partners_after(reading, Unit("a", 1), count=ALL)}
    assert behind_a == {"b", "c"}
    _both_ways(reading, Unit("a", 1), 7)
    assert {p.unit.layer for p in partners_before(reading, Unit("logits", 0))} == {"c"}


def test_held_units_take_their_shares_along(readings):
    reading = readings("vgg19", "nested", 32)
    unit = partners_before(reading, Unit("block5_conv2", 1), (1, 0)).partners[0].unit
    changed = reading.without(unit.layer, [unit.index])
    found = partners_before(changed, Unit("block5_conv2", 1), (1, 0), count=ALL)
    assert unit not in {p.unit for p in found}
    _check(changed, "block5_conv2")


# What cannot be told ----------------------------------------------------------------------------


def test_reasons_and_refusals():
    layers = keras.layers
    start = keras.Input((8, 8, 3))
    x = layers.Conv2DTranspose(4, 3, name="up")(start)
    x = layers.Conv2D(4, 3, activation="relu", name="dark")(x)
    x = layers.Permute((2, 1, 3), name="turned")(x)
    x = layers.Conv2D(4, 3, name="last")(x)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    model = wake(keras.Model(start, layers.Dense(3, name="logits")(x)), seed=2)
    dark = model.get_layer("dark")
    dark.set_weights([dark.get_weights()[0], np.full(4, -1e6, np.float32)])
    reading = _read(model, 8)
    assert "(Conv2DTranspose) is not known" in partners_before(reading, Unit("up", 0)).reason
    assert "zero everywhere" in partners_before(reading, Unit("dark", 0)).reason
    assert partners_before(reading, Unit("dark", 0), (1, 1)).total < -1e5
    assert "cannot be followed" in partners_after(reading, Unit("dark", 0)).reason
    assert "mixes its channels" in partners_before(reading, Unit("last", 0)).reason
    assert "adds nothing" in partners_after(reading, Unit("up", 0)).reason  # all behind are silent
    for unit, place in (
        (Unit("last", 4), None),
        (Unit("last", 0), (9, 0)),
        (Unit("logits", 0), (0, 0)),
    ):
        with pytest.raises(ModelError, match=r"Expected a.*Received"):
            partners_before(reading, unit, place)
