import pytest

from osteo_core.training import progress
from osteo_core.training.progress import Progress, duration


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_time_left_is_that_of_the_steps_seen(clock):
    lines = []
    tick = Progress(lines.append, every=10)
    for done, seconds in ((10, 0), (20, 5), (30, 20), (70, 60), (100, 90)):
        clock[0] = 100 + seconds
        tick("features", done, 100)
    # 20 steps in 20 s leave 70 s for 70; 60 steps in 60 s leave 30 s for 30.
    assert lines == [
        "features: 10/100",
        "features: 30/100, 70 s left",
        "features: 70/100, 30 s left",
        "features: 100/100",
    ]


def test_other_work_counts_from_its_own_start(clock):
    lines = []
    tick = Progress(lines.append)
    tick("a", 1, 2)
    clock[0] += 50
    tick("b", 1, 4)
    clock[0] += 20
    tick("b", 2, 4)
    assert lines[-1] == "b: 2/4, 40 s left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (3900 + 1800, "1 h 35 min")],
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words
