"""Grad-CAM from arrays alone: the formula, and the sentence for each way of being empty."""

import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.explain import find_method, methods
from osteo_core.explain.cams import gradcam


def maps(*planes):
    return np.stack([np.asarray(plane, np.float32) for plane in planes], axis=-1)


def test_equation_one_and_two():
    activation = maps([[1, 2], [3, 4]], [[4, 0], [0, 1]])
    gradient = maps([[1, 0], [0, 3]], [[-2, -2], [0, 0]])  # means 1 and -1
    made = gradcam(activation, gradient)
    np.testing.assert_array_equal(made.values, [[0, 2], [3, 3]])  # [1-4, 2], [3, 4-1], cut at 0
    assert made.values.dtype == np.float32
    assert made.empty_reason is None


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
    assert gradcam(activation, gradient, layer="conv", target="Viable").empty_reason == says


def test_wrong_shapes_are_refused():
    with pytest.raises(ModelError, match=r"Received: \(2, 2, 1\) and \(1, 1, 1\)"):
        gradcam(ONES, ONES[:1, :1])
    with pytest.raises(ModelError, match="height, width, channels"):
        gradcam(ONES[0], ONES[0])


def test_methods_are_found_by_name():
    assert find_method("gradcam").title == "Grad-CAM"
    assert all(name == method.name for name, method in methods().items())
    with pytest.raises(ModelError, match="gradcam"):
        find_method("lime")
