"""A file or a folder that one process writes at a time, and sweeping what a killed one left."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from osteo_core.errors import FileError
from osteo_core.files.disk_errors import PathLike, writing

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows, where who writes what is up to the user
    fcntl = None

LOCK = ".osteo.lock"
STAGE = ".partial"  # a folder whose files are put in place together
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


@contextlib.contextmanager
def locked(folder: PathLike, what: str = "another command") -> Iterator[None]:
    """Hold an output folder, so that two runs never write into one.

    The lock goes with the process that holds it, however that ends.

    Args:
        folder: The folder; made when missing, and gone again when the block fails with nothing in
            it.
        what: Who else may be writing there, for the sentence.

    Raises:
        FileError: Somebody else holds it, or it cannot be written to.
    """
    place = Path(folder)
    with made(place, folder):
        with writing(folder):
            handle = hold(place / LOCK, 0)
        if handle is None:
            raise FileError(
                f"Expected a folder that nothing else writes into. Received: {folder}, into which "
                f"{what} is writing now. Wait for it to end, or choose another folder."
            )
        try:
            shutil.rmtree(place / STAGE, ignore_errors=True)  # of a killed run
            yield
        finally:
            with contextlib.suppress(OSError):
                (place / LOCK).unlink()
            os.close(handle)


def is_left(folder: Path) -> bool:
    """Whether a killed run left its traces in a folder; holding it sweeps them."""
    return (folder / LOCK).exists() or (folder / STAGE).exists()


def hold(file: Path, wait: float) -> int | None:
    """Make an empty file that is ours alone; what nobody holds in its place is swept.

    Args:
        file: Where.
        wait: Seconds to wait for whoever holds it.

    Returns:
        Its open handle, readable by the owner only; None when somebody else has it.
    """
    until = time.monotonic() + wait
    while True:
        try:
            handle = os.open(file, _NEW, 0o600)
        except FileExistsError:
            if not _sweep(file):
                if time.monotonic() >= until:
                    return None
                time.sleep(0.02)
            continue
        if _lock(handle) and _is_still(handle, file):
            return handle
        os.close(handle)  # another swept it before it was locked


def _sweep(file: Path) -> bool:
    """Delete what a killed process left; False when its owner lives."""
    try:
        handle = os.open(file, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return True
    try:
        if not _lock(handle):
            return False
        if _is_still(handle, file):
            file.unlink()
        return True
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk without locks, where who writes what is up to the user
        return True
    return True


def _is_still(handle: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), file.stat(follow_symlinks=False))
    except OSError:
        return False


@contextlib.contextmanager
def made(folder: Path, said: PathLike) -> Iterator[None]:
    """Make a folder and those above it; when the block fails, what was made goes if it is empty."""
    with writing(said):
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        with writing(said):
            folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for one in missing:
            with contextlib.suppress(OSError):
                one.rmdir()
        raise


def sync_folder(folder: Path) -> None:
    """See to it that a name put into a folder outlives a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
