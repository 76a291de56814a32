"""The one way a file is written: beside its place, whole, then put there in one step.

A killed process, a full disk or a folder that may not be written to leaves what was there as it
was, and no half file beside it.
"""

import contextlib
import errno
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from osteo_core.errors import FileError

PRIVATE, SHARED = 0o600, 0o666  # the second less the umask, as for any file

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "no permission to write there",
    errno.EPERM: "no permission to write there",
    errno.EROFS: "the disk is read-only",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
    errno.EISDIR: "a folder of that name is there",
    errno.ENOENT: "its folder is gone",
    errno.EIO: "the disk gave an error",
}


@contextlib.contextmanager
def atomic_write(
    file: str | os.PathLike[str], *, text: bool = False, private: bool = False
) -> Iterator[IO[Any]]:
    """Open a file to be written anew; it takes its place only when the block ends well.

    Args:
        file: Where to write; its folder is made when missing.
        text: Whether strings are written (UTF-8, line ends as given) instead of bytes.
        private: Whether only its owner may read it.

    Yields:
        A stream onto a file of another name beside it.

    Raises:
        FileError: It could not be written. What was there before is there still.
    """
    place = Path(file)
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{place.name[:100]}.", suffix=".partial", dir=place.parent
        )
        try:
            with _stream(handle, text) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).chmod(PRIVATE if private else SHARED & ~_umask())
            Path(name).replace(place)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise


def write_text(file: str | os.PathLike[str], text: str, *, private: bool = False) -> None:
    """Write a whole text, as `atomic_write` does."""
    with atomic_write(file, text=True, private=private) as stream:
        stream.write(text)


def write_bytes(file: str | os.PathLike[str], data: bytes, *, private: bool = False) -> None:
    """Write whole bytes, as `atomic_write` does."""
    with atomic_write(file, private=private) as stream:
        stream.write(data)


def write_with(file: str | os.PathLike[str], write: Callable[[Path], None]) -> None:
    """Let a library that wants a path write a file, and put that in place when it is whole.

    Args:
        file: Where the file goes.
        write: Writes it at the path that it is given, which ends as `file` does.

    Raises:
        FileError: It could not be written. What was there before is there still.
    """
    place = Path(file)
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=place.parent) as folder:
            made = Path(folder) / place.name
            write(made)
            with made.open("rb") as stream:
                os.fsync(stream.fileno())
            made.replace(place)


@contextlib.contextmanager
def writing(place: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the system says while something is written into one sentence.

    Raises:
        FileError: In place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or error.strerror or type(error).__name__
        raise FileError(
            f"Could not write {os.fspath(place)}: {reason}. What was there is untouched."
        ) from error


@contextlib.contextmanager
def locked(folder: str | os.PathLike[str], what: str = "another command") -> Iterator[None]:
    """Hold an output folder, so that two runs never write into one.

    The lock goes with the process that holds it, however that ends.

    Args:
        folder: The folder; made when missing.
        what: Who else may be writing there, for the sentence.

    Raises:
        FileError: Somebody else holds it, or it cannot be written to.
    """
    stream = _hold(Path(folder), what)
    with stream:
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                (Path(folder) / LOCK).unlink()


def _hold(folder: Path, what: str) -> IO[bytes]:
    while True:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            stream = (folder / LOCK).open("ab")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            stream.close()
            raise FileError(
                f"Expected a folder that nothing else writes into. Received: {folder}, into which "
                f"{what} is writing now. Wait for it to end, or choose another folder."
            ) from error
        with contextlib.suppress(OSError):  # whoever held it last may just have taken it away
            if os.path.samestat(os.fstat(stream.fileno()), (folder / LOCK).stat()):
                return stream
        stream.close()


LOCK = ".osteo.lock"


def _stream(handle: int, text: bool) -> IO[Any]:
    if text:
        return open(handle, "w", encoding="utf-8", newline="")
    return open(handle, "wb")


def _umask() -> int:
    """What a new file is not allowed; reading it means setting it for a moment."""
    now = os.umask(0o022)
    os.umask(now)
    return now
