"""A stained section as amounts of dye: what `synthetic_tile` paints on, and its noise.

Light passing a section is weakened by each dye in proportion to its amount (Beer-Lambert), so dyes
add up in optical density and colours come out as in a scanner, never as painted RGB.

Reference:
    Ruifrok and Johnston 2001, Quantification of histochemical staining by color deconvolution.
    The vectors here were fitted to the mean optical densities of the public collection's classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]  # (n, n)
Amount = NDArray[np.floating[Any]]  # the same in either precision
Pixels = NDArray[np.uint8]  # (side, side, 3) RGB

HAEMATOXYLIN = (0.62, 0.70, 0.36)
EOSIN = (0.05, 0.83, 0.56)
BLOOD = (0.13, 0.75, 0.65)
WHITE = 243.0  # empty glass in the collection
OVERSAMPLING = 2  # painted twice as fine, then averaged: smooth outlines


@dataclass
class Section:
    """Amounts of dye (optical density units, at least 0) on a square of n px.

    Args:
        n: side of the painted square in px, twice that of the tile.
        rng: source of all chance; what is drawn depends on it alone.
    """

    n: int
    rng: np.random.Generator
    haematoxylin: Field = field(init=False)
    eosin: Field = field(init=False)
    blood: Field = field(init=False)

    def __post_init__(self) -> None:
        for name in ("haematoxylin", "eosin", "blood"):
            setattr(self, name, np.zeros((self.n, self.n), np.float32))

    def lay(
        self,
        cover: Amount,
        haematoxylin: float | Amount = 0.0,
        eosin: float | Amount = 0.0,
        blood: float | Amount = 0.0,
    ) -> None:
        """Put tissue on top: `cover` 0..1 says how much of what was there it hides."""
        for dye, amount in (
            (self.haematoxylin, haematoxylin),
            (self.eosin, eosin),
            (self.blood, blood),
        ):
            dye += cover * (amount - dye)

    def tear(self, cover: Field) -> None:
        """Take tissue away: clefts, cracks and vessels are empty glass."""
        self.lay(cover)

    def develop(
        self, side: int, sharpen: float = 0.6, grain: float = 1.0, texture: float = 0.07
    ) -> Pixels:
        """The section as a scanner sees it: uint8 RGB (side, side, 3).

        Args:
            side: of the tile in px.
            sharpen: share of detail the scanner adds back.
            grain: standard deviation of its noise in grey values.
            texture: the same of the unevenness of stained tissue, as a share of its density.
        """
        strength = self.rng.uniform(0.92, 1.08, 3)
        dyes = (self.haematoxylin, self.eosin, self.blood)
        density = np.zeros((self.n, self.n, 3), np.float32)
        for dye, s, vector in zip(dyes, strength, (HAEMATOXYLIN, EOSIN, BLOOD), strict=True):
            density += (dye * np.float32(s))[..., None] * np.array(vector, np.float32)
        density *= 1 + texture * clouds(self, 4, 2)[..., None]
        light = WHITE * np.power(np.float32(10), -np.maximum(density, 0))
        light = cv2.resize(light, (side, side), interpolation=cv2.INTER_AREA)
        light += sharpen * (light - cv2.GaussianBlur(light, (0, 0), 1.2))
        light += self.rng.normal(0, grain, (side, side, 1))
        pixels: Pixels = np.clip(np.rint(light), 0, 255).astype(np.uint8)
        return pixels


@dataclass(frozen=True)
class Grain:
    """Coordinates that follow the run of a tissue: `along` and `across` its fibres, in px."""

    along: Field
    across: Field

    def angle(self) -> Field:
        """Direction of the fibres in radians, at each px."""
        dy, dx = np.gradient(self.across)
        angle: Field = np.arctan2(dx, -dy).astype(np.float32)
        return angle


def run_of_tissue(section: Section, angle: float, bend: float, scale: float) -> Grain:
    """Fibres running at `angle`, bent aside by about `bend` px over `scale` px."""
    n = section.n
    y, x = np.mgrid[0:n, 0:n].astype(np.float32) - n / 2
    along = np.cos(angle) * x + np.sin(angle) * y
    across = np.cos(angle) * y - np.sin(angle) * x
    across += bend * clouds(section, scale, 2)
    along += bend * clouds(section, scale, 2)
    return Grain(along.astype(np.float32), across.astype(np.float32))


def clouds(section: Section, scale: float, octaves: int = 4, gain: float = 0.5) -> Field:
    """Isotropic noise of mean 0 and deviation 1, its largest features `scale` px wide."""
    total = np.zeros((section.n, section.n), np.float32)
    for octave in range(octaves):
        total += gain**octave * _waves(section, scale / 2**octave)
    return _standard(total)


def _waves(section: Section, scale: float) -> Field:
    """One octave: a random lattice, interpolated; wide waves by way of a coarser picture."""
    coarse = max(1, int(scale // 16))
    m, step = section.n // coarse + 2, scale / coarse
    cells = int(np.ceil(m / step)) + 3
    lattice = section.rng.standard_normal((cells, cells)).astype(np.float32)
    # resized a little too large and cut, so that the lattice's border is never seen
    waves = cv2.resize(lattice, (int(cells * step),) * 2, interpolation=cv2.INTER_CUBIC)[:m, :m]
    if coarse > 1:
        waves = cv2.resize(waves, (m * coarse,) * 2, interpolation=cv2.INTER_CUBIC)
    cut: Field = waves[: section.n, : section.n]
    return cut


def streaks(section: Section, run: Grain, length: float, width: float) -> Field:
    """Noise of mean 0 and deviation 1 drawn out along the run of the tissue."""
    n = section.n
    m = int(1.8 * n)
    lattice = section.rng.standard_normal((int(m / width) + 2, int(m / length) + 2))
    flat = cv2.resize(lattice.astype(np.float32), (m, m), interpolation=cv2.INTER_CUBIC)
    across, along = run.across + m / 2, run.along + m / 2
    return _standard(
        cv2.remap(flat, along, across, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    )


@dataclass(frozen=True)
class Warp:
    """A displacement that makes drawn ellipses and lines irregular.

    Args:
        x: column to fetch from, in px.
        y: row to fetch from, in px.
    """

    x: Field
    y: Field

    @classmethod
    def random(cls, section: Section, scale: float, amount: float) -> Warp:
        """Displace by about `amount` px, in waves of `scale` px."""
        y, x = np.mgrid[0 : section.n, 0 : section.n].astype(np.float32)
        return cls(x + amount * clouds(section, scale, 2), y + amount * clouds(section, scale, 2))

    def __call__(self, drawn: Field) -> Field:
        """The drawing, displaced."""
        moved: Field = cv2.remap(
            drawn, self.x, self.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return moved


def soft(values: Amount, width: float) -> Field:
    """0 below, 1 above zero, with a ramp of this width between."""
    ramp: Field = np.clip(0.5 + values / width, 0, 1).astype(np.float32)
    return ramp


def blur(values: Field, sigma: float) -> Field:
    """Gaussian blur, float32 in and out."""
    blurred: Field = cv2.GaussianBlur(values, (0, 0), sigma)
    return blurred


def _standard(values: Field) -> Field:
    even: Field = (values - values.mean()) / max(float(values.std()), 1e-6)
    return even
