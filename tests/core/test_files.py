import errno
import os
import stat
import subprocess
import sys

import pytest

from osteo_core import files
from osteo_core.errors import FileError


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
