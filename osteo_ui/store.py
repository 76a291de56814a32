"""A memory for large things, bounded by what they weigh rather than by how many there are."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any


class WeighedStore:
    """Least recently used things go first; two askers for the same thing compute it once.

    Args:
        limit: Bytes to hold at most; the newest thing is held even if it alone weighs more.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._locks: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Any], weigh: Callable[[Any], int]) -> Any:
        """Return what is kept under ``key``, made if it is not there.

        Args:
            key: Names the thing: digests and plain strings.
            make: Computes it. What it raises goes to the caller and nothing is kept.
            weigh: Tells how many bytes it holds.

        Returns:
            The thing itself, shared with every other asker.
        """
        with self._lock:
            own = self._locks.setdefault(key, Lock())
        with own:
            found = self._find(key)
            if found is None:
                found = make()
                self._keep(key, found, weigh(found))
        return found

    def has(self, key: Hashable) -> bool:
        """Say whether it is there without computing it."""
        with self._lock:
            return key in self._kept

    @property
    def weight(self) -> int:
        """Bytes held now."""
        return sum(weight for _, weight in self._kept.values())

    def _find(self, key: Hashable) -> Any:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def _keep(self, key: Hashable, thing: Any, weight: int) -> None:
        with self._lock:
            self._kept[key] = (thing, weight)
            while self.weight > self._limit and len(self._kept) > 1:
                gone, _ = self._kept.popitem(last=False)
                self._locks.pop(gone, None)
