"""cohort.csv and cohort.json: what is written is what is read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time

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
from osteo_core.errors import CohortError, TileError


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


def stored(folder, rows, labels, **changes):
    """A cohort's files written by hand, its digest right."""
    folder.mkdir(parents=True, exist_ok=True)
    head = "file,label,case,slide,x,y,sha256,split,original_label"
    (folder / "cohort.csv").write_text("".join(f"{row}\n" for row in [head, *rows]))
    cells = [row.split(",") for row in rows]
    lines = sorted(f"{cell[6]},{cell[1]},{cell[7]}" for cell in cells)
    card = {
        "root": ".",
        "classes": labels,
        "protocol": {"kind": "slide", "fractions": [0.7, 0.15, 0.15], "seed": 7},
        "mixed": "viable",
        "digest": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    } | changes
    (folder / "cohort.json").write_text(json.dumps(card))
    return folder


GOOD = ["a.png,NA,C,S,1,2,aa,train,NA", "b.png,01,C,S,,,bb,test,01"]


def test_text_is_text_and_names_are_trimmed(tmp_path):
    nfd = "Ne\N{COMBINING ACUTE ACCENT}c"
    rows = [*GOOD, f"{nfd}.png,{nfd}, True ,None,,,cc,,x"]
    cohort = read_cohort(stored(tmp_path / "c", rows, ["NA", "01", nfd]))
    assert cohort.classes == ("NA", "01", "Néc")
    assert [t.label for t in cohort.tiles] == ["NA", "01", "Néc"]
    assert cohort.tiles[2].file == f"{nfd}.png"
    assert (cohort.tiles[2].case, cohort.tiles[2].slide) == ("True", "None")
    assert cohort.tiles[0].x == 1
    assert cohort.tiles[1].x is None


@pytest.mark.parametrize(
    ("rows", "changes", "said"),
    [
        (["a.png,NA,C,S,1,2,aa,train"], {}, "8 on line 2"),
        (["a.png,NA,C,S,9999999999,2,aa,train,NA"], {}, "nine digits"),
        (["a.png,NA,C,S,1.5,2,aa,train,NA"], {}, "whole number.*'1.5' on line 2"),
        (["a.png,NA,C,S,1,2,aa,exam,NA"], {}, "split of cohort.csv to be one of train"),
        (["a.png,XX,C,S,1,2,aa,train,NA"], {}, "label of cohort.csv to be one of NA, 01"),
        (GOOD, {"root": "a\0b"}, "root: .*no path"),
        (GOOD, {"root": 5}, "root: "),
        (GOOD, {"protocol": []}, "protocol: "),
        (GOOD, {"classes": [1, None]}, "classes.0: "),
        (GOOD, {"mixed": {"a": 1}}, "mixed: "),
        (GOOD, {"protocol": {"kind": "<b>", "fractions": [1, 0, 0], "seed": 1}}, "protocol.kind: "),
        (GOOD, {"digest": None}, "digest: "),
    ],
)
def test_a_stored_cohort_that_is_none_is_a_sentence(tmp_path, rows, changes, said):
    with pytest.raises(CohortError, match=said) as caught:
        read_cohort(stored(tmp_path / "c", rows, ["NA", "01"], **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["cohort.csv", "cohort.json"])
def test_files_that_are_no_files_are_a_sentence_at_once(tmp_path, name):
    folder = stored(tmp_path / "c", GOOD, ["NA", "01"])
    good = (folder / name).read_bytes()
    for make, said in (
        (lambda f: os.mkfifo(f), "a pipe"),
        (lambda f: f.symlink_to("/etc/passwd"), "a link out of the folder"),
        (lambda f: f.symlink_to("/dev/zero"), "a link out of the folder"),
        (lambda f: f.write_bytes(b"\0" * 100 + good), "readable cohort.csv"),
        (lambda f: f.write_bytes(b"[" * 200_000), "readable cohort.csv"),
        (lambda f: f.write_bytes(good[:-3]), "readable cohort.csv|nine digits|import again"),
    ):
        (folder / name).unlink()
        make(folder / name)
        if said.startswith("readable cohort.csv|") and name == "cohort.csv":
            continue  # a label as the source wrote it, cut: nothing tells that from a whole one
        with pytest.raises(CohortError, match=said) as caught:
            read_cohort(folder)
        assert "root:x" not in str(caught.value)


def test_a_table_may_not_open_what_lies_outside(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEO_ROOTS", str(tmp_path / "c"))
    picture = tmp_path / "elsewhere.png"
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(picture)
    rows = [f"{file},NA,C,S,,,{i:02},test,NA" for i, file in enumerate(
        ["../elsewhere.png", str(picture), "/etc/passwd", "link.png"])]  # fmt: skip
    folder = stored(tmp_path / "c", rows, ["NA"])
    (folder / "link.png").symlink_to(picture)
    cohort = read_cohort(folder)
    for tile in cohort.tiles:
        with pytest.raises(TileError, match="one outside, which is not opened") as caught:
            cohort.load(tile)
        assert tile.file not in str(caught.value)


def test_a_hundred_thousand_rows_are_read_in_seconds(tmp_path):
    rows = [f"t{i}.png,NA,C{i % 9},S{i % 99},{i},0,{i:064x},train,NA" for i in range(100_000)]
    folder = stored(tmp_path / "c", rows, ["NA"])
    start = time.process_time()
    assert len(read_cohort(folder).tiles) == 100_000
    assert time.process_time() - start < 5
    with (folder / "cohort.csv").open("a") as stream:
        stream.writelines(f"{row}\n" for row in rows + rows)
    start = time.process_time()
    with pytest.raises(CohortError, match="at most 200,000 rows"):
        read_cohort(folder)
    assert time.process_time() - start < 5


def test_a_cohort_is_the_old_one_or_the_new_one_wherever_its_writer_is_killed(cohort, monkeypatch):
    new, folder = split_cohort(cohort, SplitProtocol("tile", seed=12)), cohort.folder
    assert cohort.digest != new.digest
    write_cohort(cohort)
    kept = {file.name: file.read_bytes() for file in folder.iterdir()}
    for at, expected in (("cohort.csv", cohort), ("cohort.json", new)):
        for name, data in kept.items():
            (folder / name).write_bytes(data)
        _killed_at(at, new, monkeypatch)
        assert read_cohort(folder).digest == expected.digest
    write_cohort(new)
    assert sorted(file.name for file in folder.iterdir()) == ["cohort.csv", "cohort.json"]
    (folder / "cohort.csv").write_bytes(kept["cohort.csv"])
    with pytest.raises(CohortError, match="import again instead of editing"):
        read_cohort(folder)


def _killed_at(name, cohort, monkeypatch):
    """Write a cohort in a process that ends, with nothing tidied up, before a file is in place."""

    def replace(file, target):
        if target.name == name:
            os._exit(9)
        file.rename(target)

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.replace", replace)
        pid = os.fork()
        if not pid:
            write_cohort(cohort)
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
