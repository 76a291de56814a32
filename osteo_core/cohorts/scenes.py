"""One scene a class, painted on a section: bone and marrow, necrosis, living tumour.

Each takes a look (what may be tuned) and returns where the class's evidence lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osteo_core.cohorts.stain import (
    Field,
    Grain,
    Section,
    blur,
    clouds,
    run_of_tissue,
    soft,
    streaks,
)
from osteo_core.cohorts.tissue import (
    Nuclei,
    Points,
    at,
    draw_blood,
    draw_bodies,
    draw_bone,
    draw_fat,
    draw_ghosts,
    draw_nuclei,
    scatter,
)


@dataclass(frozen=True)
class BoneLook:
    """Non-tumour: bands of bone in fatty marrow, or compact bone.

    Args:
        eosin: amount of dye in bone, from and to.
        compact: share of tiles that are nearly all bone.
        fat: width of fat cells in px, from and to.
    """

    eosin: tuple[float, float] = (0.38, 0.52)
    compact: float = 0.3
    fat: tuple[float, float] = (80.0, 120.0)


@dataclass(frozen=True)
class NecrosisLook:
    """Non-viable tumour: pale meshwork with ghost cells, clefts and hardly a nucleus.

    Args:
        eosin: amount of dye in the meshwork, from and to.
        haematoxylin: the same for the nuclear dye that has leaked out.
        ghosts: distance between ghost cells in px.
        pyknotic: share of ghost cells with a shrunken dark nucleus.
    """

    eosin: tuple[float, float] = (0.14, 0.20)
    haematoxylin: tuple[float, float] = (0.09, 0.14)
    ghosts: float = 20.0
    pyknotic: float = 0.14


@dataclass(frozen=True)
class TumourLook:
    """Viable tumour: crowded large dark nuclei of all sizes, little pink osteoid between.

    Args:
        spacing: distance between nuclei in px, from and to.
        length: median long axis of nuclei in px.
        haematoxylin: amount of dye in nuclei, from and to.
        spindle: share of tiles whose nuclei are slender and lie along one another.
        osteoid: level of noise above which tissue is osteoid, from and to.
    """

    spacing: tuple[float, float] = (20.0, 25.0)
    length: float = 17.0
    haematoxylin: tuple[float, float] = (0.4, 0.9)
    spindle: float = 0.4
    osteoid: tuple[float, float] = (1.2, 2.1)


def paint_bone(section: Section, look: BoneLook) -> Field:
    """Paint a non-tumour tile; returns the cover of bone and collagen 0..1."""
    rng = section.rng
    run = run_of_tissue(section, rng.uniform(0, np.pi), 45, 420)
    compact = rng.uniform() < look.compact
    cover = _compact(section, run) if compact else _trabeculae(section, run)
    marrow = soft(clouds(section, 300, 3) + 0.5, 0.4) * (1 - cover)
    walls = draw_fat(section, marrow, rng.uniform(*look.fat))
    _marrow_cells(section, walls * marrow)
    draw_bone(section, cover, run, rng.uniform(*look.eosin))
    return cover


def _trabeculae(section: Section, run: Grain) -> Field:
    rng, n = section.rng, section.n
    rough, ends = clouds(section, 90, 5, 0.55), clouds(section, 60, 5, 0.6)
    cover = np.zeros((n, n), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        middle, half = rng.uniform(-0.32, 0.32) * n, rng.uniform(0.09, 0.17) * n
        swell = 1 + 0.25 * clouds(section, 500, 1)
        band = half * swell - np.abs(run.across - middle) + 3.0 * rough
        end = rng.uniform(0.05, 0.6) * n - rng.choice([-1, 1]) * run.along + 16 * ends
        cover = np.maximum(cover, soft(np.minimum(band, end), 4))
    return cover


def _compact(section: Section, run: Grain) -> Field:
    rough, shape = clouds(section, 70, 5, 0.6), clouds(section, 460, 2)
    edge = section.rng.uniform(-0.1, 0.3) * section.n - run.across
    return soft(np.minimum(edge + 14 * rough, 150 * (shape + 2.1)), 4)


def _marrow_cells(section: Section, walls: Field) -> None:
    rng = section.rng
    points = scatter(section, 11, 0.4)
    crowd = at(points, blur(walls, 6) * soft(clouds(section, 200, 2), 0.5))
    near = points[rng.uniform(size=len(points)) < 3.0 * crowd]
    draw_nuclei(section, near, Nuclei(9, 0.15, (1.0, 1.4), (0.4, 0.85)))
    spots = soft(clouds(section, 140, 3) - 1.6, 0.3) * (walls > 0.02)
    draw_blood(section, points[at(points, spots) > 0.5])


def _extent(section: Section) -> Field:
    """Tissue on two thirds to nine tenths of the tile; beyond its ragged edge is glass.

    A tile that is evidence all over could not show whether a heat map finds its place.
    """
    rng, n = section.rng, section.n
    across = run_of_tissue(section, rng.uniform(0, np.pi), 40, 400).across
    edge = rng.choice([-1, 1]) * across + rng.uniform(0.15, 0.42) * n
    return soft(edge + 12 * clouds(section, 80, 5, 0.6), 4)


def paint_necrosis(section: Section, look: NecrosisLook) -> Field:
    """Paint a non-viable tile; returns the cover of the necrotic field 0..1."""
    rng = section.rng
    run = run_of_tissue(section, rng.uniform(0, np.pi), 36, 320)
    eosin, haematoxylin = rng.uniform(*look.eosin), rng.uniform(*look.haematoxylin)
    dense = soft(clouds(section, 340, 3) - rng.uniform(0.2, 1.6), 1.2)
    mesh = _meshwork(section, run, dense)
    tone = 1 + 0.16 * clouds(section, 200, 4) + 0.10 * streaks(section, run, 40, 6)
    tone *= 1 + 0.22 * clouds(section, 6, 2)
    section.lay(mesh, haematoxylin * tone, eosin * tone * (1 + 0.35 * dense))
    threads = soft(streaks(section, run, 26, 3) - 1.8, 1.0) * soft(clouds(section, 60, 3), 1.5)
    section.lay(0.8 * threads, 0.2, 0.3)
    points = scatter(section, look.ghosts, 0.55)
    alive = rng.uniform(size=len(points))
    draw_ghosts(section, points[alive < 0.6], 15)
    smudged = Nuclei(8, 0.35, (1.1, 2.8), (0.2, 0.55), aligned=0.7)
    draw_nuclei(section, points[alive > 1 - look.pyknotic], smudged, run)
    clefts = np.maximum(_clefts(section, run), 1 - _extent(section))
    section.tear(clefts)
    _loose_blood(section, points, clefts)
    return (1 - clefts) * soft(blur(mesh, 16) - 0.25, 0.2)


def _meshwork(section: Section, run: Grain, dense: Field) -> Field:
    """Strands with empty meshes between them, closing where the field is dense."""
    fine = 0.7 * streaks(section, run, 24, 6) + clouds(section, 11, 2)
    return soft(fine + 0.6 * clouds(section, 50, 3) + 0.45 + 2.4 * dense, 2.4)


def _clefts(section: Section, run: Grain) -> Field:
    long = streaks(section, run, 170, 34) + 0.5 * clouds(section, 40, 4, 0.6)
    return soft(long - section.rng.uniform(2.0, 2.7), 0.25)


def _loose_blood(section: Section, points: Points, clefts: Field) -> None:
    spots = clouds(section, 160, 3)
    chance = 0.10 * (at(points, spots) > section.rng.uniform(0.3, 1.5))
    keep = (section.rng.uniform(size=len(points)) < chance) & (at(points, clefts) < 0.1)
    draw_blood(section, points[keep])


def paint_tumour(section: Section, look: TumourLook) -> Field:
    """Paint a viable tile; returns the cover of its clusters of nuclei 0..1."""
    rng = section.rng
    run = run_of_tissue(section, rng.uniform(0, np.pi), 50, 320)
    section.lay(np.ones((section.n, section.n), np.float32), 0.07, 0.15)
    section.eosin *= 1 + 0.2 * clouds(section, 160, 4)
    extent = _extent(section)
    spacing = rng.uniform(*look.spacing)
    points = scatter(section, spacing, 0.48)
    osteoid = _osteoid(section, run, rng.uniform(*look.osteoid)) * extent
    points = points[at(points, osteoid) < 0.3]
    draw_bodies(section, points, 1.1 * spacing, 0.16, 0.25)
    cracks = np.maximum(_cracks(section, run), 1 - extent)
    section.tear(cracks)
    section.lay(osteoid, 0.03, 0.36 * (1 + 0.12 * streaks(section, run, 90, 8)))
    return _tumour_nuclei(section, look, run, points[at(points, cracks) < 0.6])


def _tumour_nuclei(section: Section, look: TumourLook, run: Grain, points: Points) -> Field:
    spindle = section.rng.uniform() < look.spindle
    slender, aligned = ((1.6, 3.2), 0.85) if spindle else ((1.1, 2.0), 0.2)
    usual = Nuclei(look.length * (1.15 if spindle else 1), 0.3, slender, look.haematoxylin, aligned)
    giant = Nuclei(32, 0.2, (1.2, 2.4), (0.6, 0.95), aligned)
    rare = section.rng.uniform(size=len(points)) < 0.012
    cover = draw_nuclei(section, points, usual, run)
    cover = np.maximum(cover, draw_nuclei(section, points[rare], giant, run))
    return soft(blur(cover, 18) - 0.2, 0.1)


def _osteoid(section: Section, run: Grain, level: float) -> Field:
    lace = streaks(section, run, 80, 30) + 0.7 * clouds(section, 36, 3)
    return soft(lace - level * 1.2, 0.35)


def _cracks(section: Section, run: Grain) -> Field:
    fine = streaks(section, run, 40, 9) + 0.8 * clouds(section, 18, 2)
    wide = streaks(section, run, 160, 30) + 0.5 * clouds(section, 30, 3)
    fine += 0.5 * clouds(section, 260, 2)
    return np.maximum(soft(fine - 1.7, 0.5), soft(wide - 2.6, 0.3))
