"""Gradient methods by hand on toy networks, and the completeness of integrated gradients."""

import numpy as np
import pytest

from osteo_core.explain.baselines import baseline
from osteo_core.explain.gradients import gradient_x_input, noisy_copies, saliency
from tests.toys import (
    corner_network,
    engine_of,
    noise_tile,
    ramp_network,
    ramp_tile,
    shaped,
    tile_of,
)

RED = np.arange(16).reshape(4, 4)
# Each of the four places of the corner network takes the upper left from the lower right.
CORNER = np.array([[-1, -2, 0, 0], [-3, -6, 0, 0], [0, 0, 1, 2], [0, 0, 3, 6]])


@pytest.fixture(scope="module")
def corner():
    return engine_of(corner_network(), n_classes=2).read(ramp_tile())


@pytest.fixture(scope="module")
def ramp():
    return engine_of(ramp_network(), n_classes=2).read(ramp_tile())


def test_saliency_is_the_greatest_slope_of_the_three_colours(corner, ramp):
    made = corner.heatmap("saliency", target="Non-Tumor")
    np.testing.assert_allclose(made.values, np.abs(CORNER))
    assert (made.layer, made.signed, made.empty_reason) == ("input", False, None)
    # Viable = 4·green - 5·red, means over 16 places: the same everywhere.
    flat = ramp.heatmap("saliency", target="Viable")
    np.testing.assert_allclose(flat.values, np.full((4, 4), 5 / 16))
    assert flat.empty_reason == (
        "The heat map of the input has the same value everywhere, so it points nowhere."
    )


def test_saliency_at_a_layer(corner):
    made = corner.heatmap("saliency", "corner", "Viable").values
    np.testing.assert_allclose(made, [[8, 0], [4, 0]])
    gradient = np.array([[[[1, -3], [0, 2]]]], np.float32)  # a batch's axis stays
    np.testing.assert_array_equal(saliency(gradient), [[[3, 2]]])


def test_gradient_times_input(corner, ramp):
    np.testing.assert_allclose(
        corner.heatmap("gradient_x_input", target="Non-Tumor").values, CORNER * RED
    )
    np.testing.assert_allclose(
        ramp.heatmap("gradient_x_input", target="Viable").values, (40 - 5 * RED) / 16
    )
    assert gradient_x_input(np.ones((1, 1, 2)), np.array([[[2, -5]]])).dtype == np.float32


def test_smoothgrad_of_a_linear_score_is_its_saliency(ramp):
    made = ramp.heatmap("smoothgrad", target="Viable", parameters={"samples": 3}).values
    np.testing.assert_allclose(made, np.full((4, 4), 5 / 16), rtol=1e-6)


def test_smoothgrad_is_the_mean_saliency_of_the_copies_that_its_seed_makes():
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    tile = noise_tile(32)
    reading = engine.read(tile)
    asked = {"samples": 5, "noise": 0.1, "seed": 7}
    made = reading.heatmap("smoothgrad", target="Viable", parameters=asked).values
    copies = list(noisy_copies(engine.prepare(tile)[0], 5, 0.1, 7))
    tail, direction = reading.tail("input"), reading.direction("Viable")
    by_hand = [saliency(tail.gradients(copy[None], direction)[1])[0] for copy in copies]
    np.testing.assert_allclose(made, np.mean(by_hand, axis=0), rtol=1e-5, atol=1e-9)
    other = reading.heatmap("smoothgrad", target="Viable", parameters={**asked, "seed": 8}).values
    assert np.abs(other - made).max() > 0


def test_noise_has_the_share_of_the_range_that_was_asked_for():
    start = np.linspace(-2, 6, 3 * 64 * 64, dtype=np.float32).reshape(64, 64, 3)
    first, second = noisy_copies(start, 2, 0.25, 0)
    assert np.std(first - start) == pytest.approx(0.25 * 8, rel=0.03)
    assert np.abs(np.corrcoef((first - start).ravel(), (second - start).ravel())[0, 1]) < 0.05
    np.testing.assert_array_equal(next(noisy_copies(start, 9, 0.25, 0)), first)


def test_integrated_gradients_of_a_linear_score_are_exact(ramp):
    made = ramp.heatmap(
        "integrated_gradients", target="Viable", parameters={"steps": 1, "baseline": "black"}
    )
    np.testing.assert_allclose(made.values, (40 - 5 * RED) / 16, atol=1e-6)
    assert made.figures["score_rise"] == pytest.approx(2.5)  # the logit; a black tile has 0
    assert made.figures["completeness_error"] == pytest.approx(0, abs=1e-5)
    white = ramp.heatmap(
        "integrated_gradients", target="Viable", parameters={"steps": 1, "baseline": "white"}
    )
    np.testing.assert_allclose(white.values, (4 * (10 - 255) - 5 * (RED - 255)) / 16, atol=1e-4)


def test_the_mean_colour_as_baseline_leaves_a_plain_tile_nothing():
    reading = engine_of(ramp_network(), n_classes=2).read(tile_of(np.full((4, 4, 3), 9)))
    made = reading.heatmap("integrated_gradients", target="Viable", parameters={"baseline": "mean"})
    assert not made.values.any()
    assert made.empty_reason == (
        "The tile has the same colour everywhere, so no place in it differs from another."
    )


@pytest.mark.parametrize("against", [None, "Non-Tumor"])
@pytest.mark.parametrize("layer", ["input", "conv1"])
def test_completeness(layer, against):
    """The values sum to what the score rises by, the better the more steps are taken."""
    reading = engine_of(shaped("plain", "flat"), preprocessing="rescale").read(noise_tile(32))
    errors = []
    for steps in (4, 256):
        made = reading.heatmap(
            "integrated_gradients", layer, "Viable", against, parameters={"steps": steps}
        )
        rise = made.figures["score_rise"]
        error = made.figures["completeness_error"]
        assert float(made.values.sum()) - rise == pytest.approx(error, abs=1e-5)
        errors.append(abs(error))
    assert errors[1] < 2e-3 * abs(rise)
    assert errors[1] < errors[0]


def test_baselines_are_colours_in_the_networks_own_range():
    engine = engine_of(shaped("plain", "flat"), preprocessing="mobilenetv2")
    tile = noise_tile(32)
    reading = engine.read(tile)
    assert np.unique(baseline(reading, "input", "white")).tolist() == [1]
    assert np.unique(baseline(reading, "input", "black")).tolist() == [-1]
    mean = tile.pixels.mean(axis=(0, 1)) / 127.5 - 1
    np.testing.assert_allclose(baseline(reading, "input", "mean")[5, 7], mean, atol=1e-5)
    blurred = baseline(reading, "input", "blur")
    assert blurred.std() < 0.7 * reading.tensor("input").std()
    assert not baseline(reading, "conv1", "white").any()
    mean = reading.activation("conv1").mean(axis=(0, 1))
    np.testing.assert_allclose(baseline(reading, "conv1", "mean")[0, 0], mean, atol=1e-5)
    assert baseline(reading, "conv1", "blur").shape == reading.activation("conv1").shape


def test_a_score_that_does_not_depend_on_the_tile_says_so(corner):
    blank = engine_of(corner_network(), n_classes=2).read(tile_of(np.zeros((4, 4, 3))))
    for name in ("saliency", "gradient_x_input", "smoothgrad"):
        made = blank.heatmap(
            name, target="Viable", parameters={"noise": 0} if "smooth" in name else {}
        )
        assert made.empty_reason == (
            "The score of Viable does not depend on the input here: every gradient is zero."
        )
