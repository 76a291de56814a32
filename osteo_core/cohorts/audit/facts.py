"""What the audit keeps of each picture: read once, in threads, and never again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteo_core.cohorts.stain import EOSIN, HAEMATOXYLIN, WHITE
from osteo_core.cohorts.table import Cohort, CohortTile
from osteo_core.errors import TileError
from osteo_core.steps import Steps

SIDE = 128  # px of the grey picture by which tiles are held against each other
GLASS = 210  # of 255: a pixel with every channel at least this is white
LEAST_TISSUE = 0.05  # share of a tile below which its stain is not measured
_STAIN_SIDE = 256  # px at which stain is measured: nuclei are still apart
_CHUNK = 16  # tiles between two reports of progress

Grey = NDArray[np.uint8]  # (..., SIDE, SIDE)
Values = NDArray[np.float64]  # (n,)


@dataclass(frozen=True, eq=False)
class Pictures:
    """The tiles that could be read, small and grey: what is held against each other.

    Attributes:
        tiles: The readable tiles, in the cohort's order.
        grey: uint8 (n, SIDE, SIDE), of each tile what `grey_of` returns.
    """

    tiles: tuple[CohortTile, ...]
    grey: Grey


@dataclass(frozen=True, eq=False)
class Facts(Pictures):
    """Facts of the tiles that could be read; row i of each array is of tile i.

    Attributes:
        tiles: The readable tiles, in the cohort's order.
        grey: uint8 (n, SIDE, SIDE), of each tile what `grey_of` returns.
        white: Share of white pixels, 0..1.
        haematoxylin: Mean amount over the tissue, optical density; NaN with too little tissue.
        eosin: The same of eosin.
        unread: (file, reason) of the tiles that could not be read.
        altered: Files whose bytes are not those that were imported.
    """

    white: Values
    haematoxylin: Values
    eosin: Values
    unread: tuple[tuple[str, str], ...] = ()
    altered: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Fact:
    tile: CohortTile
    grey: NDArray[np.uint8]
    white: float
    stain: tuple[float, float]
    altered: bool


def read_facts(cohort: Cohort) -> Steps[Facts]:
    """Read every tile of a cohort once.

    Yields:
        The share done, 0..1.

    Returns:
        The facts; tiles that cannot be read are named in `unread` and left out.
    """
    found: list[_Fact | tuple[str, str]] = []
    with ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
        for start in range(0, len(cohort.tiles), _CHUNK):
            chunk = cohort.tiles[start : start + _CHUNK]
            found += pool.map(lambda tile: _read(cohort, tile), chunk)
            yield len(found) / len(cohort.tiles)
    return _gather(found)


def _gather(found: Sequence[_Fact | tuple[str, str]]) -> Facts:
    facts = [fact for fact in found if isinstance(fact, _Fact)]
    stains = np.array([fact.stain for fact in facts], np.float64).reshape(-1, 2)
    grey = np.array([fact.grey for fact in facts], np.uint8).reshape(-1, SIDE, SIDE)
    return Facts(
        tiles=tuple(fact.tile for fact in facts),
        grey=grey,
        white=np.array([fact.white for fact in facts], np.float64),
        haematoxylin=stains[:, 0],
        eosin=stains[:, 1],
        unread=tuple(item for item in found if isinstance(item, tuple)),
        altered=tuple(fact.tile.file for fact in facts if fact.altered),
    )


def _read(cohort: Cohort, tile: CohortTile) -> _Fact | tuple[str, str]:
    try:
        loaded = cohort.load(tile)
    except TileError as error:
        return tile.file, str(error)
    pixels = loaded.pixels
    return _Fact(
        tile,
        grey_of(pixels),
        cv2.countNonZero(_glass(pixels)) / pixels[..., 0].size,
        stain_of(pixels),
        loaded.sha256 != tile.sha256,
    )


def grey_of(pixels: NDArray[np.uint8]) -> Grey:
    """Reduce a tile to a grey square, uint8 (SIDE, SIDE).

    Args:
        pixels: uint8 (h, w, 3) RGB.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def stain_of(pixels: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean amounts of haematoxylin and of eosin over the tissue of a tile.

    Args:
        pixels: uint8 (h, w, 3) RGB.

    Returns:
        Optical densities along the unit vectors of the two dyes; NaN where less than
        `LEAST_TISSUE` of the tile is tissue, which is what is not white.

    Reference:
        Ruifrok and Johnston 2001, "Quantification of histochemical staining by color
        deconvolution". The dyes' directions and the colour of empty glass are those of this
        collection (`cohorts.stain`); the third direction is at right angles to both.
    """
    small = cv2.resize(pixels, (_STAIN_SIDE, _STAIN_SIDE), interpolation=cv2.INTER_AREA)
    tissue = cv2.bitwise_not(_glass(small))
    n = cv2.countNonZero(tissue)
    if n < LEAST_TISSUE * tissue.size:
        return float("nan"), float("nan")
    counts = [cv2.calcHist([small], [c], tissue, [256], [0, 256]).ravel() for c in range(3)]
    haematoxylin, eosin, _ = np.array(counts, np.float64) @ _DENSITY / n @ _UNMIX
    return float(haematoxylin), float(eosin)


def _glass(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """255 where every channel is bright; uint8 (h, w)."""
    low, high = np.full(3, GLASS), np.full(3, 255)
    return np.asarray(cv2.inRange(pixels, low, high), np.uint8)


def _unmix() -> NDArray[np.float64]:
    dyes = np.array([HAEMATOXYLIN, EOSIN, np.cross(HAEMATOXYLIN, EOSIN)])
    inverse: NDArray[np.float64] = np.linalg.inv(dyes / np.linalg.norm(dyes, axis=1, keepdims=True))
    return inverse


_DENSITY = np.maximum(0, -np.log10(np.maximum(np.arange(256), 1) / WHITE))  # by grey value
_UNMIX = _unmix()  # (3, 3), density (3,) @ it: amounts of haematoxylin, eosin and the rest
