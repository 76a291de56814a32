"""Folders as people have them: parts of a split, spellings of classes, odd names, links."""

import unicodedata

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from osteo_core.cohorts import import_cohort, read_cohort
from osteo_core.cohorts.names import part_of
from osteo_core.commands.cohort import cohort as cohort_command
from osteo_core.errors import CohortError

NFD = unicodedata.normalize("NFD", "Nécrose")


def image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(abs(hash(str(path))) % 2**32)
    Image.fromarray(rng.integers(0, 255, (40, 40, 3), np.uint8)).save(path)
    return path


def fill(src, *folders, n=3, name="{}.png"):
    for folder in folders:
        for i in range(n):
            image(src / folder / name.format(i))
    return src


def placed(account):
    return {(t.split, t.label) for t in account.cohort.tiles}


def told(account):
    return " ".join(account.notes)


@pytest.mark.parametrize("top", ["", "data/", "my set/images/"])
@pytest.mark.parametrize(
    "names",
    [
        ("train", "val", "test"),
        ("Training", "validation", "TESTING"),
        ("train_set", "valid", "test-data"),
        ("TRAIN", "Val", "Test"),
    ],
)
def test_the_split_of_the_folders_is_kept(tmp_path, top, names):
    src = tmp_path / "src"
    for name, n in zip(names, (6, 2, 3), strict=True):
        fill(src, f"{top}{name}/ADI", f"{top}{name}/Viable", n=n)
    account = import_cohort(src, tmp_path / "c")
    parts = ("train", "validation", "test")
    assert placed(account) == {(p, label) for p in parts for label in ("ADI", "Viable")}
    assert [account.cohort.counts()[p]["tiles"] for p in parts] == [12, 4, 6]
    again = read_cohort(tmp_path / "c")
    assert again.protocol.kind == "given"
    assert again.protocol.fractions == pytest.approx((12 / 22, 4 / 22, 6 / 22))
    assert "Split as in its folders" in account.text()


def test_parts_may_stand_inside_the_classes(tmp_path):
    src = fill(tmp_path / "src", "ADI/train", "ADI/test", "ADI/val", "TUM/train", "TUM/test")
    account = import_cohort(src, tmp_path / "c")
    assert placed(account) == {
        *((part, "ADI") for part in ("train", "validation", "test")),
        ("train", "TUM"),
        ("test", "TUM"),
    }
    assert "The validation part has no tile of TUM" in told(account)


def test_slides_inside_given_parts_are_slides_and_told_when_they_cross(tmp_path):
    src = fill(tmp_path / "src", "train/A/S1", "train/B/S2", "test/A/S1", "test/B/S3", "val/A/S4")
    account = import_cohort(src, tmp_path / "c")
    assert {(t.label, t.slide) for t in account.cohort.part("test")} == {("A", "S1"), ("B", "S3")}
    assert "1 slides have tiles in more than one part of the given split (S1)" in told(account)


@pytest.mark.parametrize(("there", "missing"), [("test", "validation"), ("val", "test")])
def test_a_part_that_no_folder_holds_is_taken_out_of_training(tmp_path, there, missing):
    src = tmp_path / "src"
    for label in ("A", "B"):
        for slide in range(5):
            fill(src, f"train/{label}/{label}{slide}", n=4)
        fill(src, f"{there}/{label}/T{label}", n=4)
    account = import_cohort(src, tmp_path / "c")
    cohort = account.cohort
    taken = cohort.part(missing)
    assert {t.label for t in taken} == {"A", "B"}
    assert not {t.slide for t in taken} & {t.slide for t in cohort.part("train")}
    assert all(t.file.startswith("train/") for t in taken)
    assert all(t.file.startswith(f"{there}/") == (t.split[:3] == there[:3]) for t in cohort.tiles)
    assert f"No folder holds a {missing} part: {len(taken)} of the 40" in told(account)


def test_a_new_split_can_be_asked_for_and_a_given_one_that_is_not_there_cannot(tmp_path):
    src = fill(tmp_path / "src", "train/A", "train/B", "test/A", "test/B", n=4)
    account = import_cohort(src, tmp_path / "c", split="tile")
    assert account.cohort.protocol.kind == "tile"
    assert {t.label for t in account.cohort.tiles} == {"A", "B"}
    assert "The split that the folders tell (train, test) was not kept" in told(account)
    plain = fill(tmp_path / "plain", "A", "B")
    with pytest.raises(CohortError, match=r"folders of parts.*--split slide"):
        import_cohort(plain, tmp_path / "d", split="given")


def test_one_part_alone_is_looked_through_and_split_anew(tmp_path):
    account = import_cohort(fill(tmp_path / "src", "train/A", "train/B", n=5), tmp_path / "c")
    assert account.cohort.classes == ("A", "B")
    assert account.cohort.protocol.kind == "slide"


def test_a_class_may_be_called_test(tmp_path):
    account = import_cohort(fill(tmp_path / "src", "test", "control", n=5), tmp_path / "c")
    assert account.cohort.classes == ("control", "test")
    mixed = import_cohort(
        fill(tmp_path / "m", "train/A", "test/A", "extra/A"), tmp_path / "d", split="tile"
    )
    assert mixed.cohort.classes == ("extra", "test", "train")
    assert "'test', 'train' were read as classes, not as parts" in told(mixed)
    flat = import_cohort(fill(tmp_path / "f", "train", "test"), tmp_path / "e")
    assert "no class folders are in them" in told(flat)


def test_a_picture_in_two_parts_is_a_leak_and_kept_where_it_is_scored(tmp_path):
    src = fill(tmp_path / "src", "train/A", "val/A", "test/A", n=4)
    copy = (src / "test/A/0.png").read_bytes()
    (src / "train/A/copy.png").write_bytes(copy)
    (src / "val/A/copy.png").write_bytes(copy)
    account = import_cohort(src, tmp_path / "c")
    files = {t.file for t in account.cohort.tiles}
    assert "test/A/0.png" in files
    assert not any("copy" in file for file in files)
    assert "2 pictures lie in two parts of the given split (a leak)" in told(account)
    assert "a leak: same picture as test/A/0.png" in dict(account.skipped)["train/A/copy.png"]
    anew = import_cohort(src, tmp_path / "d", split="tile")
    assert "a leak" not in told(anew)  # no part of the folders is a part of this split


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("train", "train"),
        (" Training set ", "train"),
        ("valid", "validation"),
        ("dev", "validation"),
        ("TEST", "test"),
        ("test_images", "test"),
        ("01_train", "train"),
        ("2 - Test", "test"),
        ("train1", None),
        ("1train2", None),
        ("Training-Set-1", None),
        ("tested", None),
        ("trains", None),
        ("value", None),
    ],
)
def test_names_of_parts(name, part):
    assert part_of(name) == part


def test_a_class_in_two_forms_of_unicode_or_with_spaces_is_one(tmp_path):
    src = fill(tmp_path / "src", "Nécrose", f" {NFD}", NFD, "Autre", n=3)
    account = import_cohort(src, tmp_path / "c")
    assert account.per_class == {"Autre": 3, "Nécrose": 9}
    assert "'Nécrose' were found in 3 forms" in told(account)
    assert all(account.cohort.path(t).is_file() for t in account.cohort.tiles)
    assert read_cohort(tmp_path / "c").tiles == account.cohort.tiles


def test_classes_that_differ_in_case_only_are_one_and_told_unless_asked(tmp_path):
    src = fill(tmp_path / "src", "Benign", "Benign ", "Malignant", n=3)
    fill(src, "benign", "BENIGN", n=2)
    account = import_cohort(src, tmp_path / "c")
    assert account.per_class == {"Benign": 10, "Malignant": 3}
    assert (
        "'BENIGN' (2 images), 'Benign' (6 images), 'benign' (2 images) differ in the case of "
        "letters only and were read as one class, 'Benign'; --case-matters keeps them apart."
    ) in told(account)
    done = CliRunner().invoke(
        cohort_command, ["import", str(src), "--to", str(tmp_path / "d"), "--case-matters"]
    )
    assert done.exit_code == 0, done.output
    assert "are kept apart, as asked" in done.output
    assert read_cohort(tmp_path / "d").classes == ("BENIGN", "Benign", "Malignant", "benign")


def test_what_is_not_seen_makes_no_other_class(tmp_path):
    src = fill(tmp_path / "src", "Non\u00a0sure", "Non sure", "Non  sure\u200b", "B", n=3)
    account = import_cohort(src, tmp_path / "c")
    assert account.per_class == {"B": 3, "Non sure": 9}
    assert "differ in the case of letters, spaces or characters that are not seen" in told(account)


def test_one_class_alone_is_told(tmp_path):
    account = import_cohort(fill(tmp_path / "src", "data/A", "data/B", "data/C"), tmp_path / "c")
    assert "All tiles are of one class, 'data'." in told(account)


def test_folders_above_the_parts_that_are_taken_together_are_told(tmp_path):
    src = fill(tmp_path / "src", "images/train/A", "images/test/A", "masks/train/A")
    assert "folders 'images', 'masks' were taken" in told(import_cohort(src, tmp_path / "c"))


def test_slides_that_differ_in_case_only_are_told(tmp_path):
    src = fill(tmp_path / "src", "A/s1", "A/S1", "B/S2", "B/S3")
    assert "Slides 'S1' and 's1' differ in the case" in told(import_cohort(src, tmp_path / "c"))


@pytest.mark.parametrize(
    "label", ["NA", "None", "nan", "0", "01", "True", "1e5", "a,b", 'q"q', "="]
)
def test_a_label_is_the_text_that_its_folder_is(tmp_path, label):
    src = fill(tmp_path / "src", label, "other")
    account = import_cohort(src, tmp_path / "c")
    again = read_cohort(tmp_path / "c")
    assert again.tiles == account.cohort.tiles
    assert set(again.classes) == {label, "other"}
    assert again.digest == account.cohort.digest
    assert (again.frame()["label"] == label).sum() == 3


def test_names_directly_below_a_nameless_class_folder_are_unlabelled(tmp_path):
    src = fill(tmp_path / "src", " ", "A")
    account = import_cohort(src, tmp_path / "c")
    assert account.per_class == {"A": 3}
    assert len(account.unlabelled) == 3


def test_a_part_that_lacks_a_class_is_told(tmp_path):
    src = fill(tmp_path / "src", "Non-Tumor", n=5, name="Case-1-A3-{}00-0.png")
    fill(src, "Viable", n=5, name="Case-1-A1-{}00-0.png")
    fill(src, "Viable", n=5, name="Case-1-A2-{}00-0.png")
    account = import_cohort(src, tmp_path / "c")
    counts = account.cohort.counts()
    assert all(counts[part]["tiles"] == 5 for part in ("train", "validation", "test"))
    assert "part has no tile of Viable: too few" in told(account)
