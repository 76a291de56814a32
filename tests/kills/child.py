"""One command in a process of its own that dies, or whose disk is full, at a chosen moment."""

import errno
import mmap
import os
import resource
import signal
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

WRITES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod")
ROOM = ("open", "os.mkdir")  # what needs room on the disk


@dataclass(frozen=True)
class End:
    """How a command is to fail; nothing given: not at all.

    Attributes:
        event: At the n-th time that it changes a file or folder below its output (from 1).
        how: There, "kill" or "full": no room from then on.
        seconds: Killed after so long.
        limit: Bytes that a file may have.
        signal: What is sent after `seconds`.
    """

    event: int = 0
    how: str = "kill"
    seconds: float | None = None
    limit: int | None = None
    signal: int = signal.SIGKILL


@dataclass(frozen=True)
class Ended:
    """What came of it: status (negative: the signal), what it said, how long, changes counted."""

    status: int
    said: str
    seconds: float
    events: int


def run(argv: list[str], below: Path, end: End | None = None) -> Ended:
    """Run `osteo` with arguments; forked, so that TensorFlow need not be imported again."""
    end, began = end or End(), time.monotonic()
    events = mmap.mmap(-1, 8)  # shared; not a file, whose size may be limited
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        _command(argv, str(below), end, writer, events)
    os.close(writer)
    with ThreadPoolExecutor(1) as pool, os.fdopen(reader, "rb") as stream:
        said = pool.submit(stream.read)
        if end.seconds is not None:
            _wait(pid, began + end.seconds)
            os.kill(pid, end.signal)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        told = said.result().decode("utf-8", "replace")
    seen = int.from_bytes(events[:8], "little")
    return Ended(status, told, time.monotonic() - began, seen)


def _wait(pid: int, until: float) -> None:
    """Until then, or until it has ended by itself (it stays to be waited for)."""
    while time.monotonic() < until:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.002)


def _command(argv: list[str], below: str, end: End, told: int, events: mmap.mmap) -> None:
    status = 70
    try:
        os.dup2(told, 1)
        os.dup2(told, 2)
        sys.argv = ["osteo", *argv]
        if end.limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (end.limit, end.limit))
        sys.addaudithook(_Hook(below, end, events))
        from osteo_core.cli import main

        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


class _Hook:
    def __init__(self, below: str, end: End, events: mmap.mmap) -> None:
        self._below, self._end, self._events, self._seen = below, end, events, 0

    def __call__(self, name: str, args: tuple) -> None:
        if name not in WRITES or not self._is_ours(name, args):
            return
        self._seen += 1
        self._events[:8] = self._seen.to_bytes(8, "little")
        if not self._end.event or self._seen < self._end.event:
            return
        if self._end.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif name in ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))

    def _is_ours(self, name: str, args: tuple) -> bool:
        if not isinstance(args[0], str | os.PathLike):
            return False
        if name == "open":
            mode, flags = args[1], args[2]
            writes = flags & (os.O_WRONLY | os.O_RDWR) if isinstance(flags, int) else "w" in mode
            if not writes:
                return False
        return os.fspath(args[0]).startswith(self._below)
