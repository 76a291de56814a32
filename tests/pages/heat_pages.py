"""The heat-map page in tests: its jobs run to their end, and grades that are there at once."""

from __future__ import annotations

import time

from osteo_core.grades import Grade
from tests.pages.looking import labels

VIABLE = {"tile": "example:Synthetic Viable 1", "class": "Viable"}


def settled(at):
    """Run the page until none of its jobs is on its way, as its fragments do in a browser."""
    end = time.monotonic() + 20
    while "Stop" in labels(at):
        assert time.monotonic() < end, "it is still at work"
        time.sleep(0.05)
        at.run()
    assert not at.exception
    return at


def graded(badge, **figures):
    """In place of the steps of a grade: one that is there at once."""

    def steps(engine, tile, heat, settings, mask=None):
        yield 0.5
        return Grade(badge, (f"This is why: {badge}.",), figures, settings, heat.meta())

    return steps
