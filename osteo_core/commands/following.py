"""Work that yields its share done, followed on stderr with the time left."""

import sys
import time
from collections.abc import Callable, Generator
from typing import TypeVar

import click

from osteo_core.training.progress import duration

T = TypeVar("T")
_QUIET_S = 2.0  # what is done by then is not told of; and between two lines


def follow(work: str, steps: Generator[float, None, T]) -> T:
    """Run work to its end.

    Args:
        work: What is being done, for the lines.
        steps: Yields the share done, 0..1.

    Returns:
        What the work returns.
    """
    began = last = time.monotonic()
    while True:
        try:
            share = next(steps)
        except StopIteration as end:
            done: T = end.value
            return done
        now = time.monotonic()
        if now - last >= _QUIET_S and share > 0:
            left = (now - began) / share * (1 - share)
            click.echo(f"{work}: {share:.0%} done, {duration(left)} left", err=True)
            last = now


def ticking(what: str) -> Callable[[int, int], None]:
    """What receives how many of how many are done, and tells it on a terminal."""

    def tick(done: int, total: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{what} {done}/{total}", err=True, nl=done == total)

    return tick
