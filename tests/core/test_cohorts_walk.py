"""Looking through a folder: links, pipes, odd names, depth, and folders without pictures."""

import os
import subprocess

import pytest
from click.testing import CliRunner

from osteo_core.cohorts import import_cohort, read_cohort
from osteo_core.commands.cohort import cohort as cohort_command
from osteo_core.errors import CohortError
from tests.core.test_cohorts_layouts import fill, image


def test_what_is_no_picture_is_named_and_not_opened(tmp_path):
    outside = image(tmp_path / "outside.png")
    src = fill(tmp_path / "src", "A", "B", n=3)
    os.mkfifo(src / "A/pipe.png")
    (src / "A/zero.png").symlink_to("/dev/zero")
    (src / "A/out.png").symlink_to(outside)
    (src / "A/loop.png").symlink_to("loop.png")
    (src / "A/gone.png").symlink_to("nowhere.png")
    (src / "A/in.png").symlink_to("../B/0.png")
    (src / "C").symlink_to("A")
    (src / "A/up").symlink_to("..")
    (src / "D").symlink_to("/etc")
    image(src / "A" / "new\nline.png")
    (src / "A" / os.fsdecode(b"b\xe9.png")).write_bytes(outside.read_bytes())
    account = import_cohort(src, tmp_path / "c")
    assert account.matched == 6
    said = dict(account.failed)
    assert said["A/pipe.png"] == "not read: no file but a pipe, socket or device"
    assert said["A/zero.png"] == "not read: a link that leads out of the folder"
    assert said["A/out.png"] == "not read: a link that leads out of the folder"
    assert said["A/gone.png"] == "not read: a link that leads nowhere"
    assert "A/loop.png" in said
    assert dict(account.skipped)["C"] == "a link to a folder that is read elsewhere"
    assert said["D"] == "not read: a link that leads out of the folder"
    assert sum("rename it" in reason for reason in said.values()) == 2
    assert dict(account.skipped)["B/0.png"].startswith("same picture as A/in.png")
    done = CliRunner().invoke(cohort_command, ["import", str(src), "--to", str(tmp_path / "d")])
    assert done.exit_code == 1
    assert "A/pipe.png: not read" in done.output


def test_links_into_the_roots_are_followed(tmp_path, monkeypatch):
    store = fill(tmp_path / "store", "x")
    src = fill(tmp_path / "src", "A")
    (src / "A/link.png").symlink_to(store / "x/0.png")
    monkeypatch.setenv("OSTEO_ROOTS", str(store))
    account = import_cohort(src, tmp_path / "c")
    (src / "B").symlink_to(store)
    (store / "x/back").symlink_to("..")
    assert import_cohort(src, tmp_path / "d").per_class == {"A": 4, "B": 2}
    linked = next(t for t in account.cohort.tiles if t.file == "A/link.png")
    assert read_cohort(tmp_path / "c").load(linked).sha256 == linked.sha256


def test_folders_of_any_depth_are_looked_through(tmp_path):
    fill(tmp_path / "src", "B")
    (tmp_path / "src" / "A").mkdir()
    here = os.open(tmp_path / "src" / "A", os.O_RDONLY)
    for _ in range(1200):  # longer than the recursion that Python allows
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        assert import_cohort(tmp_path / "src", tmp_path / "c").per_class == {"B": 3}
    finally:  # pytest's own clearing up recurses
        subprocess.run(["rm", "-rf", str(tmp_path / "src" / "A")], check=True)


def test_a_folder_without_pictures_is_a_sentence(tmp_path):
    (tmp_path / "src" / "A").mkdir(parents=True)
    (tmp_path / "src" / "A" / "notes.txt").write_text("x")
    with pytest.raises(CohortError, match=r"a folder with pictures \(\.jpg.*holds none\."):
        import_cohort(tmp_path / "src", tmp_path / "c")
    (tmp_path / "src" / "A" / "link.png").symlink_to("/etc/passwd")
    with pytest.raises(CohortError, match=r"holds none \(left out 1, as A/link\.png: not read"):
        import_cohort(tmp_path / "src", tmp_path / "c")
