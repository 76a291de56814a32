"""Class activation maps: a layer's maps, weighted by what each is worth to a class."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from osteo_core.errors import ModelError
from osteo_core.explain.costs import gradient_cost
from osteo_core.explain.empty import empty_reason
from osteo_core.explain.method import Explanation, Method, Question, Steps, Values

if TYPE_CHECKING:
    from osteo_core.reading import Reading

_SIZE = "The map is kept at the layer's own size; the paper enlarges it."


def gradcam(
    activation: Values, gradient: Values, *, layer: str = "this layer", target: str = "this class"
) -> Explanation:
    """Grad-CAM of one layer for one class.

    The weight of map k is the mean of the class score's gradient over its places; the heat map is
    the positive part of the weighted sum of maps. The score is the logit: another library that
    differentiates the probability gives another map.

    Args:
        activation: float32 (h, w, k), the layer's maps.
        gradient: float32 (h, w, k), the logit's gradient with respect to them.
        layer: The layer's name, for the sentence that says why a map is empty.
        target: The class's name, for the same.

    Returns:
        The raw map, float32 (h, w), at least 0, in units of the logit.

    Raises:
        ModelError: The arrays are not maps of one shape.

    Reference:
        Selvaraju et al. 2017, arXiv:1610.02391, eq. 1 and 2, without the later upsampling.
    """
    _check(activation, gradient, layer)
    # A product with equal weights is the mean over places, by BLAS: ten times as fast as `mean`.
    n_places = gradient.shape[0] * gradient.shape[1]
    equal = np.full(n_places, 1 / n_places, np.float32)
    weights = equal @ gradient.reshape(n_places, -1)  # (k,)
    return _positive(activation @ weights, activation, gradient, layer, target)


def gradcampp(
    activation: Values, gradient: Values, *, layer: str = "this layer", target: str = "this class"
) -> Explanation:
    """Grad-CAM++: places where a map pushes the score up share its weight among them.

    For the exponential of the score all higher derivatives are powers of the gradient g, so that
    place i of map k has the share g² / (2 g² + g³ · Σ A_k), scaled to a sum of 1 over the map;
    the weight of the map is the sum of share × positive gradient.

    Args:
        activation: float32 (h, w, k), the layer's maps.
        gradient: float32 (h, w, k), the logit's gradient with respect to them.
        layer: The layer's name, for the sentence that says why a map is empty.
        target: The class's name, for the same.

    Returns:
        The raw map, float32 (h, w), at least 0. The factor exp(score) that all weights share is
        left out: it overflows, and no picture shows it.

    Raises:
        ModelError: The arrays are not maps of one shape.

    Reference:
        Chattopadhay et al. 2018, arXiv:1710.11063, eq. 10, 11 and 19. Shares are scaled to a sum
        of 1 as in the authors' code.
    """
    _check(activation, gradient, layer)
    total = activation.sum(axis=(0, 1), dtype=np.float64)  # (k,)
    below = 2 + gradient * total  # g² cancels
    counts = (gradient != 0) & (below != 0)
    shares = np.divide(1, below, out=np.zeros_like(below), where=counts)  # (h, w, k)
    sums = shares.sum(axis=(0, 1))
    sums[sums == 0] = 1
    weights = ((shares / sums) * np.maximum(gradient, 0)).sum(axis=(0, 1)).astype(np.float32)
    return _positive(activation @ weights, activation, gradient, layer, target)


def hirescam(
    activation: Values, gradient: Values, *, layer: str = "this layer", target: str = "this class"
) -> Explanation:
    """HiResCAM: gradient × activation, place by place, summed over maps.

    Args:
        activation: float32 (h, w, k), the layer's maps.
        gradient: float32 (h, w, k), the logit's gradient with respect to them.
        layer: The layer's name, for the sentence that says why a map is empty.
        target: The class's name, for the same.

    Returns:
        The raw map, float32 (h, w), signed, in units of the logit; behind a linear head its sum is
        the logit without its bias.

    Raises:
        ModelError: The arrays are not maps of one shape.

    Reference:
        Draelos and Carin 2020, arXiv:2011.08891, eq. 3. Negative evidence is kept, as there.
    """
    _check(activation, gradient, layer)
    values = np.einsum("hwk,hwk->hw", activation, gradient)
    reason = empty_reason(
        values, layer=layer, score=target, activation=activation, gradient=gradient
    )
    return Explanation(values, reason)


def layercam(
    activation: Values, gradient: Values, *, layer: str = "this layer", target: str = "this class"
) -> Explanation:
    """LayerCAM: each place of a map weighted by its own positive gradient.

    Args:
        activation: float32 (h, w, k), the layer's maps.
        gradient: float32 (h, w, k), the logit's gradient with respect to them.
        layer: The layer's name, for the sentence that says why a map is empty.
        target: The class's name, for the same.

    Returns:
        The raw map, float32 (h, w), at least 0, in units of the logit.

    Raises:
        ModelError: The arrays are not maps of one shape.

    Reference:
        Jiang et al. 2021, doi:10.1109/TIP.2021.3089943, eq. 6 to 8.
    """
    _check(activation, gradient, layer)
    weighted = np.einsum("hwk,hwk->hw", activation, np.maximum(gradient, np.float32(0)))
    return _positive(weighted, activation, gradient, layer, target)


def _check(activation: Values, gradient: Values, layer: str) -> None:
    if activation.ndim != 3 or activation.shape != gradient.shape:
        raise ModelError(
            "Expected maps and their gradient, both of shape (height, width, channels). "
            f"Received: {activation.shape} and {gradient.shape} at {layer}."
        )


def _positive(
    weighted: Values, activation: Values, gradient: Values, layer: str, target: str
) -> Explanation:
    values = np.maximum(weighted, np.float32(0))
    reason = empty_reason(
        values, layer=layer, score=target, raw=weighted, activation=activation, gradient=gradient
    )
    return Explanation(values, reason)


def _from_gradient(
    formula: Callable[..., Explanation],
) -> Callable[["Reading", Question], Steps]:
    """A method made of one activation and one gradient."""

    def explain(reading: "Reading", asked: Question) -> Steps:
        yield from ()  # one step, and a short one
        activation = reading.activation(asked.layer)
        gradient = reading.gradient(asked.layer, asked.target, asked.against)
        return formula(activation, gradient, layer=asked.layer, target=asked.score)

    return explain


GRADCAM = Method(
    name="gradcam",
    title="Grad-CAM",
    family="cam",
    signed=False,
    at_input=False,
    differentiates="the logit, with respect to the layer's maps",
    reference="Selvaraju et al. 2017, arXiv:1610.02391",
    deviation=_SIZE,
    explain=_from_gradient(gradcam),
    cost=gradient_cost,
)

GRADCAMPP = Method(
    name="gradcampp",
    title="Grad-CAM++",
    family="cam",
    signed=False,
    at_input=False,
    differentiates="the exponential of the logit, with respect to the layer's maps",
    reference="Chattopadhay et al. 2018, arXiv:1710.11063",
    deviation="The factor exp(logit), the same for all places, is left out. " + _SIZE,
    explain=_from_gradient(gradcampp),
    cost=gradient_cost,
)

HIRESCAM = Method(
    name="hirescam",
    title="HiResCAM",
    family="cam",
    signed=True,
    at_input=False,
    differentiates="the logit, with respect to the layer's maps",
    reference="Draelos and Carin 2020, arXiv:2011.08891",
    deviation=_SIZE,
    explain=_from_gradient(hirescam),
    cost=gradient_cost,
)

LAYERCAM = Method(
    name="layercam",
    title="LayerCAM",
    family="cam",
    signed=False,
    at_input=False,
    differentiates="the logit, with respect to the layer's maps",
    reference="Jiang et al. 2021, doi:10.1109/TIP.2021.3089943",
    deviation="One layer at a time, without the paper's scaling by tanh and fusion of layers.",
    explain=_from_gradient(layercam),
    cost=gradient_cost,
)
