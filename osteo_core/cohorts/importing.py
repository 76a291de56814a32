"""Read a folder of labelled tiles as it is, and write cohort.csv, cohort.json and one split."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from osteo_core.cohorts.archive import label_files, read_archive
from osteo_core.cohorts.folders import read_folders
from osteo_core.cohorts.found import Found, LabelledFile
from osteo_core.cohorts.names import MIXED, Origin
from osteo_core.cohorts.splits import SplitKind, SplitProtocol
from osteo_core.cohorts.table import Cohort, CohortTile, ordered_classes, split_cohort, write_cohort
from osteo_core.errors import CohortError, TileError
from osteo_core.tiles import image_files, load_tile

MIXED_RULES = ("viable", "drop")
_UNREADABLE = "not a readable tile"


@dataclass(frozen=True)
class ImportAccount:
    """What became of every file and row of an import.

    Args:
        cohort: what was written.
        layout: "archive" or "class folders".
        found: image files below the source.
        matched: tiles in the cohort.
        unlabelled: image files that nothing labels, below the source.
        skipped: (file or row, reason).
        notes: plain sentences on how names were understood.
    """

    cohort: Cohort
    layout: str
    found: int
    matched: int
    unlabelled: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def failed(self) -> tuple[tuple[str, str], ...]:
        """The skipped files that could not be read as images."""
        return tuple(item for item in self.skipped if item[1].startswith(_UNREADABLE))

    @property
    def per_class(self) -> dict[str, int]:
        """Tiles of each class."""
        return self._count("label")

    @property
    def per_case(self) -> dict[str, int]:
        """Tiles of each case."""
        return self._count("case")

    @property
    def per_slide(self) -> dict[str, int]:
        """Tiles of each slide."""
        return self._count("slide")

    def _count(self, column: str) -> dict[str, int]:
        return dict(sorted(Counter(getattr(tile, column) for tile in self.cohort.tiles).items()))

    def text(self) -> str:
        """The account as printed by `osteo cohort import`."""
        from osteo_core.cohorts.account import account_text

        return account_text(self)


def import_cohort(
    src: str | os.PathLike[str],
    to: str | os.PathLike[str],
    *,
    mixed: str = "viable",
    split: SplitKind = "slide",
    seed: int = 7,
) -> ImportAccount:
    """Import a folder of labelled tiles; the images stay where they are.

    A folder with a PathologistValidation.csv at any depth is read as the public archive, any
    other as class folders.

    Args:
        src: folder to read.
        to: folder to write cohort.csv and cohort.json into; made when missing.
        mixed: count tiles labelled both viable and non-viable as "viable", or "drop" them.
        split: what never crosses parts, "slide" | "case" | "tile" (nothing).
        seed: of the split.

    Returns:
        The account, with the cohort.

    Raises:
        CohortError: no such folder, no labelled tile in it, or too few groups to split.
    """
    source = Path(src).resolve()
    if mixed not in MIXED_RULES:
        raise CohortError(f"Mixed tiles are counted as viable or dropped. Received: {mixed!r}.")
    if not source.is_dir():
        raise CohortError(f"The source is a folder of labelled tiles. Received: {Path(src)}.")
    protocol = SplitProtocol(split, seed=seed)
    images = image_files([source])
    found = (read_archive if label_files(source) else read_folders)(source, images)
    skipped = list(found.skipped)
    tiles = _tiles(found.labelled, source, mixed, skipped)
    if not tiles:
        raise CohortError(
            "The source holds tiles beside PathologistValidation.csv files, or one folder a class. "
            f"Received: {Path(src)} with {len(images)} images, none of them labelled and readable."
        )
    cohort = Cohort(
        Path(to), source, tiles, protocol, ordered_classes(t.label for t in tiles), mixed
    )
    cohort = split_cohort(cohort, protocol)
    write_cohort(cohort)
    return _account(cohort, found, len(images), skipped)


def _account(
    cohort: Cohort, found: Found, n_images: int, skipped: Sequence[tuple[str, str]]
) -> ImportAccount:
    unlabelled = tuple(p.relative_to(cohort.root).as_posix() for p in found.unlabelled)
    notes = list(found.notes)
    alone = Counter(item.origin is None for item in found.labelled)[True]
    if alone:
        notes.append(
            f"{alone} names tell no slide; each of these tiles counts as a slide and a case of "
            "its own, so neighbouring tiles may fall into different parts."
        )
    return ImportAccount(
        cohort, found.layout, n_images, len(cohort.tiles), unlabelled, tuple(skipped), tuple(notes)
    )


def _tiles(
    labelled: Sequence[LabelledFile], source: Path, mixed: str, skipped: list[tuple[str, str]]
) -> tuple[CohortTile, ...]:
    wanted = sorted(labelled, key=lambda item: item.path)
    if mixed == "drop":
        dropped = [item for item in wanted if item.label == MIXED]
        wanted = [item for item in wanted if item.label != MIXED]
        skipped += [(_below(item, source), "mixed tile, dropped as asked") for item in dropped]
    tiles: dict[str, CohortTile] = {}
    with ThreadPoolExecutor() as pool:
        digests = pool.map(_digest, (item.path for item in wanted))
        for item, digest in zip(wanted, digests, strict=True):
            name = _below(item, source)
            if isinstance(digest, TileError):
                skipped.append((name, f"{_UNREADABLE}: {digest}"))
            elif digest in tiles:
                reason = f"same picture as {tiles[digest].file}"
                skipped.append((name, reason + _otherwise(item, tiles[digest])))
            else:
                tiles[digest] = _tile(item, name, digest)
    return tuple(sorted(tiles.values(), key=lambda tile: tile.file))


def _digest(path: Path) -> str | TileError:
    """SHA-256 of a tile that can be decoded whole, so that training never stumbles on it."""
    try:
        return load_tile(path).sha256
    except TileError as error:
        return error


def _below(item: LabelledFile, source: Path) -> str:
    return item.path.relative_to(source).as_posix()


def _otherwise(item: LabelledFile, kept: CohortTile) -> str:
    agrees = item.original_label.casefold() == kept.original_label.casefold()
    return "" if agrees else f", which is labelled {kept.original_label!r}"


def _tile(item: LabelledFile, name: str, sha256: str) -> CohortTile:
    label = "Viable" if item.label == MIXED else item.label
    case, slide, x, y = item.origin or Origin(name, name, None, None)
    return CohortTile(name, label, case, slide, x, y, sha256, "", item.original_label)
