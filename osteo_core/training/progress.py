"""Progress with time left, as lines a log can hold."""

import time
from collections.abc import Callable

Report = Callable[[str], None]


class Progress:
    """Turns counts into lines such as `all layers, epoch 2 of 3: 320/640, 4 min left`.

    Args:
        report: Receives each line.
        every: Least number of seconds between two lines of the same work.
    """

    def __init__(self, report: Report, every: float = 10.0) -> None:
        self._report = report
        self._every = every
        self._work = ""
        self._started = self._last = 0.0
        self._first = 0

    def __call__(self, work: str, done: int, total: int) -> None:
        """Say that `done` of `total` steps of `work` are done."""
        now = time.monotonic()
        if work != self._work:
            self._work, self._started, self._last, self._first = work, now, 0.0, done
        if done < total and now - self._last < self._every:
            return
        self._last = now
        left = ""
        if self._first < done < total:
            seconds = (now - self._started) / (done - self._first) * (total - done)
            left = f", {duration(seconds)} left"
        self._report(f"{work}: {done}/{total}{left}")


def duration(seconds: float) -> str:
    """Seconds in words: `45 s`, `12 min`, `1 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
