"""The one way a file is written: beside its place, whole, then put there in one step.

A killed process, a full disk or a folder that may not be written to leaves what was there as it
was, and no half file beside it. And the one way a file of anyone is read whole: only if it is a
file, never a pipe or a device, and no larger than the reader says.
"""

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from osteo_core.errors import FileError

PRIVATE, SHARED = 0o600, 0o666  # the second less the umask, as for any file
_PATH_SHOWN = 160  # characters of a path in a sentence

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


def read_bytes(file: str | os.PathLike[str], at_most: int) -> bytes:
    """Read a whole file, at once or not at all: a pipe or a device is never waited for.

    Args:
        file: The file; a symbolic link is followed.
        at_most: Bytes; a larger file is refused before it is read.

    Raises:
        FileError: There is no such file, it may not be read, is no file or is too large.
    """
    try:
        _require_file(
            file, Path(file).stat().st_mode
        )  # before it is opened: that may wake a device
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            told = os.fstat(handle)
            _require_file(file, told.st_mode)
            with os.fdopen(handle, "rb", closefd=False) as stream:
                data = stream.read(at_most + 1)  # not the size told: the file may be growing
        finally:
            os.close(handle)
    except (OSError, ValueError) as error:
        reason = _not_read(error)
        raise FileError(f"Expected a readable file. Received: {shown(file)}, {reason}.") from error
    if len(data) > at_most:
        raise FileError(
            f"Expected a file of at most {at_most:,} bytes. Received: {shown(file)}, which has "
            f"{max(told.st_size, at_most + 1):,}."
        )
    return data


def shown(file: str | os.PathLike[str]) -> str:
    """A path for a sentence: on one line, its end when it is long, every byte printable."""
    text = os.fspath(file).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= _PATH_SHOWN else f"…{text[-_PATH_SHOWN:]}"


def _require_file(file: str | os.PathLike[str], mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise FileError(f"Expected a file. Received: {shown(file)}, {_kind(mode)}.")


def _kind(mode: int) -> str:
    known = {stat.S_IFIFO: "a pipe", stat.S_IFDIR: "a folder", stat.S_IFSOCK: "a socket"}
    return known.get(stat.S_IFMT(mode), "a device")


def _not_read(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):  # a NUL in the name
        return "which is no name of a file"
    known = {
        errno.ENOENT: "which does not exist",
        errno.ENOTDIR: "which does not exist",
        errno.EACCES: "which may not be read",
        errno.EPERM: "which may not be read",
        errno.ENAMETOOLONG: "whose name is too long",
        errno.ELOOP: "a link that leads back to itself",
        errno.ENXIO: "a device or socket",
        errno.EISDIR: "a folder",
    }
    return known.get(error.errno or 0) or f"which gave an error ({error.strerror or error})"


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
