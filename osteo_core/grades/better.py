"""Where a map fails: which others did better on this network and this class."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from osteo_core.grades.grade import Grade
from osteo_core.grades.rule import BADGES, Badge

_WORTH = {badge: worth for worth, badge in enumerate(reversed(BADGES))}
_SAME = ("bundle_digest", "target", "against")


@dataclass(frozen=True)
class Better:
    """A method that did better.

    Attributes:
        method: Its name.
        layer: Of its map.
        badge: The best that it got.
        score: Faithfulness with that badge.
        here: Whether that was on the same tile.
        got: On how many tiles it got that badge.
        tiles: On how many it was graded.
    """

    method: str
    layer: str
    badge: Badge
    score: float
    here: bool
    got: int = 1
    tiles: int = 1


def better(grade: Grade, others: Iterable[Grade], most: int = 3) -> tuple[Better, ...]:
    """Name the methods and layers that did better than a map.

    Args:
        grade: Of the map.
        others: Grades of any maps; those of other networks, classes or settings are passed over.
        most: How many to name.

    Returns:
        The best first: those with a better badge on the same tile, or, where there are none, those
        that got a better one on other tiles and were not graded on this one.
    """
    alike = [one for one in others if one.figures and _same_question(one, grade)]
    by_way: dict[tuple[str, str], list[Grade]] = defaultdict(list)
    for one in alike:
        if _way(one) != _way(grade):
            by_way[_way(one)].append(one)
    tile = grade.provenance["tile_sha256"]
    here: list[Better] = []
    elsewhere: list[Better] = []
    for some in by_way.values():
        on_tile = [one for one in some if one.provenance["tile_sha256"] == tile]
        named = _named(on_tile or some, bool(on_tile))
        if _WORTH[named.badge] > _WORTH[grade.badge]:
            (here if on_tile else elsewhere).append(named)
    return tuple(sorted(here or elsewhere, key=_order, reverse=True)[:most])


def _same_question(one: Grade, other: Grade) -> bool:
    ours, theirs = one.provenance, other.provenance
    return one.settings == other.settings and all(ours[name] == theirs[name] for name in _SAME)


def _way(grade: Grade) -> tuple[str, str]:
    return grade.provenance["method"], grade.provenance["layer"]


def _named(some: list[Grade], here: bool) -> Better:
    """One way to make a map, by the best that it got."""
    best = max(some, key=_rank)
    got = sum(one.badge == best.badge for one in some)
    return Better(*_way(best), best.badge, _rank(best)[1], here, got, len(some))


def _rank(grade: Grade) -> tuple[int, float]:
    return _WORTH[grade.badge], grade.figures["faithfulness"]


def _order(found: Better) -> tuple[int, float, float]:
    return _WORTH[found.badge], found.got / found.tiles, found.score
