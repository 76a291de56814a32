"""Maps made from gradients of the class score at the input, or at any layer's maps."""

from collections.abc import Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from osteo_core.explain.baselines import baseline, baseline_parameter, nothing_to_take
from osteo_core.explain.costs import gradient_cost
from osteo_core.explain.empty import empty_reason
from osteo_core.explain.method import Explanation, Method, Parameter, Question, Steps, Values

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.networks.tail import Tail
    from osteo_core.reading import Reading

Total = npt.NDArray[np.float64]


def saliency(gradient: Values) -> Values:
    """How strongly the score answers to a change at each place, whichever its sign.

    Args:
        gradient: float32 (..., h, w, k), the score's gradient.

    Returns:
        float32 (..., h, w), at least 0: the greatest absolute value over colours or channels.

    Reference:
        Simonyan et al. 2013, arXiv:1312.6034, section 3.1.
    """
    values: Values = np.abs(gradient).max(axis=-1)
    return values


def gradient_x_input(values: Values, gradient: Values) -> Values:
    """What each place adds to the score, were the network linear.

    Args:
        values: float32 (h, w, k), the preprocessed tile or a layer's maps.
        gradient: float32 (h, w, k), the score's gradient with respect to them.

    Returns:
        float32 (h, w), signed, in units of the logit: the sum over colours or channels. At a
        layer this is HiResCAM.

    Reference:
        Shrikumar et al. 2016, arXiv:1605.01713, section 3.
    """
    return np.asarray(np.einsum("hwk,hwk->hw", values, gradient), np.float32)


def _explain_saliency(reading: "Reading", asked: Question) -> Steps:
    yield from ()
    gradient = reading.gradient(asked.layer, asked.target, asked.against)
    return _explained(reading, asked, saliency(gradient), gradient)


def _explain_product(reading: "Reading", asked: Question) -> Steps:
    yield from ()
    gradient = reading.gradient(asked.layer, asked.target, asked.against)
    values = gradient_x_input(reading.tensor(asked.layer), gradient)
    return _explained(reading, asked, values, gradient)


def _explain_smooth(reading: "Reading", asked: Question) -> Steps:
    """The mean saliency of noisy copies."""
    n_copies, share, seed = (asked.parameters[name] for name in ("samples", "noise", "seed"))
    tail, direction = reading.tail(asked.layer), reading.direction(asked.target, asked.against)
    total = np.zeros(tail.start.shape[:2], np.float64)
    for done, batch in _batches(noisy_copies(tail.start, n_copies, share, seed), tail.rows):
        total += saliency(tail.gradients(batch, direction)[1]).sum(axis=0, dtype=np.float64)
        yield done / n_copies
    values = (total / n_copies).astype(np.float32)
    return _explained(reading, asked, values, values[..., None])


def noisy_copies(start: Values, n: int, share: float, seed: int) -> Iterator[Values]:
    """Make noisy copies, each from the next numbers of one generator.

    Args:
        start: float32 (h, w, k).
        n: How many.
        share: Standard deviation of the noise, as a share of the range of `start`.
        seed: Of the generator.

    Yields:
        float32 (h, w, k).
    """
    random = np.random.default_rng(seed)
    deviation = np.float32(share * np.ptp(start))
    for _ in range(n):
        yield start + deviation * random.standard_normal(start.shape, np.float32)


def _explain_integrated(reading: "Reading", asked: Question) -> Steps:
    """The gradient's mean on the straight way from the baseline, times the way."""
    tail = reading.tail(asked.layer)
    nothing = baseline(reading, asked.layer, asked.parameters["baseline"])
    mean = yield from _mean_gradient(reading, asked, tail, nothing)
    values = ((tail.start - nothing) * mean).sum(axis=-1).astype(np.float32)
    values = np.zeros_like(values) if nothing_to_take(tail.start, nothing) else values
    direction = reading.direction(asked.target, asked.against)
    rise = (reading.logits - tail.scores(nothing[None])[0]) @ direction
    figures = {"score_rise": float(rise), "completeness_error": float(values.sum() - rise)}
    found = _explained(reading, asked, values, mean.astype(np.float32))
    return Explanation(found.values, found.empty_reason, figures)


def _mean_gradient(
    reading: "Reading", asked: Question, tail: "Tail", nothing: Values
) -> Generator[float, None, Total]:
    n_steps, direction = asked.parameters["steps"], reading.direction(asked.target, asked.against)
    way = tail.start - nothing
    points = ((np.arange(n_steps) + 0.5) / n_steps).astype(np.float32)
    total = np.zeros(way.shape, np.float64)
    for done, batch in _batches((nothing + point * way for point in points), tail.rows):
        total += tail.gradients(batch, direction)[1].sum(axis=0, dtype=np.float64)
        yield done / n_steps
    total /= n_steps
    return total


def _batches(arrays: Iterator[Values], rows: int) -> Iterator[tuple[int, Values]]:
    """Several at a time, each batch with the number taken so far."""
    done, some = 0, []
    for array in arrays:
        some.append(array)
        if len(some) == rows:
            done += len(some)
            yield done, np.stack(some)
            some = []
    if some:
        yield done + len(some), np.stack(some)


def _explained(
    reading: "Reading", asked: Question, values: Values, gradient: Values
) -> Explanation:
    reason = empty_reason(
        values,
        layer=asked.layer,
        score=asked.score,
        activation=reading.tensor(asked.layer),
        gradient=gradient,
    )
    return Explanation(values, reason)


def _smooth_cost(engine: "Engine", asked: Question) -> float:
    return float(asked.parameters["samples"] * gradient_cost(engine, asked))


def _integrated_cost(engine: "Engine", asked: Question) -> float:
    return float(asked.parameters["steps"] * gradient_cost(engine, asked))


_method = partial(Method, family="gradient", at_input=True)

SALIENCY = _method(
    name="saliency",
    title="Saliency",
    signed=False,
    differentiates="the logit, with respect to the tile's colours or the layer's maps",
    reference="Simonyan et al. 2013, arXiv:1312.6034",
    explain=_explain_saliency,
    cost=gradient_cost,
)

GRADIENT_X_INPUT = _method(
    name="gradient_x_input",
    title="Gradient × input",
    signed=True,
    differentiates="the logit, with respect to the tile's colours or the layer's maps",
    reference="Shrikumar et al. 2016, arXiv:1605.01713",
    deviation="The input is the preprocessed tile; what is zero there adds nothing.",
    explain=_explain_product,
    cost=gradient_cost,
)

SMOOTHGRAD = _method(
    name="smoothgrad",
    title="SmoothGrad",
    signed=False,
    differentiates="the logit, with respect to noisy copies of the tile or of the layer's maps",
    reference="Smilkov et al. 2017, arXiv:1706.03825",
    explain=_explain_smooth,
    cost=_smooth_cost,
    parameters=(
        Parameter("samples", "Copies", 16, 1, 512, help="How many noisy copies are averaged."),
        Parameter(
            "noise",
            "Noise",
            0.15,
            0.0,
            1.0,
            help="Standard deviation of the noise, as a share of the input's range.",
        ),
        Parameter("seed", "Seed", 0, 0, 2**31 - 1, help="The same seed makes the same noise."),
    ),
)

INTEGRATED_GRADIENTS = _method(
    name="integrated_gradients",
    title="Integrated gradients",
    signed=True,
    differentiates="the logit, at points of the straight way from a baseline to the tile",
    reference="Sundararajan et al. 2017, arXiv:1703.01365",
    deviation="The way is cut into equal steps, each taken at its middle.",
    explain=_explain_integrated,
    cost=_integrated_cost,
    parameters=(
        Parameter("steps", "Steps", 32, 1, 512, help="More steps bring the sum nearer to exact."),
        baseline_parameter("white", "What the tile is held against"),
    ),
)
