"""How each case is stained, and which case stands out within its own classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteo_core.cohorts.audit.facts import Facts, Values

APART = 1.0  # standard deviations within a class from which a case stands out
_FEWEST = 5  # tiles of a class on either side
_DYES = ("haematoxylin", "eosin")


@dataclass(frozen=True)
class StainRow:
    """Stain of one case; amounts are optical densities, None where too little tissue was measured.

    Attributes:
        case: The case.
        tiles: Tiles with enough tissue.
        haematoxylin: Mean amount.
        haematoxylin_sd: Its standard deviation between tiles.
        eosin: Mean amount.
        eosin_sd: Its standard deviation between tiles.
        haematoxylin_apart: How many standard deviations the case lies above the other cases'
            tiles of the same classes; None where no class can be compared.
        eosin_apart: The same of eosin.
    """

    case: str
    tiles: int
    haematoxylin: float | None
    haematoxylin_sd: float | None
    eosin: float | None
    eosin_sd: float | None
    haematoxylin_apart: float | None
    eosin_apart: float | None

    @property
    def outlying(self) -> bool:
        """Whether the case stands out in either dye."""
        return any(
            abs(apart or 0) >= APART for apart in (self.haematoxylin_apart, self.eosin_apart)
        )

    def sentence(self) -> str:
        """What stands out, in words; "" for a case like the others."""
        found = [
            f"{abs(apart):.1f} standard deviations {'more' if apart > 0 else 'less'} {dye}"
            for dye, apart in zip(_DYES, (self.haematoxylin_apart, self.eosin_apart), strict=True)
            if apart is not None and abs(apart) >= APART
        ]
        if not found:
            return ""
        return f"{self.case} has {' and '.join(found)} than the other cases' tiles of its classes."


def stain_rows(facts: Facts) -> tuple[StainRow, ...]:
    """Mean stain of each case and how far it stands out.

    Classes differ in stain (nuclei take up haematoxylin), and cases in classes. So a case is held
    against the others class by class: differences of means over the pooled standard deviation of
    the two (Cohen's d), averaged with the case's tiles as weights.
    """
    cases = np.array([tile.case for tile in facts.tiles])
    return tuple(_row(facts, cases, case) for case in sorted(set(cases.tolist())))


def _row(facts: Facts, cases: NDArray[np.str_], case: str) -> StainRow:
    own = (cases == case) & np.isfinite(facts.haematoxylin)
    figures: list[float | None] = []
    for values in (facts.haematoxylin[own], facts.eosin[own]):
        figures += [
            float(values.mean()) if len(values) else None,
            float(values.std(ddof=1)) if len(values) > 1 else None,
        ]
    apart = [_apart(facts, own, values) for values in (facts.haematoxylin, facts.eosin)]
    return StainRow(case, int(own.sum()), *figures, *apart)


def _apart(facts: Facts, own: NDArray[np.bool_], values: Values) -> float | None:
    """Mean of Cohen's d over the classes that the case shares with others."""
    labels = np.array([tile.label for tile in facts.tiles])
    others = ~own & np.isfinite(values)
    total, weight = 0.0, 0
    for label in sorted(set(labels[own].tolist())):
        mine, theirs = values[own & (labels == label)], values[others & (labels == label)]
        if min(len(mine), len(theirs)) < _FEWEST:
            continue
        free = len(mine) + len(theirs) - 2
        spread = (
            (len(mine) - 1) * mine.var(ddof=1) + (len(theirs) - 1) * theirs.var(ddof=1)
        ) / free
        if spread > 0:
            total += len(mine) * float((mine.mean() - theirs.mean()) / np.sqrt(spread))
            weight += len(mine)
    return total / weight if weight else None
