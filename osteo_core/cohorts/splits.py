"""One split of a cohort into training, validation and test parts, the same for every network.

Neighbouring tiles of a slide look alike and often overlap, so the split that says something about
new tissue keeps whole slides (or whole cases) together. Splitting tile by tile is kept because
most published figures on this collection were obtained that way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from osteo_core.cohorts.grouping import Demand, best_assignment
from osteo_core.errors import CohortError

PARTS = ("train", "validation", "test")
KINDS = ("slide", "tile", "case")
SplitKind = Literal["slide", "tile", "case"]

_FEWEST_SLIDES = 4


@dataclass(frozen=True)
class SplitProtocol:
    """How a cohort was split.

    Args:
        kind: what never crosses parts: "slide", "case", or nothing ("tile").
        fractions: shares of the tiles wanted in train, validation and test; they add up to 1.
        seed: of the random assignments.

    Raises:
        CohortError: an unknown kind, or fractions that are no shares.
    """

    kind: SplitKind = "slide"
    fractions: tuple[float, float, float] = (0.70, 0.15, 0.15)
    seed: int = 7

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise CohortError(
                f"A split goes by one of {', '.join(KINDS)}. Received: {self.kind!r}."
            )
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-6:
            raise CohortError(
                "The fractions of train, validation and test are positive and add up to 1. "
                f"Received: {self.fractions}."
            )


class Splittable(Protocol):
    """What a split needs to know of a tile."""

    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def case(self) -> str: ...  # noqa: D102
    @property
    def slide(self) -> str: ...  # noqa: D102
    @property
    def sha256(self) -> str: ...  # noqa: D102


def split_tiles(tiles: Sequence[Splittable], protocol: SplitProtocol) -> list[str]:
    """Give every tile its part; the order of the tiles does not matter.

    "slide" and "case" choose the best of 4,000 seeded random assignments of whole groups (of all
    assignments when there are few groups), then move or swap single groups while that helps.
    Best is the least of, in this order:

    1. the number of (part, class) pairs without a tile, so that each part has every class where
       any assignment tried gives that;
    2. the number of such pairs with fewer than five tiles, those of training counted twice;
    3. the slides that validation and test lack to four ("slide" only);
    4. the sum over parts of: the squared deviation of the part's size from its fraction; the mean
       over classes of the squared deviation of the class's share in the part from that fraction;
       and the same over (case, class) pairs weighted by their tiles, which draws each class of
       each part from several cases; plus, for each class in validation and in test, the sum of
       squared shares of its slides (1 when one slide gives all its tiles) over 150, which draws
       each class from several slides.

    With the four cases of the public collection "case" means one case each for validation and
    test, and two for training; three of them hold a class with hardly a tile, so at least two
    parts are thin in one class whatever the assignment.

    "tile" deals out each class by itself, so shares are right to a tile and slides are mixed.

    Args:
        tiles: labelled tiles, with distinct sha256.
        protocol: kind, fractions and seed.

    Returns:
        Part names, "train" | "validation" | "test", in the order of `tiles`.

    Raises:
        CohortError: fewer than three tiles, slides or cases to deal out.
    """
    if protocol.kind == "tile":
        return _split_single(tiles, protocol)
    groups = [tile.slide if protocol.kind == "slide" else tile.case for tile in tiles]
    part_of = _split_groups(tiles, groups, protocol)
    return [part_of[group] for group in groups]


def _split_single(tiles: Sequence[Splittable], protocol: SplitProtocol) -> list[str]:
    _require_three(len(tiles), "tiles")
    rng = np.random.Generator(np.random.PCG64(protocol.seed))
    parts = [""] * len(tiles)
    for label in sorted({tile.label for tile in tiles}):
        members = sorted(
            (i for i, tile in enumerate(tiles) if tile.label == label),
            key=lambda i: tiles[i].sha256,
        )
        least = int(len(members) >= len(PARTS))  # a small class is still seen in every part
        validation, test = (max(least, round(f * len(members))) for f in protocol.fractions[1:])
        dealt = ["test"] * test + ["validation"] * validation
        for place, member in enumerate(rng.permutation(len(members))):
            parts[members[member]] = dealt[place] if place < len(dealt) else "train"
    return parts


def _split_groups(
    tiles: Sequence[Splittable], groups: Sequence[str], protocol: SplitProtocol
) -> dict[str, str]:
    names = sorted(set(groups))
    _require_three(len(names), f"{protocol.kind}s")
    row = {name: i for i, name in enumerate(names)}
    rows = [row[group] for group in groups]
    demand = Demand(
        by_class=_count(rows, [tile.label for tile in tiles], len(names)),
        by_cell=_count(rows, [f"{tile.case}\n{tile.label}" for tile in tiles], len(names)),
        fractions=protocol.fractions,
        fewest=_FEWEST_SLIDES if protocol.kind == "slide" else 1,
    )
    best = best_assignment(demand, protocol.seed)
    return {name: PARTS[best[i]] for i, name in enumerate(names)}


def _count(rows: Sequence[int], keys: Sequence[str], n_groups: int) -> NDArray[np.int64]:
    column = {key: i for i, key in enumerate(sorted(set(keys)))}
    counts = np.zeros((n_groups, len(column)), np.int64)
    np.add.at(counts, (rows, [column[key] for key in keys]), 1)
    return counts  # (groups, keys)


def _require_three(n: int, what: str) -> None:
    if n < len(PARTS):
        raise CohortError(
            f"A split into train, validation and test needs at least three {what}. Received: {n}."
        )
