"""cohort.csv and cohort.json: what is written is what is read."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from osteo_core.cohorts import (
    Cohort,
    CohortTile,
    SplitProtocol,
    read_cohort,
    split_cohort,
    write_cohort,
)
from osteo_core.errors import CohortError


@pytest.fixture
def cohort(tmp_path):
    root = tmp_path / "data" / "tiles"
    root.mkdir(parents=True)
    tiles = []
    for i in range(9):
        label = ("Non-Tumor", "Non-Viable-Tumor", "Viable")[i % 3]
        path = root / f"täle, {i}.png"
        Image.fromarray(np.full((40, 50, 3), i * 20, np.uint8)).save(path)
        sha = hashlib.sha256(path.read_bytes()).hexdigest()
        place = (i, None) if i else (None, 3)
        tiles.append(CohortTile(path.name, label, f"C{i % 4}", f"C{i % 4}-S{i}", *place, sha))
    made = Cohort(tmp_path / "cohorts" / "mine", root, tuple(tiles), mixed="drop")
    return split_cohort(made, SplitProtocol("tile", seed=11))


def test_round_trip(cohort):
    write_cohort(cohort)
    read = read_cohort(cohort.folder)
    assert read.tiles == cohort.tiles
    assert read.root == cohort.root.resolve()
    assert (read.protocol, read.classes, read.mixed) == (
        cohort.protocol,
        cohort.classes,
        cohort.mixed,
    )


def test_root_is_relative_so_both_folders_may_move(cohort, tmp_path):
    write_cohort(cohort)
    card = json.loads((cohort.folder / "cohort.json").read_text())
    assert card["root"] == "../../data/tiles"
    shutil.move(tmp_path / "data", tmp_path / "new" / "data")
    shutil.move(tmp_path / "cohorts", tmp_path / "new" / "cohorts")
    moved = read_cohort(tmp_path / "new" / "cohorts" / "mine")
    assert moved.path(moved.tiles[4]).is_file()


def test_digest_by_hand(tmp_path):
    tiles = (
        CohortTile("b", "Viable", "c", "s", None, None, "bb", "test"),
        CohortTile("a", "Non-Tumor", "c", "s", None, None, "aa", "train"),
    )
    by_hand = hashlib.sha256(b"aa,Non-Tumor,train\nbb,Viable,test").hexdigest()
    assert Cohort(tmp_path, tmp_path, tiles).digest == by_hand
    assert Cohort(tmp_path, tmp_path, tiles[::-1]).digest == by_hand


def test_parts_and_classes(cohort):
    assert sum(len(cohort.part(p)) for p in ("train", "validation", "test")) == 9
    assert cohort.part("all") == cohort.tiles
    binary = cohort.with_classes(["Non-Tumor", "Viable"])
    assert binary.classes == ("Non-Tumor", "Viable")
    assert [t.split for t in binary.tiles] == [
        t.split for t in cohort.tiles if t.label != "Non-Viable-Tumor"
    ]
    with pytest.raises(CohortError, match="Received: 'dev'"):
        cohort.part("dev")
    with pytest.raises(CohortError, match="Received: Bone"):
        cohort.with_classes(["Bone"])


def test_frame_and_load(cohort):
    frame = cohort.frame()
    assert list(frame.columns) == [
        *("file", "label", "case", "slide", "x", "y", "sha256", "split", "original_label")
    ]
    assert len(frame) == 9
    tile = cohort.load(cohort.tiles[4])
    assert tile.name == cohort.tiles[4].file
    assert tile.sha256 == cohort.tiles[4].sha256
    assert int(tile.pixels[0, 0, 0]) == 80


def test_missing_damaged_or_edited(cohort, tmp_path):
    with pytest.raises(CohortError, match=r"without cohort\.json"):
        read_cohort(tmp_path / "nothing")
    write_cohort(cohort)
    table = cohort.folder / "cohort.csv"
    text = table.read_text()
    table.write_text(text.replace(",Viable,", ",Non-Tumor,", 1))
    with pytest.raises(CohortError, match="import again instead of editing"):
        read_cohort(cohort.folder)
    table.write_text(text.replace("sha256", "hash", 1))
    with pytest.raises(CohortError, match=r"readable cohort\.csv"):
        read_cohort(cohort.folder)
    table.unlink()
    with pytest.raises(CohortError, match=r"without cohort\.csv"):
        read_cohort(cohort.folder)
