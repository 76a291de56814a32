"""Eigen-CAM: what a layer's maps have in common, whatever the class."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError
from osteo_core.explain.empty import empty_reason
from osteo_core.explain.method import Explanation, Method, Question, Steps, Values

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading

Exact = npt.NDArray[np.float64]

_MOST_TURNS = 100
_SETTLED = 1e-6  # relative change of a turn that ends the iteration


def eigencam(activation: Values, *, layer: str = "this layer") -> Explanation:
    """Eigen-CAM: the one pattern that a layer's maps share most, whatever the class.

    The maps, places by channels, are projected on their first right singular vector.

    Args:
        activation: float32 (h, w, k), the layer's maps.
        layer: The layer's name, for the sentence that says why a map is empty.

    Returns:
        The raw map, float32 (h, w), at least 0, in units of the activation.

    Raises:
        ModelError: The array is not maps.

    Reference:
        Muhammad and Yeasin 2020, arXiv:2008.00299, eq. 2 and 3. A singular vector has no sign: it
        is taken so that the map is positive in sum, and what is negative is cut off.
    """
    if activation.ndim != 3:
        raise ModelError(
            "Expected maps of shape (height, width, channels). "
            f"Received: {activation.shape} at {layer}."
        )
    flat = activation.reshape(-1, activation.shape[-1])  # (h w, k)
    finite = bool(np.isfinite(flat).all())
    projection = _projection(flat) if finite else np.full(len(flat), np.nan, np.float32)
    raw = projection.reshape(activation.shape[:2])
    values = np.maximum(raw, np.float32(0))
    reason = empty_reason(values, layer=layer, score="any class", raw=raw, activation=activation)
    return Explanation(values, reason)


def _projection(flat: Values) -> Values:
    """Places (n, k) on the first right singular vector, (n,)."""
    exact = flat.astype(np.float64)
    mean = exact.mean(axis=1)
    found = _by_iteration(exact, mean)
    if found is None:
        found = _by_decomposition(exact)
    projection: Values = (found if found.sum() >= 0 else -found).astype(np.float32)
    return projection


def _by_iteration(flat: Exact, start: Exact) -> Exact | None:
    """Go back and forth between places and channels; a dozen times is the rule."""
    along: Exact = start
    for _ in range(_MOST_TURNS):
        # Plain loops: BLAS' threads wait long for a core behind a pass of the network.
        channels = np.einsum("nk,n->k", flat, along)
        length = float(np.sqrt(np.einsum("k,k->", channels, channels)))
        if length == 0:
            return None
        before = along
        along = np.asarray(np.einsum("nk,k->n", flat, channels / length))
        if np.abs(along - before).max() <= _SETTLED * np.abs(along).max():
            return along
    return None


def _by_decomposition(flat: Exact) -> Exact:
    """The same where two patterns are about as strong, from the smaller of the two squares."""
    n_places, n_channels = flat.shape
    if n_channels <= n_places:
        return np.asarray(flat @ np.linalg.eigh(flat.T @ flat)[1][:, -1])
    squares, vectors = np.linalg.eigh(flat @ flat.T)
    return np.asarray(vectors[:, -1] * np.sqrt(max(squares[-1], 0)))


def _explain_eigen(reading: "Reading", asked: Question) -> Steps:
    yield from ()
    return eigencam(reading.activation(asked.layer), layer=asked.layer)


def _eigen_cost(engine: "Engine", asked: Question) -> float:
    return 0.1  # no pass at all, but for a layer that is not at hand


EIGENCAM = Method(
    name="eigencam",
    title="Eigen-CAM",
    family="cam",
    signed=False,
    at_input=False,
    differentiates="nothing: the same map for every class",
    reference="Muhammad and Yeasin 2020, arXiv:2008.00299",
    deviation="The singular vector's sign is chosen so that the map is positive in sum, and the "
    "negative part is cut off; maps are not centred.",
    explain=_explain_eigen,
    cost=_eigen_cost,
    takes_activations=True,
)
