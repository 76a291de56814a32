"""What the grades of one network share: its randomised copy, and tiles read after small changes."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from osteo_core.grades.changes import Change
from osteo_core.grades.randomised import Randomised, Stage
from osteo_core.networks.preprocessing import resize
from osteo_core.tiles import Tile

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading

_READINGS = 8  # those of one tile: three changes and four stages; about 10 MB each for VGG19
_MEMO = "grades"


class Kept:
    """Kept as long as the network, in its `memo`; safe on threads, bounded in memory.

    Args:
        engine: The network.
    """

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self._building = threading.Lock()
        self._randomised: tuple[int, Randomised] | None = None
        self._readings: OrderedDict[tuple[str, ...], Reading] = OrderedDict()

    @classmethod
    def of(cls, engine: "Engine") -> "Kept":
        """What is kept of a network."""
        kept: Kept = engine.memo.setdefault(_MEMO, cls(engine))
        return kept

    def randomised(self, seed: int) -> Randomised:
        """The network's copy for a seed; one is kept, so another seed's takes its place."""
        with self._building:  # it takes seconds, and whoever comes second waits for the first
            if self._randomised is None or self._randomised[0] != seed:
                self._randomised = seed, Randomised(self._engine, seed)
            return self._randomised[1]

    def changed(self, tile: Tile, change: Change) -> "Reading":
        """A tile, fitted to the network's input and then changed, read."""

        def read() -> "Reading":
            pixels = change.apply(resize(tile.pixels, self._engine.input_size))
            return self._engine.read(Tile(pixels, f"{tile.sha256}-{change.name}", tile.name))

        return self._reading((tile.sha256, change.name), read)

    def forgetful(self, tile: Tile, stage: Stage, seed: int) -> "Reading":
        """A tile read by the randomised network; to be asked only while that is at this stage."""
        randomised = self.randomised(seed)

        def read() -> "Reading":
            with randomised.at(stage) as copy:
                return copy.read(tile)

        return self._reading((tile.sha256, stage.name, str(seed)), read)

    def _reading(self, key: tuple[str, ...], read: Callable[[], "Reading"]) -> "Reading":
        with self._lock:
            if key in self._readings:
                self._readings.move_to_end(key)
                return self._readings[key]
        made = read()
        with self._lock:
            self._readings[key] = made
            while len(self._readings) > _READINGS:
                self._readings.popitem(last=False)
        return made
