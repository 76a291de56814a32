"""Maps made by changing the tile, or a layer's maps, and seeing the score move."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.explain.baselines import baseline, baseline_parameter, nothing_to_take
from osteo_core.explain.costs import tail_cost
from osteo_core.explain.empty import empty_reason
from osteo_core.explain.method import Explanation, Method, Parameter, Question, Steps, Values

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading

Mask = npt.NDArray[np.float32]  # 1 where the tile is seen, 0 where the baseline stands


def _explain_occlusion(reading: "Reading", asked: Question) -> Steps:
    """How far the score falls when a window is covered, averaged over the windows at each place."""
    tail, direction = reading.tail(asked.layer), reading.direction(asked.target, asked.against)
    nothing = baseline(reading, asked.layer, asked.parameters["baseline"])
    if nothing_to_take(tail.start, nothing):
        return _explained(reading, asked, np.zeros(tail.start.shape[:2], np.float32))
    places = windows(tail.start.shape[:2], asked.parameters["grid"], asked.parameters["window"])
    before = reading.logits @ direction
    total, seen = (np.zeros(tail.start.shape[:2], np.float64) for _ in range(2))
    for first in range(0, len(places), tail.rows):
        some = places[first : first + tail.rows]
        batch = np.stack([tail.start] * len(some))
        for changed, place in zip(batch, some, strict=True):
            changed[place] = nothing[place]
        for place, after in zip(some, tail.scores(batch) @ direction, strict=True):
            total[place] += before - after
            seen[place] += 1
        yield (first + len(some)) / len(places)
    return _explained(reading, asked, (total / seen).astype(np.float32))


def windows(size: tuple[int, int], grid: int, window: int) -> list[tuple[slice, slice]]:
    """Every place of a square window on a grid, row by row.

    Args:
        size: Height and width of what is covered.
        grid: Cells a side; fewer where there are fewer places.
        window: Cells a side that the window covers.

    Returns:
        Slices of rows and of columns; every place is covered by at least one.
    """
    rows, columns = (_spans(side, grid, window) for side in size)
    return [(down, across) for down in rows for across in columns]


def _spans(side: int, grid: int, window: int) -> list[slice]:
    n_cells = min(grid, side)
    n_covered = max(1, min(window, n_cells - 1))  # the whole covered would point nowhere
    edges = np.rint(np.linspace(0, side, n_cells + 1)).astype(int)
    starts = range(n_cells - n_covered + 1)
    return [slice(int(edges[start]), int(edges[start + n_covered])) for start in starts]


def _explain_rise(reading: "Reading", asked: Question) -> Steps:
    """What the score is above its mean when a place is seen, over random masks."""
    names = ("masks", "grid", "probability", "seed")
    n_masks, grid, probability, seed = (asked.parameters[name] for name in names)
    tail, direction = reading.tail(asked.layer), reading.direction(asked.target, asked.against)
    nothing = baseline(reading, asked.layer, asked.parameters["baseline"])
    way, size = tail.start - nothing, tail.start.shape[:2]
    if nothing_to_take(tail.start, nothing):
        return _explained(reading, asked, np.zeros(size, np.float32))
    weighted, seen = (np.zeros(size, np.float64) for _ in range(2))
    total, done, waiting = 0.0, 0, random_masks(size, n_masks, grid, probability, seed)
    while done < n_masks:
        some = list(islice(waiting, tail.rows))
        batch = np.stack([nothing + mask[..., None] * way for mask in some])
        for mask, score in zip(some, tail.scores(batch) @ direction, strict=True):
            weighted += float(score) * mask
            seen += mask
            total += float(score)
        done += len(some)
        yield done / n_masks
    values = weighted / np.maximum(seen, np.finfo(np.float32).tiny) - total / n_masks
    return _explained(reading, asked, np.where(seen > 0, values, 0).astype(np.float32))


def random_masks(
    size: tuple[int, int], n: int, grid: int, probability: float, seed: int
) -> Iterator[Mask]:
    """Make masks of random cells, enlarged smoothly and shifted at random.

    Args:
        size: Height and width.
        n: How many.
        grid: Cells a side; fewer where there are fewer places.
        probability: Of a cell to be seen, 0..1.
        seed: Of the generator; each mask is made from the next numbers.

    Yields:
        float32 (height, width), 0..1.

    Reference:
        Petsiuk et al. 2018, arXiv:1806.07421, section 3.2.
    """
    random = np.random.default_rng(seed)
    cells = [min(grid, side) for side in size]
    steps = [-(-side // n_cells) for side, n_cells in zip(size, cells, strict=True)]
    height, width = ((n_cells + 1) * step for n_cells, step in zip(cells, steps, strict=True))
    for _ in range(n):
        coarse = (random.random([n_cells + 1 for n_cells in cells]) < probability).astype(
            np.float32
        )
        fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        down, across = (int(random.integers(step)) for step in steps)
        yield np.reshape(fine, (height, width))[down : down + size[0], across : across + size[1]]


def _explained(reading: "Reading", asked: Question, values: Values) -> Explanation:
    activation = reading.tensor(asked.layer)
    reason = empty_reason(values, layer=asked.layer, score=asked.score, activation=activation)
    return Explanation(values, reason)


def _occlusion_cost(engine: "Engine", asked: Question) -> float:
    size = engine.graph.shape(asked.layer)[:2]
    n_places = len(
        windows((size[0], size[1]), asked.parameters["grid"], asked.parameters["window"])
    )
    return n_places * tail_cost(engine, asked.layer)


def _rise_cost(engine: "Engine", asked: Question) -> float:
    return float(asked.parameters["masks"] * tail_cost(engine, asked.layer))


_method = partial(Method, family="perturbation", at_input=True)

OCCLUSION = _method(
    name="occlusion",
    title="Occlusion",
    signed=True,
    differentiates="nothing: the network is run with a window covered, for the fall of its logit",
    reference="Zeiler and Fergus 2013, arXiv:1311.2901, section 4.2",
    deviation="The logit is taken, not the probability; overlapping windows are averaged.",
    explain=_explain_occlusion,
    cost=_occlusion_cost,
    parameters=(
        Parameter("grid", "Cells", 10, 2, 64, help="Cells a side; the window moves cell by cell."),
        Parameter("window", "Window", 2, 1, 16, help="Cells a side that are covered at once."),
        baseline_parameter("mean", "What a window is covered with"),
    ),
)

RISE = _method(
    name="rise",
    title="RISE",
    signed=True,
    differentiates="nothing: the network is run with random parts covered, for its logit",
    reference="Petsiuk et al. 2018, arXiv:1806.07421",
    deviation="The logit is taken, not the probability, less its mean over the masks; each place "
    "is divided by how often it was seen, not by how often it should be; what is covered "
    "shows the baseline, not zero.",
    explain=_explain_rise,
    cost=_rise_cost,
    parameters=(
        Parameter("masks", "Masks", 256, 2, 8192, help="How many random masks; more, less grain."),
        Parameter("grid", "Cells", 7, 2, 64, help="Cells a side of a mask."),
        Parameter("probability", "Seen", 0.5, 0.05, 0.95, help="Share of the cells that are seen."),
        Parameter("seed", "Seed", 0, 0, 2**31 - 1, help="The same seed makes the same masks."),
        baseline_parameter("mean", "What stands where the tile is not seen"),
    ),
)
