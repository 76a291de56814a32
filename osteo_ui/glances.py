"""What the comparison page needs of a reading, kept small.

Sixteen readings (four networks, four tiles) are more than the store of readings holds, and each
would be made again at every click; their probabilities and heat maps weigh a few kilobytes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

from osteo_core.tiles import Tile
from osteo_ui import layers, services

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.heatmap import HeatMap


@dataclass(frozen=True, eq=False)
class Glance:
    """The call of a network on a tile and its Grad-CAM; named as a Reading's own properties are."""

    classes: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
    predicted: str
    heat: "HeatMap"


def glance(engine: "Engine", tile: Tile, layer: str, target: str) -> Glance:
    """Return a network's call on a tile and its Grad-CAM.

    Args:
        engine: The network.
        tile: The tile.
        layer: A convolution of any of the networks; the last one where this network lacks it.
        target: A class; the predicted one where this network lacks it.
    """
    own = layer if layer in engine.conv_layers or engine.no_maps else engine.default_layer
    known = target if target in engine.classes else ""
    return _glance(engine.digest, tile.sha256, own, known, engine, tile)


@st.cache_data(max_entries=512, max_size="64MiB", show_spinner=False)
def _glance(
    bundle: str, sha256: str, layer: str, target: str, _engine: "Engine", _tile: Tile
) -> Glance:
    reading = services.reading(_engine, _tile)
    method = "saliency" if _engine.no_maps else "gradcam"  # of the input, where no layer has maps
    own = None if _engine.no_maps else layer
    heat = reading.heatmap(method, layer=own, target=layers.target_of(reading, target))
    return Glance(reading.classes, reading.probabilities, reading.predicted, heat)
