"""What the heat-map pages ask for: maps and their grades, at once or as jobs. Nothing here draws.

Keys are digests and plain strings. A job holds no more than the network and the tile: the reading
is asked for again when its turn comes.
"""

import hashlib
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from osteo_core.errors import OsteoError
from osteo_core.explain import INPUT, Method, Question
from osteo_core.tiles import Tile
from osteo_ui import jobs, services, unit_services
from osteo_ui.jobs import JobState
from osteo_ui.store import WeighedStore
from osteo_ui.words import duration as told

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.grades import Grade, Grader, GradeSettings
    from osteo_core.heatmap import HeatMap

__all__ = [
    "INPUT",
    "cheap",
    "grade_job",
    "grade_key",
    "grade_seconds",
    "grade_steps",
    "heat_job",
    "heat_key",
    "heat_now",
    "is_measured",
    "seconds",
    "settings_of",
    "told",
]

AT_ONCE_S = 1.0  # a click may take this long
ONE_GRADIENT = 3.1  # forward passes: as much as Grad-CAM at the first layer
GRADERS_BYTES = 300_000_000

Mask = npt.NDArray[np.bool_]


def heat_key(
    engine: "Engine",
    tile_sha: str,
    method: str,
    layer: str,
    target: str,
    against: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> str:
    """Name a heat map: its job's key."""
    settings = ",".join(f"{name}={value}" for name, value in sorted((parameters or {}).items()))
    asked = (method, layer, target, against or "", settings)
    return "|".join(("heat", engine.digest, tile_sha, *asked))


def heat_job(
    engine: "Engine",
    tile: Tile,
    method: str,
    layer: str,
    target: str,
    against: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> JobState:
    """Ask for a heat map (`HeatMap`) as a job; the forward pass is part of it."""
    key = heat_key(engine, tile.sha256, method, layer, target, against, parameters)

    def make() -> Generator[float, None, "HeatMap"]:
        yield 0.0
        reading = services.reading(engine, tile)
        made = yield from reading.heatmap_steps(method, layer, target, against, parameters)
        return made

    return jobs.ask(key, make)


def heat_now(engine: "Engine", tile: Tile, method: str, question: Question) -> "HeatMap":
    """Return a heat map, computed now if it is not at hand.

    Raises:
        OsteoError: It cannot be computed.
    """
    asked = (question.layer, question.target, method, question.against, question.parameters)
    return services.heat_map(services.reading(engine, tile), *asked)


def grade_key(heat: "HeatMap", settings: "GradeSettings", mask: Mask | None = None) -> str:
    """Name the grade of a heat map: its job's key."""
    made = ",".join(f"{name}={value}" for name, value in sorted(heat.parameters.items()))
    asked = (heat.method, heat.layer, heat.target, heat.against or "", made)
    drawn = "" if mask is None else hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()
    return "|".join(("grade", heat.bundle_digest, heat.tile_sha256, *asked, repr(settings), drawn))


def grade_job(
    engine: "Engine",
    tile: Tile,
    heat: "HeatMap",
    settings: "GradeSettings",
    mask: Mask | None = None,
) -> JobState:
    """Ask for the grade (`Grade`) of a heat map as a job.

    Args:
        engine: The network that the map is of.
        tile: Its tile.
        heat: The map.
        settings: How to grade.
        mask: bool (H, W) of the tile, True where the evidence lies.
    """
    return jobs.ask(
        grade_key(heat, settings, mask), lambda: grade_steps(engine, tile, heat, settings, mask)
    )


def grade_steps(
    engine: "Engine",
    tile: Tile,
    heat: "HeatMap",
    settings: "GradeSettings",
    mask: Mask | None = None,
) -> "Generator[float, None, Grade]":
    """Grade a map in short steps, for jobs of one's own; see `grade_job`."""
    yield 0.0
    grader = _grader(engine, tile, heat.target, heat.against, settings)
    made = yield from grader.steps(heat, mask)
    return made


@st.cache_resource(show_spinner=False)
def _graders() -> WeighedStore:
    return WeighedStore(GRADERS_BYTES)


def _grader(
    engine: "Engine", tile: Tile, target: str, against: str | None, settings: "GradeSettings"
) -> "Grader":
    from osteo_core.grades import Grader

    key = (engine.digest, tile.sha256, target, against, repr(settings))

    def make() -> Any:
        return Grader(engine, tile, services.reading(engine, tile), target, against, settings)

    return _graders().get(key, make, lambda _: services.weight(engine))


def grade_seconds(
    engine: "Engine", tile: Tile, method: str, question: Question, settings: "GradeSettings"
) -> float:
    """Estimate how long grading a map takes on this computer, in seconds; the map left out."""
    from osteo_core.grades import grade_cost

    key = (engine.digest, tile.sha256, question.target, question.against, repr(settings))
    shared = (
        _graders().has(key)
        and _grader(engine, tile, question.target, question.against, settings).shared_done
    )
    return seconds(engine, grade_cost(engine, method, settings, shared, question))


def seconds(engine: "Engine", forwards: float) -> float:
    """Return how long so many forward passes take on this computer; one is measured once."""
    one = unit_services.forward_seconds(engine)
    if not is_measured(engine):
        _measured().add(engine.digest)
        services.spare_collector()  # of the compiled network
    return forwards * one


def is_measured(engine: "Engine") -> bool:
    """Say whether `seconds` answers at once."""
    return engine.digest in _measured()


@st.cache_resource(show_spinner=False)
def _measured() -> set[str]:
    return set()


def cheap(engine: "Engine", method: Method, question: Question) -> bool:
    """Say whether a map is there in about a second; then it is computed without being asked for."""
    forwards = method.cost(engine, question)
    return forwards <= ONE_GRADIENT or seconds(engine, forwards) <= AT_ONCE_S


def settings_of(method: Method, texts: tuple[str, ...]) -> dict[str, Any]:
    """Return a method's parameters as a link has them; its defaults where the link says nothing.

    Args:
        method: The method.
        texts: Settings of any methods, each "method.setting:value"; bad ones are passed over.
    """
    given = {}
    for text in texts:
        name, _, value = text.partition(":")
        owner, _, setting = name.partition(".")
        if owner == method.name:
            given[setting] = value
    return {p.name: _value(p, given.get(p.name)) for p in method.parameters}


def _value(parameter: Any, text: str | None) -> Any:
    if text is None:
        return parameter.default
    try:
        return parameter.check(text if parameter.choices else float(text))
    except (ValueError, OverflowError, OsteoError):
        return parameter.default
