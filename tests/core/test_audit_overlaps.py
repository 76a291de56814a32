"""Tiles that overlap physically: shares by hand, the side measured, names that are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from osteo_core import load_tile
from osteo_core.cohorts import examples
from osteo_core.cohorts.audit import audit
from osteo_core.cohorts.audit.overlaps import COLLECTION_SIDE, shared
from osteo_core.errors import CohortError
from tests.core.audit_cohorts import cohort_of, saved, tile_of

SIDE = 128  # px of the drawn slide; tiles are stored at 64 px


@pytest.mark.parametrize(
    ("dx", "dy", "share"),
    [
        (0, 0, 1),
        (256, 0, 0.75),
        (-512, 512, 0.25),
        (224, 20, 0.76599),  # the collection's greatest: 800 x 1004 of 1024 x 1024
        (1023, 1023, 1 / 1024**2),
        (1024, 0, 0),
        (0, -3000, 0),
    ],
)
def test_shares_by_hand(dx, dy, share):
    assert shared(dx, dy, 1024) == pytest.approx(share, abs=1e-5)


@pytest.fixture(scope="module")
def slides():
    """Two drawn pictures of 512 px that stand for slides."""
    return [load_tile(example.path).pixels for example in examples()[-2:]]


def cut(folder, picture, x, y, name, **said):
    window = picture[y : y + SIDE : 2, x : x + SIDE : 2]
    return tile_of(saved(folder / f"{name}.png", window), x=x, y=y, **said)


@pytest.fixture
def overlapping(tmp_path, slides):
    """Four tiles of slide A in a chain, two far ones, and one of slide B at A's first place."""
    one, two = slides
    places = [(0, 0), (32, 16), (64, 32), (96, 48), (384, 384), (0, 384)]
    splits = ["train", "train", "test", "test", "test", "train"]
    tiles = [
        cut(tmp_path, one, x, y, f"a{i}", slide="A", split=split)
        for i, ((x, y), split) in enumerate(zip(places, splits, strict=True))
    ]
    return tmp_path, [*tiles, cut(tmp_path, two, 0, 0, "b0", slide="B", split="test")]


def names(pairs):
    return [(pair.a.split("/")[-1][:2], pair.b.split("/")[-1][:2]) for pair in pairs]


def test_the_side_is_measured_and_overlaps_follow(overlapping):
    folder, tiles = overlapping
    result = audit(cohort_of(folder, tiles, write=False))
    assert result.side.px == SIDE
    assert "measured on" in result.side.how
    assert names(result.leaks) == [("a0", "a2"), ("a0", "a3"), ("a1", "a2"), ("a1", "a3")]
    assert names(result.pairs) == [("a0", "a1"), ("a2", "a3")]
    pair = result.leaks[0]
    assert (pair.kind, pair.parts) == ("overlap", ("train", "test"))
    assert pair.shared == pytest.approx((1 - 64 / 128) * (1 - 32 / 128))
    assert result.unnamed == ()  # another slide at the same place looks different


def test_tissue_under_another_slides_name_is_told_apart_from_leaks(overlapping, slides):
    folder, tiles = overlapping
    tiles.append(cut(folder, slides[0], 48, 0, "c0", slide="C", split="validation", case="Case-2"))
    result = audit(cohort_of(folder, tiles, write=False))
    assert ("a0", "c0") in names(result.unnamed)
    assert all(name.startswith(("a", "c")) for pair in names(result.unnamed) for name in pair)
    assert all("c0" not in pair for pair in names(result.leaks))
    assert result.groups == (("Case-1-A", "Case-2-C"),)
    assert any("the slides' names cannot be trusted" in s for s in result.sentences())
    assert any("across the cases Case-1 and Case-2" in s for s in result.sentences())


def test_without_overlaps_the_side_is_the_grids_or_the_collections(tmp_path):
    rng = np.random.default_rng(0)

    def noise(name, x, y):
        picture = rng.integers(0, 255, (64, 64, 3), np.uint8)
        return tile_of(saved(tmp_path / f"{name}.png", picture), x=x, y=y, split="test")

    grid = [noise(f"g{i}{j}", 300 * i, 300 * j) for i in range(3) for j in range(3)]
    result = audit(cohort_of(tmp_path, grid, write=False))
    assert (result.side.px, result.pairs) == (300, ())
    lone = [noise("l0", 0, 0), noise("l1", 900, 5000), noise("l2", 9000, 700)]
    assert audit(cohort_of(tmp_path, lone, write=False)).side.px == COLLECTION_SIDE
    told = audit(cohort_of(tmp_path, grid, write=False), side=600)
    assert (told.side.px, told.side.how) == (600, "as given")
    assert len(told.pairs) == 20  # 12 neighbours and 8 diagonals of a 3 x 3 grid
    assert {pair.shared for pair in told.pairs} == {0.5, 0.25}


def test_a_side_that_is_no_length_is_refused(tmp_path):
    with pytest.raises(CohortError, match=r"above 0 px\. Received: -1"):
        audit(cohort_of(tmp_path, [tile_of(tmp_path / "gone.png")], write=False), side=-1)
    with pytest.raises(CohortError, match="with none"):
        audit(cohort_of(tmp_path, [], write=False))
