"""Nearly repeated tiles: every copy is found, however it lies and was saved, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from osteo_core.cohorts import synthetic_tile
from osteo_core.cohorts.audit import audit, copies
from osteo_core.cohorts.audit.facts import SIDE, read_facts
from osteo_core.steps import finish
from osteo_core.tiles import load_tile
from tests.core.audit_cohorts import cohort_of, leaked, saved, synthetic_cohort, tile_of


def found(folder, tiles):
    return finish(copies.find_copies(finish(read_facts(cohort_of(folder, tiles, write=False)))))


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    return folder, synthetic_cohort(folder, 120)


def test_a_clean_split_gives_no_alarm(clean):
    folder, tiles = clean
    result = audit(cohort_of(folder, tiles, write=False))
    assert (result.leaks, result.pairs, result.unnamed) == ((), (), ())
    assert result.sentences()[0].startswith("No tile overlaps another")


@pytest.mark.parametrize("seed", range(3))
def test_every_leak_of_one_percent_is_found_and_none_else(clean, seed):
    folder, tiles = clean
    rng = np.random.default_rng(seed)
    chosen = rng.choice(120, 2, replace=False)
    injected = {}
    for number, i in enumerate(chosen):
        copy = leaked(folder, tiles[i], load_tile(tiles[i].file).pixels, number, rng)
        injected[copy.file] = (copy, tiles[i])
    result = audit(cohort_of(folder, [*tiles, *(copy for copy, _ in injected.values())], False))
    assert {(pair.a, pair.b) for pair in result.leaks} == {
        (original.file, copy.file) for copy, original in injected.values()
    }
    for pair in result.leaks:
        copy, original = injected[pair.b]
        assert pair.kind == "near-duplicate"
        assert pair.parts == (original.split, copy.split)
        assert pair.correlation > 0.85
    assert result.pairs == ()


@pytest.mark.parametrize("turn", range(8))
def test_the_turn_is_named(tmp_path, turn):
    pixels = synthetic_tile("Viable", 1, 128).pixels
    laid = np.rot90(pixels[:, ::-1] if turn >= 4 else pixels, turn % 4)
    tiles = [
        tile_of(saved(tmp_path / "a.png", laid)),
        tile_of(saved(tmp_path / "b.png", pixels)),
    ]
    pairs, _ = found(tmp_path, tiles)
    assert [(pair.a, pair.b, pair.turn) for pair in pairs] == [(0, 1, turn)]


def test_features_turn_as_pictures_do():
    grey = np.random.default_rng(3).integers(0, 255, (2, SIDE, SIDE), np.uint8)
    for turn in range(8):
        laid = np.rot90(grey[:, :, ::-1] if turn >= 4 else grey, turn % 4, axes=(1, 2))
        expected = copies.features(np.ascontiguousarray(laid))
        assert np.allclose(copies.turned(copies.features(grey), turn), expected, atol=1e-5)


def glass(rng, specks):
    """A nearly white tile with a shade across and a few specks."""
    picture = np.full((256, 256, 3), 243.0) + np.linspace(-3, 3, 256)[:, None, None]
    picture += rng.normal(0, 1, picture.shape)
    for _ in range(specks):
        x, y = rng.integers(0, 240, 2)
        picture[y : y + 12, x : x + 12] -= rng.uniform(20, 90)
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_nearly_white_tiles_are_no_copies_but_their_copies_are(tmp_path):
    rng = np.random.default_rng(5)
    pictures = [glass(rng, specks=8) for _ in range(20)] + [glass(rng, 0) for _ in range(4)]
    tiles = [tile_of(saved(tmp_path / f"{i:02d}.jpg", p, 90)) for i, p in enumerate(pictures)]
    pairs, even = found(tmp_path, tiles)
    assert pairs == ()
    assert even == (20, 21, 22, 23)  # little in them to tell them apart by
    tiles.append(tile_of(saved(tmp_path / "copy.jpg", np.rot90(pictures[7]), 50), split="test"))
    pairs, _ = found(tmp_path, tiles)
    assert [(pair.a, pair.b) for pair in pairs] == [(7, 24)]
    result = audit(cohort_of(tmp_path, tiles, write=False))
    assert len(result.near_white) == 25
    assert all(0.9 < tile.white <= 1 for tile in result.near_white)


def test_a_copy_of_an_even_tile_is_found_where_it_was_saved_without_loss(tmp_path):
    rng = np.random.default_rng(5)
    tiles = [tile_of(saved(tmp_path / f"{i}.jpg", glass(rng, 0), 90)) for i in range(6)]
    laid = np.rot90(load_tile(tiles[2].file).pixels)
    tiles.append(tile_of(saved(tmp_path / "turned.png", laid)))
    pairs, even = found(tmp_path, tiles)
    assert [(pair.a, pair.b) for pair in pairs] == [(2, 6)]
    assert even == tuple(range(7))  # and told as tiles of which a copy could be missed


def test_the_same_file_is_a_copy_even_where_nothing_is_to_be_seen(tmp_path):
    blank = np.full((64, 64, 3), 250, np.uint8)
    tiles = [
        tile_of(saved(tmp_path / "a.png", blank), split="train"),
        tile_of(saved(tmp_path / "b.png", blank), split="test", label="Non-Tumor"),
    ]
    result = audit(cohort_of(tmp_path, tiles, write=False))
    (pair,) = result.leaks
    assert (pair.how, pair.correlation, pair.contradicting) == ("the same file", 1.0, True)
    assert [(s.file, s.says, s.reason) for s in result.suspects] == [
        (tiles[0].file, "Non-Tumor", "near-duplicate"),
        (tiles[1].file, "Viable", "near-duplicate"),
    ]
