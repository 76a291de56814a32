"""The one way a file is written: beside its place, whole, then put there in one step.

A killed process, a full disk or a folder that may not be written to leaves what was there as it
was, and no half file beside it. What a killed run left is swept when the same file is written
again: it has a name of its own, and whoever writes holds it, so that two never write one file.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from osteo_core.errors import OsteoError
from osteo_core.files.disk_errors import FULL, PathLike, Told, reason_in, refusal, writing
from osteo_core.files.holding import LOCK, STAGE, is_left, locked, made, sync_folder
from osteo_core.files.reading import read_bytes, shown
from osteo_core.files.under_way import PRIVATE, SHARED, UnderWay, open_stream, pending, place_of

__all__ = [
    "LOCK",
    "PRIVATE",
    "SHARED",
    "STAGE",
    "atomic_write",
    "is_left",
    "locked",
    "pending",
    "read_bytes",
    "shown",
    "staged",
    "staging",
    "sync_folder",
    "write_bytes",
    "write_text",
    "write_together",
    "write_with",
    "writing",
]


@contextlib.contextmanager
def atomic_write(file: PathLike, *, text: bool = False, private: bool = False) -> Iterator[IO[Any]]:
    """Open a file to be written anew; it takes its place only when the block ends well.

    A device or a pipe is written to as it stands. A link is followed.

    Args:
        file: Where to write; its folder is made when missing.
        text: Whether strings are written (UTF-8, line ends as given) instead of bytes.
        private: Whether only its owner may read it.

    Yields:
        A stream onto a file of another name beside it. Open it before long work: a place that
        cannot be written to is then told of at once.

    Raises:
        FileError: It could not be written, or something else writes it now. What was there before
            is there still.
    """
    if _is_special(file):
        with writing(file):
            handle = os.open(file, os.O_WRONLY)
        with Told(open_stream(handle, text), file) as stream:
            yield stream
            stream.flush()
        return
    place = place_of(file)
    with made(place.parent, file), UnderWay(place, file, text, private) as one:
        try:
            yield one.stream
        except OSError as error:
            if error.errno not in FULL:  # else it may be about anything
                raise
            raise refusal(file, reason_in(error) or "") from error
        one.settle()
        one.put()


def write_text(file: PathLike, text: str, *, private: bool = False) -> None:
    """Write a whole text, as `atomic_write` does."""
    with atomic_write(file, text=True, private=private) as stream:
        stream.write(text)


def write_bytes(file: PathLike, data: bytes, *, private: bool = False) -> None:
    """Write whole bytes, as `atomic_write` does."""
    with atomic_write(file, private=private) as stream:
        stream.write(data)


def write_together(contents: Mapping[Path, str], *, private: bool = False) -> None:
    """Write files that belong together: all are whole on the disk before the first is put in place.

    A process killed between two steps of the end leaves the last of them beside their places, see
    `pending`.

    Args:
        contents: Texts by file, in the order in which they are put in place.
        private: Whether only their owner may read them.

    Raises:
        FileError: One could not be written. What was there before is there still.
    """
    with contextlib.ExitStack() as stack:
        files = []
        for file, text in contents.items():
            place = place_of(file)
            stack.enter_context(made(place.parent, file))
            files.append(stack.enter_context(UnderWay(place, file, True, private)))
            files[-1].stream.write(text)
            files[-1].settle()
        for one in files:
            one.put()


def write_with(file: PathLike, write: Callable[[Path], object], *, private: bool = False) -> None:
    """Let a library that wants a path write a file, and put that in place when it is whole.

    Args:
        file: Where the file goes.
        write: Writes it at the path that it is given, which ends as `file` does.
        private: Whether only its owner may read it.

    Raises:
        FileError: It could not be written. What was there before is there still.
    """
    place = place_of(file)
    with made(place.parent, file), UnderWay(place, file, False, private) as one, one.own() as path:
        try:
            write(path)
        except OsteoError:
            raise
        except Exception as error:  # libraries put what the system says into their own words
            reason = reason_in(error)
            if reason is None:
                raise
            raise refusal(file, reason) from error
        one.settle(path)
        one.put(path)


@contextlib.contextmanager
def staging(folder: PathLike, last: str) -> Iterator[Path]:
    """As `staged`, of a folder that is held already.

    Raises:
        FileError: The folder cannot be written to.
    """
    place, beside = Path(folder), Path(folder) / STAGE
    try:
        with writing(place):
            beside.mkdir()
        yield beside
        with writing(place):
            _move_all(beside, place, last)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextlib.contextmanager
def staged(folder: PathLike, last: str, what: str = "another command") -> Iterator[Path]:
    """Hold a folder and fill another inside it; its files are put in place when all are whole.

    Args:
        folder: Where the files go; made when missing.
        last: Name of the file that describes the others, which is put in place behind them.
        what: Who else may be writing there, for the sentence.

    Yields:
        An empty folder.

    Raises:
        FileError: The folder cannot be written to, or something else holds it.
    """
    with locked(folder, what), staging(folder, last) as beside:
        yield beside


def _move_all(source: Path, target: Path, last: str) -> None:
    """Move every file of a folder into another one, a step each, the one called `last` at last."""
    sync_folder(source)
    for file in sorted(source.iterdir(), key=lambda file: (file.name == last, file.name)):
        file.replace(target / file.name)
    sync_folder(target)


def _is_special(file: PathLike) -> bool:
    try:
        mode = Path(file).stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
