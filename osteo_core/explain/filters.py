"""The maps of a layer, told apart: statistics of each, and orders to look at them in."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError

Values = npt.NDArray[np.float32]
Order = Literal["index", "mean", "maximum", "contribution"]


@dataclass(frozen=True, eq=False)
class MapStatistics:
    """One number for each map of a layer.

    Attributes:
        minimum: float32 (units,), the least value of each map.
        maximum: float32 (units,), the greatest.
        mean: float32 (units,).
        share_positive: float32 (units,), share of places above zero, 0..1.
    """

    minimum: Values
    maximum: Values
    mean: Values
    share_positive: Values

    @property
    def silent(self) -> npt.NDArray[np.intp]:
        """Units whose map is zero everywhere."""
        return np.flatnonzero((self.minimum == 0) & (self.maximum == 0))


def map_statistics(maps: Values) -> MapStatistics:
    """Summarise each map of a layer.

    Args:
        maps: float32 (h, w, units).

    Returns:
        Statistics over the places of each map.

    Raises:
        ModelError: Not maps.
    """
    flat = _places(maps)
    return MapStatistics(
        minimum=flat.min(axis=0),
        maximum=flat.max(axis=0),
        mean=flat.mean(axis=0, dtype=np.float64).astype(np.float32),
        share_positive=(flat > 0).mean(axis=0).astype(np.float32),
    )


def rank_maps(
    maps: Values, by: Order = "index", contributions: Values | None = None
) -> npt.NDArray[np.intp]:
    """Order the maps of a layer, the strongest first; equals stay in order of index.

    Args:
        maps: float32 (h, w, units).
        by: `"index"`, `"mean"` or `"maximum"` of the map, or `"contribution"` to a class score.
        contributions: float32 (units,), from `Reading.contributions`; for `"contribution"` only.

    Returns:
        Unit indices, shape (units,); maps with values that are not numbers come last.

    Raises:
        ModelError: Unknown order, not maps, or contributions missing or of another length.
    """
    if by not in get_args(Order):
        raise ModelError(f"Expected an order: {', '.join(get_args(Order))}. Received: {by!r}.")
    flat = _places(maps)
    n_units = flat.shape[1]
    if by == "index":
        return np.arange(n_units, dtype=np.intp)
    if by == "contribution":
        if contributions is None or contributions.shape != (n_units,):
            shape = None if contributions is None else contributions.shape
            raise ModelError(f"Expected {n_units} contributions, one a map. Received: {shape}.")
        strength = contributions
    else:
        strength = flat.mean(axis=0, dtype=np.float64) if by == "mean" else flat.max(axis=0)
    return np.argsort(-np.nan_to_num(strength, nan=-np.inf), kind="stable")


def histogram(
    values: Values, bins: int = 32
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Count a map's values.

    Args:
        values: float32, any shape; values that are not finite are left out.
        bins: Number of bins of equal width between the least and the greatest value.

    Returns:
        Counts (bins,) and edges (bins + 1,).
    """
    finite = values[np.isfinite(values)]
    counts, edges = np.histogram(finite, bins=bins)
    return counts.astype(np.int64), edges.astype(np.float64)


def _places(maps: Values) -> Values:
    if maps.ndim != 3:
        raise ModelError(
            f"Expected maps of shape (height, width, units). Received: {tuple(maps.shape)}."
        )
    return maps.reshape(-1, maps.shape[-1])  # (h·w, units)
