"""An audit as a result: what was found, in figures, in sentences and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from osteo_core.cohorts.audit.makeup import Makeup
from osteo_core.cohorts.audit.overlaps import TileSide
from osteo_core.cohorts.audit.stains import StainRow
from osteo_core.cohorts.audit.suspects import NOT_ASKED, OutOfFold, Suspect

Kind = Literal["overlap", "near-duplicate"]


@dataclass(frozen=True)
class Pair:
    """Two tiles that are not independent of each other.

    Attributes:
        a: File of the first tile, as in cohort.csv.
        b: File of the second.
        kind: "overlap" (they share a part of the slide) or "near-duplicate" (one picture).
        parts: Part of the split of each.
        labels: Label of each.
        slides: Slide of each.
        shared: Part of a tile that they share by their origins, 0..1; None where not known.
        correlation: Of the shared part, or of the two pictures, -1..1; None where too small.
        how: How the second lies to the first, or how they overlap, in words.
    """

    a: str
    b: str
    kind: Kind
    parts: tuple[str, str]
    labels: tuple[str, str]
    slides: tuple[str, str]
    shared: float | None
    correlation: float | None
    how: str

    @property
    def across(self) -> bool:
        """Whether the two lie in different parts of the split."""
        return self.parts[0] != self.parts[1]

    @property
    def contradicting(self) -> bool:
        """Whether they carry different labels."""
        return self.labels[0] != self.labels[1]

    def row(self) -> dict[str, Any]:
        """As it stands in the JSON."""
        return {**asdict(self), "across": self.across, "contradicting": self.contradicting}


@dataclass(frozen=True)
class NearWhite:
    """A tile that is nearly empty glass.

    Attributes:
        file: The tile.
        white: Share of white pixels, 0..1.
        label: Its label.
        part: Its part of the split.
    """

    file: str
    white: float
    label: str
    part: str


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit found.

    Attributes:
        digest: Of the cohort.
        protocol: What the cohort was split by: "slide", "case", "tile" or "given".
        n_tiles: Tiles in the cohort.
        unread: (file, reason) of those that could not be read.
        altered: Files whose bytes are not those that were imported.
        side: Side of a tile in px of the slide.
        leaks: Pairs across parts: tiles of a slide that overlap by their origins, and copies.
        pairs: The same within a part.
        unnamed: Pairs named as of different slides that nevertheless show the same tissue at the
            places their origins say, within and across parts.
        unnamed_left: Pairs of neighbouring origins that were too many to be looked at.
        groups: Slides that such pairs and copies tie together, two or more in a group; for a split
            without leaks each group would have to stay in one part.
        near_white: Nearly empty tiles, the emptiest first.
        too_even: Tiles with so little detail that a copy may be missed unless saved without loss.
        makeup: Classes by cases by slides.
        stains: Stain of each case.
        out_of_fold: Label suspects by disagreement.
    """

    digest: str
    protocol: str
    n_tiles: int
    unread: tuple[tuple[str, str], ...]
    altered: tuple[str, ...]
    side: TileSide
    leaks: tuple[Pair, ...]
    pairs: tuple[Pair, ...]
    unnamed: tuple[Pair, ...]
    unnamed_left: int
    groups: tuple[tuple[str, ...], ...]
    near_white: tuple[NearWhite, ...]
    too_even: tuple[str, ...]
    makeup: Makeup
    stains: tuple[StainRow, ...]
    out_of_fold: OutOfFold = NOT_ASKED

    @property
    def contradicting(self) -> tuple[Pair, ...]:
        """Pairs of any kind with different labels."""
        every = (*self.leaks, *self.pairs, *self.unnamed)
        return tuple(pair for pair in every if pair.contradicting)

    @property
    def suspects(self) -> tuple[Suspect, ...]:
        """Label suspects: both tiles of each contradicting pair, then those out of fold."""
        return (*_of_pairs(self.contradicting), *self.out_of_fold.suspects)

    def with_out_of_fold(self, found: OutOfFold) -> Audit:
        """The same audit with the label suspects of a network."""
        return replace(self, out_of_fold=found)

    def sentences(self) -> tuple[str, ...]:
        """What the audit found, in plain sentences, the gravest first."""
        from osteo_core.cohorts.audit.words import sentences

        return sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `osteo cohort audit --json` prints them."""
        return {
            "digest": self.digest,
            "protocol": self.protocol,
            "tiles": self.n_tiles,
            "sentences": list(self.sentences()),
            "leaks": [pair.row() for pair in self.leaks],
            "pairs": [pair.row() for pair in self.pairs],
            "unnamed_overlaps": [pair.row() for pair in self.unnamed],
            "unnamed_overlaps_left_out": self.unnamed_left,
            "slide_groups": [list(group) for group in self.groups],
            "tile_side": {"slide_px": self.side.px, "how": self.side.how},
            "near_white": [asdict(tile) for tile in self.near_white],
            "too_even": list(self.too_even),
            "classes": [asdict(cell) for cell in self.makeup.cells],
            "hanging": [asdict(item) for item in self.makeup.hanging],
            "right_by_case_alone": self.makeup.by_case,
            "commonest_class": self.makeup.commonest,
            "stain": [
                {**asdict(row), "outlying": row.outlying, "sentence": row.sentence()}
                for row in self.stains
            ],
            "suspects": [asdict(suspect) for suspect in self.suspects],
            "out_of_fold": {
                "by": self.out_of_fold.by,
                "tiles": self.out_of_fold.tiles,
                "note": self.out_of_fold.note,
            },
            "unread": [{"file": file, "reason": reason} for file, reason in self.unread],
            "altered": list(self.altered),
        }

    def to_json(self) -> str:
        """The audit as JSON."""
        return json.dumps(self.to_dict(), indent=2)


def _of_pairs(pairs: Sequence[Pair]) -> list[Suspect]:
    return [
        Suspect(pair.a, pair.labels[0], pair.labels[1], None, pair.kind, pair.b) for pair in pairs
    ] + [Suspect(pair.b, pair.labels[1], pair.labels[0], None, pair.kind, pair.a) for pair in pairs]
