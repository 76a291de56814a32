"""A grade as a result: the badge, what it rests on, and everything needed to make it again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from osteo_core.grades.faithfulness import Curve
from osteo_core.grades.rule import RULE, Badge, Criterion
from osteo_core.grades.settings import GradeSettings


@dataclass(frozen=True)
class StageResult:
    """How alike a map and that of the network randomised so far are.

    Attributes:
        name: The metric.
        n_layers: Layers drawn anew.
        correlation: Rank correlation, -1..1; of absolute values for a signed map.
    """

    name: str
    n_layers: int
    correlation: float


@dataclass(frozen=True, eq=False)
class Grade:
    """How far a heat map can be trusted.

    Attributes:
        badge: Pass, weak or fail; see `RULE`.
        reasons: Why, in sentences; what decided comes first.
        figures: By metric; metrics that were not measured are absent.
        curves: Deletion and insertion of the map ("deletion", "insertion"), of the edge detector's
            map ("edges deletion", "edges insertion") and, as means, of the random maps ("random
            deletion", "random insertion").
        edges: Faithfulness of the edge detector's map; NaN for an empty map.
        randoms: Faithfulness of each random map.
        stages: The sanity check, from the top of the network.
        mask_share: Share of the tile that the mask covers: the relevance mass of a map that is the
            same everywhere. None without a mask.
        criteria: The questions of the rule, each with its answer; none of an empty map.
        moves: How far the probability moves over all curves, 0..1; NaN for an empty map.
        best: Faithfulness of the best order of places that there could be; NaN for an empty map.
        effort: What was reduced for speed when the map was made again, in a sentence; "" where
            nothing was.
        settings: How it was graded.
        provenance: `HeatMap.meta` of the map that was graded.
    """

    badge: Badge
    reasons: tuple[str, ...]
    figures: Mapping[str, float]
    settings: GradeSettings
    provenance: Mapping[str, Any]
    curves: Mapping[str, Curve] = field(default_factory=dict)
    edges: float = float("nan")
    randoms: tuple[float, ...] = ()
    stages: tuple[StageResult, ...] = ()
    mask_share: float | None = None
    effort: str = ""
    criteria: tuple[Criterion, ...] = ()
    moves: float = float("nan")
    best: float = float("nan")

    @property
    def reason(self) -> str:
        """What decided, in a sentence."""
        return self.reasons[0]

    def meta(self) -> dict[str, Any]:
        """Everything, fit for JSON; a number that is not finite is None."""
        return {
            "badge": self.badge,
            "reasons": list(self.reasons),
            "criteria": [{**asdict(one), "title": one.title} for one in self.criteria],
            "figures": {name: _told(value) for name, value in self.figures.items()},
            "edges": _told(self.edges),
            "randoms": [_told(value) for value in self.randoms],
            "moves": _told(self.moves),
            "best": _told(self.best),
            "curves": {name: _curve(curve) for name, curve in self.curves.items()},
            "stages": [asdict(stage) for stage in self.stages],
            "mask_share": self.mask_share,
            "effort": self.effort,
            "settings": asdict(self.settings),
            "rule": RULE,
            "map": dict(self.provenance),
        }

    def to_json(self) -> str:
        """Everything as one JSON text."""
        return json.dumps(self.meta(), indent=2, sort_keys=True, allow_nan=False)


def _told(value: float) -> float | None:
    return float(value) if value == value and abs(value) != float("inf") else None


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "baseline": curve.baseline,
        "fractions": curve.fractions.tolist(),
        "values": curve.values.tolist(),
        "area": curve.area,
    }
