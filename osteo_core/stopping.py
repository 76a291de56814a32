"""How a command ends before its work does: stopped by a signal, or with nowhere to say it."""

import contextlib
import errno
import os
import signal
import sys
import types
from collections.abc import Iterator

from osteo_core.files.disk_errors import Told

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Stopped(BaseException):
    """A person or the system asks the command to end; whatever is being written is taken back.

    Attributes:
        status: The exit status: 128 and the signal's number.
        name: The signal's name.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status, self.name = 128 + number, signal.Signals(number).name


class Unheard(BaseException):
    """Whoever read the output has gone (`| head`)."""


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Let the first signal end the block in good order, the second at once.

    Raises:
        Stopped: From wherever the block is; state on disk is good at any moment.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, was in before.items():
        if was is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)


def _stop(number: int, _: types.FrameType | None) -> None:
    for other in _SIGNALS:
        if signal.getsignal(other) is _stop:
            signal.signal(other, _end)
    raise Stopped(number)


def _end(number: int, _: types.FrameType | None) -> None:
    os._exit(128 + number)


@contextlib.contextmanager
def told_output() -> Iterator[None]:
    """See to it that what cannot be printed is told of, and that nothing is printed after that.

    Raises:
        FileError: Standard output is on a full disk, or the like.
        Unheard: It is a pipe that nobody reads any more.
    """
    out, sys.stdout = sys.stdout, _Output(sys.stdout, "standard output")
    errors, sys.stderr = sys.stderr, _Quiet(sys.stderr, "standard error")
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = out, errors


def mute() -> None:
    """Throw away what is left to be printed, which the interpreter would try at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


class _Output(Told):
    def write(self, data: str) -> int:
        with _heard():
            return super().write(data)

    def flush(self) -> None:
        with _heard():
            super().flush()


class _Quiet(Told):
    """What is told on the way is not worth ending the work for."""

    def write(self, data: str) -> int:
        with contextlib.suppress(OSError):
            return int(self._stream.write(data))
        return len(data)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


@contextlib.contextmanager
def _heard() -> Iterator[None]:
    from osteo_core.errors import FileError

    try:
        yield
    except FileError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EPIPE:
            raise Unheard from error
        raise
