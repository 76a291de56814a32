"""Class activation maps: a layer's maps, weighted by what each is worth to a class."""

from typing import TYPE_CHECKING

import numpy as np

from osteo_core.errors import ModelError
from osteo_core.explain import Explanation, Method, Values

if TYPE_CHECKING:
    from osteo_core.reading import Reading


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
    if activation.ndim != 3 or activation.shape != gradient.shape:
        raise ModelError(
            "Expected maps and their gradient, both of shape (height, width, channels). "
            f"Received: {activation.shape} and {gradient.shape} at {layer}."
        )
    # A product with equal weights is the mean over places, by BLAS: ten times as fast as `mean`.
    n_places = gradient.shape[0] * gradient.shape[1]
    equal = np.full(n_places, 1 / n_places, np.float32)
    weights = equal @ gradient.reshape(n_places, -1)  # (k,)
    weighted = activation @ weights  # (h, w)
    values = np.maximum(weighted, np.float32(0))
    reason = _empty_reason(activation, gradient, weighted, layer, target)
    return Explanation(values, reason)


def _empty_reason(
    activation: Values, gradient: Values, weighted: Values, layer: str, target: str
) -> str | None:
    if not np.isfinite(weighted).all():
        return f"The network gave values at {layer} that are not finite numbers."
    if weighted.max() > 0:
        if weighted.size == 1:
            return f"The maps of {layer} have one place each, so the heat map points nowhere."
        if weighted.min() == weighted.max():
            return f"The heat map of {layer} has the same value everywhere, so it points nowhere."
        return None
    if not activation.any():
        return f"Every activation of {layer} is zero on this tile: none of its units fired."
    if not gradient.any():
        return f"The score of {target} does not depend on {layer} here: every gradient is zero."
    return f"Nothing at {layer} speaks for {target}: no weighted sum of its maps is above zero."


def _explain(reading: "Reading", layer: str, target: str) -> Explanation:
    activation = reading.activation(layer)
    return gradcam(activation, reading.gradient(layer, target), layer=layer, target=target)


GRADCAM = Method(
    name="gradcam",
    title="Grad-CAM",
    signed=False,
    explain=_explain,
    reference="Selvaraju et al. 2017, arXiv:1610.02391",
)
