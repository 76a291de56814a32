"""The importer on made archives with every untidiness of the real one, and on class folders."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from osteo_core.cohorts import import_cohort, read_cohort
from osteo_core.commands.cohort import cohort as cohort_command
from osteo_core.errors import CohortError


def image(path, seed=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed if seed is not None else abs(hash(str(path))) % 2**32)
    Image.fromarray(rng.integers(0, 255, (40, 40, 3), np.uint8)).save(path, quality=95)
    return path


def labels(folder, *rows):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "PathologistValidation.csv").write_text("\n".join(rows) + "\n")


@pytest.fixture
def archive(tmp_path):
    """Two sets: nine good tiles, and one of each thing that is wrong in the real archive."""
    src = tmp_path / "archive"
    one, two = src / "Training-Set-1" / "set1", src / "Training-Set-2" / "set2"
    for slide in ("A1", "A2"):
        for i in range(4):
            image(one / f"Case-3-{slide}-{i}00-7.jpg")
    image(one / "Case-48-P5-C20-54244-17885.jpg")
    image(one / "Case-3-A1-5-5.jpg")  # no row
    image(two / "P9-B12-16864-22190.jpg")
    image(two / "P9-B12-1-1.jpg")  # conflicting rows
    (two / "P9-B12-2-2.jpg").write_text("not an image")
    (two / "P9-B12-3-3.jpg").write_bytes(b"")
    (two / "P9-B12-4-4.jpg").write_bytes((two / "P9-B12-16864-22190.jpg").read_bytes())
    image(src / "originals-1024" / "P9-B12-16864-22190.jpg", seed=5)
    labels(
        one,
        *(f"Case 3 A1-{i}00-7.jpg,Non-Tumor" for i in range(4)),
        *(f"Case 3 A2-{i}00-7.jpg,NON-VIABLE-TUMOR" for i in range(4)),
        "Case 3 A1-000-7.jpg,Non-Tumor",
        "Case 48 - P5 C20-54244-17885.jpg,viable: non-viable",
        "zannotated,Non-Tumor",
        "Case 3 A9-1-1.jpg,Viable",
        "Case 3 A1-100-7.jpg",
    )
    labels(
        two,
        "P9 B12-16864-22190.jpg,Non-Tumor",
        "P9 B12-1-1.jpg,Non-Tumor",
        "P9 B12-1-1.jpg,Viable",
        "P9 B12-2-2.jpg,Viable",
        "P9 B12-3-3.jpg,Viable",
        "P9 B12-4-4.jpg,Viable",
    )
    return src


def reasons(account):
    return dict(account.skipped)


def test_archive_account(archive, tmp_path):
    account = import_cohort(archive, tmp_path / "cohort")
    assert (account.layout, account.found, account.matched) == ("archive", 16, 10)
    assert account.unlabelled == ("Training-Set-1/set1/Case-3-A1-5-5.jpg",)
    assert account.per_class == {"Non-Tumor": 5, "Non-Viable-Tumor": 4, "Viable": 1}
    assert account.per_case == {"Case-3": 8, "Case-48": 1, "P9": 1}
    assert account.per_slide == {"Case-3-A1": 4, "Case-3-A2": 4, "Case-48-P5-C20": 1, "P9-B12": 1}
    table = "Training-Set-1/set1/PathologistValidation.csv"
    two = "Training-Set-2/set2"
    kept = f"{two}/P9-B12-16864-22190.jpg"
    assert reasons(account) == {
        f"{table} line 9": "repeated row with the same label",
        f"{table} line 11": "row names no file: 'zannotated'",
        f"{table} line 13": "unknown label: ''",
        "Case 3 A9-1-1.jpg": "row names a file that is not there",
        f"{two}/P9-B12-1-1.jpg": "rows disagree: Non-Tumor, Viable",
        f"{two}/P9-B12-2-2.jpg": "not a readable tile: Expected a JPEG, PNG, BMP or TIFF picture; "
        "Received: P9-B12-2-2.jpg, a text file.",
        f"{two}/P9-B12-3-3.jpg": "not a readable tile: Expected a JPEG, PNG, BMP or TIFF picture; "
        "Received: P9-B12-3-3.jpg, an empty file (0 bytes).",
        f"{two}/P9-B12-4-4.jpg": f"same picture as {kept}, which is labelled 'Non-Tumor'",
        "originals-1024/P9-B12-16864-22190.jpg": f"second file of this name, kept: {kept}",
    }
    assert [name for name, _ in account.failed] == [
        f"{two}/P9-B12-2-2.jpg",
        f"{two}/P9-B12-3-3.jpg",
    ]


def test_archive_rows(archive, tmp_path):
    cohort = import_cohort(archive, tmp_path / "cohort").cohort
    tile = next(t for t in cohort.tiles if t.case == "Case-48")
    assert (tile.slide, tile.x, tile.y) == ("Case-48-P5-C20", 54244, 17885)
    assert (tile.label, tile.original_label) == ("Viable", "viable: non-viable")
    assert tile.sha256 == hashlib.sha256(cohort.path(tile).read_bytes()).hexdigest()
    assert cohort.classes == ("Non-Tumor", "Non-Viable-Tumor", "Viable")


def test_mixed_drop(archive, tmp_path):
    account = import_cohort(archive, tmp_path / "cohort", mixed="drop")
    assert account.matched == 9
    assert "Viable" not in account.cohort.classes
    dropped = "Training-Set-1/set1/Case-48-P5-C20-54244-17885.jpg"
    assert reasons(account)[dropped] == "mixed tile, dropped as asked"


def test_account_text_tells_numbers_and_reasons(archive, tmp_path):
    text = import_cohort(archive, tmp_path / "cohort").text()
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "Found 16 image files" in lines
    assert "Matched 10 labelled tiles, 4 slides, 3 cases" in lines
    assert "Unlabelled 1 (Training-Set-1/set1/Case-3-A1-5-5.jpg)" in lines
    assert "Skipped 9 files and rows" in lines
    assert "1 rows disagree (Training-Set-2/set2/P9-B12-1-1.jpg)" in lines
    assert "Case-3 4 4 0" in lines
    assert "all 5 4 1" in lines
    assert any(line.startswith("Split by slide, seed 7, digest ") for line in lines)


def test_label_files_with_mark_and_other_line_ends(tmp_path):
    src = tmp_path / "a"
    for i in range(3):
        image(src / f"P9-B{i}-1-1.jpg")
    rows = "\r\n".join(f'"P9 B{i}-1-1.jpg" , non-tumor ' for i in range(3))
    (src / "pathologistvalidation.CSV").write_bytes(b"\xef\xbb\xbf" + rows.encode())
    assert import_cohort(src, tmp_path / "c").per_class == {"Non-Tumor": 3}


@pytest.fixture
def folders(tmp_path):
    src = tmp_path / "folders"
    for i in range(4):
        image(src / "normal" / f"a{i}.png")
        image(src / "train" / "Non Viable" / f"Case-4-C2{i}-10-20.jpg")
        image(src / "Viable Tumour" / f"S{i}" / "t.png")
        image(src / "Cartilage" / f"c{i}.png")
    image(src / "stray.png")
    return src


def test_class_folders(folders, tmp_path):
    account = import_cohort(folders, tmp_path / "cohort")
    assert account.layout == "class folders"
    assert account.cohort.classes == ("Non-Tumor", "Non-Viable-Tumor", "Viable", "Cartilage")
    assert account.unlabelled == ("stray.png",)
    assert "Folder 'normal' was read as class Non-Tumor." in account.notes
    assert any(note.startswith("8 names tell no slide") for note in account.notes)
    by_file = {t.file: t for t in account.cohort.tiles}
    assert by_file["normal/a0.png"].slide == "normal/a0.png"
    named = by_file["train/Non Viable/Case-4-C20-10-20.jpg"]
    assert (named.case, named.slide, named.x, named.y) == ("Case-4", "Case-4-C20", 10, 20)
    assert by_file["Viable Tumour/S1/t.png"].slide == "S1"


@pytest.mark.parametrize("split", ["slide", "tile", "case"])
def test_split_option(folders, tmp_path, split):
    cohort = import_cohort(folders, tmp_path / "cohort", split=split, seed=3).cohort
    assert (cohort.protocol.kind, cohort.protocol.seed) == (split, 3)
    assert {t.split for t in cohort.tiles} == {"train", "validation", "test"}


def test_images_stay_and_nothing_else_is_written(archive, tmp_path):
    before = sorted(archive.rglob("*"))
    import_cohort(archive, tmp_path / "cohort")
    assert sorted(archive.rglob("*")) == before
    assert sorted(p.name for p in (tmp_path / "cohort").iterdir()) == ["cohort.csv", "cohort.json"]


def test_nothing_labelled(tmp_path):
    image(tmp_path / "x" / "a.png")
    with pytest.raises(CohortError, match="with 1 images, none of them labelled"):
        import_cohort(tmp_path / "x", tmp_path / "c")
    with pytest.raises(CohortError, match=r"Received: .*nowhere"):
        import_cohort(tmp_path / "nowhere", tmp_path / "c")
    with pytest.raises(CohortError, match="Received: 'keep'"):
        import_cohort(tmp_path / "x", tmp_path / "c", mixed="keep")


def test_command_names_failures_and_exits_1(archive, tmp_path):
    args = ["import", str(archive), "--to", str(tmp_path / "c"), "--split", "tile"]
    result = CliRunner().invoke(cohort_command, args)
    assert result.exit_code == 1
    assert "Matched      10 labelled tiles" in result.stdout
    assert [line.split(":")[0].split("/")[-1] for line in result.stderr.splitlines()] == [
        "P9-B12-2-2.jpg",
        "P9-B12-3-3.jpg",
    ]
    assert read_cohort(tmp_path / "c").protocol.kind == "tile"


def test_command_exits_0_and_2(folders, tmp_path):
    runner = CliRunner()
    args = ["import", str(folders), "--to", str(tmp_path / "c")]
    assert runner.invoke(cohort_command, args).exit_code == 0
    assert runner.invoke(cohort_command, [*args, "--split", "patient"]).exit_code == 2
    assert runner.invoke(cohort_command, ["import", "nowhere", "--to", "c"]).exit_code == 2


@pytest.mark.slow
def test_shared_archive(shared_dir, tmp_path):
    """The real label files; the digest is that of the split the shipped bundles were trained on."""
    account = import_cohort(
        shared_dir / "data" / "osteosarcoma-tumor-assessment", tmp_path / "cohort"
    )
    assert (account.found, account.matched, account.unlabelled) == (931, 919, ())
    assert (len(account.per_slide), len(account.per_case)) == (33, 4)
    assert account.per_class == {"Non-Tumor": 442, "Non-Viable-Tumor": 203, "Viable": 274}
    said = [reason.split(":")[0] for _, reason in account.skipped]
    assert {kind: said.count(kind) for kind in set(said)} == {
        "repeated row with the same label": 206,
        "row names no file": 14,
        "second file of this name, kept": 12,
    }
    cohort = account.cohort
    assert cohort.digest == "79629f9f7fffdd02f6032e6fd3382ce79f335675520515b0c445ecb16c641cd8"
    counts = json.loads((tmp_path / "cohort" / "cohort.json").read_text())["counts"]
    assert [tuple(counts[p]["classes"].values()) for p in ("train", "validation", "test")] == [
        (313, 138, 198),
        (61, 36, 38),
        (68, 29, 38),
    ]
    for part in ("validation", "test"):
        for label in cohort.classes:
            assert len({t.case for t in cohort.part(part) if t.label == label}) >= 2


LABELS = ("Non-Tumor", "Viable", "Non-Viable-Tumor")


def written(tmp_path, header, row, n=6, encoding="utf-8", join=","):
    """A folder of pictures with a label file: a header and a row for each picture."""
    src = tmp_path / "src"
    for i in range(n):
        image(src / f"Case-3-B{i}-{i}0-5.png")
    rows = [header, *(row(i, f"Case 3 B{i}-{i}0-5.png", LABELS[i % 3]) for i in range(n))]
    text = "\r\n".join(join.join(cells) for cells in rows if cells)
    (src / "PathologistValidation.csv").write_bytes(text.encode(encoding))
    return src


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (["image.name", "classification"], lambda i, name, label: [name, label]),
        (["Image Name", "Label"], lambda i, name, label: [name, label]),
        ([], lambda i, name, label: [name, label]),
        (["", "file", "class"], lambda i, name, label: [str(i), name, label]),
        (["class", "file"], lambda i, name, label: [label, name]),
        (["file", "rater", "label"], lambda i, name, label: [name, "Viable" * (i == 1), label]),
        (["file", "x", "label"], lambda i, name, label: [f"a/b/{name}", "7", label.upper()]),
        (["file", "label"], lambda i, name, label: [f"C:\\tiles\\{name}", f" {label} "]),
        (["file", "label"], lambda i, name, label: [name.removesuffix(".png"), label]),
    ],
)
@pytest.mark.parametrize(("encoding", "join"), [("utf-8", ","), ("utf-16", "\t"), ("cp1252", ";")])
def test_label_files_as_spreadsheets_write_them(tmp_path, header, row, encoding, join):
    src = written(tmp_path, header, row, encoding=encoding, join=join)
    account = import_cohort(src, tmp_path / "c", split="tile")
    assert account.per_class == {"Non-Tumor": 2, "Non-Viable-Tumor": 2, "Viable": 2}
    assert account.skipped == ()


def test_a_label_file_that_labels_nothing_is_told_with_a_row(tmp_path):
    src = written(tmp_path, ["file", "label"], lambda i, name, label: [name, "grade 3"])
    with pytest.raises(CohortError, match=r"line 2: unknown label: 'grade 3'"):
        import_cohort(src, tmp_path / "c")
    (src / "PathologistValidation.csv").write_bytes(b"a.png,Viable\n\0\0")
    with pytest.raises(CohortError, match=r"a zero byte on line 2"):
        import_cohort(src, tmp_path / "c")


def test_one_label_file_that_cannot_be_read_does_not_hurt_the_others(archive, tmp_path):
    (archive / "Training-Set-2" / "set2" / "PathologistValidation.csv").write_bytes(b"\0")
    account = import_cohort(archive, tmp_path / "c")
    assert account.matched == 9
    assert [name for name, _ in account.failed] == ["Training-Set-2/set2/PathologistValidation.csv"]


def test_parts_beside_a_label_file_are_kept(tmp_path):
    src, rows = tmp_path / "src", []
    for i, part in enumerate(["train"] * 4 + ["val"] * 2 + ["test"] * 3):
        image(src / part / f"Case-3-B{i}-{i}0-5.png")
        rows.append(f"Case 3 B{i}-{i}0-5.png,{LABELS[i % 2]}")
    labels(src, *rows)
    cohort = import_cohort(src, tmp_path / "c").cohort
    assert [cohort.counts()[p]["tiles"] for p in ("train", "validation", "test")] == [4, 2, 3]
    assert cohort.protocol.kind == "given"
