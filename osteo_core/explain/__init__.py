"""Ways to explain a reading. Plain NumPy: activations and gradients come from the reading."""

from osteo_core.errors import ModelError
from osteo_core.explain.method import (
    INPUT,
    Explanation,
    Method,
    Parameter,
    Question,
    Steps,
    Values,
)

__all__ = [
    "INPUT",
    "Explanation",
    "Method",
    "Parameter",
    "Question",
    "Steps",
    "Values",
    "find_method",
    "methods",
]


def methods() -> dict[str, Method]:
    """Every way to make a heat map, by name, in the order in which they are offered."""
    from osteo_core.explain import cams, eigencam, gradients, perturbation, scorecam

    offered = (
        cams.GRADCAM,
        cams.GRADCAMPP,
        cams.HIRESCAM,
        cams.LAYERCAM,
        scorecam.SCORECAM,
        scorecam.SCORECAM_FAST,
        eigencam.EIGENCAM,
        gradients.SALIENCY,
        gradients.GRADIENT_X_INPUT,
        gradients.SMOOTHGRAD,
        gradients.INTEGRATED_GRADIENTS,
        perturbation.OCCLUSION,
        perturbation.RISE,
    )
    return {method.name: method for method in offered}


def find_method(name: str) -> Method:
    """Look a method up.

    Raises:
        ModelError: No such method.
    """
    known = methods()
    if name not in known:
        raise ModelError(f"Expected a method: {', '.join(known)}. Received: {name!r}.")
    return known[name]
