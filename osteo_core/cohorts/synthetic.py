"""Synthetic H&E-like tiles of the three classes, and the gallery of twelve that is shipped.

They are drawn, not photographed: no real tissue is in them. They exist so that the dashboard can
be seen without the data set, and so that a heat map can be held against a known place of evidence.

The looks in `scenes` were tuned until classifiers of real training tiles (logistic regressions on
frozen ImageNet features) called such tiles rightly: that a network does so too says that they are
lifelike to networks, and nothing about its accuracy on tissue.
"""

from __future__ import annotations

import json
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from osteo_core import files
from osteo_core.cohorts.scenes import (
    BoneLook,
    NecrosisLook,
    TumourLook,
    paint_bone,
    paint_necrosis,
    paint_tumour,
)
from osteo_core.cohorts.stain import OVERSAMPLING, Field, Pixels, Section
from osteo_core.cohorts.table import CLASSES
from osteo_core.errors import CohortError

GALLERY = Path(__file__).resolve().parent.parent / "examples"
_LIST = "examples.json"
_PER_CLASS = 4
_NOTE = "Synthetic tile, drawn by osteo_core.cohorts.synthetic; no real tissue. Not for diagnosis."


@dataclass(frozen=True, eq=False)
class SyntheticTile:
    """A drawn tile.

    Args:
        pixels: uint8 (side, side, 3) RGB.
        mask: bool (side, side), where the evidence of its class lies.
        label: class.
        seed: that draws it again.
    """

    pixels: Pixels
    mask: NDArray[np.bool_]
    label: str
    seed: int


@dataclass(frozen=True)
class Example:
    """A tile of the shipped gallery; all of them are synthetic.

    Args:
        name: to show.
        path: of the tile, PNG.
        mask_path: of its evidence, PNG, 255 where it lies.
        label: class.
        seed: that draws it again.
        synthetic: always true: no real tissue is shipped.
    """

    name: str
    path: Path
    mask_path: Path
    label: str
    seed: int
    synthetic: bool = True


def synthetic_tile(kind: str, seed: int, side: int = 512) -> SyntheticTile:
    """Draw a tile of one class, at the collection's 2 um a px.

    Non-Tumor: pink bone with lamellae and lacunae beside fatty marrow; evidence is the bone.
    Non-Viable-Tumor: pale meshwork, ghost cells, clefts; evidence is the necrotic field.
    Viable: crowded dark nuclei of all sizes with some osteoid; evidence is the clusters of nuclei.

    Args:
        kind: class name.
        seed: 0 or more; the same kind, seed and side give the same tile.
        side: in px, at least 64; smaller tiles show less tissue, not smaller cells.

    Returns:
        The tile, of at most 256 colours, which keeps the gallery's files small.

    Raises:
        CohortError: another kind, a negative seed, or too small a side.
    """
    if kind not in CLASSES:
        raise CohortError(f"Tiles are drawn of {', '.join(CLASSES)}. Received: {kind!r}.")
    if side < 64 or seed < 0:
        raise CohortError(
            "A synthetic tile is at least 64 px a side and its seed at least 0. "
            f"Received: side {side}, seed {seed}."
        )
    rng = np.random.Generator(np.random.PCG64([zlib.crc32(kind.encode()), seed]))
    section = Section(side * OVERSAMPLING, rng)
    evidence = _paint(section, kind)
    small = cv2.resize(evidence, (side, side), interpolation=cv2.INTER_AREA)
    return SyntheticTile(_few_colours(section.develop(side)), small > 0.5, kind, seed)


def _paint(section: Section, kind: str) -> Field:
    if kind == "Non-Tumor":
        return paint_bone(section, BoneLook())
    if kind == "Non-Viable-Tumor":
        return paint_necrosis(section, NecrosisLook())
    return paint_tumour(section, TumourLook())


def _few_colours(pixels: Pixels) -> Pixels:
    reduced = Image.fromarray(pixels).quantize(
        256, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE
    )
    return np.ascontiguousarray(reduced.convert("RGB"))


def examples() -> list[Example]:
    """The twelve tiles of the gallery: the first four seeds of each class, none picked."""
    entries = json.loads((GALLERY / _LIST).read_text(encoding="utf-8"))["tiles"]
    return [
        Example(e["name"], GALLERY / e["file"], GALLERY / e["mask"], e["label"], e["seed"])
        for e in entries
    ]


def write_examples(folder: Path = GALLERY) -> None:
    """Draw the gallery anew: twelve tiles, twelve masks and examples.json."""
    tiles = [synthetic_tile(kind, seed) for kind in CLASSES for seed in range(_PER_CLASS)]
    entries = [_write(tile, folder) for tile in tiles]
    document = {"synthetic": True, "note": _NOTE, "tiles": entries}
    files.write_text(folder / _LIST, json.dumps(document, indent=2) + "\n")


def _write(tile: SyntheticTile, folder: Path) -> dict[str, object]:
    stem = f"synthetic-{tile.label.lower()}-{tile.seed}"
    mask = Image.fromarray(tile.mask)  # one bit a px
    for image, ending in ((_palette_image(tile.pixels), "png"), (mask, "mask.png")):
        with files.atomic_write(folder / f"{stem}.{ending}") as stream:
            image.save(stream, "PNG", optimize=True, pnginfo=_said())
    return {
        "name": f"Synthetic {tile.label} {tile.seed + 1}",
        "file": f"{stem}.png",
        "mask": f"{stem}.mask.png",
        "label": tile.label,
        "seed": tile.seed,
        "synthetic": True,
    }


def _palette_image(pixels: Pixels) -> Image.Image:
    colours, index = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    image = Image.fromarray(index.reshape(pixels.shape[:2]).astype(np.uint8))
    image.putpalette(colours.tobytes())  # which makes the grey image one of palette colours
    return image


def _said() -> PngInfo:
    info = PngInfo()
    info.add_text("Description", _NOTE)
    return info


if __name__ == "__main__":
    write_examples(Path(sys.argv[1]) if len(sys.argv) > 1 else GALLERY)
