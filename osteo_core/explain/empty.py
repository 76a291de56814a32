"""Why a heat map shows nothing, in one sentence."""

import numpy as np

from osteo_core.explain.method import INPUT, Values

_MOSTLY = 0.5  # share of the values


def empty_reason(
    values: Values,
    *,
    layer: str,
    score: str,
    raw: Values | None = None,
    activation: Values | None = None,
    gradient: Values | None = None,
) -> str | None:
    """Say why a map shows nothing, if it shows nothing.

    Args:
        values: float32 (h, w), the map.
        layer: What was asked about, a layer or `INPUT`.
        score: The score in words; see `Question.score`.
        raw: float32 (h, w), the map before its negative part was cut off; if it was.
        activation: float32 (h, w, k), the layer's output.
        gradient: float32 (h, w, k), the score's gradient, where the method takes one.

    Returns:
        One sentence, or None for a map that shows something.
    """
    raw = values if raw is None else raw
    if not np.isfinite(raw).all():
        return f"The network gave values at {_named(layer)} that are not finite numbers."
    if values.size == 1 and values.any():
        return _one_place(layer)
    if values.min() != values.max():
        return None
    return _why_uniform(values, raw, layer, score, activation, gradient)


def _why_uniform(
    values: Values,
    raw: Values,
    layer: str,
    score: str,
    activation: Values | None,
    gradient: Values | None,
) -> str:
    where = _named(layer)
    if activation is not None and layer != INPUT and not activation.any():
        return f"Every activation of {layer} is zero on this tile: none of its units fired."
    if gradient is not None and not gradient.any():
        return f"The score of {score} does not depend on {where} here: every gradient is zero."
    if activation is not None and layer == INPUT and _is_constant(activation):
        return "The tile has the same colour everywhere, so no place in it differs from another."
    if values.any():
        return f"The heat map of {where} has the same value everywhere, so it points nowhere."
    if gradient is None and activation is not None and (activation < 0).mean() > _MOSTLY:
        return (
            f"The maps of {where} are mostly below zero, and so is their sum: ask about the "
            "layer behind their activation."
        )
    if raw.any() or gradient is not None:
        return f"Nothing at {where} speaks for {score}: no weighted sum of its maps is above zero."
    if values.size == 1:
        return _one_place(layer)
    return f"No change that was tried at {where} moved the score of {score}."


def _is_constant(activation: Values) -> bool:
    return bool((activation == activation[0, 0]).all())


def _one_place(layer: str) -> str:
    return f"The maps of {layer} have one place each, so the heat map points nowhere."


def _named(layer: str) -> str:
    return "the input" if layer == INPUT else layer
