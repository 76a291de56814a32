"""The effective receptive field: known by hand on toys, inside bounds on real architectures."""

import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.explain.fields import EffectiveField, central_box, effective_field
from osteo_core.units import Unit
from tests.toys import engine_of, noise_tile, ramp_network, ramp_tile, shaped, tile_of


def _ones_network(padding="valid", depth=1):
    """3 × 3 convolutions of ones, one behind the other, on 9 × 12 px."""
    x = start = keras.Input((9, 12, 3))
    for number in range(depth):
        x = keras.layers.Conv2D(1, 3, padding=padding, name=f"ones{number}")(x)
    x = keras.layers.Flatten(name="flat")(x)
    model = keras.Model(start, keras.layers.Dense(2, name="logits")(x))
    for number in range(depth):
        layer = model.get_layer(f"ones{number}")
        layer.set_weights([np.ones(layer.kernel.shape, np.float32), np.zeros(1, np.float32)])
    return model


def _bright_tile(row, column):
    pixels = np.full((9, 12, 3), 10, np.uint8)
    pixels[row, column] = 200
    return tile_of(pixels)


@pytest.mark.parametrize("place", [(0, 0), (0, 9), (6, 0), (6, 9), (3, 4)])
def test_three_by_three_of_ones_sees_three_by_three(place):
    reading = engine_of(_ones_network(), 2).read(_bright_tile(4, 6))
    found = effective_field(reading, Unit("ones0", 0), place)
    row, column = place
    assert found.box == (row, column, row + 3, column + 3)
    assert found.size == (3, 3) == found.theoretical
    assert (found.place, found.reason) == (place, None)
    expected = np.zeros((9, 12))
    expected[row : row + 3, column : column + 3] = 3  # one for each colour
    np.testing.assert_allclose(found.magnitude, expected)
    assert found.magnitude.dtype == np.float32


def test_the_strongest_place_is_asked():
    reading = engine_of(_ones_network(), 2).read(_bright_tile(8, 11))
    found = effective_field(reading, Unit("ones0", 0))
    assert (found.place, found.box) == ((6, 9), (6, 9, 9, 12))


def test_padding_is_outside_the_box():
    reading = engine_of(_ones_network("same"), 2).read(_bright_tile(0, 0))
    boxes = {
        place: effective_field(reading, Unit("ones0", 0), place).box
        for place in ((0, 0), (8, 11), (0, 5))
    }
    assert boxes == {(0, 0): (0, 0, 2, 2), (8, 11): (7, 10, 9, 12), (0, 5): (0, 4, 2, 7)}


def test_two_convolutions_see_less_than_the_textbook_says():
    """Marginals 1 2 3 2 1 of 9: either end holds 11 % each, so all five are kept; in four
    convolutions (1 4 10 16 19 16 10 4 1 of 81) the ends hold 1.2 % and fall off."""
    reading = engine_of(_ones_network("same", 4), 2).read(_bright_tile(4, 6))
    assert effective_field(reading, Unit("ones1", 0), (4, 6)).size == (5, 5)
    deep = effective_field(reading, Unit("ones3", 0), (4, 6))
    assert (deep.theoretical, deep.box, deep.size) == ((9, 9), (1, 3, 8, 10), (7, 7))


def test_only_the_red_channel_at_one_place():
    start = keras.Input((9, 12, 3))
    maps = keras.layers.Conv2D(2, 3, padding="same", activation="relu", name="maps")
    x = keras.layers.GlobalMaxPooling2D(name="most")(maps(start))
    model = keras.Model(start, keras.layers.Dense(2, name="logits")(x))
    kernel = np.zeros((3, 3, 3, 2), np.float32)
    kernel[0, 2, 0, 1] = 0.5  # unit 1: half the red of the place above to the right
    maps.set_weights([kernel, np.zeros(2, np.float32)])
    reading = engine_of(model, 2).read(_bright_tile(4, 6))
    found = effective_field(reading, Unit("maps", 1))
    assert (found.place, found.box) == ((5, 5), (4, 6, 5, 7))
    gradient = reading.input_gradient("maps", 1, (5, 5))
    assert gradient[4, 6].tolist() == [0.5, 0, 0]
    assert np.count_nonzero(gradient) == 1
    silent = effective_field(reading, Unit("maps", 0))
    assert (silent.box, silent.size, silent.place) == (None, None, None)
    assert "zero everywhere" in silent.reason
    assert silent.box_on(100, 100) is None
    assert "does not answer" in effective_field(reading, Unit("maps", 0), (2, 2)).reason


def test_a_neuron_sees_what_its_weights_see():
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    found = effective_field(reading, Unit("logits", 1))
    assert (found.box, found.place, found.theoretical) == ((0, 0, 4, 4), None, None)


@pytest.mark.parametrize(
    ("architecture", "side", "layers"),
    [
        ("vgg19", 64, ("block2_conv2", "block5_conv1", "fc1")),
        ("mobilenetv2", 48, ("expanded_conv_project", "block_2_expand", "block_3_depthwise")),
    ],
)
def test_the_box_never_leaves_the_input(architecture, side, layers):
    reading = engine_of(shaped(architecture, "nested", side), preprocessing="vgg19").read(
        noise_tile(side)
    )
    n_boxes = 0
    for layer in layers:
        units = reading.activation(layer)
        strongest = int(units.reshape(-1, units.shape[-1]).max(axis=0).argmax())
        found = effective_field(reading, Unit(layer, strongest))
        if found.box is None:  # ReLU6 at its ceiling
            assert "does not answer" in found.reason
            continue
        n_boxes += 1
        top, left, bottom, right = found.box
        assert 0 <= top < bottom <= side
        assert 0 <= left < right <= side
        if found.theoretical is not None:
            assert found.size <= tuple(min(side, size) for size in found.theoretical)
        inside = found.magnitude[top:bottom, left:right].sum() / found.magnitude.sum()
        assert inside > 1 - 2 * (1 - 0.9545)
    assert n_boxes > 1


def test_the_central_box():
    marginal = np.array([0, 0.02, 0.01, 0.47, 0.48, 0.02, 0])
    box = central_box(np.outer(marginal, [0, 1, 0]).astype(np.float32))
    assert box == (2, 1, 5, 2)  # 2.275 % is cut off at either end
    assert central_box(np.zeros((3, 3), np.float32)) is None
    assert central_box(np.full((3, 3), np.nan, np.float32)) is None


def test_the_box_on_a_stretched_tile():
    found = EffectiveField(np.zeros((9, 12), np.float32), (1, 3, 8, 10), None, None)
    assert found.box_on(9, 12) == (1, 3, 8, 10)
    assert found.box_on(18, 24) == (2, 6, 16, 20)
    assert found.box_on(5, 600) == (0, 150, 5, 500)  # every pixel that it touches
    whole = EffectiveField(np.zeros((9, 12), np.float32), (0, 0, 9, 12), None, None)
    assert whole.box_on(511, 333) == (0, 0, 511, 333)


def test_refusals():
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    for unit, place in (
        (Unit("maps", 3), None),
        (Unit("maps", 0), (4, 0)),
        (Unit("means", 0), None),
    ):
        with pytest.raises(ModelError, match=r"Expected a.*Received"):
            effective_field(reading, unit, place)
