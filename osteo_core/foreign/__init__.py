"""The edge to files of other people's making: whatever they do to a reader becomes one sentence.

A reader opens such a file inside `reading`, so that nothing else than its own error comes out.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from osteo_core.errors import OsteoError
from osteo_core.files import shown

MOST_WORDS = 200  # characters of a reason
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@contextlib.contextmanager
def reading(what: str, error: type[OsteoError], expected: str) -> Iterator[None]:
    """Turn every failure of a block that reads a foreign file into one error and one sentence.

    Args:
        what: The file, for the sentence.
        error: What is raised in place of anything else.
        expected: What the file should have been: "a trained network's card".

    Raises:
        error: The block failed, in whatever way. One of its own kind passes as it is.
    """
    try:
        yield
    except error:
        raise
    except OsteoError as told:  # another reader's sentence, as good as ours
        raise error(str(told)) from told
    except Exception as cause:  # what a foreign file can do to a reader, no list can hold
        raise error(f"Expected {expected}. Received: {what} ({why(cause)}).") from cause


def why(cause: Exception) -> str:
    """The reason of a failure in a line, without a full stop."""
    if isinstance(cause, UnicodeError):
        return "it is not text in UTF-8"
    if isinstance(cause, MemoryError):
        return "it asks for more memory than there is"
    if isinstance(cause, RecursionError):
        return "it is nested too deep"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    if isinstance(cause, KeyError) and cause.args:
        return f"it has no {shown(str(cause.args[0]))}"
    if isinstance(cause, ValidationError):
        where, what = wrong(cause)
        return f"{where or 'it'}: {what}"
    text = " ".join("".join(c if c.isprintable() else " " for c in str(cause)).split())
    return text[:MOST_WORDS].rstrip(".") or type(cause).__name__


def wrong(error: ValidationError) -> tuple[str, str]:
    """Where the first thing is that a model of pydantic found wrong, and what it said of it."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = shown(".".join(str(part) for part in first["loc"]))
    return where, shown(first["msg"].removeprefix("Value error, "))


def plain_file(file: str | os.PathLike[str], most: int) -> BinaryIO:
    """Open a file to be read.

    Args:
        file: Its path; a pipe or a device in its place does not make anyone wait.
        most: Greatest size in bytes.

    Raises:
        ValueError: It is no plain file, or larger.
        OSError: It cannot be opened.
    """
    # Not waiting matters for pipes: to open one for reading waits until somebody writes.
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        kind = next((name for is_it, name in _KINDS if is_it(status.st_mode)), "")
        if kind:
            raise ValueError(f"{kind} where a file was expected")
        if status.st_size > most:
            raise ValueError(f"{_size(status.st_size)} where at most {_size(most)} are read")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def is_there(file: Path) -> bool:
    """Whether anything of that name is there: a file, a folder, a pipe, a link to nowhere."""
    try:
        return os.path.lexists(file)
    except ValueError:  # a name that no system can hold
        return False


def _size(n: int) -> str:
    return f"{n / (1 << 20):,.0f} MiB" if n >= 1 << 20 else f"{n:,} bytes"
