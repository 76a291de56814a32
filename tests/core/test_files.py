import errno
import os
import resource
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from osteo_core import files
from osteo_core.errors import FileError
from osteo_core.files import under_way


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_a_file_is_whole_or_as_it_was(tmp_path):
    place = tmp_path / "table.csv"
    files.write_text(place, "good\n")

    def fail(stream):
        stream.write("ba")
        raise OSError(errno.ENOSPC, "No space left on device")

    full = pytest.raises(FileError, match=r"table\.csv: the disk is full")
    with full, files.atomic_write(place, text=True) as stream:
        fail(stream)
    assert place.read_text() == "good\n"
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


def test_a_library_that_wants_a_path_is_held_to_the_same(tmp_path):
    place = tmp_path / "a" / "net.keras"
    files.write_with(place, lambda path: path.write_bytes(b"one"))

    def half(path):
        path.write_bytes(b"tw")
        raise OSError(errno.EROFS, "Read-only file system")

    with pytest.raises(FileError, match="read-only"):
        files.write_with(place, half)
    assert place.read_bytes() == b"one"
    assert [p.name for p in place.parent.iterdir()] == ["net.keras"]


def test_a_private_file_is_for_its_owner(tmp_path):
    files.write_text(tmp_path / "a", "x", private=True)
    files.write_text(tmp_path / "b", "x")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o666 & ~umask


def test_a_folder_is_held_by_one_process_at_a_time(tmp_path):
    code = (
        "import sys\nfrom osteo_core.files import locked\n"
        "from osteo_core.errors import FileError\n"
        "try:\n    with locked(sys.argv[1], 'osteo train'): pass\n"
        "except FileError as e: print(e)\n"
    )
    again = [sys.executable, "-c", code, str(tmp_path)]
    with files.locked(tmp_path):
        said = subprocess.run(again, capture_output=True, text=True, check=True).stdout
        assert "osteo train is writing now" in said
    assert subprocess.run(again, capture_output=True, text=True, check=True).stdout == ""
    assert not list(tmp_path.iterdir())


def test_a_stream_that_fails_says_so_whoever_writes_into_it(tmp_path):
    place = tmp_path / "a.npz"
    files.write_bytes(place, b"good")
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
    try:
        for write in (np.savez, np.savez_compressed, lambda stream, a: np.save(stream, a)):
            noise = np.random.default_rng(0).random(9999)
            with (
                pytest.raises(FileError, match=r"a\.npz: it would be larger"),
                files.atomic_write(place) as stream,
            ):
                write(stream, noise)
        with pytest.raises(FileError, match="larger"):
            files.write_text(place, "x" * 9999)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert place.read_bytes() == b"good"
    assert names(tmp_path) == ["a.npz"]


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_whatever_step_fails_nothing_is_lost(tmp_path, monkeypatch, step):
    place = tmp_path / "a.txt"
    files.write_text(place, "good")

    def fail(*_, **__):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(*((os, step) if step == "fsync" else (Path, step)), fail)
    with pytest.raises(FileError, match="quota"):
        files.write_text(place, "new")
    monkeypatch.undo()
    assert place.read_text() == "good"
    assert names(tmp_path) == ["a.txt"]


def test_a_library_that_puts_the_systems_words_into_its_own_is_understood(tmp_path):
    def like_h5py(path):
        path.write_bytes(b"half")
        raise RuntimeError(
            "Can't decrement id ref count (error message = 'No space left on device')"
        )

    with pytest.raises(FileError, match="the disk is full"):
        files.write_with(tmp_path / "net.keras", like_h5py)
    with pytest.raises(ZeroDivisionError):
        files.write_with(tmp_path / "net.keras", lambda path: 1 / 0)
    assert not names(tmp_path)


def test_a_library_that_locks_its_own_file_can(tmp_path):
    def save(path):
        with h5py.File(path, "w") as file:
            file["a"] = np.arange(9)

    files.write_with(tmp_path / "a.h5", save)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["a"][3] == 3
    assert names(tmp_path) == ["a.h5"]


def test_an_error_of_the_work_is_not_taken_for_one_of_the_disk(tmp_path):
    with pytest.raises(FileNotFoundError), files.atomic_write(tmp_path / "a" / "b.csv"):
        (tmp_path / "missing").read_text()
    assert not names(tmp_path)


@pytest.mark.parametrize("place", ["folder", "file/below", "file/below/deeper"])
def test_a_place_that_cannot_be_is_told_before_the_work(tmp_path, place):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("good")
    with (
        pytest.raises(FileError, match=r"Could not write .*(folder|file)"),
        files.atomic_write(tmp_path / place),
    ):
        pytest.fail("the work was begun")
    assert (tmp_path / "file").read_text() == "good"
    assert names(tmp_path) == ["file", "folder"]


def test_a_device_is_written_to_and_never_replaced(tmp_path):
    with pytest.raises(FileError, match="/dev/full: the disk is full"):
        files.write_text("/dev/full", "x")
    files.write_text(os.devnull, "x")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    heard: list[str] = []
    reader.start()
    files.write_text(pipe, "told")
    reader.join(10)
    assert heard == ["told"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_stays_a_link_and_a_mode_a_mode(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    files.write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640


def test_what_a_killed_run_left_is_swept(tmp_path):
    code = (
        "import os, sys\nfrom osteo_core import files\n"
        "with files.atomic_write(sys.argv[1], text=True) as s:\n"
        "    s.write('half')\n    s.flush()\n    os.kill(os.getpid(), 9)\n"
    )
    place = tmp_path / "a.csv"
    assert subprocess.run([sys.executable, "-c", code, str(place)], check=False).returncode == -9
    assert names(tmp_path) == [files.pending(place).name]
    files.write_text(place, "whole")
    assert names(tmp_path) == ["a.csv"]


def test_two_never_write_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr(under_way, "_WAIT_S", 0.1)
    place = tmp_path / "a.csv"
    with files.atomic_write(place, text=True) as stream:
        stream.write("first")
        with pytest.raises(FileError, match="another command is writing now"):
            files.write_text(place, "second")
    assert place.read_text() == "first"


def test_many_threads_leave_one_whole_file(tmp_path):
    place, texts = tmp_path / "a", [str(i) * 5000 for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: files.write_text(place, text), texts * 4))
    assert place.read_text() in texts
    assert names(tmp_path) == ["a"]


def test_files_that_belong_together_are_put_in_place_together(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    files.write_together({one: "1", two: "2"})
    two.unlink()
    two.mkdir()
    with pytest.raises(FileError, match="two"):
        files.write_together({one: "new", two: "new"})
    assert one.read_text() == "1"
    assert names(tmp_path) == ["one", "two"]


def test_a_folder_is_filled_when_all_of_it_is_whole(tmp_path):
    out = tmp_path / "out"
    with files.staged(out, last="a-list") as beside:
        (beside / "map").write_text("1")
        (beside / "a-list").write_text("1")
        assert names(out) == [files.LOCK, files.STAGE]

    def half():
        with files.staged(out, last="a-list") as beside:
            (beside / "map").write_text("2")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert {f.name: f.read_text() for f in out.iterdir()} == {"map": "1", "a-list": "1"}


def test_a_name_as_long_as_a_name_may_be(tmp_path):
    files.write_text(tmp_path / ("ü" * 125 + ".txt"), "x")
    with pytest.raises(FileError, match="the name is too long"):
        files.write_text(tmp_path / ("u" * 256), "x")
