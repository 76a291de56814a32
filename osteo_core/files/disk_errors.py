"""What a disk says when something cannot be written, as one sentence."""

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import IO, Any

from osteo_core.errors import FileError
from osteo_core.files.reading import shown

PathLike = str | os.PathLike[str]
# Whatever was being done: these are about writing.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "it would be larger than a file may be here",
    errno.EACCES: "no permission to write there",
    errno.EPERM: "no permission to write there",
    errno.EROFS: "the disk is read-only",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
    errno.EEXIST: "a file stands where its folder should be",
    errno.EISDIR: "a folder of that name is there",
    errno.ELOOP: "a part of its path is a link that leads nowhere",
    errno.ENOENT: "its folder is gone",
    errno.EIO: "the disk gave an error",
}


@contextlib.contextmanager
def writing(place: PathLike) -> Iterator[None]:
    """Turn what the system says while something is written into one sentence.

    Raises:
        FileError: In place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise refusal(place, reason_of(error)) from error


class Told:
    """A stream whose troubles are told in a sentence: whatever a library writes into it."""

    def __init__(self, stream: IO[Any], name: PathLike) -> None:
        self._stream, self._name = stream, name

    def write(self, data: Any) -> int:
        """Write, as the stream does."""
        try:
            return self._stream.write(data)
        except OSError as error:
            raise refusal(self._name, reason_of(error)) from error

    def flush(self) -> None:
        """Flush, as the stream does."""
        with writing(self._name):
            self._stream.flush()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # what counts was flushed before
            self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def refusal(place: PathLike, reason: str) -> FileError:
    """The sentence for a file that could not be written."""
    return FileError(f"Could not write {shown(place)}: {reason}.")


def refusal_of(error: OSError) -> FileError:
    """The sentence for whatever the system said no to, where nobody knew better."""
    if error.errno in FULL:
        return refusal(error.filename or "a file", reason_of(error))
    named = f"{shown(error.filename)}: " if isinstance(error.filename, str) else ""
    return FileError(
        f"Expected files and folders that can be used. Received: {named}{error.strerror or error}."
    )


def reason_of(error: OSError) -> str:
    """What the system said, in words."""
    told = str(error).splitlines()
    return _REASONS.get(error.errno or 0) or error.strerror or (told or [type(error).__name__])[0]


def reason_in(error: BaseException) -> str | None:
    """What the system said, if that is what a library's error is about."""
    if isinstance(error, OSError):
        return reason_of(error)
    said = str(error)
    found = (why for number, why in _REASONS.items() if os.strerror(number) in said)
    behind = error.__cause__ or error.__context__
    return next(found, None) or (reason_in(behind) if behind is not None else None)
