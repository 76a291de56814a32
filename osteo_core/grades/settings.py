"""How a heat map is graded."""

from dataclasses import dataclass
from typing import Literal, get_args

from osteo_core.errors import ModelError

Baseline = Literal["blur", "mean", "white"]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
BASELINE_TITLES = {"blur": "the tile blurred", "mean": "the tile's mean colour", "white": "white"}
MOST_POINTS = 200


@dataclass(frozen=True)
class GradeSettings:
    """How a heat map is graded; equal settings give equal grades.

    Attributes:
        baseline: What stands where a place is taken away: the tile blurred (by a Gaussian of a
            tenth of the shorter side), its mean colour, or white.
        points: Steps of each curve, 2 or more; the network runs at each, but for the ends, which
            all curves share.
        random_maps: Random maps that a map is held against, 1 or more.
        seed: Of the random maps and of the randomised network's weights.
        cells: Cells along the side of a random map's grid. Every map is blurred by a Gaussian of a
            quarter of such a cell before its places are put in order, and maps are compared at
            four places to a cell's side.
        sanity: Whether the network is randomised.
        stability: Whether the tile is changed.

    Raises:
        ModelError: A value out of range.
    """

    baseline: Baseline = "blur"
    points: int = 5
    random_maps: int = 4
    seed: int = 0
    cells: int = 7
    sanity: bool = True
    stability: bool = True

    def __post_init__(self) -> None:
        if self.baseline not in BASELINES:
            raise ModelError(
                f"Expected a baseline: {', '.join(BASELINES)}. Received: {self.baseline!r}."
            )
        for name, low, high in (
            ("points", 2, MOST_POINTS),
            ("random_maps", 1, 100),
            ("seed", 0, 2**31 - 1),
            ("cells", 2, 64),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise ModelError(
                    f"Expected {name} to be a whole number from {low} to {high}. "
                    f"Received: {value!r}."
                )
