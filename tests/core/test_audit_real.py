"""The audit on real tiles: injected copies are found across parts, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from osteo_core.cohorts import Cohort, CohortTile, SplitProtocol, split_cohort
from osteo_core.cohorts.archive import read_archive
from osteo_core.cohorts.audit import audit
from osteo_core.cohorts.names import MIXED
from osteo_core.cohorts.walk import walk
from osteo_core.tiles import load_tile
from tests.core.audit_cohorts import leaked

EVERY = 4  # a quarter of the tiles keeps the test short
INJECTED = 3  # somewhat more than 1 %


@pytest.fixture(scope="module")
def real(shared_dir):
    source = shared_dir / "data" / "osteosarcoma-tumor-assessment"
    if not source.is_dir():
        pytest.skip("the shared folder holds no real tiles")
    below = walk(source)
    labelled = read_archive(source, below.images, below.tables).labelled[::EVERY]
    tiles = tuple(_tile(item) for item in labelled if item.origin)
    cohort = Cohort(source, source, tiles)
    return split_cohort(cohort, SplitProtocol("slide"))


def _tile(item):
    label = "Viable" if item.label == MIXED else item.label
    digest = sha256(item.path.read_bytes()).hexdigest()
    return CohortTile(str(item.path), label, *item.origin, digest, "", item.original_label)


def test_injected_copies_are_found_and_nothing_else(real, tmp_path):
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(real.tiles), INJECTED, replace=False)
    originals = [real.tiles[i] for i in chosen]
    copies = [
        leaked(tmp_path, tile, load_tile(tile.file).pixels, number, rng)
        for number, tile in enumerate(originals)
    ]
    assert INJECTED / len(real.tiles) < 0.015
    found = audit(replace(real, tiles=(*real.tiles, *copies)))
    assert found.side.px == 1024
    assert {(pair.a, pair.b) for pair in found.leaks} == {
        (original.file, copy.file) for original, copy in zip(originals, copies, strict=True)
    }
    assert all(pair.correlation > 0.9 for pair in found.leaks)
    assert all(pair.kind == "overlap" for pair in found.pairs)
    assert found.too_even == ()
