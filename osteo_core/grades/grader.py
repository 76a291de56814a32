"""Grades the heat maps of one tile and class, keeping what all of them share."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from osteo_core.errors import MaskError, ModelError
from osteo_core.explain import Question, find_method
from osteo_core.grades.checks import Checks
from osteo_core.grades.costs import grade_cost
from osteo_core.grades.faithfulness import (
    Bench,
    Curve,
    Curves,
    Work,
    best_score,
    edge_map,
    extremes,
    places_in_order,
    random_map,
)
from osteo_core.grades.grade import Grade, StageResult
from osteo_core.grades.kept import Kept
from osteo_core.grades.localisation import pointing_game, relevance_mass
from osteo_core.grades.reduced import effort
from osteo_core.grades.rule import Verdict, judge
from osteo_core.grades.settings import GradeSettings
from osteo_core.networks.preprocessing import resize
from osteo_core.steps import Steps, finish
from osteo_core.tiles import Tile

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.heatmap import HeatMap
    from osteo_core.reading import Reading

Mask = npt.NDArray[np.bool_]
_PLACES_A_CELL = 4


class Grader:
    """Grades heat maps; safe on threads.

    Args:
        engine: The network.
        tile: The tile.
        reading: The tile, read by the network.
        target: The class explained.
        against: The class it is held against.
        settings: How to grade.

    Raises:
        ModelError: No such class, or the reading is of another tile or of changed units.
    """

    def __init__(
        self,
        engine: "Engine",
        tile: Tile,
        reading: "Reading",
        target: str,
        against: str | None = None,
        settings: GradeSettings | None = None,
    ) -> None:
        if reading.silenced or reading.tile_sha256 != tile.sha256:
            raise ModelError(
                "Expected the tile's own reading, with no unit switched off. Received: a reading "
                f"of {reading.tile_name} with changes in {len(reading.silenced)} layers."
            )
        reading.direction(target, against)  # raises
        self.engine = engine
        self.tile = tile
        self.reading = reading
        self.target = target
        self.against = against
        self.settings = settings or GradeSettings()
        self._lock = threading.Lock()
        self._shared: dict[str, Any] = {}

    @property
    def shared_done(self) -> bool:
        """Whether what all maps share has been computed."""
        return f"random {self.settings.random_maps - 1}" in self._shared

    def grade(self, heat: "HeatMap", mask: Mask | None = None) -> Grade:
        """Grade a map; see `steps`."""
        return finish(self.steps(heat, mask))

    def steps(self, heat: "HeatMap", mask: Mask | None = None) -> Steps[Grade]:
        """Grade a map in steps of about a forward pass or two, for progress and for stopping.

        Args:
            heat: A map of this tile, network and class.
            mask: bool (H, W) of the tile, True where the evidence lies.

        Yields:
            The share done, 0..1.

        Returns:
            The grade.

        Raises:
            ModelError: A map of something else.
            MaskError: An empty mask.
        """
        asked = self._asked(heat)
        cost = grade_cost(self.engine, heat.method, self.settings, self.shared_done, asked)
        work, done = self._work(heat, asked, mask), 0.0
        while True:
            try:
                done += next(work)
            except StopIteration as end:
                made: Grade = end.value
                return made
            yield min(1.0, done / cost)

    def _asked(self, heat: "HeatMap") -> Question:
        ours = (self.tile.sha256, self.engine.digest, self.target, self.against)
        if (heat.tile_sha256, heat.bundle_digest, heat.target, heat.against) != ours:
            raise ModelError(
                f"Expected a heat map of {self.tile.name} by {self.engine.name} for {self.target}. "
                f"Received: one of {heat.tile_name} by {heat.bundle} for {heat.score}."
            )
        parameters = find_method(heat.method).settings(heat.parameters)
        return Question(heat.layer, heat.target, heat.against, parameters)

    def _work(self, heat: "HeatMap", asked: Question, mask: Mask | None) -> Work[Grade]:
        if empty := _emptiness(heat):
            verdict = judge({}, float("nan"), (), empty)
            return self._graded(heat, verdict)
        figures = _localisation(heat, mask)
        bench = yield from self._bench()
        edges, randoms = yield from self._references(bench)
        ours = yield from bench.curves(self._order(heat.values))
        figures = {**_faithfulness(ours, edges, randoms), **figures}
        less = effort(self.engine, find_method(heat.method), asked)
        kept, places = Kept.of(self.engine), _PLACES_A_CELL * self.settings.cells
        checks = Checks(kept, self.tile, self.reading, asked, less, heat.signed, places)
        stages, steady = yield from self._checked(checks, heat)
        figures |= {stage.name: stage.correlation for stage in stages} | steady
        scores = tuple(curves.score for curves in randoms)
        curves = _named(ours, edges, randoms)
        low, high = extremes(curves.values())
        best = best_score(ours, low, high)
        verdict = judge(
            figures, edges.score, scores, None, high - low, is_reduced=less.is_reduced, best=best
        )
        return self._graded(
            heat,
            verdict,
            moves=high - low,
            best=best,
            figures=_in_order(figures),
            curves=curves,
            edges=edges.score,
            randoms=scores,
            stages=stages,
            mask_share=None if mask is None else float(mask.mean()),
            effort=less.words if self.settings.sanity or self.settings.stability else "",
        )

    def _checked(
        self, checks: Checks, heat: "HeatMap"
    ) -> Work[tuple[tuple[StageResult, ...], dict[str, float]]]:
        settings = self.settings
        stages: tuple[StageResult, ...] = ()
        steady: dict[str, float] = {}
        if settings.sanity or settings.stability:
            original = yield from checks.original(heat)
            if settings.stability:
                steady = yield from checks.stability(original)
            if settings.sanity:
                stages = yield from checks.sanity(original, settings.seed)
        return stages, steady

    def _bench(self) -> Work[Bench]:
        def make() -> Work[Bench]:
            yield 0.0
            return Bench.of(self.reading, self.target, self.against, self.settings)

        bench: Bench = yield from self._once("bench", make)
        return bench

    def _references(self, bench: Bench) -> Work[tuple[Curves, list[Curves]]]:
        pixels = resize(self.tile.pixels, self.engine.input_size)
        edge_order = self._order(edge_map(pixels, self.settings))
        edges = yield from self._once("edges", lambda: bench.curves(edge_order))
        randoms = []
        for number in range(self.settings.random_maps):
            values = random_map(self.engine.input_size, self.settings, number)
            order = self._order(values)
            made = yield from self._once(f"random {number}", lambda o=order: bench.curves(o))  # type: ignore[misc]
            randoms.append(made)
        return edges, randoms

    def _once(self, key: str, make: Callable[[], Work[Any]]) -> Work[Any]:
        """Make what all maps share once; the first of two that ran at once is kept."""
        with self._lock:
            if key in self._shared:
                return self._shared[key]
        made = yield from make()
        with self._lock:
            return self._shared.setdefault(key, made)

    def _order(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        return places_in_order(values, self.engine.input_size, self.settings)

    def _graded(self, heat: "HeatMap", verdict: Verdict, **more: Any) -> Grade:
        more = {"figures": {}, "criteria": verdict.criteria, **more}
        made: dict[str, Any] = {"settings": self.settings, "provenance": heat.meta()}
        return Grade(verdict.badge, verdict.reasons, **made, **more)


def _emptiness(heat: "HeatMap") -> str | None:
    if heat.empty_reason:
        return heat.empty_reason
    if not np.isfinite(heat.values).all():
        return "It has values that are not finite numbers."
    if heat.values.min() == heat.values.max():
        return "It has the same value everywhere."
    return None


def _localisation(heat: "HeatMap", mask: Mask | None) -> dict[str, float]:
    if mask is None:
        return {}
    if mask.ndim != 2:
        raise MaskError(f"Expected a mask (height, width). Received: {mask.shape}.")
    return {
        "pointing_game": pointing_game(heat.values, mask),
        "relevance_mass": relevance_mass(heat.values, mask),
    }


def _faithfulness(ours: Curves, edges: Curves, randoms: Sequence[Curves]) -> dict[str, float]:
    return {
        "deletion": ours.deletion.area,
        "insertion": ours.insertion.area,
        "faithfulness": ours.score,
        "random_gap": ours.score - float(np.mean([curves.score for curves in randoms])),
        "edge_gap": ours.score - edges.score,
    }


def _named(ours: Curves, edges: Curves, randoms: Sequence[Curves]) -> dict[str, Curve]:
    def mean(curves: Sequence[Curve]) -> Curve:
        first = curves[0]
        return Curve(first.baseline, first.fractions, np.mean([c.values for c in curves], axis=0))

    return {
        "deletion": ours.deletion,
        "insertion": ours.insertion,
        "edges deletion": edges.deletion,
        "edges insertion": edges.insertion,
        "random deletion": mean([curves.deletion for curves in randoms]),
        "random insertion": mean([curves.insertion for curves in randoms]),
    }


def _in_order(figures: dict[str, float]) -> dict[str, float]:
    from osteo_core.grades.metrics import metrics

    return {name: figures[name] for name in metrics() if name in figures}
