"""Score-CAM: a layer's maps, weighted by what the network says of the tile seen through each."""

from collections.abc import Generator
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.explain.costs import tail_cost
from osteo_core.explain.empty import empty_reason
from osteo_core.explain.method import (
    INPUT,
    Explanation,
    Method,
    Parameter,
    Question,
    Steps,
    Values,
)

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.networks.tail import Tail
    from osteo_core.reading import Reading

Indices = npt.NDArray[np.intp]


def scorecam(activation: Values, weights: Values) -> Values:
    """The weighted sum of maps before its negative part is cut off.

    Args:
        activation: float32 (h, w, k), the layer's maps.
        weights: float32 (k,), the probability of the class on the tile seen through each map.

    Returns:
        float32 (h, w).

    Reference:
        Wang et al. 2020, arXiv:1910.01279, eq. 8, without the baseline's score, as in the authors'
        code.
    """
    return activation @ weights


def masks(activation: Values, channels: Indices, size: tuple[int, int]) -> Values:
    """Some maps as masks over the input.

    Args:
        activation: float32 (h, w, k), the layer's maps.
        channels: Which, (n,).
        size: Height and width of the input.

    Returns:
        float32 (n, height, width), each enlarged and then brought to 0..1; 0 for a map that is the
        same everywhere.

    Reference:
        Wang et al. 2020, eq. 6 and 7. Enlarged bilinearly between pixel centres.
    """
    height, width = size
    made = np.empty((len(channels), height, width), np.float32)
    for mask, channel in zip(made, channels, strict=True):
        chosen = np.ascontiguousarray(activation[..., channel])
        cv2.resize(chosen, (width, height), dst=mask, interpolation=cv2.INTER_LINEAR)
        low, high = mask.min(), mask.max()
        mask -= low
        if high > low:
            mask /= high - low
    return made


def telling(activation: Values, n: int | None = None) -> Indices:
    """Channels whose maps vary from place to place, in order; the n that vary most if n is given.

    Args:
        activation: float32 (h, w, k).
        n: How many.

    Returns:
        Their indices, ascending. A map that is the same everywhere hides nothing or everything: it
        is left out, as in the authors' code.
    """
    spread = activation.std(axis=(0, 1))  # (k,)
    ranked = np.argsort(-spread, kind="stable")[: n or len(spread)]
    varies = np.ptp(activation, axis=(0, 1)) > 0
    return np.sort(ranked[varies[ranked]])


def _explain(reading: "Reading", asked: Question) -> Steps:
    activation = reading.activation(asked.layer)
    channels = telling(activation, asked.parameters.get("channels"))
    weights = np.zeros(activation.shape[-1], np.float32)
    if np.isfinite(activation).all():
        weights[channels] = yield from _weights(reading, asked, activation, channels)
    raw = scorecam(activation, weights)
    values = np.maximum(raw, np.float32(0))
    reason = empty_reason(
        values, layer=asked.layer, score=asked.score, raw=raw, activation=activation
    )
    return Explanation(values, reason)


def _weights(
    reading: "Reading", asked: Question, activation: Values, channels: Indices
) -> Generator[float, None, Values]:
    """The probability of the class on the tile seen through each of some maps."""
    tail = reading.tail(INPUT)
    start = tail.start  # (H, W, 3)
    found = np.empty(len(channels), np.float32)
    for first in range(0, len(channels), tail.rows):
        some = slice(first, first + tail.rows)
        seen = masks(activation, channels[some], start.shape[:2])[..., None] * start
        found[some] = _probability(reading, tail, asked, seen)
        yield min(1.0, (first + tail.rows) / len(channels))
    return found


def _probability(reading: "Reading", tail: "Tail", asked: Question, batch: Values) -> Values:
    scores = tail.scores(batch)
    if asked.against is not None:
        along = scores @ reading.direction(asked.target, asked.against)
        return np.asarray(1 / (1 + np.exp(-along.astype(np.float64))), np.float32)
    probabilities: Values = np.asarray(tail.activations.pieces.probabilities(scores))
    return probabilities[:, reading.class_index(asked.target)]


def _cost(engine: "Engine", asked: Question) -> float:
    n_channels = engine.graph.shape(asked.layer)[-1]
    n_taken: int = min(asked.parameters.get("channels", n_channels), n_channels)
    return n_taken * tail_cost(engine, INPUT)


_RUNS = "nothing: the network is run on the tile seen through each map, for its probability"
_REFERENCE = "Wang et al. 2020, arXiv:1910.01279"
_DEVIATION = (
    "Weights are probabilities, without a baseline, as in the authors' code; for a contrast, the "
    "sigmoid of the difference of logits."
)

SCORECAM = Method(
    name="scorecam",
    title="Score-CAM",
    family="cam",
    signed=False,
    at_input=False,
    differentiates=_RUNS,
    reference=_REFERENCE,
    deviation=_DEVIATION,
    explain=_explain,
    cost=_cost,
    explains="probability",
    takes_activations=True,
)

SCORECAM_FAST = Method(
    name="scorecam_fast",
    title="Score-CAM (fast)",
    family="cam",
    signed=False,
    at_input=False,
    differentiates=_RUNS,
    reference=f"{_REFERENCE}; tabayashi0117's Faster-Score-CAM, as in tf-keras-vis",
    deviation=f"Only the maps that vary most from place to place take part. {_DEVIATION}",
    explain=_explain,
    cost=_cost,
    parameters=(
        Parameter(
            name="channels",
            title="Maps",
            default=16,
            low=1,
            high=4096,
            help="How many of the layer's maps take part, those that vary most first.",
        ),
    ),
    explains="probability",
    takes_activations=True,
)
