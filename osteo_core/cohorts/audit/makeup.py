"""What a cohort is made of: classes by cases by slides, and classes that hang on one of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from osteo_core.cohorts.table import CohortTile

MOST_OF_CASE = 0.6  # share of a class from one case above which the class hangs on it
MOST_OF_SLIDE = 0.3  # the same of one slide
ONE_CLASS = 0.95  # share of a case in one class above which the case gives the class away
_FEWEST = 10  # tiles of a class or case below which a share says little


@dataclass(frozen=True)
class Cell:
    """How many tiles of a class a slide gives."""

    label: str
    case: str
    slide: str
    tiles: int


@dataclass(frozen=True)
class Hanging:
    """A class that comes mostly from one case or slide, or a case that is mostly one class.

    Attributes:
        kind: "case", "slide" (the class hangs on it) or "one class" (the case gives it away).
        label: The class.
        source: The case or slide.
        share: Of the class's tiles from there, or of the case's tiles in the class; 0..1.
        tiles: Tiles of the class from there.
        sentence: The same in words.
    """

    kind: str
    label: str
    source: str
    share: float
    tiles: int
    sentence: str


@dataclass(frozen=True)
class Makeup:
    """Classes by cases by slides.

    Attributes:
        cells: One a class and slide that has tiles of it.
        hanging: What hangs together that should not.
        by_case: Share of tiles called rightly by who knows the case alone and says its commonest
            class; None with one case.
        commonest: Share of the commonest class of all, to hold `by_case` against.
    """

    cells: tuple[Cell, ...]
    hanging: tuple[Hanging, ...]
    by_case: float | None
    commonest: float

    def sentence(self) -> str:
        """What knowing the case is worth."""
        if self.by_case is None:
            return "All tiles are of one case: nothing can be said of another patient."
        return (
            "Whoever knows nothing of a tile but its case, and says the case's commonest class, "
            f"is right on {self.by_case:.0%} of the tiles; the commonest class of all is right on "
            f"{self.commonest:.0%}. A network can learn to tell cases apart instead of tissue."
        )


def makeup(tiles: Sequence[CohortTile]) -> Makeup:
    """Count a cohort and tell which classes hang on one case or slide."""
    cells = Counter((tile.label, tile.case, tile.slide) for tile in tiles)
    n_cases = len({tile.case for tile in tiles})
    return Makeup(
        tuple(Cell(*key, n) for key, n in sorted(cells.items())),
        tuple(_hanging(tiles, n_cases)),
        _guessed(tiles) if n_cases > 1 else None,
        max(Counter(tile.label for tile in tiles).values(), default=0) / max(1, len(tiles)),
    )


def _hanging(tiles: Sequence[CohortTile], n_cases: int) -> Iterable[Hanging]:
    by_class = _sources(tiles, "label", "case")
    for label, cases in by_class.items():
        case, n, share = _most(cases)
        if sum(cases.values()) >= _FEWEST and n_cases > 1 and share > MOST_OF_CASE:
            said = f"{share:.0%} of {label} come from {case}: what a network learns of the class "
            said += "may be the look of this case."
            yield Hanging("case", label, case, share, n, said)
    for label, slides in _sources(tiles, "label", "slide").items():
        slide, n, share = _most(slides)
        if sum(slides.values()) >= _FEWEST and share > MOST_OF_SLIDE:
            said = f"{share:.0%} of {label} come from one slide, {slide}."
            yield Hanging("slide", label, slide, share, n, said)
    if len(by_class) > 1:
        yield from _one_class(tiles)


def _one_class(tiles: Sequence[CohortTile]) -> Iterable[Hanging]:
    for case, labels in _sources(tiles, "case", "label").items():
        label, n, share = _most(labels)
        if sum(labels.values()) >= _FEWEST and share >= ONE_CLASS:
            said = f"{_part(share)} tiles of {case} are {label}: the case alone gives it away."
            yield Hanging("one class", label, case, share, n, said)


def _part(share: float) -> str:
    return "All" if share == 1 else f"{share:.0%} of the"


def _sources(tiles: Sequence[CohortTile], of: str, by: str) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for tile in tiles:
        found[getattr(tile, of)][getattr(tile, by)] += 1
    return dict(sorted(found.items()))


def _most(counts: Counter[str]) -> tuple[str, int, float]:
    name, n = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return name, n, n / sum(counts.values())


def _guessed(tiles: Sequence[CohortTile]) -> float:
    right = (_most(labels)[1] for labels in _sources(tiles, "case", "label").values())
    return sum(right) / max(1, len(tiles))
