"""What file names, label texts and folder names of a collection mean."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import NamedTuple

MIXED = "mixed"

_SPELLINGS = {
    "Non-Tumor": ("nontumor", "nontumour", "notumor", "notumour", "normal"),
    "Non-Viable-Tumor": (
        *("nonviabletumor", "nonviabletumour", "nonviable", "necrosis", "necrotic"),
        *("necrotictumor", "necrotictumour"),
    ),
    "Viable": ("viable", "viabletumor", "viabletumour"),
    MIXED: ("mixed", "viablenonviable", "nonviableviable"),
}
_CLASS_OF = {spelling: name for name, known in _SPELLINGS.items() for spelling in known}

_PLACE = re.compile(r"^(?P<slide>.+?)-(?P<x>\d+)-(?P<y>\d+)$")
_CASE = re.compile(r"^(?:case-?\d+|[a-z]\d+)(?=-)", re.IGNORECASE)


class Origin(NamedTuple):
    """Where a tile was cut from, as its name tells."""

    case: str
    slide: str
    x: int | None
    y: int | None


def normal_name(name: str) -> str:
    """A file name without what label files write differently: spaces, hyphens, case of letters."""
    return re.sub(r"[\s_-]+", "-", name.strip()).casefold()


def origin_of(name: str) -> Origin | None:
    """Case, slide and place of a tile named as in the archive; None for any other name.

    `Case-48-P5-C20-54244-17885.jpg` is case `Case-48`, slide `Case-48-P5-C20`, x 54244, y 17885.
    """
    stem = re.sub(r"[\s_-]+", "-", PurePath(name).stem.strip())
    place = _PLACE.match(stem)
    case = _CASE.match(stem)
    if place is None or case is None:
        return None
    return Origin(case.group(), place["slide"], int(place["x"]), int(place["y"]))


def class_of(text: str) -> str | None:
    """The class a label or folder name means ("mixed" for viable beside non-viable), or None."""
    return _CLASS_OF.get(re.sub(r"[^a-z]", "", text.casefold()))
