"""What file names, label texts and folder names of a collection mean."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath
from typing import NamedTuple

from osteo_core.foreign.tables import tidy

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

_UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")
_PLACE = re.compile(r"^(?P<slide>.+?)-(?P<x>\d{1,9})-(?P<y>\d{1,9})$")
_CASE = re.compile(r"^(?:case-?\d+|[a-z]\d+)(?=-)", re.IGNORECASE)


class Origin(NamedTuple):
    """Where a tile was cut from, as its name tells."""

    case: str
    slide: str
    x: int | None
    y: int | None


def normal_name(name: str) -> str:
    """A file name without what label files write differently: spaces, hyphens, letters' case.

    And in one form of Unicode: file systems and spreadsheets take different ones.
    """
    return folded(re.sub(r"[\s_-]+", "-", tidy(name)))


def folded(name: str) -> str:
    """A name without the case of its letters, to tell names that differ in nothing else."""
    return tidy(seen(name).casefold())


def seen(name: str) -> str:
    """A name as it looks: without characters of no width, every white space one space."""
    return " ".join(_UNSEEN.sub("", tidy(name)).split())


def origin_of(name: str) -> Origin | None:
    """Case, slide and place of a tile named as in the archive; None for any other name.

    `Case-48-P5-C20-54244-17885.jpg` is case `Case-48`, slide `Case-48-P5-C20`, x 54244, y 17885.
    """
    stem = re.sub(r"[\s_-]+", "-", tidy(PurePath(name).stem))
    place = _PLACE.match(stem)
    case = _CASE.match(stem)
    if place is None or case is None:
        return None
    return Origin(case.group(), place["slide"], int(place["x"]), int(place["y"]))


def class_of(text: str) -> str | None:
    """The class a label or folder name means ("mixed" for viable beside non-viable), or None."""
    return _CLASS_OF.get(re.sub(r"[\W\d_]", "", tidy(text).casefold()))


_PART = re.compile(  # a number in front, as where parts are to stand in order
    r"(?:\d+ )?(?:(?P<train>train(?:ing)?|trn)|(?P<validation>val|valid|validation|dev)|"
    r"(?P<test>test|testing|tst|holdout))(?:data)?(?:set|split|data|images|tiles|part)?"
)


def part_of(name: str) -> str | None:
    """The part of a split that a folder's name means ("train", "validation", "test"), or None."""
    words = re.sub(r"[\W_]+", " ", seen(name).casefold()).split()
    number = f"{words.pop(0)} " if words and words[0].isdecimal() else ""
    found = _PART.fullmatch(number + "".join(words))
    return None if found is None else str(found.lastgroup)


def unusable(path: str) -> bool:
    """Whether a path cannot stand in a table: no UTF-8, or with control characters in it."""
    return any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in path)
