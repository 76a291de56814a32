"""What a unit's card says, by hand and against the reading."""

import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.explain.cards import unit_card
from osteo_core.units import Unit
from tests.toys import engine_of, noise_tile, ramp_network, ramp_tile, shaped


def test_a_card_by_hand():
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    card = unit_card(reading, Unit("maps", 1))  # 10 - red, for the predicted class
    assert (card.unit, card.layer.kind, card.n_units) == (Unit("maps", 1), "convolution", 3)
    np.testing.assert_array_equal(card.map, 10 - np.arange(16).reshape(4, 4))
    assert (card.value, card.place, card.mean, card.share_positive) == (10, (0, 0), 2.5, 10 / 16)
    assert card.classes == reading.classes
    np.testing.assert_allclose(card.contributions, [-5, 10])
    assert (card.target, card.rank, card.silent) == ("Viable", 1, False)
    assert unit_card(reading, Unit("maps", 1), "Non-Tumor").rank == 3  # behind 7.5 and -3
    assert [p.unit for p in card.partners_before] == [Unit("input", 1)]
    assert [p.unit for p in card.partners_after] == [Unit("logits", 1), Unit("logits", 0)]
    with pytest.raises(ValueError, match="read-only"):
        card.map[0, 0] = 1


def test_a_neuron_has_no_map():
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    card = unit_card(reading, Unit("logits", 0), "Non-Tumor")
    assert (card.map, card.place, card.rank) == (None, None, 2)  # -0.5 adds less than 0 does
    assert card.value == card.mean == pytest.approx(-0.5)
    assert card.share_positive == 0
    np.testing.assert_allclose(card.contributions, [-0.5, 0])


def test_every_layers_card_agrees_with_the_reading():
    reading = engine_of(shaped("vgg19", "nested"), preprocessing="mobilenetv2").read(noise_tile(32))
    reading.prepare_units()
    for layer in reading.engine.unit_layers[3::4]:
        values = reading.activation(layer)
        expected = reading.contributions(layer, "Viable")
        order = np.argsort(-expected, kind="stable")
        for index in (0, int(order[0])):
            card = unit_card(reading, Unit(layer, index), "Viable")
            assert card.contributions[2] == pytest.approx(expected[index], rel=2e-3, abs=1e-4)
            assert card.value == values[..., index].max()
            if card.place is not None:
                assert values[(*card.place, index)] == card.value
                assert card.partners_before.place == card.place
        assert unit_card(reading, Unit(layer, int(order[0])), "Viable").rank == 1
        assert card.n_units == values.shape[-1]  # channels, not rows: the last axis


def test_a_silent_unit():
    start = keras.Input((4, 4, 3))
    maps = keras.layers.Conv2D(2, 1, activation="relu", name="maps")
    x = keras.layers.GlobalAveragePooling2D(name="means")(maps(start))
    model = keras.Model(start, keras.layers.Dense(2, name="logits")(x))
    maps.set_weights([np.ones((1, 1, 3, 2), np.float32), np.array([0, -1e4], np.float32)])
    card = unit_card(engine_of(model, 2).read(ramp_tile()), Unit("maps", 1))
    assert card.silent
    assert (card.value, card.place, card.share_positive) == (0, None, 0)
    assert "zero everywhere" in card.partners_before.reason
    assert "adds nothing" in card.partners_after.reason


def test_refusals():
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    for unit, target in (
        (Unit("maps", 3), None),
        (Unit("means", 0), None),
        (Unit("maps", 0), "Cat"),
    ):
        with pytest.raises(ModelError, match=r"Expected a.*Received"):
            unit_card(reading, unit, target)
