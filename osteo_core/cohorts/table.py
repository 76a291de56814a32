"""A cohort on disk: labelled tiles and one split of them. The images stay where they are."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from osteo_core import files
from osteo_core.cohorts.splits import PARTS, SplitProtocol, split_tiles
from osteo_core.cohorts.stored import CARD, READABLE, TABLE, StoredCard, checked, require_own
from osteo_core.errors import CohortError, FileError, TableError
from osteo_core.files import shown
from osteo_core.foreign import wrong
from osteo_core.foreign.json_files import read_json
from osteo_core.foreign.tables import read_columns, tidy
from osteo_core.roots import picture

if TYPE_CHECKING:
    import pandas as pd

    from osteo_core.tiles import Tile

CLASSES = ("Non-Tumor", "Non-Viable-Tumor", "Viable")


@dataclass(frozen=True)
class CohortTile:
    """One labelled tile.

    Args:
        file: path below the cohort's root with forward slashes, or absolute (inside `OSTEO_ROOTS`
            where that is set); letter by letter as on the disk.
        label: class it counts as.
        case: patient, as "Case-48".
        slide: case and block, as "Case-48-P5-C20": block codes repeat between cases.
        x: left edge in the slide in px of the full slide, None when the name does not tell.
        y: top edge in the slide in px of the full slide, None when the name does not tell.
        sha256: of the file's bytes, hexadecimal.
        split: "train" | "validation" | "test" | "" (not split yet).
        original_label: as the source wrote it ("viable: non-viable" is mixed).
    """

    file: str
    label: str
    case: str
    slide: str
    x: int | None
    y: int | None
    sha256: str
    split: str = ""
    original_label: str = ""


@dataclass(frozen=True)
class Cohort:
    """Labelled tiles, where their images lie, and their split.

    Args:
        folder: where cohort.csv and cohort.json lie.
        root: where the images lie.
        tiles: sorted by file.
        protocol: of the split.
        classes: class names; the three of the collection come in their own order.
        mixed: what became of mixed tiles, "viable" or "drop".
    """

    folder: Path
    root: Path
    tiles: tuple[CohortTile, ...]
    protocol: SplitProtocol = field(default_factory=SplitProtocol)
    classes: tuple[str, ...] = CLASSES
    mixed: str = "viable"

    def path(self, tile: CohortTile) -> Path:
        """Where the tile's image lies.

        Raises:
            TileError: outside the root and `OSTEO_ROOTS`, by its name or by a link.
        """
        return picture(self.root, tile.file)

    def part(self, name: str) -> tuple[CohortTile, ...]:
        """Tiles of one part, or of all parts for "all".

        Raises:
            CohortError: no such part.
        """
        if name == "all":
            return self.tiles
        if name not in PARTS:
            raise CohortError(f"A part is one of {', '.join(PARTS)}, all. Received: {name!r}.")
        return tuple(tile for tile in self.tiles if tile.split == name)

    def with_classes(self, classes: Sequence[str]) -> Cohort:
        """The same split with the tiles of some classes only, as a binary network is trained on.

        Raises:
            CohortError: a class that the cohort does not have.
        """
        unknown = [name for name in classes if name not in self.classes]
        if unknown:
            raise CohortError(
                f"Classes of this cohort are {', '.join(self.classes)}. "
                f"Received: {', '.join(unknown)}."
            )
        tiles = tuple(tile for tile in self.tiles if tile.label in classes)
        return replace(self, tiles=tiles, classes=tuple(classes))

    def load(self, tile: CohortTile) -> Tile:
        """Decode the tile's image.

        Raises:
            TileError: the image is gone or cannot be read.
        """
        from osteo_core.tiles import load_tile

        return load_tile(self.path(tile))

    def frame(self) -> pd.DataFrame:
        """One row a tile, columns as in cohort.csv."""
        import pandas as pd

        return pd.DataFrame([asdict(tile) for tile in self.tiles], columns=list(COLUMNS))

    @property
    def digest(self) -> str:
        """SHA-256 over every tile's bytes, label and part, and over nothing else."""
        told = ([getattr(t, n) for t in self.tiles] for n in ("sha256", "label", "split"))
        return _digest(*told)

    def counts(self) -> dict[str, dict[str, Any]]:
        """Tiles per class, slides and cases of each part."""
        return {part: _counts(self.part(part), self.classes) for part in PARTS}


COLUMNS = tuple(column.name for column in fields(CohortTile))


def _counts(tiles: Iterable[CohortTile], classes: Sequence[str]) -> dict[str, Any]:
    tiles = tuple(tiles)
    per_class = Counter(tile.label for tile in tiles)
    return {
        "tiles": len(tiles),
        "slides": len({tile.slide for tile in tiles}),
        "cases": len({tile.case for tile in tiles}),
        "classes": {name: per_class[name] for name in classes},
    }


def ordered_classes(labels: Iterable[str]) -> tuple[str, ...]:
    """Distinct labels: the collection's classes first and in their order, others by name."""
    found = set(labels)
    known = [name for name in CLASSES if name in found]
    return (*known, *sorted(found.difference(CLASSES)))


def split_cohort(cohort: Cohort, protocol: SplitProtocol) -> Cohort:
    """The same tiles, split anew."""
    parts = split_tiles(cohort.tiles, protocol)
    tiles = tuple(replace(t, split=part) for t, part in zip(cohort.tiles, parts, strict=True))
    return replace(cohort, tiles=tiles, protocol=protocol)


def write_cohort(cohort: Cohort) -> None:
    """Write cohort.csv, then cohort.json, into the cohort's folder."""
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(tile) for tile in cohort.tiles)
    card = {
        "root": _portable_root(cohort),
        "classes": list(cohort.classes),
        "protocol": asdict(cohort.protocol),
        "seed": cohort.protocol.seed,
        "mixed": cohort.mixed,
        "counts": cohort.counts(),
        "digest": cohort.digest,
    }
    files.write_together(
        {
            cohort.folder / TABLE: table.getvalue(),
            cohort.folder / CARD: json.dumps(card, indent=2) + "\n",
        }
    )


def _portable_root(cohort: Cohort) -> str:
    root, folder = cohort.root.resolve(), cohort.folder.resolve()
    try:
        return Path(os.path.relpath(root, folder)).as_posix()
    except ValueError:  # another drive
        return root.as_posix()


def read_cohort(folder: str | os.PathLike[str]) -> Cohort:
    """Read what `osteo cohort import` wrote.

    Raises:
        CohortError: a file is missing, damaged, or the table is not the one that was written.
    """
    folder = Path(folder)
    for name in (CARD, TABLE):
        require_own(folder, name)
    try:
        return _read(folder, folder / CARD)
    except _OtherTable as other:
        # An import puts the table in place first: until the card follows, or for good when it was
        # killed just there, the card of this table lies beside its place.
        for card in (files.pending(folder / CARD), folder / CARD):
            with contextlib.suppress(CohortError):
                return _read(folder, card)
        raise other


class _OtherTable(CohortError):
    """The table is not the one that the card was written for."""


def _read(folder: Path, card_file: Path) -> Cohort:
    try:
        card = StoredCard.model_validate(read_json(card_file))
        cells, lines = read_columns(folder / TABLE, COLUMNS)
    except ValidationError as error:
        where, said = wrong(error)
        raise CohortError(
            f"{READABLE} Received: {shown(folder)} ({CARD}: {where or 'content'}: {said})."
        ) from error
    except (FileError, TableError) as error:
        raise CohortError(f"{READABLE} Received: {shown(folder)} ({error})") from error
    digest = _digest(cells["sha256"], cells["label"], cells["split"])
    if digest != card.digest:
        raise _OtherTable(
            f"The tiles, labels and parts of {TABLE} are those its {CARD} was written for; import "
            f"again instead of editing. Received: digest {digest[:12]}."
        )
    return Cohort(
        folder=folder,
        root=(folder / card.root).resolve(),
        tiles=tuple(_tile_rows(checked(cells, lines, card.classes))),
        protocol=card.protocol.made(),
        classes=tuple(dict.fromkeys(map(tidy, card.classes))),
        mixed=card.mixed,
    )


def _tile_rows(cells: Mapping[str, Sequence[Any]]) -> Iterator[CohortTile]:
    return (CohortTile(*row) for row in zip(*(cells[name] for name in COLUMNS), strict=True))


def _digest(sha256: Iterable[str], labels: Iterable[str], parts: Iterable[str]) -> str:
    lines = sorted(map(",".join, zip(sha256, labels, parts, strict=True)))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
