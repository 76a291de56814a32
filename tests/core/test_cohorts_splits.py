"""The split: groups stay whole, classes keep their shares, and seed 7 stays what it was."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter, defaultdict

import numpy as np
import pytest

from osteo_core.cohorts import CohortTile, SplitProtocol, split_tiles
from osteo_core.cohorts.splits import deal
from osteo_core.errors import CohortError

CLASSES = ("Non-Tumor", "Non-Viable-Tumor", "Viable")


def made_tiles(n_slides=24, n_cases=4, seed=0, per_slide=(6, 18)):
    """Slides of four cases that lean to different classes, as in the collection."""
    rng = np.random.default_rng(seed)
    tiles = []
    for s in range(n_slides):
        case = f"Case-{s % n_cases}"
        lean = rng.dirichlet([0.6, 0.6, 0.6])
        for t in range(int(rng.integers(*per_slide))):
            label = CLASSES[int(rng.choice(3, p=lean))]
            sha = hashlib.sha256(f"{s} {t}".encode()).hexdigest()
            tiles.append(CohortTile(f"{s}-{t}.jpg", label, case, f"{case}-S{s}", None, None, sha))
    return tiles


def parts_of(tiles, groups, parts):
    seen = defaultdict(set)
    for tile, part in zip(tiles, parts, strict=True):
        seen[getattr(tile, groups)].add(part)
    return seen


@pytest.mark.parametrize("kind", ["slide", "case"])
def test_groups_never_cross_parts(kind):
    tiles = made_tiles()
    parts = split_tiles(tiles, SplitProtocol(kind))
    assert all(len(p) == 1 for p in parts_of(tiles, kind, parts).values())
    assert set(parts) == {"train", "validation", "test"}


@pytest.mark.parametrize("seed", range(4))
def test_slide_split_keeps_sizes_classes_and_slides(seed):
    tiles = made_tiles(n_slides=32, seed=seed)
    parts = split_tiles(tiles, SplitProtocol("slide"))
    sizes, cells = Counter(parts), Counter(zip((t.label for t in tiles), parts, strict=True))
    totals = Counter(t.label for t in tiles)
    for part, fraction in zip(("train", "validation", "test"), (0.7, 0.15, 0.15), strict=True):
        assert sizes[part] / len(tiles) == pytest.approx(fraction, abs=0.05)
        for label in CLASSES:
            assert cells[label, part] / totals[label] == pytest.approx(fraction, abs=0.09)
    for part in ("validation", "test"):
        assert len({t.slide for t, p in zip(tiles, parts, strict=True) if p == part}) >= 4


def test_tile_split_is_right_to_a_tile_and_mixes_slides():
    tiles = made_tiles()
    parts = split_tiles(tiles, SplitProtocol("tile"))
    cells = Counter(zip((t.label for t in tiles), parts, strict=True))
    for label, n in Counter(t.label for t in tiles).items():
        assert abs(cells[label, "test"] - 0.15 * n) <= 1
        assert abs(cells[label, "train"] - 0.70 * n) <= 1
    assert any(len(p) > 1 for p in parts_of(tiles, "slide", parts).values())


def test_case_split_gives_every_part_every_class_when_some_assignment_does():
    # A holds all classes, B and C too, D only one: D must not be alone in a part.
    tiles = []
    for case, counts in {"A": (9, 1, 9), "B": (9, 9, 1), "C": (2, 5, 5), "D": (40, 0, 0)}.items():
        for label, n in zip(CLASSES, counts, strict=True):
            tiles += [
                CohortTile(f"{case}{label}{i}", label, case, case, None, None, f"{case}{label}{i}")
                for i in range(n)
            ]
    parts = split_tiles(tiles, SplitProtocol("case"))
    cells = Counter(zip((t.label for t in tiles), parts, strict=True))
    assert all(cells[label, part] for label in CLASSES for part in set(parts))
    assert {t.case for t, p in zip(tiles, parts, strict=True) if p == "train"} >= {"D"}


@pytest.mark.parametrize("kind", ["slide", "tile", "case"])
def test_order_of_tiles_does_not_matter(kind):
    tiles = made_tiles(n_slides=15, n_cases=5)
    forward = dict(zip(tiles, split_tiles(tiles, SplitProtocol(kind)), strict=True))
    backward = dict(zip(tiles[::-1], split_tiles(tiles[::-1], SplitProtocol(kind)), strict=True))
    assert forward == backward


def test_other_seed_other_split():
    tiles = made_tiles()
    one, other = (split_tiles(tiles, SplitProtocol("tile", seed=s)) for s in (7, 8))
    assert one != other
    assert Counter(one) == Counter(other)


@pytest.mark.parametrize(
    ("kind", "digest"),
    [("slide", "0b2ffbee5117531d"), ("tile", "5fd12036e48b9195"), ("case", "bbb23f81277ab088")],
)
def test_seed_7_stays_what_it_was(kind, digest):
    """Shipped networks were trained on such a split: a change here would leak their test tiles."""
    tiles = made_tiles(n_slides=33)
    parts = split_tiles(tiles, SplitProtocol(kind, seed=7))
    lines = "\n".join(f"{t.file} {p}" for t, p in zip(tiles, parts, strict=True))
    assert hashlib.sha256(lines.encode()).hexdigest()[:16] == digest


def test_three_groups_are_needed():
    with pytest.raises(CohortError, match=r"at least three cases\. Received: 2"):
        split_tiles(made_tiles(n_cases=2), SplitProtocol("case"))


@pytest.mark.parametrize(
    "wrong", [{"kind": "patient"}, {"fractions": (0.7, 0.2, 0.2)}, {"fractions": (0.9, 0.1, 0.0)}]
)
def test_protocol_refuses(wrong):
    with pytest.raises(CohortError, match="Received"):
        SplitProtocol(**wrong)


def small_cohort(seed):
    """Three to six groups of one to twelve tiles, one to three classes, some groups pure."""
    rng = np.random.default_rng(seed)
    n_groups, n_classes = int(rng.integers(3, 7)), int(rng.integers(1, 4))
    tiles = []
    for g in range(n_groups):
        pure = rng.random() < 0.5
        own = int(rng.integers(n_classes))
        for t in range(int(rng.integers(1, 13))):
            label = CLASSES[own if pure else int(rng.integers(n_classes))]
            sha = hashlib.sha256(f"{seed} {g} {t}".encode()).hexdigest()
            tiles.append(CohortTile(f"{g}-{t}", label, f"C{g}", f"C{g}-S", None, None, sha))
    return tiles


@pytest.mark.parametrize("kind", ["slide", "case", "tile"])
def test_no_part_is_empty_where_some_assignment_has_none(kind):
    for seed in range(60):
        tiles = small_cohort(seed)
        parts = split_tiles(tiles, SplitProtocol(kind, seed=seed))
        assert set(parts) == {"train", "validation", "test"}, seed


def pairs_missing(by_class, assignment):
    return sum(
        int(by_class[[a == part for a in assignment]].sum(axis=0)[c] == 0)
        for part in range(3)
        for c in range(by_class.shape[1])
    )


def test_few_groups_are_dealt_as_well_as_trying_all_would():
    for seed in range(25):
        tiles = small_cohort(seed)
        groups = sorted({t.slide for t in tiles})
        labels = sorted({t.label for t in tiles})
        counts = Counter((t.slide, t.label) for t in tiles)
        by_class = np.array([[counts[g, name] for name in labels] for g in groups])
        full = [a for a in itertools.product(range(3), repeat=len(groups)) if len(set(a)) == 3]
        fewest = min(pairs_missing(by_class, a) for a in full)
        parts = split_tiles(tiles, SplitProtocol("slide", seed=seed))
        part_of = dict(zip((t.slide for t in tiles), parts, strict=True))
        chosen = tuple(("train", "validation", "test").index(part_of[g]) for g in groups)
        assert len(set(chosen)) == 3
        assert pairs_missing(by_class, chosen) == fewest, seed


def test_parts_smaller_than_a_slide_are_not_empty():
    # More slides than the descent takes, each of more tiles than validation and test are to have.
    tiles = [
        CohortTile(f"{s}-{t}", "A", f"C{s}", f"C{s}", None, None, f"{s}-{t}")
        for s in range(101)
        for t in range(3)
    ]
    parts = split_tiles(tiles, SplitProtocol("slide", fractions=(0.996, 0.002, 0.002)))
    assert Counter(parts) == {"train": 297, "validation": 3, "test": 3}


def test_two_parts_are_dealt_by_the_same_rule():
    tiles = made_tiles()
    for kind in ("slide", "case", "tile"):
        parts = deal(tiles, kind, ("train", "validation"), (0.8, 0.2), 7)
        assert set(parts) == {"train", "validation"}
        assert parts.count("validation") / len(tiles) == pytest.approx(0.2, abs=0.08)
    with pytest.raises(CohortError, match="dealt out by slide, tile, case"):
        split_tiles(tiles, SplitProtocol("given"))
