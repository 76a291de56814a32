"""What lies on the disk of a cohort, checked before it is used."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, field_validator

from osteo_core.cohorts.names import unusable
from osteo_core.cohorts.splits import PARTS, SplitKind, SplitProtocol
from osteo_core.errors import CohortError
from osteo_core.files import shown
from osteo_core.foreign.tables import tidy
from osteo_core.roots import is_inside, roots

TABLE, CARD = "cohort.csv", "cohort.json"
READABLE = f"A cohort folder holds a readable {TABLE} and {CARD}."
_PLACE = re.compile(r"-?\d{1,9}")


class StoredProtocol(BaseModel):
    """The split protocol of cohort.json."""

    kind: SplitKind
    fractions: tuple[float, float, float]
    seed: int

    def made(self) -> SplitProtocol:
        """The protocol itself."""
        return SplitProtocol(self.kind, self.fractions, self.seed)


class StoredCard(BaseModel):
    """What is read of cohort.json; the counts in it are for people."""

    root: str
    classes: tuple[str, ...]
    protocol: StoredProtocol
    mixed: str
    digest: str

    @field_validator("root")
    @classmethod
    def _is_path(cls, root: str) -> str:
        if not root or unusable(root):
            raise ValueError("no path")
        return root


def require_own(folder: Path, name: str) -> None:
    """Take care that the folder has the file, and that it is no link to something outside.

    Raises:
        CohortError: it has not, or it is one.
    """
    try:
        there = os.path.lexists(folder / name)
    except ValueError:  # a NUL in the name
        there = False
    if not there:
        raise CohortError(
            f"A cohort folder holds {TABLE} and {CARD}, written by `osteo cohort import`. "
            f"Received: {shown(folder)} without {name}."
        )
    if not is_inside(folder / name, (Path(os.path.realpath(folder)), *roots())):
        raise CohortError(
            f"{READABLE} Received: {shown(folder)}, whose {name} is a link out of the folder."
        )


def checked(
    cells: Mapping[str, Sequence[str]], lines: Sequence[int], classes: Sequence[str]
) -> dict[str, Sequence[Any]]:
    """Columns of cohort.csv as they are used: names trimmed and in NFC, places as numbers.

    Args:
        cells: by column, letter by letter.
        lines: of the file, for each row.
        classes: of cohort.json.

    Raises:
        CohortError: a label, part or place is none.
    """
    for column, known in (("label", classes), ("split", (*PARTS, ""))):
        wrong = next((i for i, cell in enumerate(cells[column]) if cell not in known), None)
        if wrong is not None:
            raise CohortError(
                f"Expected the {column} of {TABLE} to be one of {', '.join(filter(None, known))}. "
                f"Received: {cells[column][wrong][:80]!r} on line {lines[wrong]}."
            )
    places = {axis: _places(cells[axis], axis, lines) for axis in ("x", "y")}
    named = {name: [tidy(cell) for cell in cells[name]] for name in ("label", "case", "slide")}
    return {**cells, **places, **named}


def _places(cells: Sequence[str], axis: str, lines: Sequence[int]) -> list[int | None]:
    for cell, line in zip(cells, lines, strict=True):
        if cell and not _PLACE.fullmatch(cell):
            raise CohortError(
                f"Expected {axis} of {TABLE} to be a whole number of at most nine digits or "
                f"nothing. Received: {cell[:80]!r} on line {line}."
            )
    return [int(cell) if cell else None for cell in cells]
