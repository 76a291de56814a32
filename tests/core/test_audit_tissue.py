"""Which slides are one piece of tissue under several names."""

from dataclasses import replace

import numpy as np
import pytest

from osteo_core.cohorts.audit.copies import Copy
from osteo_core.cohorts.audit.facts import SIDE, Pictures
from osteo_core.cohorts.audit.tissue import tie, tied_slides, tissue_of
from osteo_core.cohorts.table import CohortTile
from tests.fake_bundles import sha


def tile(i, slide, x=None, y=None):
    return CohortTile(f"{i}.jpg", "Viable", "Case-1", slide, x, y, sha(str(i)), "train", "Viable")


def pair(a, b):
    return Copy(a, b, 1.0, 0)


def test_slides_are_tied_through_others_and_tiles_without_one_tie_nothing():
    tiles = [tile(i, slide) for i, slide in enumerate(["A", "B", "C", "D", "", "A"])]
    groups = tie(tiles, [pair(0, 1), pair(1, 2), pair(3, 4), pair(0, 5)])
    assert groups == (("A", "B", "C"),)
    assert tissue_of(tiles, groups) == ["A and 2 more"] * 3 + ["D", "", "A and 2 more"]
    assert tie(tiles, []) == ()
    assert tissue_of(tiles, ()) == ["A", "B", "C", "D", "", "A"]


@pytest.fixture
def ground():
    """A piece of tissue, 3 x 3 tiles of grey noise with grain of a few px."""
    noise = np.random.default_rng(0).integers(0, 255, (3 * SIDE // 4,) * 2, np.uint8)
    return np.kron(noise, np.ones((4, 4), np.uint8))


def test_two_names_for_one_tissue_are_found_by_the_pictures_at_the_places_they_say(ground):
    places = [("A", 0, 0), ("A", 64, 0), ("A", 128, 0), ("A", 192, 0), ("B", 224, 32), ("C", 0, 0)]
    tiles = [tile(i, s, 8 * x, 8 * y) for i, (s, x, y) in enumerate(places)]
    grey = [ground[y : y + SIDE, x : x + SIDE] for _, x, y in places[:-1]]
    grey.append(ground[2 * SIDE :, 2 * SIDE :])  # C stands where A does and looks different
    assert tied_slides(Pictures(tuple(tiles), np.stack(grey))) == (("A", "B"),)


def test_copies_tie_slides_without_origins(ground):
    one, other = ground[:SIDE, :SIDE], ground[SIDE : 2 * SIDE, :SIDE]
    tiles = tile(0, "A"), tile(1, "B"), tile(2, "C")
    turned = np.ascontiguousarray(np.rot90(one))
    assert tied_slides(Pictures(tiles, np.stack([one, other, turned]))) == (("A", "C"),)
    same = tuple(replace(tile, slide="A") for tile in tiles)
    assert tied_slides(Pictures(same, np.stack([one, other, turned]))) == ()
