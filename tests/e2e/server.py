"""The real dashboard, started as a user starts it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
START_S = 180  # a first `make run` may have to finish an installation


@dataclass
class Server:
    """The running dashboard."""

    url: str
    log: Path

    def tail(self) -> str:
        """The end of what it printed."""
        return self.log.read_text(errors="replace")[-4000:]


@contextmanager
def make_run(log: Path) -> Iterator[Server]:
    """Start the dashboard as a user does, on a free port; stop all of it in the end."""
    port = _free_port()
    running = Server(f"http://localhost:{port}", log)
    with running.log.open("w") as output:
        process = subprocess.Popen(
            ["make", "run", f"PORT={port}"],
            cwd=PROJECT,
            env=_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for_health(port, process, running)
        yield running
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _environment() -> dict[str, str]:
    of_make = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")  # of the make that tests us
    kept = {key: value for key, value in os.environ.items() if key not in of_make}
    return kept | {"STREAMLIT_SERVER_HEADLESS": "true"}  # opens no browser by itself


def _wait_for_health(port: int, process: subprocess.Popen[bytes], running: Server) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            asked = http.client.HTTPConnection("localhost", port, timeout=5)
            asked.request("GET", "/_stcore/health")
            if asked.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"`make run` did not answer within {START_S} s. Its log:\n{running.tail()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    for end in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, end)
            process.wait(timeout=10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
