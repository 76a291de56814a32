"""The rule of the badge: what makes a map pass, what makes it fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Badge = Literal["pass", "weak", "fail"]
BADGES: tuple[Badge, ...] = get_args(Badge)

MARGIN = 0.02  # of an area: what the few steps of a curve cannot tell apart
MOVES = 0.1  # of a probability: curves that move less tell nothing
SURVIVES = 0.7  # rank correlation with the map of a random network above which a map fails
FORGETS = 0.5  # below which it passes
STABLE = 0.8  # rank correlation under a small change from which a map passes
STABLE_REDUCED = 0.7  # the same where the map is made again at less effort: that adds grain

RULE = (
    "A map fails if it is empty, if its faithfulness is not above that of an edge detector's map "
    f"by {MARGIN} or more, if it is not above the mean of the random maps, or if the network with "
    "every weight randomised gives nearly the same map (rank correlation above "
    f"{SURVIVES}). "
    f"A map passes if it is more faithful, by {MARGIN} or more, than the edge detector's map and "
    "than every random map, if its rank correlation with the randomised network's map is below "
    f"{FORGETS}, and if its rank correlation with itself is {STABLE} or more under each small "
    "change of the tile: a shift by one pixel, a JPEG of quality 85, a slightly different stain "
    f"({STABLE_REDUCED} or more for slow methods, which are made again at less effort). "
    "Everything between is weak. "
    f"Where the probability moves by less than {MOVES} whatever is taken away, the curves cannot "
    "tell a good map from a bad one, and the map is weak unless it fails for "
    "another reason."
)


@dataclass(frozen=True)
class Verdict:
    """A badge and why.

    Attributes:
        badge: Pass, weak or fail.
        reasons: One sentence each; what decided comes first.
    """

    badge: Badge
    reasons: tuple[str, ...]


def judge(
    figures: Mapping[str, float],
    edges: float,
    randoms: Sequence[float],
    empty_reason: str | None = None,
    moves: float = 1.0,
    is_reduced: bool = False,
) -> Verdict:
    """Apply the rule.

    Args:
        figures: By metric; those of checks that were not made are absent, and the rule passes over
            them.
        edges: Faithfulness of the edge detector's map.
        randoms: Faithfulness of each random map.
        empty_reason: Why the map is empty, if it is.
        moves: How far the probability moves over all curves, 0..1.
        is_reduced: Whether the map was made again at less effort.
    """
    if empty_reason:
        return Verdict("fail", (f"The map is empty. {empty_reason}",))
    tells = moves >= MOVES
    failures = _unfaithful(figures, edges, randoms) if tells else []
    if failures := failures + _unlearnt(figures):
        return Verdict("fail", tuple(failures))
    doubts = _not_best(figures, randoms) if tells else [_FLAT]
    if doubts := doubts + _doubts(figures, STABLE_REDUCED if is_reduced else STABLE):
        return Verdict("weak", tuple(doubts))
    return Verdict("pass", (_praise(figures),))


_FLAT = (
    f"The probability moves by less than {MOVES} whatever is taken away, so these curves cannot "
    "tell good maps from bad ones. Another baseline may."
)


def _unfaithful(figures: Mapping[str, float], edges: float, randoms: Sequence[float]) -> list[str]:
    score, found = figures["faithfulness"], []
    if figures["edge_gap"] < MARGIN:
        found.append(
            "It is no more faithful than an edge detector's map "
            f"({score:z.2f} against {edges:z.2f})."
        )
    if figures["random_gap"] <= 0:
        mean = sum(randoms) / len(randoms)
        found.append(
            "It is no more faithful than random maps "
            f"({score:z.2f} against {mean:z.2f} on average)."
        )
    return found


def _unlearnt(figures: Mapping[str, float]) -> list[str]:
    alike = figures.get("randomised_all", 0.0)
    if alike <= SURVIVES:
        return []
    return [f"A network with random weights gives nearly the same map (correlation {alike:z.2f})."]


def _not_best(figures: Mapping[str, float], randoms: Sequence[float]) -> list[str]:
    better = sum(figures["faithfulness"] < score + MARGIN for score in randoms)
    if not better:
        return []
    are = "is" if better == 1 else "are"
    return [f"Of {len(randoms)} random maps {better} {are} as faithful."]


def _doubts(figures: Mapping[str, float], stable: float) -> list[str]:
    found = []
    alike = figures.get("randomised_all", 0.0)
    if alike >= FORGETS:
        found.append(
            "A network with random weights gives a map that is rather like it (correlation "
            f"{alike:z.2f})."
        )
    for name, what in _CHANGES.items():
        if figures.get(name, 1.0) < stable:
            found.append(f"It changes when the tile is {what} (correlation {figures[name]:z.2f}).")
    return found


_CHANGES = {
    "stability_shift": "shifted by one pixel",
    "stability_jpeg": "saved as a JPEG of quality 85",
    "stability_stain": "stained slightly otherwise",
}


def _praise(figures: Mapping[str, float]) -> str:
    parts = ["is more faithful than an edge detector's map and than every random map"]
    if "randomised_all" in figures:
        parts.append("changes when the network is randomised")
    if any(name in figures for name in _CHANGES):
        parts.append("holds under small changes of the tile")
    *first, last = parts
    return f"It {', '.join(first)} and {last}." if first else f"It {last}."
