"""Slow work off the script's thread: asked for by key, shared by all sessions, shown as it runs.

A page asks for what it wants with `ask` each time it is drawn, draws what is done, and shows the
rest with `progress.bar` or only waits for it with `progress.follow`. A click is never kept waiting
by a job for longer than one of its steps.
"""

import atexit
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import streamlit as st

from osteo_core.errors import OsteoError
from osteo_ui.streamlit_compat import session_id

Status = Literal["waiting", "running", "done", "failed", "stopped"]
Steps = Generator[float, None, Any]
Make = Callable[[], Steps]

PATIENCE_S = 15.0  # a job that nobody has asked for in this time is dropped
LOOK_S = 0.5
KEPT = 600  # results; the largest, a map of the input's size, is a quarter of a megabyte
_UNFINISHED = ("waiting", "running")
_STOPPED = "osteo.stopped"


@dataclass(frozen=True)
class JobState:
    """How a job is.

    Attributes:
        status: Where it is.
        share: Part done, 0..1.
        seconds_left: Estimate from the part done; None before there is one.
        seconds: Estimate of all that it takes; None before there is one.
        result: What it gave, when done.
        problem: One sentence, when failed.
        ahead: Jobs of the same session that are to be finished before it.
    """

    status: Status
    share: float = 0.0
    seconds_left: float | None = None
    seconds: float | None = None
    result: Any = None
    problem: str | None = None
    ahead: int = 0

    @property
    def unfinished(self) -> bool:
        """Whether it waits or runs."""
        return self.status in _UNFINISHED


@dataclass(eq=False)
class _Job:
    key: str
    steps: Steps
    wanted: dict[str, float] = field(default_factory=dict)  # by session: when it last asked
    state: JobState = JobState("waiting")
    began: float = 0.0
    busy: float = 0.0  # seconds that its own steps took


class Jobs:
    """Runs jobs step by step, one step of each session's foremost job in turn.

    One thread: the network answers one question at a time anyway, and TensorFlow uses all cores
    for it. So a person who asks for little never waits for all that another has asked for.

    Args:
        patience: Seconds without being asked for after which a job is dropped.
    """

    def __init__(self, patience: float = PATIENCE_S) -> None:
        self._patience = patience
        self._jobs: OrderedDict[str, _Job] = OrderedDict()  # unfinished ones, oldest first
        self._kept: OrderedDict[str, JobState] = OrderedDict()
        self._last = ""  # the session whose job took the last step
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, key: str, make: Make, session: str) -> JobState:
        """Start a job unless it is known, and note that this session wants it."""
        with self._change:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            if key not in self._jobs:
                self._jobs[key] = _Job(key, make())
                self._wake()
            self._jobs[key].wanted[session] = time.monotonic()
            return self._state(self._jobs[key], session)

    def look(self, key: str, session: str) -> JobState | None:
        """How a job is; None where it is not known. To look is to want it still."""
        with self._change:
            if key in self._kept:
                return self._kept[key]
            if key not in self._jobs:
                return None
            if session in self._jobs[key].wanted:
                self._jobs[key].wanted[session] = time.monotonic()
            return self._state(self._jobs[key], session)

    def results(self) -> list[Any]:
        """What the finished jobs gave, oldest first."""
        with self._change:
            return [state.result for state in self._kept.values() if state.status == "done"]

    def stop(self, key: str, session: str) -> None:
        """Want a job no longer; it ends before its next step unless others want it.

        A failure is forgotten, so that it can be tried again.
        """
        with self._change:
            if key in self._kept and self._kept[key].status == "failed":
                del self._kept[key]
            if key in self._jobs:
                self._jobs[key].wanted.pop(session, None)

    def forget(self, key: str, session: str) -> None:
        """Want a job no longer, and let go of its result."""
        self.stop(key, session)
        with self._change:
            self._kept.pop(key, None)

    def close(self) -> None:
        """End the thread behind its present step: the process is about to end.

        A thread that is within TensorFlow when the interpreter goes down takes the process along.
        """
        with self._change:
            self._closed = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _state(self, job: _Job, session: str) -> JobState:
        mine = [one for one in self._jobs.values() if session in one.wanted]
        return replace(job.state, ahead=mine.index(job) if job in mine else 0)

    def _wake(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
            self._thread.start()
        self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                self._drop_unwanted()
                job = self._next()
                while job is None and not self._closed:
                    self._change.wait()
                    job = self._next()
                if job is None or self._closed:
                    return
            self._step(job)

    def _drop_unwanted(self) -> None:
        now = time.monotonic()
        for job in list(self._jobs.values()):
            job.wanted = {s: at for s, at in job.wanted.items() if now - at < self._patience}
            if not job.wanted:
                del self._jobs[job.key]
                job.steps.close()

    def _next(self) -> _Job | None:
        """The oldest job of the session whose turn it is."""
        foremost: dict[str, _Job] = {}
        for job in self._jobs.values():
            for session in job.wanted:
                foremost.setdefault(session, job)
        if not foremost:
            return None
        sessions = sorted(foremost)
        self._last = next((s for s in sessions if s > self._last), sessions[0])
        return foremost[self._last]

    def _step(self, job: _Job) -> None:
        began = time.monotonic()
        try:
            share = min(1.0, max(0.0, float(next(job.steps))))
        except StopIteration as end:
            self._finish(job, JobState("done", 1.0, 0.0, result=end.value))
        except OsteoError as error:
            self._finish(job, JobState("failed", problem=str(error)))
        except Exception:
            logging.getLogger(__name__).exception("A job failed: %s", job.key)
            self._finish(
                job, JobState("failed", problem="This could not be computed: see the log.")
            )
        else:
            job.began = job.began or began
            whole = (time.monotonic() - job.began) / share if share > 0 else None
            left = None if whole is None else whole * (1 - share)
            job.state = JobState("running", share, left, whole)

    def _finish(self, job: _Job, state: JobState) -> None:
        with self._change:
            self._jobs.pop(job.key, None)
            self._kept[job.key] = state
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _jobs() -> Jobs:
    made = Jobs()
    atexit.register(made.close)
    return made


def ask(key: str, make: Make) -> JobState:
    """Ask for a result: start the job if need be, and say that it is still wanted.

    Args:
        key: Names the result: digests and plain strings.
        make: Begins the work: a generator that yields the share done, 0..1, between steps of well
            under a second and returns the result.

    Returns:
        How the job is; "stopped" for one that this session stopped, until `start`.
    """
    if key in _stopped():
        found = _jobs().look(key, session_id())
        return found if found and found.status == "done" else JobState("stopped")
    return _jobs().ask(key, make, session_id())


def look(key: str) -> JobState | None:
    """How a job is, without starting it; None where it is not known."""
    return _jobs().look(key, session_id())


def results() -> list[Any]:
    """What the finished jobs of all sessions gave, oldest first."""
    return _jobs().results()


def stop(*keys: str) -> None:
    """Stop jobs for this session. For callbacks."""
    for key in keys:
        _stopped().add(key)
        _jobs().stop(key, session_id())


def start(*keys: str) -> None:
    """Let stopped or failed jobs begin again when next asked for. For callbacks."""
    for key in keys:
        _stopped().discard(key)
        _jobs().stop(key, session_id())  # forgets a failure


def forget(key: str) -> None:
    """Want a job no longer, and let go of its result if there is one."""
    _jobs().forget(key, session_id())


def _stopped() -> set[str]:
    kept: set[str] = st.session_state.setdefault(_STOPPED, set())
    return kept
