"""The rule of the badge: four questions to a map, and what their answers make of it.

What it was set by is in docs/grades.md: some hundred maps of four networks, graded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Badge = Literal["pass", "weak", "fail"]
BADGES: tuple[Badge, ...] = get_args(Badge)
Answer = Literal["yes", "partly", "no", "unknown"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)

MARGIN = 0.02  # of an area: what the few steps of a curve cannot tell apart
MOVES = 0.1  # of a probability: curves that move less tell nothing
SURVIVES = 0.7  # rank correlation with the map of a random network above which a map fails
FORGETS = 0.5  # below which it passes
STABLE = 0.8  # rank correlation under a small change from which a map passes
STABLE_REDUCED = 0.7  # the same where the map is made again at less effort: that adds grain
SHAKY = 0.5  # below which it is called not stable at all; it decides no badge

CRITERIA = {
    "random": "Better than random maps",
    "edges": "Better than an edge detector",
    "weights": "Depends on the weights",
    "stable": "Stable",
}

RULE = (
    "Four questions are asked of a map. "
    f"Is it better than random maps: more faithful, by {MARGIN} or more, than each of them (yes), "
    "than their mean (partly), or not (no)? A map that is as faithful as any map could be on this "
    "tile need not beat a random map that is so by chance. "
    f"Is it better than an edge detector: more faithful by {MARGIN} or more (yes), within {MARGIN} "
    "(partly), or less (no)? "
    "Does it depend on the weights: is its rank correlation with the map of the network with every "
    f"weight randomised below {FORGETS} (yes), up to {SURVIVES} (partly), or above (no)? "
    f"Is it stable: is its rank correlation with itself {STABLE} or more ({STABLE_REDUCED} or more "
    "for slow methods, which are made again at less effort) under each small change of the tile (a "
    "shift by one pixel, a JPEG of quality 85, a slightly different stain), "
    f"{SHAKY} or more (partly), or less (no)? "
    "A map fails if it is empty, no better than random maps, or independent of the weights. It "
    "passes if it is better than random maps, depends on the weights and is stable, and an edge "
    "detector does not beat it. Everything between is weak. "
    f"Where the probability moves by less than {MOVES} whatever is taken away, the curves cannot "
    "answer the first two questions, and the map is weak unless it fails by the third."
)

_CHANGES = {
    "stability_shift": "shifted by one pixel",
    "stability_jpeg": "saved as a JPEG of quality 85",
    "stability_stain": "stained slightly otherwise",
}


@dataclass(frozen=True)
class Criterion:
    """One question to a map and its answer.

    Attributes:
        name: Key in `CRITERIA`.
        answer: Yes, partly, no; unknown where the curves cannot tell.
        sentence: The answer with the figures and the margin that decided it.
    """

    name: str
    answer: Answer
    sentence: str

    @property
    def title(self) -> str:
        """How the question is written."""
        return CRITERIA[self.name]


@dataclass(frozen=True)
class Verdict:
    """A badge and why.

    Attributes:
        badge: Pass, weak or fail.
        reasons: One sentence each; what decided comes first.
        criteria: The questions that were asked; none of an empty map.
    """

    badge: Badge
    reasons: tuple[str, ...]
    criteria: tuple[Criterion, ...] = ()


def judge(
    figures: Mapping[str, float],
    edges: float,
    randoms: Sequence[float],
    empty_reason: str | None = None,
    moves: float = 1.0,
    is_reduced: bool = False,
    best: float = float("inf"),
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
        best: Faithfulness of the best order of places that there could be on this tile.
    """
    if empty_reason:
        return Verdict("fail", (f"The map is empty. {empty_reason}",))
    score = figures["faithfulness"]
    if moves < MOVES:
        asked = [_flat(name, moves) for name in ("random", "edges")]
    else:
        asked = [_random(score, randoms, best), _edges(score, edges)]
    if "randomised_all" in figures:
        asked.append(_weights(figures["randomised_all"]))
    if steady := {name: figures[name] for name in _CHANGES if name in figures}:
        asked.append(_stable(steady, STABLE_REDUCED if is_reduced else STABLE))
    badge = _badge({criterion.name: criterion.answer for criterion in asked})
    return Verdict(badge, _reasons(badge, asked), tuple(asked))


def _badge(answers: Mapping[str, Answer]) -> Badge:
    if "no" in (answers["random"], answers.get("weights")):
        return "fail"
    rest = (answers["random"], answers.get("weights", "yes"), answers.get("stable", "yes"))
    return "pass" if set(rest) == {"yes"} and answers["edges"] != "no" else "weak"


def _reasons(badge: Badge, asked: Sequence[Criterion]) -> tuple[str, ...]:
    """What decided: for a fail what failed, for a weak what kept it from a pass."""
    if badge == "pass":
        chosen = asked
    elif badge == "fail":
        chosen = [c for c in asked if c.name in ("random", "weights") and c.answer == "no"]
    else:
        chosen = [c for c in asked if c.answer != "yes" and (c.name, c.answer) != _NO_MATTER]
    return tuple(dict.fromkeys(criterion.sentence for criterion in chosen))


_NO_MATTER = ("edges", "partly")  # as good as an edge detector: that alone keeps from nothing


def _flat(name: str, moves: float) -> Criterion:
    told = _told(moves, MOVES)
    return Criterion(
        name,
        "unknown",
        f"The probability moves by {told} whatever is taken away ({MOVES} is asked for), so these "
        "curves cannot tell good maps from bad ones. Another baseline may.",
    )


def _random(score: float, randoms: Sequence[float], best: float) -> Criterion:
    mean, highest = sum(randoms) / len(randoms), max(randoms)
    as_good = sum(score - one < MARGIN for one in randoms)
    if score - mean < MARGIN:
        said = f"It is no more faithful than random maps ({_apart(score, mean)} on average; "
        return Criterion("random", "no", said + _ASKED)
    if not as_good:
        said = f"It is more faithful than every random map ({_apart(score, highest)} at best; "
        return Criterion("random", "yes", said + _ASKED)
    if best - score < MARGIN:
        said = f"It is as faithful as a map can be here ({score:z.2f} of {best:z.2f}), and more so "
        said += f"than random maps ({_apart(score, mean)} on average; "
        return Criterion("random", "yes", said + _ASKED)
    are = "is" if as_good == 1 else "are"
    said = f"It is more faithful than random maps on average ({_apart(score, mean)}), but "
    said += f"{as_good} of {len(randoms)} {are} as faithful ({highest:z.2f} at best; "
    return Criterion("random", "partly", said + _ASKED)


def _edges(score: float, edges: float) -> Criterion:
    if score - edges >= MARGIN:
        said = f"It is more faithful than an edge detector's map ({_apart(score, edges)}; "
        return Criterion("edges", "yes", said + _ASKED)
    if edges - score < MARGIN:
        said = f"It is as faithful as an edge detector's map ({_apart(score, edges)}; "
        return Criterion("edges", "partly", said + _ASKED)
    said = f"It is less faithful than an edge detector's map ({_apart(score, edges)}; "
    return Criterion("edges", "no", said + _ASKED)


_ASKED = f"{MARGIN} apart is asked for)."


def _weights(alike: float) -> Criterion:
    asked = f"below {FORGETS} is asked for)."
    if alike > SURVIVES:
        said = "A network with random weights gives nearly the same map (correlation "
        said += f"{_told(alike, SURVIVES)}; above {SURVIVES} fails, "
        return Criterion("weights", "no", said + asked)
    if alike >= FORGETS:
        said = "A network with random weights gives a map that is rather like it (correlation "
        return Criterion("weights", "partly", f"{said}{_told(alike, FORGETS)}; {asked}")
    said = "A network with random weights gives another map (correlation "
    return Criterion("weights", "yes", f"{said}{_told(alike, FORGETS)}; {asked}")


def _stable(steady: Mapping[str, float], least: float) -> Criterion:
    asked = f"{least} or more is asked for)."
    lowest = min(steady.values())
    if lowest >= least:
        said = "It stays the same under small changes of the tile (correlation "
        return Criterion("stable", "yes", f"{said}{_told(lowest, least)} at least; {asked}")
    below = {name: alike for name, alike in steady.items() if alike < least}
    whens = " or ".join(_CHANGES[name] for name in below)
    alikes = " and ".join(_told(alike, least) for alike in below.values())
    said = f"It changes when the tile is {whens} (correlation {alikes}; {asked}"
    return Criterion("stable", "partly" if lowest >= SHAKY else "no", said)


def _apart(score: float, other: float) -> str:
    """Two figures, in as many digits as it takes to see on which side of the margin they lie."""
    side = _side(score - other)
    for digits in range(2, 6):
        if _side(round(round(score, digits) - round(other, digits), digits)) == side:
            break
    return f"{score:z.{digits}f} against {other:z.{digits}f}"


def _side(gap: float) -> tuple[bool, bool]:
    return gap >= MARGIN, gap > -MARGIN


def _told(value: float, limit: float) -> str:
    """A figure, in as many digits as it takes to see on which side of a limit it lies."""
    for digits in range(2, 6):
        shown = round(value, digits)
        if (shown < limit, shown > limit) == (value < limit, value > limit):
            break
    return f"{value:z.{digits}f}"
