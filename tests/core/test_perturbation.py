"""Occlusion and RISE by hand on toy networks; all methods find a planted patch."""

import numpy as np
import pytest

from osteo_core.explain import methods
from osteo_core.explain.perturbation import random_masks, windows
from tests.toys import corner_network, engine_of, ramp_network, ramp_tile, tile_of

RED = np.arange(16).reshape(4, 4)


@pytest.fixture(scope="module")
def corner():
    return engine_of(corner_network(), n_classes=2).read(ramp_tile())


@pytest.fixture(scope="module")
def ramp():
    return engine_of(ramp_network(), n_classes=2).read(ramp_tile())


def test_occlusion_pixel_by_pixel(corner):
    """Non-Tumor weighs the four places 1, 2, 3 and 6; each is 10 and cannot fall below 0."""
    asked = {"grid": 4, "window": 1, "baseline": "black"}
    made = corner.heatmap("occlusion", target="Non-Tumor", parameters=asked).values
    expected = [[0, -2, 0, 0], [-12, -30, 0, 0], [0, 0, 10, 20], [0, 0, 30, 60]]
    np.testing.assert_allclose(made, expected)


def test_overlapping_windows_are_averaged(ramp):
    """The score is linear: a window's fall is the sum over its pixels of slope × value."""
    asked = {"grid": 4, "window": 2, "baseline": "black"}
    made = ramp.heatmap("occlusion", target="Viable", parameters=asked).values
    each = (40 - 5 * RED) / 16
    falls = np.array([[each[i : i + 2, j : j + 2].sum() for j in range(3)] for i in range(3)])
    assert made[0, 0] == pytest.approx(falls[0, 0])
    assert made[0, 1] == pytest.approx(falls[0, :2].mean())
    assert made[2, 2] == pytest.approx(falls[1:, 1:].mean())


def test_occlusion_at_a_layer_covers_its_maps(corner):
    asked = {"grid": 2, "window": 1, "baseline": "white"}  # zero, at a layer
    made = corner.heatmap("occlusion", "corner", "Non-Tumor", parameters=asked).values
    np.testing.assert_allclose(made, [[10, 20], [30, 60]])


@pytest.mark.parametrize("size", [(4, 4), (23, 40), (7, 7), (1, 1), (2, 3)])
def test_windows_cover_every_place(size):
    seen = np.zeros(size, int)
    for place in windows(size, grid=10, window=2):
        assert seen[place].size > 0
        seen[place] += 1
    assert seen.min() >= 1
    assert seen.max() <= 4
    np.testing.assert_array_equal(seen, seen[::-1, ::-1])


def test_rise_is_the_mean_score_where_a_place_is_seen_less_the_mean(ramp):
    asked = {"masks": 40, "grid": 2, "probability": 0.5, "seed": 3, "baseline": "black"}
    made = ramp.heatmap("rise", target="Viable", parameters=asked).values
    masks = np.array(list(random_masks((4, 4), 40, 2, 0.5, 3)))
    scores = np.array([((40 - 5 * RED) / 16 * mask).sum() for mask in masks])
    seen = masks.sum(axis=0)
    expected = np.tensordot(scores - scores.mean(), masks, 1) / seen
    np.testing.assert_allclose(made, expected, atol=1e-4)


def test_random_masks():
    masks = np.array(list(random_masks((30, 21), 300, 7, 0.3, 0)))
    assert masks.shape == (300, 30, 21)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert masks.mean() == pytest.approx(0.3, abs=0.02)
    assert np.ptp(masks.mean(axis=0)) < 0.15  # no place is seen much more often than another
    np.testing.assert_array_equal(list(random_masks((30, 21), 5, 7, 0.3, 0)), masks[:5])
    assert not np.array_equal(next(random_masks((30, 21), 1, 7, 0.3, 1)), masks[0])
    assert next(random_masks((1, 1), 1, 7, 0.3, 1)).shape == (1, 1)


def test_a_plain_tile_says_why_nothing_moves():
    reading = engine_of(ramp_network(), n_classes=2).read(tile_of(np.full((4, 4, 3), 9)))
    for name, choice in (("occlusion", "mean"), ("rise", "mean"), ("rise", "blur")):
        made = reading.heatmap(name, target="Viable", parameters={"baseline": choice})
        assert np.abs(made.values).max() == 0
        assert made.empty_reason == (
            "The tile has the same colour everywhere, so no place in it differs from another."
        )


def red_finder():
    """How red a place is, cut at zero; the mean speaks for Viable and against Non-Tumor."""
    import keras

    start = keras.Input((32, 32, 3))
    red = keras.layers.Conv2D(2, 3, padding="same", activation="relu", name="red")
    pooled = keras.layers.MaxPooling2D(2, name="pool")(red(start))
    last = keras.layers.Dense(2, name="logits", activation="softmax")
    model = keras.Model(start, last(keras.layers.GlobalAveragePooling2D(name="means")(pooled)))
    kernel = np.zeros((3, 3, 3, 2), np.float32)
    kernel[..., 0] = np.array([1, -0.5, -0.5]) / 9
    kernel[1, 1, :, 1] = 0.01  # and a map of brightness that nobody asks about
    red.set_weights([kernel, np.array([-0.2, 0], np.float32)])
    last.set_weights([np.array([[-9, 9], [0, 0]], np.float32), np.zeros(2, np.float32)])
    return model


PLACES = ((4, 18), (20, 6))


@pytest.fixture(scope="module")
def planted():
    """Readings of grey tiles with a red square at each of two places."""
    engine = engine_of(red_finder(), n_classes=2, preprocessing="rescale")
    readings = {}
    for down, across in PLACES:
        pixels = np.random.default_rng(0).normal(120, 6, (32, 32, 1)).repeat(3, axis=2)
        pixels[down : down + 8, across : across + 8] = (230, 30, 30)
        readings[down, across] = engine.read(tile_of(pixels))
    return readings


COARSE = ("scorecam", "scorecam_fast", "eigencam", "occlusion", "rise")


@pytest.mark.parametrize("name", list(methods()))
@pytest.mark.parametrize("place", PLACES)
def test_a_planted_patch_is_found(planted, name, place):
    down, across = place
    found = planted[place].heatmap(name, target="Viable")
    assert found.empty_reason is None
    row, column = np.unravel_index(found.values.argmax(), found.shape)
    assert down - 1 <= row <= down + 8
    assert across - 1 <= column <= across + 8
    positive = np.maximum(found.values, 0)
    inside = positive[down - 2 : down + 10, across - 2 : across + 10].sum() / positive.sum()
    assert inside > (0.4 if name in COARSE else 0.9)  # of an area of 14 %
