"""The things a synthetic tile is made of: cells, bone, fat, blood, gaps.

Lengths are in px of the painted section (1 um a px: twice as fine as a tile at 2 um a px).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteo_core.cohorts.stain import Field, Grain, Section, Warp, blur, clouds, soft, streaks

Points = NDArray[np.float64]  # (k, 2) as x, y


def scatter(section: Section, spacing: float, jitter: float = 0.45) -> Points:
    """Points about `spacing` apart, from a six-fold lattice shaken by `jitter` of the spacing."""
    step = spacing * np.sqrt(3) / 2
    y, x = np.mgrid[-1 : section.n / step + 1, -1 : section.n / spacing + 1]
    lattice = np.stack([(x + (y % 2) / 2) * spacing, y * step], -1).reshape(-1, 2)
    points: Points = lattice + section.rng.uniform(-jitter, jitter, lattice.shape) * spacing
    return points


def at(points: Points, values: Field) -> NDArray[np.float32]:
    """Values of a field at the points, of the nearest px for points outside."""
    x, y = np.clip(np.rint(points).astype(int), 0, values.shape[0] - 1).T
    found: NDArray[np.float32] = values[y, x]
    return found


def blank(section: Section) -> Field:
    """An empty field of the section's size."""
    return np.zeros((section.n, section.n), np.float32)


@dataclass(frozen=True)
class Nuclei:
    """How nuclei look.

    Args:
        length: median of the long axis in px.
        spread: of the logarithm of the long axis; pleomorphic nuclei vary much.
        slender: long over short axis, from and to.
        haematoxylin: amount of dye, from and to.
        aligned: 0 lie anyhow, 1 lie along the run of the tissue.
    """

    length: float
    spread: float
    slender: tuple[float, float]
    haematoxylin: tuple[float, float]
    aligned: float = 0.0


def draw_nuclei(section: Section, points: Points, look: Nuclei, run: Grain | None = None) -> Field:
    """Lay nuclei with darker rims and clumped chromatin; returns their cover 0..1."""
    rng, k = section.rng, len(points)
    long = look.length * np.exp(rng.normal(0, look.spread, k))
    short = long / rng.uniform(*look.slender, k)
    angle = rng.uniform(0, 180, k)
    if run is not None:
        along = np.degrees(at(points, run.angle())) + rng.normal(0, 14, k)
        angle = np.where(rng.uniform(size=k) < look.aligned, along, angle)
    dye, open_ = rng.uniform(*look.haematoxylin, k), rng.uniform(0.6, 0.95, k)
    cover, amount = blank(section), blank(section)
    for i in range(k):
        _ellipse(cover, points[i], long[i], short[i], angle[i], 1.0)
        _ellipse(amount, points[i], long[i], short[i], angle[i], dye[i])
        _ellipse(amount, points[i], 0.72 * long[i], 0.66 * short[i], angle[i], open_[i] * dye[i])
    warp = Warp.random(section, 12, 1.3)
    cover, amount = (blur(warp(f), 0.9) for f in (cover, amount))
    amount *= 1 + 0.25 * clouds(section, 5, 2)
    section.lay(0.92 * cover, amount / np.maximum(cover, 0.2), 0.18)
    return cover


def draw_bodies(
    section: Section, points: Points, size: float, haematoxylin: float, eosin: float
) -> Field:
    """Lay cell bodies, each a little different in size and dye; returns their cover 0..1."""
    rng, k = section.rng, len(points)
    body, tone = blank(section), blank(section)
    long = size * rng.uniform(0.7, 1.35, k)
    ratio, angle, dye = rng.uniform(0.6, 1, k), rng.uniform(0, 180, k), rng.uniform(0.4, 1.6, k)
    for i in range(k):
        _ellipse(body, points[i], long[i], ratio[i] * long[i], angle[i], 1.0)
        _ellipse(tone, points[i], long[i], ratio[i] * long[i], angle[i], dye[i])
    warp = Warp.random(section, 16, 2.5)
    body, tone = (blur(warp(f), 1.2) for f in (body, tone))
    section.lay(0.85 * body, haematoxylin * tone, eosin * (0.7 + 0.3 * tone))
    return body


def draw_ghosts(section: Section, points: Points, size: float) -> None:
    """Lay dead cells: a broken, faint outline around a washed-out body."""
    rng, k = section.rng, len(points)
    body, ring = blank(section), blank(section)
    long = size * rng.uniform(0.6, 1.5, k)
    ratio, angle = rng.uniform(0.55, 1, k), rng.uniform(0, 180, k)
    fade = rng.uniform(0.1, 1, k)
    for i in range(k):
        _ellipse(body, points[i], long[i], ratio[i] * long[i], angle[i], fade[i])
        _ellipse(ring, points[i], long[i], ratio[i] * long[i], angle[i], fade[i], 2)
    warp = Warp.random(section, 14, 2.2)
    ring = blur(warp(ring), 1.0) * soft(clouds(section, 9, 2), 1.6)
    section.lay(0.55 * blur(warp(body), 1.5), 0.05, 0.08)
    section.haematoxylin += 0.16 * ring
    section.eosin += 0.15 * ring


def draw_bone(section: Section, cover: Field, run: Grain, eosin: float) -> None:
    """Lay bone: lamellae along its run, a thin dark seam, lacunae with small osteocytes."""
    lamellae = 0.8 * streaks(section, run, 320, 5) + 0.5 * streaks(section, run, 600, 13)
    shade = clouds(section, 260, 3)
    amount = eosin * (1 + 0.07 * lamellae + 0.10 * shade)
    section.lay(cover, np.maximum(0.02 + 0.012 * shade, 0), amount)
    seam = blur(4 * cover * (1 - cover), 1.5)
    section.haematoxylin += 0.16 * seam * soft(clouds(section, 120, 2), 1.0)
    _lacunae(section, cover, run)


def _lacunae(section: Section, cover: Field, run: Grain) -> None:
    rng = section.rng
    points = scatter(section, 72, 0.65)
    points = points[(at(points, cover) > 0.98) & (rng.uniform(size=len(points)) < 0.65)]
    hollow, cell, rim = (blank(section) for _ in range(3))
    angles = np.degrees(at(points, run.angle()))
    for point, angle in zip(points, angles, strict=True):
        long, turn = rng.uniform(9, 22), angle + rng.normal(0, 14)
        short = long * rng.uniform(0.3, 0.6)
        _ellipse(rim, point, long + 3, short + 3, turn, 1.0)
        _ellipse(hollow, point, long, short, turn, rng.uniform(0.6, 1))
        if rng.uniform() < 0.6:
            _ellipse(cell, point + rng.uniform(-2, 2, 2), 0.5 * long, 0.55 * short, turn, 1.0)
    warp = Warp.random(section, 14, 1.6)
    hollow, cell, rim = (blur(warp(f), 0.8) for f in (hollow, cell, rim))
    section.haematoxylin += 0.12 * rim
    section.lay(hollow, 0.03, 0.03)
    section.lay(0.8 * cell, 0.7, 0.25)


def draw_fat(section: Section, cover: Field, size: float) -> Field:
    """Lay marrow fat: empty round cells between thin walls; returns walls and corners 0..1."""
    walls, corners = _honeycomb(section, size)
    warp = Warp.random(section, size, size / 14)
    kept = soft(clouds(section, 70, 2) + 1.1, 0.5) * cover
    walls = blur(warp(walls), 0.9) * kept
    corners = blur(warp(corners), 0.8) * soft(clouds(section, 90, 2), 0.6) * kept
    uneven = 1 + 0.35 * clouds(section, 24, 2)
    section.lay(np.clip(walls, 0, 1), 0.17 * uneven, 0.22 * uneven)
    section.lay(np.clip(0.8 * corners, 0, 1), 0.14 * uneven, 0.20 * uneven)
    drawn: Field = np.clip(walls + corners, 0, 1)
    return drawn


def _honeycomb(section: Section, size: float) -> tuple[Field, Field]:
    """Walls of a random honeycomb, and the corners that round cells leave between them."""
    n = section.n
    points = np.rint(scatter(section, size, 0.4)).astype(int)
    points = points[((points >= 0) & (points < n)).all(axis=1)]
    points = points[section.rng.uniform(size=len(points)) < 0.85]  # some cells are larger
    seeds = np.full((n, n), 255, np.uint8)
    seeds[points[:, 1], points[:, 0]] = 0
    _, owner = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5)
    edges = cv2.morphologyEx(owner.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((2, 2)))
    inside = (edges == 0).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (int(size / 3) | 1,) * 2)
    rounded = cv2.morphologyEx(inside, cv2.MORPH_OPEN, disc)
    walls, corners = (1 - inside).astype(np.float32), (inside - rounded).astype(np.float32)
    return walls, corners


def draw_blood(section: Section, points: Points) -> None:
    """Lay red cells, 6 to 7 um across."""
    cells = blank(section)
    for point in points:
        long, turn = section.rng.uniform(5, 8), section.rng.uniform(0, 180)
        _ellipse(cells, point, long, 0.8 * long, turn, section.rng.uniform(0.6, 1))
    cells = blur(cells, 0.8)
    section.lay(np.minimum(cells * 1.2, 1), 0.03, 0.05, 0.75 * cells)


def _ellipse(
    canvas: Field,
    centre: NDArray[np.float64],
    long: float,
    short: float,
    angle: float,
    value: float,
    thickness: int = -1,
) -> None:
    box = (
        (float(centre[0]), float(centre[1])),
        (max(float(long), 1.0), max(float(short), 1.0)),
        float(angle),
    )
    cv2.ellipse(canvas, box, float(value), thickness, cv2.LINE_8)
