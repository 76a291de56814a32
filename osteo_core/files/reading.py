"""The one way a file of anyone is read whole: only if it is a file, and no larger than is said."""

import errno
import os
import stat
from pathlib import Path

from osteo_core.errors import FileError

_PATH_SHOWN = 160  # characters of a path in a sentence


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
