"""Class activation maps: a layer's maps, weighted by what each is worth to a class."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from osteo_core.errors import ModelError
from osteo_core.explain.costs import gradient_cost
from osteo_core.explain.empty import empty_reason
from osteo_core.explain.method import Explanation, Method, Question, Steps, Values

if TYPE_CHECKING:
    from osteo_core.reading import Reading

_SIZE = "The map is kept at the layer's own size; the paper enlarges it."


@dataclass(frozen=True, eq=False)
class Maps:
    """What a class activation map is made of.

    Attributes:
        activation: float32 (h, w, k), the layer's maps.
        gradient: float32 (h, w, k), the logit's gradient with respect to them.
        layer: The layer's name, for the sentence that says why a map is empty.
        target: The class's name, for the same.

    Raises:
        ModelError: The arrays are not maps of one shape.
    """

    activation: Values
    gradient: Values
    layer: str = "this layer"
    target: str = "this class"

    def __post_init__(self) -> None:
        if self.activation.ndim != 3 or self.activation.shape != self.gradient.shape:
            raise ModelError(
                "Expected maps and their gradient, both of shape (height, width, channels). "
                f"Received: {self.activation.shape} and {self.gradient.shape} at {self.layer}."
            )

    def signed(self, values: Values) -> Explanation:
        """Answer with values as they are."""
        return self._answer(values, None)

    def positive(self, values: Values) -> Explanation:
        """Answer with what speaks for the class only."""
        return self._answer(np.maximum(values, np.float32(0)), values)

    def _answer(self, values: Values, raw: Values | None) -> Explanation:
        reason = empty_reason(
            values,
            layer=self.layer,
            score=self.target,
            raw=raw,
            activation=self.activation,
            gradient=self.gradient,
        )
        return Explanation(values, reason)


def gradcam(maps: Maps) -> Explanation:
    """Grad-CAM of one layer for one class.

    The weight of map k is the mean of the class score's gradient over its places; the heat map is
    the positive part of the weighted sum of maps. The score is the logit: another library that
    differentiates the probability gives another map.

    Returns:
        The raw map, float32 (h, w), at least 0, in units of the logit.

    Reference:
        Selvaraju et al. 2017, arXiv:1610.02391, eq. 1 and 2, without the later upsampling.
    """
    # A product with equal weights is the mean over places, by BLAS: ten times as fast as `mean`.
    height, width, _ = maps.gradient.shape
    equal = np.full(height * width, 1 / (height * width), np.float32)
    weights = equal @ maps.gradient.reshape(height * width, -1)  # (k,)
    return maps.positive(maps.activation @ weights)


def gradcampp(maps: Maps) -> Explanation:
    """Grad-CAM++: places where a map pushes the score up share its weight among them.

    For the exponential of the score all higher derivatives are powers of the gradient g, so that
    place i of map k has the share g² / (2 g² + g³ · Σ A_k), scaled to a sum of 1 over the map;
    the weight of the map is the sum of share × positive gradient.

    Returns:
        The raw map, float32 (h, w), at least 0. The factor exp(score) that all weights share is
        left out: it overflows, and no picture shows it.

    Reference:
        Chattopadhay et al. 2018, arXiv:1710.11063, eq. 10, 11 and 19. Shares are scaled to a sum
        of 1 as in the authors' code.
    """
    gradient = maps.gradient
    total = maps.activation.sum(axis=(0, 1), dtype=np.float64)  # (k,)
    below = 2 + gradient * total  # g² cancels
    counts = (gradient != 0) & (below != 0)
    shares = np.divide(1, below, out=np.zeros_like(below), where=counts)  # (h, w, k)
    sums = shares.sum(axis=(0, 1))
    sums[sums == 0] = 1
    weights = ((shares / sums) * np.maximum(gradient, 0)).sum(axis=(0, 1)).astype(np.float32)
    return maps.positive(maps.activation @ weights)


def hirescam(maps: Maps) -> Explanation:
    """HiResCAM: gradient × activation, place by place, summed over maps.

    Returns:
        The raw map, float32 (h, w), signed, in units of the logit; behind a linear head its sum is
        the logit without its bias.

    Reference:
        Draelos and Carin 2020, arXiv:2011.08891, eq. 3. Negative evidence is kept, as there.
    """
    return maps.signed(np.einsum("hwk,hwk->hw", maps.activation, maps.gradient))


def layercam(maps: Maps) -> Explanation:
    """LayerCAM: each place of a map weighted by its own positive gradient.

    Returns:
        The raw map, float32 (h, w), at least 0, in units of the logit.

    Reference:
        Jiang et al. 2021, doi:10.1109/TIP.2021.3089943, eq. 6 to 8.
    """
    weighted = np.einsum("hwk,hwk->hw", maps.activation, np.maximum(maps.gradient, np.float32(0)))
    return maps.positive(weighted)


def _from_gradient(
    formula: Callable[[Maps], Explanation],
) -> Callable[["Reading", Question], Steps]:
    """A method made of one activation and one gradient."""

    def explain(reading: "Reading", asked: Question) -> Steps:
        yield from ()  # one step, and a short one
        activation = reading.activation(asked.layer)
        gradient = reading.gradient(asked.layer, asked.target, asked.against)
        return formula(Maps(activation, gradient, asked.layer, asked.score))

    return explain


_method = partial(Method, family="cam", at_input=False, cost=gradient_cost)

GRADCAM = _method(
    name="gradcam",
    title="Grad-CAM",
    signed=False,
    differentiates="the logit, with respect to the layer's maps",
    reference="Selvaraju et al. 2017, arXiv:1610.02391",
    deviation=_SIZE,
    explain=_from_gradient(gradcam),
)

GRADCAMPP = _method(
    name="gradcampp",
    title="Grad-CAM++",
    signed=False,
    differentiates="the exponential of the logit, with respect to the layer's maps",
    reference="Chattopadhay et al. 2018, arXiv:1710.11063",
    deviation="The factor exp(logit), the same for all places, is left out. " + _SIZE,
    explain=_from_gradient(gradcampp),
)

HIRESCAM = _method(
    name="hirescam",
    title="HiResCAM",
    signed=True,
    differentiates="the logit, with respect to the layer's maps",
    reference="Draelos and Carin 2020, arXiv:2011.08891",
    deviation=_SIZE,
    explain=_from_gradient(hirescam),
)

LAYERCAM = _method(
    name="layercam",
    title="LayerCAM",
    signed=False,
    differentiates="the logit, with respect to the layer's maps",
    reference="Jiang et al. 2021, doi:10.1109/TIP.2021.3089943",
    deviation="One layer at a time, without the paper's scaling by tanh and fusion of layers.",
    explain=_from_gradient(layercam),
)
