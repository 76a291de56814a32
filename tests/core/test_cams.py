"""Class activation maps by hand, and the sentence for each way of being empty."""

import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.explain import find_method, methods
from osteo_core.explain.cams import Maps, gradcam, gradcampp, hirescam, layercam
from osteo_core.explain.eigencam import eigencam
from osteo_core.explain.scorecam import masks, telling
from tests.toys import engine_of, ramp_network, ramp_tile, tile_of


def maps(*planes):
    return np.stack([np.asarray(plane, np.float32) for plane in planes], axis=-1)


def test_equation_one_and_two():
    activation = maps([[1, 2], [3, 4]], [[4, 0], [0, 1]])
    gradient = maps([[1, 0], [0, 3]], [[-2, -2], [0, 0]])  # means 1 and -1
    made = gradcam(Maps(activation, gradient))
    np.testing.assert_array_equal(made.values, [[0, 2], [3, 3]])  # [1-4, 2], [3, 4-1], cut at 0
    assert made.values.dtype == np.float32
    assert made.empty_reason is None


A = maps([[1, 2], [3, 4]], [[4, 0], [0, 1]])
G = maps([[1, 0], [0, 3]], [[-2, -2], [0, 0]])


def test_gradcampp_shares_a_maps_weight_among_its_places():
    # Map 1 sums to 10: shares 1/(2 + 10) and 1/(2 + 30), that is 8/11 and 3/11; weight 8/11 + 9/11.
    # Map 2 has no positive gradient.
    made = gradcampp(Maps(A, G)).values
    np.testing.assert_allclose(made, np.array([[1, 2], [3, 4]]) * 17 / 11, rtol=1e-6)
    assert made.dtype == np.float32


def test_gradcampp_where_the_denominator_vanishes():
    activation, gradient = maps([[1, 0], [0, 1]]), maps([[-1, 0], [0, 1]])  # 2 + g Σ A = 0 and 4
    np.testing.assert_allclose(gradcampp(Maps(activation, gradient)).values, [[1, 0], [0, 1]])


def test_hirescam_keeps_what_speaks_against_the_class():
    np.testing.assert_array_equal(hirescam(Maps(A, G)).values, [[-7, 0], [0, 12]])


def test_layercam_takes_each_places_own_positive_gradient():
    np.testing.assert_array_equal(layercam(Maps(A, G)).values, [[1, 0], [0, 12]])


@pytest.mark.parametrize("n_places", [4, 1000])  # fewer channels than places, and more
def test_eigencam_is_the_pattern_that_the_maps_share(n_places):
    pattern = np.linspace(1, 4, n_places, dtype=np.float32).reshape(2, -1)
    shares = np.full(100, 0.1, np.float32)  # of length 1
    made = eigencam(pattern[..., None] * shares * 5)
    np.testing.assert_allclose(made.values, 5 * pattern, rtol=1e-5)
    assert made.empty_reason is None


def test_eigencam_takes_the_stronger_of_two_patterns():
    made = eigencam(maps([[3, 0], [0, 0]], [[0, 0], [0, 1]]))
    np.testing.assert_allclose(made.values, [[3, 0], [0, 0]], atol=1e-6)
    below = eigencam(-ONES * RAMP)  # a pattern has no sign: the same map as of what is above zero
    np.testing.assert_allclose(below.values, eigencam(ONES * RAMP).values)
    assert "finite" in eigencam(np.nan * RAMP).empty_reason


def test_scorecam_by_hand():
    """Seen through red (r / 15) and through green - red (1 - r / 15); the constant map hides all.

    Seen through the first, red has the mean 1240/16/15 and green 5; Viable is 4·green - 5·red and
    Non-Tumor 3·red - 2·green - 3. Seen through the second, red has the mean 7.5 less that.
    """
    red = np.arange(16).reshape(4, 4)
    means = np.array([1240 / 16 / 15, 7.5 - 1240 / 16 / 15])
    margin = (4 * 5 - 5 * means) - (3 * means - 2 * 5 - 3)
    weights = 1 / (1 + np.exp(-margin))
    reading = engine_of(ramp_network(), n_classes=2).read(ramp_tile())
    made = reading.heatmap("scorecam", "maps", "Viable")
    expected = np.maximum(weights[0] * red + weights[1] * (10 - red), 0)
    np.testing.assert_allclose(made.values, expected, atol=1e-5)
    assert made.explains == "probability"
    contrast = reading.heatmap("scorecam", "maps", "Viable", against="Non-Tumor")
    np.testing.assert_allclose(contrast.values, expected, atol=1e-5)  # the same, with two classes
    other = reading.heatmap("scorecam", "maps", "Non-Tumor").values
    expected = np.maximum((1 - weights[0]) * red + (1 - weights[1]) * (10 - red), 0)
    np.testing.assert_allclose(other, expected, atol=1e-5)


def test_faster_scorecam_takes_the_maps_that_vary_most():
    activation = maps([[0, 1], [0, 0]], [[5, 5], [5, 5]], [[0, 9], [0, 0]], [[0, -4], [0, 0]])
    assert telling(activation).tolist() == [0, 2, 3]
    assert telling(activation, 2).tolist() == [2, 3]
    assert telling(activation[..., 1:2], 1).tolist() == []
    reading = engine_of(ramp_network(), n_classes=2).read(ramp_tile())
    one = reading.heatmap("scorecam_fast", "maps", "Non-Tumor", parameters={"channels": 1}).values
    red = np.arange(16).reshape(4, 4)
    np.testing.assert_allclose(one / one.max(), red / 15, atol=1e-6)


def test_masks_are_enlarged_and_then_brought_to_one():
    made = masks(maps([[0, 2]], [[3, 3]]), np.array([0, 1]), (1, 4))
    np.testing.assert_allclose(made[0], [[0, 0.25, 0.75, 1]], atol=1e-6)  # 0, .5, 1.5, 2
    np.testing.assert_array_equal(made[1], np.zeros((1, 4)))


def test_a_tile_of_one_colour_leaves_scorecam_nothing_to_see_through():
    reading = engine_of(ramp_network(), n_classes=2).read(tile_of(np.full((4, 4, 3), 9)))
    found = reading.heatmap("scorecam", "maps", "Viable")
    assert not found.values.any()
    assert found.empty_reason == "No change that was tried at maps moved the score of Viable."


ONES = np.ones((2, 2, 1), np.float32)
RAMP = maps([[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("activation", "gradient", "says"),
    [
        (0 * RAMP, ONES, "Every activation of conv is zero on this tile: none of its units fired."),
        (
            RAMP,
            0 * ONES,
            "The score of Viable does not depend on conv here: every gradient is zero.",
        ),
        (
            RAMP,
            -ONES,
            "Nothing at conv speaks for Viable: no weighted sum of its maps is above zero.",
        ),
        (ONES, ONES, "The heat map of conv has the same value everywhere, so it points nowhere."),
        (
            ONES[:1, :1],
            ONES[:1, :1],
            "The maps of conv have one place each, so the heat map points nowhere.",
        ),
        (RAMP * np.nan, ONES, "The network gave values at conv that are not finite numbers."),
        (RAMP, ONES * np.inf, "The network gave values at conv that are not finite numbers."),
    ],
)
def test_an_empty_map_says_why(activation, gradient, says):
    assert gradcam(Maps(activation, gradient, "conv", "Viable")).empty_reason == says


def test_wrong_shapes_are_refused():
    with pytest.raises(ModelError, match=r"Received: \(2, 2, 1\) and \(1, 1, 1\)"):
        Maps(ONES, ONES[:1, :1])
    with pytest.raises(ModelError, match="height, width, channels"):
        Maps(ONES[0], ONES[0])


def test_methods_are_found_by_name():
    assert find_method("gradcam").title == "Grad-CAM"
    assert all(name == method.name for name, method in methods().items())
    with pytest.raises(ModelError, match="gradcam"):
        find_method("lime")
