"""A sample of a cohort, graded: what a method is worth on many tiles, with intervals."""

from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from osteo_core.errors import OsteoError
from osteo_core.explain import Question, find_method
from osteo_core.grades.costs import grade_cost
from osteo_core.grades.grade import Grade
from osteo_core.grades.grader import Grader
from osteo_core.grades.metrics import metrics
from osteo_core.grades.rule import ANSWERS, BADGES, CRITERIA, RULE
from osteo_core.grades.settings import GradeSettings
from osteo_core.steps import between

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.tiles import Tile

Mask = npt.NDArray[np.bool_]
_RESAMPLES = 2000
_LEVEL = 0.95


@dataclass(frozen=True)
class Sampled:
    """A tile to be graded.

    Attributes:
        name: For messages.
        label: Its class, by which a sample is drawn evenly.
        load: Decodes it, and its mask if it has one.
    """

    name: str
    label: str
    load: Callable[[], tuple["Tile", Mask | None]]


@dataclass
class Graded:
    """The grades of a sample.

    Attributes:
        grades: By method, in the order of the tiles; one a tile that could be read.
        failures: Tiles left out, and why in a sentence.
    """

    grades: dict[str, list[Grade]] = field(default_factory=lambda: defaultdict(list))
    failures: list[tuple[str, OsteoError]] = field(default_factory=list)


@dataclass(frozen=True)
class Mean:
    """A mean over tiles with a bootstrap interval at 95 %.

    Attributes:
        mean: Of the tiles where it could be measured.
        low: Lower end.
        high: Upper end.
        n: How many tiles those are.
    """

    mean: float
    low: float
    high: float
    n: int


def sample(tiles: Sequence[Sampled], n: int | None, seed: int) -> list[Sampled]:
    """Draw tiles so that every class has the same number, or all that it has.

    Args:
        tiles: To draw from.
        n: How many; all when not given.
        seed: The same seed draws the same tiles.
    """
    if n is None or n >= len(tiles):
        return list(tiles)
    random = np.random.default_rng(seed)
    classes: dict[str, list[Sampled]] = defaultdict(list)
    for index in random.permutation(len(tiles)):
        classes[tiles[index].label].append(tiles[index])
    turns = [classes[label] for label in sorted(classes)]
    longest = max(map(len, turns))
    in_turn = [some[i] for i in range(longest) for some in turns if i < len(some)]
    return in_turn[:n]


def grade_tiles(
    engine: "Engine",
    tiles: Sequence[Sampled],
    methods: Sequence[str],
    layer: str | None = None,
    settings: GradeSettings | None = None,
) -> Generator[float, None, Graded]:
    """Grade the maps of some methods for the predicted class of each tile.

    Args:
        engine: The network.
        tiles: The tiles.
        methods: Names of methods.
        layer: A layer for all methods; each method's own default when not given.
        settings: How to grade.

    Yields:
        The share done, 0..1.

    Returns:
        The grades; tiles that cannot be read are named in it.

    Raises:
        ModelError: No such method or layer, before any work.
    """
    settings = settings or GradeSettings()
    chosen = {name: find_method(name) for name in methods}
    for method in chosen.values():
        method.check_layer(engine, layer or method.default_layer(engine))
    graded = Graded()
    for number, one in enumerate(tiles):
        try:
            tile, mask = one.load()
        except OsteoError as error:
            graded.failures.append((one.name, error))
            continue
        work = _grade_tile(engine, tile, mask, methods, layer, settings)
        made = yield from between(work, number / len(tiles), (number + 1) / len(tiles))
        for name, grade in made.items():
            graded.grades[name].append(grade)
    return graded


def _grade_tile(
    engine: "Engine",
    tile: "Tile",
    mask: Mask | None,
    methods: Sequence[str],
    layer: str | None,
    settings: GradeSettings,
) -> Generator[float, None, dict[str, Grade]]:
    reading = engine.read(tile)
    grader = Grader(engine, tile, reading, reading.predicted, None, settings)
    costs = [_costs(engine, name, layer, settings, i > 0) for i, name in enumerate(methods)]
    total, before = sum(map(sum, costs)), 0.0
    grades = {}
    for name, (making, grading) in zip(methods, costs, strict=True):
        made = before + making
        heat_steps = reading.heatmap_steps(name, layer)
        heat = yield from between(heat_steps, before / total, made / total)
        before = made + grading
        grade_steps = grader.steps(heat, mask)
        grades[name] = yield from between(grade_steps, made / total, before / total)
    return grades


def _costs(
    engine: "Engine", name: str, layer: str | None, settings: GradeSettings, shared: bool
) -> tuple[float, float]:
    method = find_method(name)
    at = layer or method.default_layer(engine)
    asked = Question(at, engine.classes[0], parameters=method.settings({}))
    return method.cost(engine, asked), grade_cost(engine, method, settings, shared, asked)


def bootstrap(values: Sequence[float], seed: int) -> Mean | None:
    """Mean of some tiles' figures, with the percentile interval over resampled tiles.

    Args:
        values: One a tile.
        seed: Of the resampling.

    Returns:
        None where there is no value. The interval counts tiles as independent; tiles of one slide
        are not, so the truth is less certain than that.

    Reference:
        Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3; 2000
        resamples.
    """
    if not values:
        return None
    numbers = np.asarray(values, np.float64)
    draws = np.random.default_rng(seed).integers(len(numbers), size=(_RESAMPLES, len(numbers)))
    means = numbers[draws].mean(axis=1)
    low, high = np.quantile(means, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Mean(float(numbers.mean()), float(low), float(high), len(numbers))


def summarise(grades: Sequence[Grade], seed: int) -> dict[str, Any]:
    """Shares of badges and answers, how many maps were empty, each metric with its interval."""
    figures = {
        name: bootstrap([g.figures[name] for g in grades if name in g.figures], seed)
        for name in metrics()
    }
    return {
        "n_tiles": len(grades),
        "n_empty": sum(not grade.figures for grade in grades),
        "badges": {b: sum(g.badge == b for g in grades) / max(1, len(grades)) for b in BADGES},
        "criteria": {name: _answers(name, grades) for name in CRITERIA},
        "metrics": {
            name: {"mean": found.mean, "low": found.low, "high": found.high, "n": found.n}
            for name, found in figures.items()
            if found is not None
        },
    }


def _answers(name: str, grades: Sequence[Grade]) -> dict[str, float]:
    """The share of each answer to a question, of the maps to which it was asked."""
    found = [one.answer for grade in grades for one in grade.criteria if one.name == name]
    return {answer: found.count(answer) / len(found) for answer in ANSWERS} if found else {}


def rows(summaries: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """One flat row a method, with the same columns for all."""
    for method, told in summaries.items():
        row: dict[str, Any] = {
            "method": method,
            "n_tiles": told["n_tiles"],
            "n_empty": told["n_empty"],
        }
        row |= {f"share_{badge}": share for badge, share in told["badges"].items()}
        for name in CRITERIA:
            shares = told["criteria"][name]
            row |= {f"{name}_{answer}": shares.get(answer, "") for answer in ANSWERS}
        for metric in metrics():
            found = told["metrics"].get(metric, {})
            row |= {metric: found.get("mean", "")}
            row |= {f"{metric}_{end}": found.get(end, "") for end in ("low", "high", "n")}
        yield row


def report(engine: "Engine", graded: Graded, settings: GradeSettings, part: str) -> dict[str, Any]:
    """Everything that a table of grades rests on, fit for JSON."""
    from dataclasses import asdict

    return {
        "model": engine.name,
        "bundle_digest": engine.digest,
        "part": part,
        "settings": asdict(settings),
        "rule": RULE,
        "methods": {name: summarise(some, settings.seed) for name, some in graded.grades.items()},
    }
