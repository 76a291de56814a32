"""How far several heat maps of one tile agree: by the order of their places, not by their values.

Methods have units of their own, so their raw values cannot be averaged. What can be compared is
the order in which each puts the places of the tile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError

if TYPE_CHECKING:
    from osteo_core.heatmap import HeatMap

Values = npt.NDArray[np.float32]
MOST_PLACES = 64  # along one side of the common grid


@dataclass(frozen=True, eq=False)
class Agreement:
    """What several heat maps of one tile have in common.

    Attributes:
        names: The maps that were compared, in the order given.
        left_out: Why each of the others was not compared, in a sentence, by name.
        consensus: float32 (h, w), 0..1: at each place the mean of the maps' ranks, a rank being
            the share of places that the map puts lower. All 0 when no map was compared.
        disagreement: float32 (h, w), 0..0.5: the standard deviation of those ranks.
        correlations: float64 (n, n), -1..1: Spearman's rank correlation of each pair.
    """

    names: tuple[str, ...]
    left_out: Mapping[str, str]
    consensus: Values
    disagreement: Values
    correlations: npt.NDArray[np.float64]

    @property
    def rank_correlation(self) -> float | None:
        """Mean of the correlations over all pairs, -1..1; None for fewer than two maps."""
        pairs = self.correlations[np.triu_indices(len(self.names), 1)]
        return float(pairs.mean()) if pairs.size else None


def agreement(heats: Mapping[str, "HeatMap"]) -> Agreement:
    """Compare heat maps of one tile by the order in which they put its places.

    Of a signed map its positive part counts: "where is the evidence for the class" is the one
    question that all methods answer. Maps of different sizes are brought to the size of the
    largest, at most 64 × 64: smaller ones are enlarged bilinearly, larger ones averaged.

    Args:
        heats: The maps, by the name that each is to have.

    Returns:
        Consensus, disagreement and correlations; a map that puts no place before another is left
        out and named.

    Raises:
        ModelError: The maps are of different tiles.

    Reference:
        Spearman 1904, "The proof and measurement of association between two things"; ties have
        their mean rank. Krishna et al. 2022, arXiv:2202.01602, measure disagreement of
        explanations by rank correlation among others; they compare signed values, we positive
        parts.
    """
    tiles = {heat.tile_sha256 for heat in heats.values()}
    if len(tiles) > 1:
        raise ModelError(f"Expected heat maps of one tile. Received: of {len(tiles)} tiles.")
    parts = {name: _positive(heat) for name, heat in heats.items()}
    left_out = {name: _nothing(heat, parts[name]) for name, heat in heats.items()}
    kept = [parts[name] for name in heats if not left_out[name]]
    size = _common_size(list(parts.values()))
    maps = [_to_size(part, size) for part in kept]
    ranks = [_ranks(values) for values in maps]
    lower = np.stack([share for share, _ in ranks] or [np.zeros(size, np.float32)])
    return Agreement(
        names=tuple(name for name in heats if not left_out[name]),
        left_out={name: why for name, why in left_out.items() if why},
        consensus=lower.mean(axis=0),
        disagreement=lower.std(axis=0),
        correlations=_correlations([mean for _, mean in ranks]),
    )


def _positive(heat: "HeatMap") -> Values:
    values: Values = np.maximum(heat.values, np.float32(0)) if heat.signed else heat.values
    return values


def _nothing(heat: "HeatMap", part: Values) -> str:
    """Why a map cannot be ranked; "" where it can."""
    if not np.isfinite(part).all():
        return "It has values that are not finite numbers."
    if part.min() < part.max():
        return ""
    if heat.empty_reason:
        return heat.empty_reason
    if heat.signed and not part.any():
        return f"Nothing in it speaks for {heat.score}: it has no positive value."
    return "It has the same value everywhere."


def _common_size(maps: list[Values]) -> tuple[int, int]:
    """(height, width) of the common grid."""
    sides = [
        min(MOST_PLACES, max((part.shape[axis] for part in maps), default=1)) for axis in (0, 1)
    ]
    return sides[0], sides[1]


def _to_size(values: Values, size: tuple[int, int]) -> Values:
    if values.shape == size:
        return values
    grows = values.shape[0] < size[0] or values.shape[1] < size[1]
    how = cv2.INTER_LINEAR if grows else cv2.INTER_AREA
    resized: Values = cv2.resize(values, size[::-1], interpolation=how)
    return resized


def _ranks(values: Values) -> tuple[Values, npt.NDArray[np.float64]]:
    """For each place the share of the others that lie lower, (h, w), and its mean rank, flat."""
    _, inverse, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    below = np.concatenate(([0], np.cumsum(counts)[:-1]))  # places lower than each value
    share = below[inverse] / max(1, values.size - 1)
    mean_rank = (below + (counts - 1) / 2)[inverse]
    return share.reshape(values.shape).astype(np.float32), mean_rank


def _correlations(mean_ranks: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Pearson's correlation of the mean ranks, which is Spearman's of the values."""
    if not mean_ranks:
        return np.zeros((0, 0))
    ranks = np.stack(mean_ranks)  # (n, places)
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    unit = centred / np.sqrt((centred**2).sum(axis=1, keepdims=True))
    result: npt.NDArray[np.float64] = np.clip(unit @ unit.T, -1, 1)
    return result
