"""What the pages ask of a Reading's layers, and the choice of the layers to show first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from osteo_core import pictures
from osteo_ui import services

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading

Floats = npt.NDArray[np.float32]
PAPER_LAYERS = ("block1_conv2", "block5_conv4")  # the two that the reproduced paper shows


def maps(reading: "Reading", layer: str) -> Floats:
    """Return a layer's maps, (h, w, units)."""
    values = reading.activation(layer)
    if values.ndim != 3:
        raise ValueError(f"A layer with maps is expected. Received: {layer}, {values.shape}.")
    return values


def rank(reading: "Reading", layer: str, by: str, target: str = "") -> npt.NDArray[np.intp]:
    """Return the units of a layer with maps in order, by index, mean, maximum or contribution."""
    from osteo_core.explain.filters import rank_maps

    shares = services.contributions(reading, layer, target) if by == "contribution" else None
    return np.asarray(rank_maps(maps(reading, layer), by, shares))


def limits(values: Floats) -> tuple[float, float]:
    """Return the raw values at the ends of the colours: 0 (or the lowest) and the highest."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 0.0
    return min(0.0, float(finite.min())), float(finite.max())


def landmark_layers(engine: "Engine") -> tuple[str, str]:
    """Return the two convolutions a click away: the paper's, or the first and the last."""
    names = engine.conv_layers
    if all(name in names for name in PAPER_LAYERS):
        return PAPER_LAYERS
    return names[0], names[-1]


def target_of(reading: "Reading", chosen: str) -> str:
    """Return the class to explain: the chosen one if this network has it, else the predicted."""
    return chosen if chosen in reading.classes else reading.predicted


def mosaic_columns(count: int, tiles: int) -> int:
    """Return how many maps stand in a row: round numbers, fewer where tiles share the width."""
    wide = 8 if count <= 64 else 16 if count <= 256 else 32
    return max(1, min(count, 16 if tiles > 1 and 256 < count <= 512 else wide))


def common_limits(readings: Sequence["Reading"], layer: str) -> tuple[float, float]:
    """Return the lowest and the highest raw value of a layer's maps over several readings."""
    ends = [pictures.limits(maps(reading, layer)) for reading in readings]
    return min(low for low, _ in ends), max(high for _, high in ends)
