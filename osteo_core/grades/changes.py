"""Small changes of a tile that should not change where a network looks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.cohorts.stain import EOSIN, HAEMATOXYLIN

Pixels = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float32]

_JPEG_QUALITY = 85
_STAIN = (1.05, 0.95, 1.0)  # haematoxylin, eosin, the rest
_WHITE = 255.0


@dataclass(frozen=True)
class Change:
    """A small change of a tile.

    Attributes:
        name: The metric that it gives.
        apply: Changes pixels, uint8 RGB (h, w, 3), and keeps their shape.
        shifts: Pixels by which the tile is moved down and to the right.
    """

    name: str
    apply: Callable[[Pixels], Pixels]
    shifts: int = 0


def shifted(pixels: Pixels) -> Pixels:
    """A tile moved by one pixel down and to the right; its first row and column are repeated."""
    moved: Pixels = np.pad(pixels, ((1, 0), (1, 0), (0, 0)), mode="edge")[:-1, :-1]
    return moved


def as_jpeg(pixels: Pixels) -> Pixels:
    """A tile as it comes back from a JPEG file of quality 85."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, file = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), settings)
    read: Pixels = cv2.cvtColor(cv2.imdecode(file, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return read


def stained(pixels: Pixels, factors: tuple[float, float, float] = _STAIN) -> Pixels:
    """A tile with other amounts of dye.

    Args:
        pixels: uint8 RGB (h, w, 3).
        factors: Of haematoxylin, of eosin, and of what neither explains.

    Returns:
        uint8 RGB (h, w, 3).

    Reference:
        Ruifrok and Johnston 2001, "Quantification of histochemical staining by color
        deconvolution". The dyes' directions are those of this collection (`cohorts.stain`), the
        third is at right angles to both.
    """
    amounts = to_stains(pixels) * np.array(factors, np.float32)
    return from_stains(amounts)


def to_stains(pixels: Pixels) -> Values:
    """Separate a tile into amounts of haematoxylin, eosin and the rest.

    Returns:
        float32 (h, w, 3), optical densities; negative where a colour is not made of the dyes.
    """
    light = np.maximum(pixels.astype(np.float32), 1) / _WHITE
    amounts: Values = -np.log10(light) @ np.linalg.inv(_dyes())
    return amounts


def from_stains(amounts: Values) -> Pixels:
    """Undo `to_stains`, but for rounding and black pixels."""
    light = _WHITE * np.power(np.float32(10), -(amounts @ _dyes()))
    pixels: Pixels = np.clip(np.rint(light), 0, _WHITE).astype(np.uint8)
    return pixels


def _dyes() -> Values:
    """Optical density of each dye in red, green and blue, rows of length 1; float32 (3, 3)."""
    dyes = np.array([HAEMATOXYLIN, EOSIN, np.cross(HAEMATOXYLIN, EOSIN)], np.float32)
    unit: Values = dyes / np.linalg.norm(dyes, axis=1, keepdims=True)
    return unit


def changes() -> Mapping[str, Change]:
    """The changes under which a map is to be stable, by name."""
    every = (
        Change("stability_shift", shifted, shifts=1),
        Change("stability_jpeg", as_jpeg),
        Change("stability_stain", stained),
    )
    return {change.name: change for change in every}


def undone(values: Values, size: tuple[int, int], shift: int) -> Values:
    """A map of a shifted tile, brought back to the places of the tile.

    Args:
        values: float32 (h, w).
        size: (height, width) of the network's input.
        shift: Pixels by which the tile was moved down and to the right; 0 for the map of the tile
            itself, which is cut alike.

    Returns:
        float32 (height - 1, width - 1), enlarged bilinearly to the input and without the row and
        the column that only one of the two tiles has.
    """
    height, width = size
    large = cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)
    cut: Values = large[1:, 1:] if shift else large[:-1, :-1]
    return cut
