"""Units off: against the whole network, a planted unit, and draws that are their own."""

import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.explain.ablation import scan_table, switched_off
from osteo_core.explain.cards import unit_card
from osteo_core.explain.costs import scan_cost
from osteo_core.units import Unit
from tests.toys import base_network, engine_of, noise_tile, ramp_network, ramp_tile, shaped


@pytest.fixture(scope="module")
def networks():
    """A Keras network in another one, and its reading; the engine has weights of its own."""
    made = {}

    def of(architecture, shape):
        if architecture not in made:
            side = 48 if architecture == "mobilenetv2" else 32
            model = shaped(architecture, shape, side)
            engine = engine_of(model, preprocessing="mobilenetv2")
            made[architecture] = model, engine.read(noise_tile(side))
        return made[architecture]

    return of


@pytest.fixture(scope="module")
def vgg(networks):
    return networks("vgg19", "nested")[1]


@pytest.fixture(scope="module")
def plain():
    return engine_of(shaped("plain", "flat"), preprocessing="mobilenetv2").read(noise_tile(32))


# Against the network with the units' own weights at zero -----------------------------------------


def _whole_network_without(model, layer, units, inputs):
    """The whole network's answer where some units give exactly zero, by their own weights."""
    found = _find(model, layer)
    kept = found.get_weights()
    cut = [array.copy() for array in kept]
    for array in cut:
        place = (
            np.s_[:, :, units] if array.ndim == 4 and "depthwise" in layer else np.s_[..., units]
        )
        array[place] = 0
    found.set_weights(cut)
    try:
        return np.asarray(model(inputs, training=False))[0]
    finally:
        found.set_weights(kept)


def _find(model, name):
    for layer in model.layers:
        if layer.name == name:
            return layer
        if hasattr(layer, "layers") and (found := _find(layer, name)) is not None:
            return found
    return None


@pytest.mark.parametrize(
    ("architecture", "shape", "layer"),
    [
        ("vgg19", "nested", "block4_conv2"),
        ("vgg19", "nested", "block5_conv4"),
        ("mobilenetv2", "sequential", "block_12_depthwise"),
        ("mobilenetv2", "sequential", "block_15_project"),
    ],
)
def test_off_equals_the_whole_network_without_the_units(networks, architecture, shape, layer):
    model, reading = networks(architecture, shape)
    inputs = reading.tensor("input")[None]
    strongest = reading.activation(layer).max(axis=(0, 1))
    units = [int(unit) for unit in np.sort(np.argsort(strongest)[-3:])]
    found = switched_off(reading, [Unit(layer, unit) for unit in units], control=2)
    assert np.abs(found.change).max() > 1e-5  # it matters which is right
    drawn = [[unit.index for unit in draw] for draw in found.control_units]
    for chosen, row in zip([units, *drawn], [found.after, *found.control], strict=True):
        expected = _whole_network_without(model, layer, chosen, inputs)
        np.testing.assert_allclose(row, expected, atol=1e-5)


# A planted unit ----------------------------------------------------------------------------------


def test_a_planted_unit_is_first_everywhere():
    """Unit 7 of conv2 alone reaches the logits of one class; it must lead in every ranking."""
    base = base_network("plain")
    means = keras.layers.GlobalAveragePooling2D(name="means")(base.outputs[0])
    last = keras.layers.Dense(3, name="logits", activation="softmax")
    model = keras.Model(base.inputs[0], last(means))
    weights = np.random.default_rng(0).normal(0, 0.01, (12, 3)).astype(np.float32)
    weights[7] = [0, 0, 4]
    last.set_weights([weights, np.zeros(3, np.float32)])
    reading = engine_of(model, preprocessing="mobilenetv2").read(noise_tile(32))
    assert reading.activation("conv2")[..., 7].any()
    planted = Unit("conv2", 7)
    assert unit_card(reading, planted, "Viable").rank == 1
    row = scan_table(reading, "conv2", "Viable")[0]
    assert row.unit == planted
    assert row.change < 0
    assert row.logit_change == pytest.approx(-reading.contributions("conv2", "Viable")[7], rel=1e-3)
    found = switched_off(reading, [planted])
    viable = reading.classes.index("Viable")
    assert found.change[viable] < 0
    assert (np.abs(found.control_change[:, viable]) < abs(found.change[viable]) / 10).all()
    np.testing.assert_allclose(row.probabilities, found.after, atol=1e-6)


def test_a_scan_ranks_by_size_of_the_change(plain):
    rows = scan_table(plain, "conv2", "Non-Tumor")
    assert sorted(row.unit.index for row in rows) == list(range(12))
    changes = [abs(row.change) for row in rows]
    assert changes == sorted(changes, reverse=True)
    for row in rows[:2]:
        alone = plain.without("conv2", [row.unit.index])
        np.testing.assert_allclose(row.probabilities, alone.probabilities, atol=1e-6)
        assert row.change == pytest.approx((alone.probabilities - plain.probabilities)[0], abs=1e-6)
    with pytest.raises(ModelError, match=r"Expected a class.*Received: 'Cat'"):
        scan_table(plain, "conv2", "Cat")


# Held at values ----------------------------------------------------------------------------------


def test_held_at_values_by_hand():
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    held = {"maps": np.array([1, 1, 3], np.float32), "logits": np.array([5, 6], np.float32)}
    found = switched_off(reading, [Unit("maps", 1)], held, control=6)  # means (7.5, 1, -1)
    np.testing.assert_allclose(found.after, _softmax(7.5 - 2 - 3, -7.5 + 4), rtol=1e-5)
    np.testing.assert_array_equal(found.before, reading.probabilities)
    rows = {0: _softmax(1 - 5 - 3, -1 + 10), 2: _softmax(7.5 - 5 + 9, 2.5)}
    for draw, row in zip(found.control_units, found.control, strict=True):
        np.testing.assert_allclose(row, rows[draw[0].index], rtol=1e-5)  # held at its own value
    maps = {"maps": np.broadcast_to(np.eye(4, dtype=np.float32)[..., None], (4, 4, 3))}
    found = switched_off(reading, [Unit("logits", 0), Unit("maps", 1)], {**held, **maps})
    assert found.units == (Unit("maps", 1), Unit("logits", 0))
    np.testing.assert_allclose(found.after, _softmax(5, -7.5 + 4 * 0.25), rtol=1e-5)


def _softmax(*logits):
    exponentials = np.exp(np.array(logits))
    return exponentials / exponentials.sum()


def test_another_tiles_values_in_all_units_give_its_reading(vgg):
    other = vgg.engine.read(noise_tile(32, seed=4))
    layer = "block5_conv2"
    every = [Unit(layer, unit) for unit in range(512)]
    found = switched_off(vgg, every, {layer: other.activation(layer)})
    np.testing.assert_allclose(found.after, other.probabilities, atol=1e-6)
    assert found.control.shape == (0, 3)
    assert "too few other units" in found.control_reason


# The control -------------------------------------------------------------------------------------


def test_draws_are_their_own(vgg):
    units = [Unit("block5_conv4", 17), Unit("block5_conv4", 40), Unit("fc1", 3)]
    found = switched_off(vgg, units)
    assert found.control.shape == (10, 3)
    assert found.control_reason is None
    for draw in found.control_units:
        assert [unit.layer for unit in draw] == ["block5_conv4", "block5_conv4", "fc1"]
        assert len(set(draw)) == 3
        assert not set(draw) & set(units)
    again = switched_off(vgg, reversed(units), control=4)
    assert again.control_units == found.control_units[:4]  # the same whatever else is drawn
    np.testing.assert_array_equal(again.control, found.control[:4])
    assert switched_off(vgg, units, control=4, seed=1).control_units != again.control_units
    assert len(set(found.control_units)) > 1


def test_units_that_are_off_already_are_not_drawn(plain):
    off = plain.without("conv1", [0, 1, 2, 3, 4])
    found = switched_off(off, [Unit("conv1", 5)], control=20)
    assert {unit.index for draw in found.control_units for unit in draw} == {6, 7}
    np.testing.assert_array_equal(found.before, off.probabilities)


def test_refusals(plain):
    asks = [
        lambda: switched_off(plain, []),
        lambda: switched_off(plain, [Unit("conv2", 12)]),
        lambda: switched_off(plain, [Unit("pool1", 0)]),
        lambda: switched_off(plain, [Unit("conv2", 0)], "mean"),
        lambda: switched_off(plain, [Unit("conv2", 0)], {"conv1": np.zeros(8, np.float32)}),
        lambda: switched_off(plain, [Unit("conv2", 0)], {"conv2": np.zeros(8, np.float32)}),
    ]
    for ask in asks:
        with pytest.raises(ModelError, match=r"Expected .*Received"):
            ask()


# What a scan costs -------------------------------------------------------------------------------


def test_a_scan_costs_the_tail_for_each_unit(vgg):
    engine = vgg.engine
    costs = [scan_cost(engine, layer) for layer in ("block3_conv1", "block5_conv1", "fc1")]
    assert costs == sorted(costs, reverse=True)
    assert scan_cost(engine, "block3_conv1") < 256
    assert scan_cost(engine, "fc1") < 0.1
    assert scan_cost(engine, "block5_conv1", 128) == pytest.approx(costs[1] / 4)
    with pytest.raises(ModelError, match="in front of the logits"):
        scan_cost(engine, engine.layers[-1].name)
