"""What stands for "nothing there" when parts of a tile are taken away."""

from typing import TYPE_CHECKING

import cv2
import numpy as np

from osteo_core.explain.method import INPUT, Parameter, Values
from osteo_core.networks.preprocessing import normalise

if TYPE_CHECKING:
    from osteo_core.reading import Reading

CHOICES = ("mean", "white", "black", "blur")
_BLUR = 0.1  # standard deviation of the blur, as a share of the shorter side


def baseline(reading: "Reading", layer: str, choice: str) -> Values:
    """A version of a layer's output, or of the tile, that carries no detail.

    Args:
        reading: The tile, read.
        layer: A layer with maps, or `INPUT`.
        choice: One of `CHOICES`. At the input: the tile's mean colour, white, black or the tile
            blurred, in the network's own range. At a layer: each map's mean, zero for white and
            for black, or each map blurred.

    Returns:
        float32, the layer's shape.
    """
    start = reading.tensor(layer)
    if choice == "mean":
        mean = start.mean(axis=(0, 1), dtype=np.float64)
        return np.broadcast_to(mean.astype(np.float32), start.shape)
    if choice == "blur":
        return _blurred(start)
    if layer != INPUT:
        return np.zeros_like(start)
    level = 255 if choice == "white" else 0
    colour = normalise(np.full(start.shape[-1], level, np.uint8), reading.engine.preprocessing)
    return np.broadcast_to(colour, start.shape)


def nothing_to_take(start: Values, nothing: Values) -> bool:
    """Whether a tile or a layer's output is its own baseline, but for rounding.

    Its map is then zero; what batches of several sizes differ by would be drawn instead.
    """
    room = 1e-5 * max(1e-3, float(np.abs(start).max()))
    return bool(np.abs(start - nothing).max() <= room)


def baseline_parameter(default: str, use: str) -> Parameter:
    """The setting that chooses a baseline.

    Args:
        default: One of `CHOICES`.
        use: What it is put to, in a clause that starts the sentence of help.
    """
    return Parameter(
        name="baseline",
        title="Baseline",
        default=default,
        choices=CHOICES,
        help=f"{use}: the tile's mean colour, white, black or the tile blurred. At a layer: each "
        "map's mean, zero for white and for black, or each map blurred.",
    )


def _blurred(start: Values) -> Values:
    sigma = max(_BLUR * min(start.shape[:2]), 0.5)
    planes = [
        cv2.GaussianBlur(np.ascontiguousarray(start[..., k]), (0, 0), sigma)
        for k in range(start.shape[-1])  # OpenCV takes few channels at once
    ]
    return np.stack(planes, axis=-1)
