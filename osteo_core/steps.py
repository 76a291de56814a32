"""Long work as a generator of small steps: its shares done, 0..1, and a result in the end."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[float, None, T]


def finish(steps: Steps[T]) -> T:
    """Take all steps at once and return the result."""
    try:
        while True:
            next(steps)
    except StopIteration as end:
        result: T = end.value
        return result


def retold(steps: Steps[T], share: Callable[[float], float]) -> Steps[T]:
    """Take the same steps and tell of them in the shares of what they are a part of.

    Args:
        steps: The part.
        share: From the share of the part that is done to that of the whole, both 0..1.
    """
    try:
        while True:
            done = next(steps)
            yield share(done)
    except StopIteration as end:
        result: T = end.value
        return result


def between(steps: Steps[T], low: float, high: float) -> Steps[T]:
    """Take the same steps, their shares between two others."""
    return retold(steps, lambda done: low + (high - low) * min(1.0, max(0.0, done)))
