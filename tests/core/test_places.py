"""Where units fire, and which fire at a place of the tile."""

import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.explain.places import as_maps, peak, peaks, place_in, units_at
from osteo_core.units import Unit
from tests.toys import engine_of, noise_tile, ramp_network, ramp_tile, shaped


def test_units_at_a_place_by_hand():
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    found = units_at(reading, "maps", x=0.6, y=0.3, target="Viable")  # row 1, column 2: red 6
    assert (found.place, found.n_firing, found.n_units) == ((1, 2), 3, 3)  # linear: -1 counts
    assert [(u.unit, u.value) for u in found.units] == [
        (Unit("maps", 0), 6),
        (Unit("maps", 1), 4),
        (Unit("maps", 2), -1),
    ]
    # d Viable / d maps is (-1, 4, 0) / 16; sums of sizes: red 120, |10 - red| 70 at 4 times
    assert [u.contribution for u in found.units] == [-6 / 16, 1, 0]
    whole = 120 / 16 + 70 * 4 / 16
    np.testing.assert_allclose([u.share for u in found.units], [-6 / 16 / whole, 1 / whole, 0])
    assert [u.unit.index for u in units_at(reading, "maps", 0.6, 0.3, count=1).units] == [0]


def test_behind_relu_only_what_is_above_zero_fires():
    reading = engine_of(shaped("plain", "sequential"), preprocessing="mobilenetv2").read(
        noise_tile(32)
    )
    maps = reading.activation("conv2")
    found = units_at(reading, "conv2", 0.99, 0.5, "Viable", count=100)
    row, column = found.place
    assert column == maps.shape[1] - 1
    assert found.n_firing == len(found.units) == (maps[row, column] > 0).sum() < maps.shape[2]
    values = [u.value for u in found.units]
    assert values == sorted(values, reverse=True)
    assert all(value > 0 for value in values)
    total = sum(
        abs(u.share)
        for y in range(maps.shape[0])
        for x in range(maps.shape[1])
        for u in units_at(
            reading, "conv2", (x + 0.5) / maps.shape[1], (y + 0.5) / maps.shape[0], "Viable", 100
        ).units
    )
    assert total == pytest.approx(1, rel=1e-5)  # over all places and units


def test_a_class_that_does_not_depend_on_the_layer():
    model = ramp_network()
    model.get_layer("logits").set_weights([np.zeros((3, 2)), np.ones(2)])
    found = units_at(engine_of(model, 2).read(ramp_tile()), "maps", 0, 0)
    assert {(u.contribution, u.share) for u in found.units} == {(0, 0)}


def test_place_in_a_grid():
    assert place_in((4, 8), 0, 0) == (0, 0)
    assert place_in((4, 8), 1, 1) == (3, 7)
    assert place_in((4, 8), 0.49, 0.51) == (2, 3)


def test_peaks():
    rng = np.random.default_rng(0)
    maps = rng.integers(0, 4, (5, 7, 40)).astype(np.float32)  # many equals
    maps[..., 3] = 0
    flat = maps.reshape(35, 40).argmax(axis=0)
    np.testing.assert_array_equal(peaks(maps), np.stack(np.unravel_index(flat, (5, 7)), axis=1))
    assert peak(maps[..., 0]) == tuple(peaks(maps)[0])
    assert peak(maps[..., 3]) is None
    assert peak(np.float32(2)) is None
    assert peak(np.zeros((1, 1))) == (0, 0)
    assert as_maps(np.zeros(3)).shape == (1, 1, 3)
    assert as_maps(np.zeros((2, 2, 3))).shape == (2, 2, 3)


def test_refusals():
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    asks = [
        lambda: units_at(reading, "maps", 1.2, 0.5),
        lambda: units_at(reading, "maps", 0.5, float("nan")),
        lambda: units_at(reading, "means", 0.5, 0.5),
        lambda: units_at(reading, "maps", 0.5, 0.5, "Cat"),
    ]
    for ask in asks:
        with pytest.raises(ModelError, match=r"Expected a.*Received"):
            ask()
