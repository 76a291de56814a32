"""Read a folder of labelled tiles as it is, and write cohort.csv, cohort.json and one split."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from osteo_core.cohorts.archive import read_archive
from osteo_core.cohorts.folders import read_folders
from osteo_core.cohorts.found import Found, LabelledFile
from osteo_core.cohorts.names import MIXED, Origin
from osteo_core.cohorts.parting import given_split, part_notes
from osteo_core.cohorts.spellings import case_variants
from osteo_core.cohorts.splits import PARTS, SplitKind, SplitProtocol
from osteo_core.cohorts.table import Cohort, CohortTile, ordered_classes, split_cohort, write_cohort
from osteo_core.cohorts.walk import NOT_READ, Below, walk
from osteo_core.errors import CohortError, TileError
from osteo_core.files import shown
from osteo_core.foreign.table_text import ROWS
from osteo_core.foreign.tables import tidy
from osteo_core.tiles import IMAGE_SUFFIXES, load_tile
from osteo_core.wording import GIVEN

MIXED_RULES = ("viable", "drop")
SAME = "same picture as"
LEAK = "in two parts of the given split, a leak: same picture as"
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
        """What was to be read and could not be: images, label files, folders."""
        reasons = (_UNREADABLE, NOT_READ)
        return tuple(item for item in self.skipped if item[1].startswith(reasons))

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
    split: SplitKind | None = None,
    seed: int = 7,
    case_matters: bool = False,
) -> ImportAccount:
    """Import a folder of labelled tiles; the images stay where they are.

    A folder with a PathologistValidation.csv at any depth is read as the public archive, any
    other as class folders. A split that the folders tell (train, val, test) is kept.

    Args:
        src: folder to read.
        to: folder to write cohort.csv and cohort.json into; made when missing.
        mixed: count tiles labelled both viable and non-viable as "viable", or "drop" them.
        split: what never crosses parts, "slide" | "case" | "tile" (nothing), or "given", the
            folders' own split; None is "given" where the folders tell one, otherwise "slide".
        seed: of the split.
        case_matters: keep class folders apart that differ in the case of letters only.

    Returns:
        The account, with the cohort.

    Raises:
        CohortError: no such folder, no labelled tile in it, or too few groups to split.
    """
    source = Path(src).resolve()
    if mixed not in MIXED_RULES:
        raise CohortError(f"Mixed tiles are counted as viable or dropped. Received: {mixed!r}.")
    if not source.is_dir():
        raise CohortError(f"The source is a folder of labelled tiles. Received: {shown(src)}.")
    below = _looked_through(source)
    found = (
        read_archive(source, below.images, below.tables)
        if below.tables
        else read_folders(source, below.images, case_matters=case_matters)
    )
    skipped = [*below.skipped, *found.skipped]
    taken = _tiles(found.labelled, source, mixed, skipped)
    if not taken:
        raise CohortError(
            "The source holds tiles beside PathologistValidation.csv files, or one folder a class. "
            f"Received: {shown(src)} with {len(below.images)} images, none of them labelled and "
            f"readable{_first(skipped)}."
        )
    classes = ordered_classes(t.label for t in taken)
    cohort = Cohort(Path(to), source, taken, SplitProtocol(seed=seed), classes, mixed)
    cohort, notes = _split(cohort, split, seed)
    write_cohort(cohort)
    return _account(cohort, found, len(below.images), skipped, notes)


def _looked_through(source: Path) -> Below:
    """What lies below the source; at least one image and no more than a table holds."""
    below = walk(source)
    if not below.images:
        raise CohortError(
            f"Expected a folder with pictures ({', '.join(IMAGE_SUFFIXES)}). "
            f"Received: {shown(source)}, which holds none{_first(below.skipped)}."
        )
    if len(below.images) > ROWS:
        raise CohortError(
            f"Expected a folder with at most {ROWS:,} pictures. "
            f"Received: {shown(source)} with {len(below.images):,}."
        )
    return below


def _first(skipped: Sequence[tuple[str, str]]) -> str:
    """The commonest reason for leaving something out, with an example."""
    kinds = Counter(reason.split(":")[0] for _, reason in skipped).most_common(1)
    if not kinds:
        return ""
    what, reason = next((w, r) for w, r in skipped if r.split(":")[0] == kinds[0][0])
    return f" (left out {len(skipped)}, as {what}: {reason.rstrip('.')})"


def _split(cohort: Cohort, split: SplitKind | None, seed: int) -> tuple[Cohort, list[str]]:
    """The cohort with its parts: those that the folders tell, or new ones."""
    if split in (None, GIVEN) and any(tile.split for tile in cohort.tiles):
        kept = given_split(cohort, seed)
        if kept is not None:
            return kept
    if split == GIVEN:
        raise CohortError(
            "Expected folders of parts, train and at least one of val and test, for a split that "
            "is given. Received: none. Ask for --split slide, case or tile."
        )
    told = sorted({tile.split for tile in cohort.tiles if tile.split}, key=PARTS.index)
    notes = [f"The split that the folders tell ({', '.join(told)}) was not kept."] if told else []
    new = split_cohort(cohort, SplitProtocol(split or "slide", seed=seed))
    return new, [*notes, *part_notes(new)]


def _account(
    cohort: Cohort,
    found: Found,
    n_images: int,
    skipped: Sequence[tuple[str, str]],
    split_notes: Sequence[str],
) -> ImportAccount:
    unlabelled = tuple(p.relative_to(cohort.root).as_posix() for p in found.unlabelled)
    notes = [*found.notes, *split_notes]
    for what, name in (("Slides", "slide"), ("Cases", "case")):
        notes += case_variants(
            what,
            Counter(getattr(tile, name) for tile in cohort.tiles if tile.slide != tidy(tile.file)),
        )
    if len(cohort.classes) == 1:
        notes.append(
            f"All tiles are of one class, {cohort.classes[0]!r}. If the folders in it are the "
            "classes, import it instead."
        )
    leaks = sum(reason.startswith(LEAK) for _, reason in skipped)
    if leaks and cohort.protocol.kind == GIVEN:
        notes.append(
            f"{leaks} pictures lie in two parts of the given split (a leak); each was kept in the "
            "part that is scored, test before validation before train."
        )
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
    # Of one picture in several parts the copy that is scored is kept, so that it is not learnt.
    wanted = sorted(labelled, key=lambda item: (-_scored(item), item.path))
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
                skipped.append((name, _same(item, tiles[digest])))
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


def _scored(item: LabelledFile) -> int:
    return PARTS.index(item.part) if item.part else 0


def _same(item: LabelledFile, kept: CohortTile) -> str:
    leak = LEAK if item.part != kept.split else SAME
    agrees = item.original_label.casefold() == kept.original_label.casefold()
    labelled = "" if agrees else f", which is labelled {kept.original_label!r}"
    return f"{leak} {kept.file}{labelled}"


def _tile(item: LabelledFile, name: str, sha256: str) -> CohortTile:
    label = "Viable" if item.label == MIXED else item.label
    case, slide, x, y = item.origin or Origin(tidy(name), tidy(name), None, None)
    return CohortTile(name, label, case, slide, x, y, sha256, item.part, item.original_label)
