"""One split of a cohort into training, validation and test parts, the same for every network.

Neighbouring tiles of a slide look alike and often overlap, so the split that says something about
new tissue keeps whole slides (or whole cases) together. Splitting tile by tile is kept because
most published figures on this collection were obtained that way. A split that comes with the
folders is kept as it is ("given").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from osteo_core.cohorts.grouping import Demand, best_assignment
from osteo_core.errors import CohortError
from osteo_core.wording import GIVEN, listed

PARTS = ("train", "validation", "test")
KINDS = ("slide", "tile", "case")  # what can be asked for
SplitKind = Literal["slide", "tile", "case", "given"]

_FEWEST_SLIDES = 4
_WORDS = {2: "two", 3: "three"}


@dataclass(frozen=True)
class SplitProtocol:
    """How a cohort was split.

    Args:
        kind: what never crosses parts: "slide", "case", or nothing ("tile"); "given" is the split
            that the tiles came with, whatever that kept apart.
        fractions: shares of the tiles wanted in train, validation and test, or found in them when
            the split was given; they add up to 1.
        seed: of the random assignments.

    Raises:
        CohortError: an unknown kind, or fractions that are no shares.
    """

    kind: SplitKind = "slide"
    fractions: tuple[float, float, float] = (0.70, 0.15, 0.15)
    seed: int = 7

    def __post_init__(self) -> None:
        if self.kind not in (*KINDS, GIVEN):
            raise CohortError(
                f"A split goes by one of {', '.join(KINDS)}, or is given. Received: {self.kind!r}."
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

    1. the number of parts without a tile, which is none;
    2. the number of (part, class) pairs without a tile, so that each part has every class where
       any assignment tried gives that;
    3. the number of such pairs with fewer than five tiles, those of training counted twice;
    4. the slides that validation and test lack to four ("slide" only);
    5. the sum over parts of: the squared deviation of the part's size from its fraction; the mean
       over classes of the squared deviation of the class's share in the part from that fraction;
       and the same over (case, class) pairs weighted by their tiles, which draws each class of
       each part from several cases; plus, for each class in validation and in test, the sum of
       squared shares of its slides (1 when one slide gives all its tiles) over 150, which draws
       each class from several slides.

    With the four cases of the public collection "case" means one case each for validation and
    test, and two for training; three of them hold a class with hardly a tile, so at least two
    parts are thin in one class whatever the assignment.

    "tile" deals out each class by itself, so shares are right to a tile and slides are mixed; a
    part that no class is large enough for gets a tile of the part that has most.

    Args:
        tiles: labelled tiles, with distinct sha256.
        protocol: kind, fractions and seed.

    Returns:
        Part names, "train" | "validation" | "test", in the order of `tiles`.

    Raises:
        CohortError: fewer than three tiles, slides or cases to deal out, or a split that is given.
    """
    return deal(tiles, protocol.kind, PARTS, protocol.fractions, protocol.seed)


def deal(
    tiles: Sequence[Splittable],
    kind: str,
    parts: Sequence[str],
    fractions: Sequence[float],
    seed: int,
) -> list[str]:
    """Deal tiles out to parts, as `split_tiles` does to its three.

    Args:
        tiles: labelled tiles, with distinct sha256.
        kind: "slide", "case" or "tile".
        parts: names, the one to train on first.
        fractions: of the tiles wanted in each.
        seed: of the random assignments.

    Returns:
        Part names in the order of `tiles`; none of them is left out.

    Raises:
        CohortError: fewer tiles, slides or cases than parts, or another kind.
    """
    if kind not in KINDS:
        raise CohortError(f"Tiles are dealt out by {', '.join(KINDS)}. Received: {kind!r}.")
    groups = [tile.sha256 if kind == "tile" else getattr(tile, kind) for tile in tiles]
    _require(len(set(groups)), kind, parts)
    if kind == "tile":
        return _deal_single(tiles, parts, fractions, seed)
    names = sorted(set(groups))
    best = best_assignment(_demand(tiles, groups, names, kind, fractions), seed)
    part_of = {name: parts[best[i]] for i, name in enumerate(names)}
    return [part_of[group] for group in groups]


def _deal_single(
    tiles: Sequence[Splittable], names: Sequence[str], fractions: Sequence[float], seed: int
) -> list[str]:
    rng = np.random.Generator(np.random.PCG64(seed))
    parts = [""] * len(tiles)
    for label in sorted({tile.label for tile in tiles}):
        members = sorted(
            (i for i, tile in enumerate(tiles) if tile.label == label),
            key=lambda i: tiles[i].sha256,
        )
        least = int(len(members) >= len(names))  # a small class is still seen in every part
        held = [max(least, round(f * len(members))) for f in fractions[1:]]
        dealt = [n for n, many in reversed(list(zip(names[1:], held, strict=True)))
                 for _ in range(many)]  # fmt: skip
        for place, member in enumerate(rng.permutation(len(members))):
            parts[members[member]] = dealt[place] if place < len(dealt) else names[0]
    for name in names:
        if name not in parts:
            parts[_spare(tiles, parts)] = name
    return parts


def _spare(tiles: Sequence[Splittable], parts: Sequence[str]) -> int:
    """A tile that is missed least: of the largest part, and there of the largest class."""
    sizes = Counter(parts)
    cells = Counter(zip(parts, (tile.label for tile in tiles), strict=True))
    return max(
        range(len(tiles)),
        key=lambda i: (sizes[parts[i]], cells[parts[i], tiles[i].label], tiles[i].sha256),
    )


def _demand(
    tiles: Sequence[Splittable],
    groups: Sequence[str],
    names: Sequence[str],
    kind: str,
    fractions: Sequence[float],
) -> Demand:
    row = {name: i for i, name in enumerate(names)}
    rows = [row[group] for group in groups]
    return Demand(
        by_class=_count(rows, [tile.label for tile in tiles], len(names)),
        by_cell=_count(rows, [f"{tile.case}\n{tile.label}" for tile in tiles], len(names)),
        fractions=tuple(fractions),
        fewest=_FEWEST_SLIDES if kind == "slide" else 1,
    )


def _count(rows: Sequence[int], keys: Sequence[str], n_groups: int) -> NDArray[np.int64]:
    column = {key: i for i, key in enumerate(sorted(set(keys)))}
    counts = np.zeros((n_groups, len(column)), np.int64)
    np.add.at(counts, (rows, [column[key] for key in keys]), 1)
    return counts  # (groups, keys)


def _require(n: int, kind: str, parts: Sequence[str]) -> None:
    if n < len(parts):
        finer = {"case": "slide or tile", "slide": "tile"}.get(kind)
        raise CohortError(
            f"A split into {listed(parts)} needs at least {_WORDS[len(parts)]} {kind}s. "
            f"Received: {n}." + (f" Split by {finer} instead." if finer else "")
        )
