"""Heavy pictures are decoded in a process of their own, which has little time and memory.

A decoder may hold Python's lock for seconds, ask for gigabytes, or never come back; none of that
may hold up other visitors. A picture whose header promises much work is therefore handed to a
process that is ended when its time is over. All others are decoded where they are asked for.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from osteo_core.decoding.stored import Refusal

CPU_S = 10  # the slowest legal picture, 8192 × 8192 px of 16 bits with alpha, takes some six
WALL_S = 60.0  # on a machine that is busy with other things, or when nothing is computed at all
AT_ONCE = 2
MEMORY_BYTES = 2 << 30

_ROOT = str(Path(__file__).parents[2])
_SERVE = f"import sys; sys.path.insert(0, {_ROOT!r}); from osteo_core.decoding import apart; "
_SERVE += "apart.serve(sys.stdin.buffer, sys.stdout.buffer)"
_free = threading.BoundedSemaphore(AT_ONCE)


def decode_apart(data: bytes) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Decode in a new process.

    Raises:
        Refusal: As `decode` does; and a picture that takes too long or too much memory.
    """
    command = [sys.executable, "-P", "-c", _SERVE]
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        _free,
        subprocess.Popen(  # noqa: S603 - our own code, in our own interpreter
            command, stderr=subprocess.DEVNULL, env={**os.environ, **one_thread}, **pipes
        ) as child,
    ):
        timer = threading.Timer(WALL_S, child.kill)
        timer.start()
        try:
            return _ask(child, data)
        finally:
            timer.cancel()
            child.kill()


def _ask(
    child: "subprocess.Popen[bytes]", data: bytes
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - for mypy
    try:
        child.stdin.write(data)
        child.stdin.close()
        answer = json.loads(child.stdout.readline())
        if "received" in answer:
            raise Refusal(answer["expected"], answer["received"])
        pixels = np.empty(answer["shape"], np.uint8)
        if child.stdout.readinto(pixels.data.cast("B")) != pixels.nbytes:  # type: ignore[attr-defined]
            raise EOFError
    except (OSError, ValueError, EOFError):  # its end: a broken pipe, no answer or half of one
        raise _why(child.wait()) from None
    pixels.setflags(write=False)
    return pixels, tuple(answer["notes"])


def _why(status: int) -> Refusal:
    """Say what an end that was none of its own means."""
    if -status in (signal.SIGKILL, getattr(signal, "SIGXCPU", signal.SIGKILL)):
        return Refusal(f"a picture that is decoded within {CPU_S} s", "one that takes longer")
    return Refusal("a picture that is decoded within 2 GB", "one on which its decoder broke down")


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Decode what comes in and write what became of it; runs in the process apart."""
    from osteo_core.decoding import stored, whole

    stored.here_is_apart()
    _limit()
    try:
        pixels, notes = whole.decode(asked.read())
    except Refusal as no:
        answers.write(_line({"expected": no.expected, "received": no.received}))
    else:
        answers.write(_line({"shape": pixels.shape, "notes": notes}))
        answers.write(pixels.data.cast("B"))
    answers.flush()


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def _limit() -> None:
    """Let the system end this process beyond its memory and its time."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MEMORY_BYTES, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))  # for its imports
    resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_S, used + CPU_S + 1))
