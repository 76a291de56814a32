"""Ways to explain a reading. Plain NumPy: activations and gradients come from the reading."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError

if TYPE_CHECKING:
    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a method makes of a reading.

    Attributes:
        values: float32 (h, w), raw.
        empty_reason: One sentence where the map shows nothing, saying why; else None.
        parameters: The method's settings.
    """

    values: Values
    empty_reason: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    """A way to make a heat map.

    Attributes:
        name: How it is called for.
        title: How it is written.
        signed: Whether its values can be negative.
        explain: Makes the map of a reading's layer and class.
        reference: Where it was published.
    """

    name: str
    title: str
    signed: bool
    explain: Callable[["Reading", str, str], Explanation]
    reference: str


def methods() -> dict[str, Method]:
    """Every way to make a heat map, by name."""
    from osteo_core.explain.cams import GRADCAM

    return {method.name: method for method in (GRADCAM,)}


def find_method(name: str) -> Method:
    """Look a method up.

    Raises:
        ModelError: No such method.
    """
    known = methods()
    if name not in known:
        raise ModelError(f"Expected a method: {', '.join(known)}. Received: {name!r}.")
    return known[name]
