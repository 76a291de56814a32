"""Synthetic tiles: same seed, same tile; dyes obey Beer-Lambert; the evidence is in the mask."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from osteo_core import load_tile
from osteo_core.cohorts import CLASSES, examples, synthetic, synthetic_tile
from osteo_core.cohorts.stain import BLOOD, EOSIN, HAEMATOXYLIN, Section, clouds, soft
from osteo_core.errors import CohortError

SIDE = 192


@pytest.fixture(scope="module")
def drawn():
    return {kind: [synthetic_tile(kind, seed, SIDE) for seed in range(3)] for kind in CLASSES}


def dyes(pixels):
    """Haematoxylin, eosin and blood of each px, by least squares on optical density."""
    density = -np.log10(np.maximum(pixels.astype(float), 1) / 243)
    return density @ np.linalg.pinv(np.array([HAEMATOXYLIN, EOSIN, BLOOD]))


@pytest.mark.parametrize("kind", CLASSES)
def test_shapes_and_seeds(drawn, kind):
    tile, other, _ = drawn[kind]
    assert tile.pixels.shape == (SIDE, SIDE, 3)
    assert (tile.pixels.dtype, tile.mask.dtype) == (np.uint8, np.bool_)
    assert tile.mask.shape == (SIDE, SIDE)
    assert (tile.label, tile.seed) == (kind, 0)
    again = synthetic_tile(kind, 0, SIDE)
    assert np.array_equal(again.pixels, tile.pixels)
    assert np.array_equal(again.mask, tile.mask)
    assert not np.array_equal(other.pixels, tile.pixels)
    assert len(np.unique(tile.pixels.reshape(-1, 3), axis=0)) <= 256


def test_sections_weaken_light_by_beer_lambert():
    section = Section(64, np.random.Generator(np.random.PCG64(5)))
    section.haematoxylin += 0.3
    section.eosin += 0.2
    h, e, _ = np.random.Generator(np.random.PCG64(5)).uniform(0.92, 1.08, 3)
    by_hand = [
        243 * 10 ** -(0.3 * h * a + 0.2 * e * b) for a, b in zip(HAEMATOXYLIN, EOSIN, strict=True)
    ]
    pixels = section.develop(32, sharpen=0, grain=0, texture=0)
    assert pixels.shape == (32, 32, 3)
    assert np.abs(pixels - np.array(by_hand)).max() <= 0.51


def test_tissue_laid_on_top_hides_what_was_there():
    section = Section(8, np.random.default_rng(0))
    section.lay(np.ones((8, 8), np.float32), haematoxylin=0.8)
    section.lay(np.full((8, 8), 0.25, np.float32), eosin=0.4)
    assert section.haematoxylin[0, 0] == pytest.approx(0.6)
    assert section.eosin[0, 0] == pytest.approx(0.1)
    section.tear(np.ones((8, 8), np.float32))
    assert not section.haematoxylin.any()


def test_noise_and_ramp():
    noise = clouds(Section(256, np.random.default_rng(1)), 20)
    assert noise.mean() == pytest.approx(0, abs=1e-4)
    assert noise.std() == pytest.approx(1, abs=1e-4)
    ramp = soft(np.array([-1, -0.25, 0, 0.25, 1], np.float32), 1.0)
    assert ramp.tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_classes_look_as_they_should(drawn):
    """Viable is full of dark nuclei, necrosis pale, bone pink."""
    grey = {k: np.stack([t.pixels.mean(axis=2) for t in tiles]) for k, tiles in drawn.items()}
    dark = {kind: (values < 110).mean() for kind, values in grey.items()}
    assert dark["Viable"] > 0.08
    assert dark["Viable"] > 5 * max(dark["Non-Tumor"], dark["Non-Viable-Tumor"])
    assert grey["Non-Viable-Tumor"].mean() > grey["Viable"].mean() + 20
    inside = {
        kind: np.mean([dyes(t.pixels)[t.mask].mean(axis=0) for t in tiles], axis=0)
        for kind, tiles in drawn.items()
    }
    assert inside["Viable"][0] > 2 * inside["Non-Viable-Tumor"][0]
    bone = np.concatenate([t.pixels[t.mask] for t in drawn["Non-Tumor"]]).mean(axis=0)
    assert bone[0] > 200
    assert bone[0] - bone[1] > 70


@pytest.mark.parametrize("kind", CLASSES)
def test_evidence_lies_in_the_mask(drawn, kind):
    """More dye of the class's own kind inside than outside, and neither side is empty overall."""
    own = 0 if kind == "Viable" else 1  # nuclei take haematoxylin; bone and necrosis take eosin
    masks = np.stack([t.mask for t in drawn[kind]])
    assert 0.02 < masks.mean() < 0.999
    amounts = np.stack([dyes(t.pixels)[..., own] for t in drawn[kind]])
    assert amounts[masks].mean() > 1.3 * amounts[~masks].mean()


@pytest.mark.parametrize("wrong", [("Bone", 0, 512), ("Viable", -1, 512), ("Viable", 0, 32)])
def test_refuses(wrong):
    with pytest.raises(CohortError, match="Received"):
        synthetic_tile(*wrong)


def test_gallery_is_whole_and_said_to_be_synthetic():
    gallery = examples()
    assert [(e.label, e.seed) for e in gallery] == [(k, s) for k in CLASSES for s in range(4)]
    document = json.loads((gallery[0].path.parent / "examples.json").read_text())
    assert document["synthetic"] is True
    for example, entry in zip(gallery, document["tiles"], strict=True):
        assert example.synthetic
        assert entry["synthetic"]
        assert "Synthetic" in example.name
        assert "synthetic" in example.path.name
        assert example.path.stat().st_size <= 350_000
        with Image.open(example.path) as picture:
            assert "no real tissue" in picture.text["Description"]
        assert load_tile(example.path).pixels.shape == (512, 512, 3)
        mask = load_tile(example.mask_path).pixels[..., 0]
        assert set(np.unique(mask)) == {0, 255}


@pytest.mark.slow
def test_gallery_is_drawn_again(tmp_path, monkeypatch):
    """Bit for bit on one machine; another processor may round, and choose colours, differently."""
    monkeypatch.setattr(synthetic, "_PER_CLASS", 1)
    synthetic.write_examples(tmp_path)
    shipped = {e.path.name: e for e in examples()}
    for path in sorted(tmp_path.glob("*-0.png")):
        example = shipped[path.name]
        now, then = (load_tile(p).pixels.astype(int) for p in (path, example.path))
        assert (np.abs(now - then).max(axis=2) > 8).mean() < 0.01
        masks = [
            load_tile(p).pixels for p in (tmp_path / example.mask_path.name, example.mask_path)
        ]
        assert (masks[0] != masks[1]).mean() < 0.001
    assert len(list(tmp_path.glob("*-0.png"))) == 3
