"""A file under way: its own name beside its place, its owner, and the step that puts it there."""

import contextlib
import errno
import functools
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from osteo_core.errors import FileError
from osteo_core.files.disk_errors import PathLike, Told, writing
from osteo_core.files.holding import hold, sync_folder
from osteo_core.files.reading import shown

PRIVATE, SHARED = 0o600, 0o666  # the second less the umask, as for any file
_WAIT_S = 2.0  # for another that writes the same file; most are written in less


def pending(file: PathLike) -> Path:
    """Where a file lies until it is whole, and what a killed process leaves of it."""
    place = place_of(file)
    name = place.name
    if len(os.fsencode(name)) > 220:  # names end at 255 bytes
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return place.with_name(f".{name}.partial{place.suffix[:20]}")


class UnderWay:
    """A file under way; held, so that nobody else writes or sweeps it."""

    def __init__(self, place: Path, said: PathLike, text: bool, private: bool) -> None:
        self._place, self._said, self._private = place, said, private
        self.partial = pending(place)
        self._is_put = False
        with writing(said):
            if place.exists() and not place.is_file():
                raise OSError(errno.EISDIR, "not a plain file")
            handle = hold(self.partial, _WAIT_S)
        if handle is None:
            raise FileError(
                f"Expected a file that nothing else writes. Received: {shown(said)}, which "
                "another command is writing now. Wait for it to end, or choose another name."
            )
        self.stream: Any = Told(open_stream(handle, text), said)

    @contextlib.contextmanager
    def own(self) -> Iterator[Path]:
        """A file for a library that opens, and may lock, its own; it goes with this one."""
        path = self.partial.with_name(f"{self.partial.stem}.own{self.partial.suffix}")
        try:
            with writing(self._said):
                path.unlink(missing_ok=True)  # of a killed run
                path.touch(PRIVATE)
            yield path
        finally:
            with contextlib.suppress(OSError):
                path.unlink()

    def settle(self, source: Path | None = None) -> None:
        """Bring every byte to the disk."""
        self.stream.flush()
        with writing(self._said), (source or self.partial).open("rb") as stream:
            os.fsync(stream.fileno())

    def put(self, source: Path | None = None) -> None:
        """Put the file in its place."""
        source = source or self.partial
        with writing(self._said):
            source.chmod(PRIVATE if self._private else _mode(self._place))
            source.replace(self._place)
            self._is_put = source == self.partial
            sync_folder(self._place.parent)

    def __enter__(self) -> "UnderWay":
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_put:
            with contextlib.suppress(OSError):
                self.partial.unlink()
        with self.stream:
            pass


def place_of(file: PathLike) -> Path:
    """Where a file really goes: a link stays one."""
    return Path(os.path.realpath(file))


def open_stream(handle: int, text: bool) -> IO[Any]:
    """A stream onto an open file; text is UTF-8 with its line ends as given."""
    if text:
        return open(handle, "w", encoding="utf-8", newline="")
    return open(handle, "wb")


def _mode(place: Path) -> int:
    """As the file that it replaces has it, else what the system gives a new one."""
    try:
        return stat.S_IMODE(place.stat().st_mode)
    except OSError:
        return SHARED & ~_umask()


@functools.cache
def _umask() -> int:
    """What a new file is not allowed; reading it means setting it for a moment."""
    now = os.umask(0o077)
    os.umask(now)
    return now
