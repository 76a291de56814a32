"""The weighed store: what goes first, what is computed once, what an error leaves behind."""

import threading
import time

import pytest

from osteo_ui.store import WeighedStore


def test_the_least_recently_used_go_first():
    store = WeighedStore(10)
    for name in "abc":
        store.get(name, lambda name=name: name, lambda _: 4)
        store.get("a", lambda: "made again", lambda _: 4)
    assert store.has("a")
    assert not store.has("b")
    assert store.has("c")
    assert store.weight == 8
    assert store.get("a", lambda: "made again", lambda _: 4) == "a"


def test_one_thing_too_large_is_still_held():
    store = WeighedStore(10)
    store.get("small", lambda: 1, lambda _: 4)
    store.get("large", lambda: 2, lambda _: 40)
    assert store.has("large")
    assert not store.has("small")


def test_many_askers_compute_once():
    store, made = WeighedStore(10), []

    def make():
        time.sleep(0.05)
        made.append(1)
        return object()

    got = []
    threads = [
        threading.Thread(target=lambda: got.append(store.get("x", make, lambda _: 1)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(set(map(id, got))) == 1


def test_an_error_is_not_kept():
    store = WeighedStore(10)

    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.get("x", fail, lambda _: 1)
    assert store.get("x", lambda: 7, lambda _: 1) == 7
