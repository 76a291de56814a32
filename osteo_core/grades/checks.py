"""A map made again: under small changes of the tile, and by a network that forgets."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from osteo_core.explain import Question, find_method
from osteo_core.grades.changes import Change, changes, undone
from osteo_core.grades.correlation import coarse, rank_correlation
from osteo_core.grades.faithfulness import Work
from osteo_core.grades.grade import StageResult
from osteo_core.grades.kept import Kept
from osteo_core.grades.randomised import Stage
from osteo_core.grades.reduced import Effort
from osteo_core.tiles import Tile

if TYPE_CHECKING:
    from osteo_core.heatmap import HeatMap
    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]
_Held = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, eq=False)
class Checks:
    """The checks of one map.

    Attributes:
        kept: What the network's grades share.
        tile: The tile.
        reading: The tile, read.
        asked: What the map answers.
        effort: How it is made again.
        signed: Whether its values can be negative.
        places: Places a side at which maps are compared.
    """

    kept: Kept
    tile: Tile
    reading: "Reading"
    asked: Question
    effort: Effort
    signed: bool
    places: int

    def original(self, heat: "HeatMap") -> Work[Values]:
        """The map itself, or, where less effort is taken, the map made with that."""
        if not self.effort.needs_original:
            return heat.values
        return (yield from self._made(self.reading))

    def stability(self, original: Values) -> Work[dict[str, float]]:
        """Rank correlations of a map with those of the changed tile, by metric."""
        found = {}
        for change in changes().values():
            reading = self.kept.changed(self.tile, change)
            yield 1.0
            again = yield from self._made(reading)
            found[change.name] = self._after(original, again, change)
        return found

    def sanity(self, original: Values, seed: int) -> Work[tuple[StageResult, ...]]:
        """Rank correlations of a map with those of the randomised network, from the top."""
        randomised = self.kept.randomised(seed)
        yield 0.0
        found = []
        for stage in chosen_stages(randomised.stages, self.effort):
            again = yield from self._forgotten(stage, seed)
            alike = self._alike(self._size(original), self._size(again))
            found.append(StageResult(stage.name, len(stage.layers), alike))
        return tuple(found)

    def _forgotten(self, stage: Stage, seed: int) -> Work[Values]:
        randomised = self.kept.randomised(seed)
        reading = self.kept.forgetful(self.tile, stage, seed)
        yield 1.0
        # Between two steps another may have put the copy to another stage.
        return (yield from self._made(reading, lambda: randomised.at(stage)))

    def _made(self, reading: "Reading", held: _Held = nullcontext) -> Work[Values]:
        asked, effort = self.asked, self.effort
        steps = reading.heatmap_steps(
            effort.method, asked.layer, asked.target, asked.against, effort.parameters
        )
        method = find_method(effort.method)
        question = Question(asked.layer, asked.target, asked.against, effort.parameters)
        whole = method.cost(reading.engine, question)
        heat: HeatMap = yield from _in_passes(steps, whole, held)
        return np.nan_to_num(heat.values)

    def _after(self, original: Values, again: Values, change: Change) -> float:
        if not change.shifts:
            return self._alike(original, again)
        size = self.reading.engine.input_size
        return self._alike(undone(original, size, 0), undone(again, size, change.shifts))

    def _size(self, values: Values) -> Values:
        # Edges that come back with the other sign have come back: the stricter of the paper's two.
        size: Values = np.abs(values) if self.signed else values
        return size

    def _alike(self, first: Values, second: Values) -> float:
        return rank_correlation(coarse(first, self.places), coarse(second, self.places))


def chosen_stages(stages: tuple[Stage, ...], effort: Effort) -> tuple[Stage, ...]:
    """The stages that are tried: of a slow method only the last, which decides."""
    return stages[-1:] if effort.is_reduced else stages


def _in_passes(
    steps: Generator[float, None, "HeatMap"], whole: float, held: _Held
) -> Work["HeatMap"]:
    """Steps that tell their share done as steps that tell their forward passes."""
    done = 0.0
    while True:
        try:
            with held():
                share = next(steps)
        except StopIteration as end:
            made: HeatMap = end.value
            yield max(0.0, (1 - done) * whole)
            return made
        yield max(0.0, (share - done) * whole)
        done = max(done, share)
