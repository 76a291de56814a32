"""A unit's dream: the picture that drives it most, made step by step (activation maximisation).

tf-keras-vis takes the steps (`ascent`) on the network in front of the unit (`canvases`); a run
shows how far it has come, and can be left after any step.
"""

import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from osteo_core.errors import ModelError
from osteo_core.explain.ascent import Ascent
from osteo_core.explain.canvases import GREY, Front, Pixels, canvas_size
from osteo_core.heatmap import library_versions
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.networks.graph import Graph, Step

_SMALLEST_SIDE, _MOST_STEPS = 16, 1000

# Seconds beside the network's own work: of a step, its moves and regularisers; of the start, each
# layer traced.
_OWN_SECONDS, _TRACE_SECONDS = 0.02, 0.015
_MOVING = 16.0  # multiplications in the time in which one number is put back


@dataclass(frozen=True)
class DreamSettings:
    """How a dream is made; the defaults give legible pictures at every depth of VGG19.

    Attributes:
        steps: Number of steps.
        seed: Of the noise that it starts from and of all moves; the same seed, the same picture.
        side: Of the canvas, px, for layers that allow a choice; None for `canvas_size`'s.
        rate: Length of the first step: root mean square change of a value 0..255; later ones are
            shorter, down to a fifth.
        jitter: Before each step the canvas is shifted by up to this share of its side, at random,
            and back behind it.
        rotation: Before each step it is turned by up to so many degrees, at random.
        smoothness: A pattern of frequency f is taken on at the rate f^-smoothness: 0 gives noise
            that only the network sees, 1 the balance of natural pictures.
        total_variation: Weight of the penalty on neighbours that differ (tf-keras-vis).
        norm: Weight of the penalty on distance from grey (tf-keras-vis).

    Raises:
        ModelError: Steps or side out of range.
    """

    steps: int = 48
    seed: int = 0
    side: int | None = None
    rate: float = 16.0
    jitter: float = 1 / 16
    rotation: float = 0.5
    smoothness: float = 0.8
    total_variation: float = 0.1
    norm: float = 0.02

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= _MOST_STEPS:
            raise ModelError(f"Expected 1 to {_MOST_STEPS} steps. Received: {self.steps}.")
        if self.side is not None and self.side < _SMALLEST_SIDE:
            raise ModelError(
                f"Expected a canvas of {_SMALLEST_SIDE} px or more. Received: {self.side} px."
            )


@dataclass(frozen=True, eq=False)
class Dream:
    """What drives a unit most.

    Attributes:
        unit: The unit.
        bundle: Name of the network.
        bundle_digest: Digest of its weights.
        picture: uint8 RGB (H, W, 3), not writeable. No tile: nothing in it was seen by a camera.
        activation: The unit's value in the picture, behind its layer's own activation, at the
            place where it is greatest.
        on_grey: The same on a grey canvas.
        settings: How it was made.
        seconds: How long that took.
        versions: Versions of the libraries that made it.
    """

    unit: Unit
    bundle: str
    bundle_digest: str
    picture: Pixels
    activation: float
    on_grey: float
    settings: DreamSettings
    seconds: float
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class DreamStep:
    """How far a dream has come.

    Attributes:
        done: Steps done.
        total: Steps in all.
        seconds_left: Estimate from the steps done.
        picture: uint8 RGB (H, W, 3) so far, every few steps; else None.
        dream: The result, with the last step; else None.
    """

    done: int
    total: int
    seconds_left: float
    picture: Pixels | None = None
    dream: Dream | None = None


def dream(
    engine: "Engine", unit: Unit, settings: DreamSettings | None = None, show_every: int = 4
) -> Iterator[DreamStep]:
    """Make the picture that drives a unit most, one step each time it is asked for the next.

    A channel is driven by its mean over the canvas, a neuron by its value; both by what stands in
    front of the layer's own activation where that works number by number, since a silent unit has
    no gradient behind it.

    Args:
        engine: The network; it is not changed, and others may read tiles meanwhile.
        unit: The unit.
        settings: How to make it.
        show_every: Steps between two pictures.

    Returns:
        An iterator to walk through, or to leave at any step: nothing is kept of an unfinished run.
        The network is traced with the first step (a second or less).

    Raises:
        ModelError: No such unit; or, with the first step, nothing in a picture moves the unit.

    Reference:
        Erhan et al. 2009; Mahendran and Vedaldi 2016 (jitter, total variation); Olah, Mordvintsev
        and Schubert 2017, Feature Visualization (gradients weighted by frequency). Deviations: a
        step of fixed length along the gradient in place of RMSprop; turned by at most a degree.
    """
    engine.check_unit(unit)
    return _steps(engine, unit, settings or DreamSettings(), show_every)


def _steps(
    engine: "Engine", unit: Unit, settings: DreamSettings, show_every: int
) -> Iterator[DreamStep]:
    start = time.monotonic()
    front = Front(engine, unit, canvas_size(engine, unit.layer, settings.side))
    ascent, total = Ascent(front, settings), settings.steps
    times = [time.monotonic() - start]  # of the run itself: it may wait between two steps
    for done in range(1, total + 1):
        start = time.monotonic()
        ascent.step()
        picture = ascent.picture()
        times.append(time.monotonic() - start)
        left = statistics.median(times[1:]) * (total - done)
        made = _result(engine, front, picture, settings, sum(times)) if done == total else None
        shown = picture if done % show_every == 0 or made else None
        yield DreamStep(done, total, left, shown, made)


def _result(
    engine: "Engine", front: Front, picture: Pixels, settings: DreamSettings, seconds: float
) -> Dream:
    grey = np.full_like(picture, round(GREY))
    return Dream(
        unit=front.unit,
        bundle=engine.name,
        bundle_digest=engine.digest,
        picture=picture,
        activation=front.activation(picture),
        on_grey=front.activation(grey),
        settings=settings,
        seconds=seconds,
        versions={**library_versions(), "tf-keras-vis": version("tf-keras-vis")},
    )


def dream_cost(
    engine: "Engine",
    unit: Unit,
    settings: DreamSettings | None = None,
    forward_seconds: float | None = None,
) -> float:
    """Estimate how long a dream will take on this computer, now.

    Counted from the layers' shapes, forth and back, against a forward pass; good to a factor of
    about two.

    Args:
        engine: The network.
        unit: The unit.
        settings: How to make it.
        forward_seconds: What a forward pass takes; measured (two passes) when not given.

    Returns:
        Seconds.

    Raises:
        ModelError: No such unit.
    """
    engine.check_unit(unit)
    settings = settings or DreamSettings()
    if forward_seconds is None:
        forward_seconds = forward_time(engine)
    graph, size = engine.graph, canvas_size(engine, unit.layer, settings.side)
    front = graph.between({graph.input}, (unit.layer,))
    share = sum(_work(graph, step) for step in front)
    share *= prod(size) / prod(engine.input_size) / sum(_work(graph, step) for step in graph.steps)
    each = 2 * share * forward_seconds + _OWN_SECONDS
    return settings.steps * each + len(front) * _TRACE_SECONDS


def forward_time(engine: "Engine") -> float:
    """Measure the plain forward pass of a blank input: seconds, the quicker of two when warm."""
    blank = np.zeros((1, *engine.input_size, 3), np.float32)
    engine.forward(blank)
    times = []
    for _ in range(2):
        start = time.monotonic()
        engine.forward(blank)
        times.append(time.monotonic() - start)
    return min(times)


def _work(graph: "Graph", step: "Step") -> float:
    """Multiplications of one step, and what moving its output is worth."""
    shape = graph.shape(step.name)
    kernels = [w.shape for w in getattr(step.operation, "weights", ()) if len(w.shape) > 1]
    return prod(shape[:-1]) * (sum(map(prod, kernels)) + _MOVING * shape[-1])
