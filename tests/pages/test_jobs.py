"""Slow work beside the script: fair, shared, dropped when nobody wants it."""

from __future__ import annotations

import threading
import time

import pytest

from osteo_core.errors import ModelError
from osteo_ui import progress
from osteo_ui.jobs import Jobs, JobState


def _until(true, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)


class Work:
    """A job of so many steps, each of which waits to be let through."""

    def __init__(self, steps: int = 2, order: list[str] | None = None, name: str = "") -> None:
        self.gate = threading.Semaphore(0)
        self.steps, self.order, self.name = steps, order, name
        self.begun = self.closed = 0

    def __call__(self):
        self.begun += 1
        try:
            for number in range(self.steps):
                self.gate.acquire(timeout=5)
                if self.order is not None:
                    self.order.append(self.name)
                yield (number + 1) / (self.steps + 1)
            return f"{self.name} is done"
        finally:
            self.closed += 1

    def let(self, steps: int = 100) -> None:
        self.gate.release(steps)


def test_a_job_runs_once_for_all_who_ask_and_its_result_is_kept():
    jobs, work = Jobs(), Work(2, name="map")
    assert jobs.ask("k", work, "anna").status == "waiting"
    assert jobs.ask("k", work, "ben").unfinished
    work.let(1)
    _until(lambda: jobs.look("k", "anna").share == pytest.approx(1 / 3))
    running = jobs.look("k", "ben")
    assert running.status == "running"
    assert running.seconds_left > 0
    work.let()
    _until(lambda: jobs.look("k", "anna").status == "done")
    assert jobs.ask("k", work, "carl").result == "map is done"
    assert work.begun == 1


def test_sessions_take_turns():
    jobs, order = Jobs(), []
    works = {name: Work(3, order, name) for name in ("a1", "a2", "b1")}
    for name, work in works.items():
        jobs.ask(name, work, name[0])
    assert jobs.look("a2", "a").ahead == 1
    for work in works.values():
        work.let()
    _until(lambda: all(jobs.look(name, name[0]).status == "done" for name in works))
    # b is through before a's second job has begun
    assert order.index("a2") > max(i for i, name in enumerate(order) if name == "b1")


def test_what_is_stopped_ends_between_two_steps_and_leaves_nothing():
    jobs, work = Jobs(), Work(5)
    jobs.ask("k", work, "anna")
    work.let(1)
    _until(lambda: jobs.look("k", "anna").share > 0)
    jobs.stop("k", "anna")
    work.let(1)
    _until(lambda: work.closed)
    assert jobs.look("k", "anna") is None


def test_what_another_still_wants_is_not_stopped():
    jobs, work = Jobs(), Work(2)
    jobs.ask("k", work, "anna")
    jobs.ask("k", work, "ben")
    jobs.stop("k", "anna")
    work.let()
    _until(lambda: jobs.look("k", "ben").status == "done")


def test_what_nobody_asks_for_any_more_is_dropped():
    jobs, work = Jobs(patience=0.05), Work(100)
    jobs.ask("k", work, "anna")
    for _ in range(100):
        time.sleep(0.01)
        work.let(1)
        if work.closed:
            break
    assert work.closed
    assert jobs.look("k", "anna") is None


def test_a_failure_is_a_sentence_until_it_is_forgotten():
    def fails():
        yield 0.5
        raise ModelError("Expected maps. Received: none.")

    def breaks():
        yield 0.5
        raise ZeroDivisionError

    jobs = Jobs()
    jobs.ask("k", fails, "anna")
    jobs.ask("other", breaks, "anna")
    _until(lambda: jobs.look("other", "anna").status == "failed")
    assert jobs.look("k", "anna").problem == "Expected maps. Received: none."
    assert "see the log" in jobs.look("other", "anna").problem
    jobs.stop("k", "anna")
    assert jobs.look("k", "anna") is None


def test_what_waits_is_taken_to_be_as_long_as_what_runs():
    waiting = JobState("waiting")
    running = JobState("running", 0.25, seconds_left=3.0, seconds=4.0)
    at_the_end = JobState("running", 1.0, seconds_left=0.0, seconds=4.0)
    assert progress._left([running, waiting, waiting]) == 11.0
    assert progress._left([at_the_end, waiting, waiting]) == 8.0
