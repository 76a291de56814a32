"""The layout of the public collection: tiles beside `PathologistValidation.csv` label files.

Reference:
    Leavey et al. 2019, Osteosarcoma data from UT Southwestern/UT Dallas for Viable and Necrotic
    Tumor Assessment, The Cancer Imaging Archive, doi:10.7937/tcia.2019.bvhjhdas. Read as it is
    distributed: names with spaces against hyphens, repeated rows, rows that name no file.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

from osteo_core.cohorts.found import Found, LabelledFile
from osteo_core.cohorts.layouts import part_level
from osteo_core.cohorts.names import class_of, normal_name, origin_of
from osteo_core.cohorts.walk import NOT_READ
from osteo_core.errors import TableError
from osteo_core.foreign.tables import read_rows, tidy
from osteo_core.tiles import IMAGE_SUFFIXES

_FILE_HEADS = frozenset(
    ("file", "filename", "image", "imagename", "imagefile", "imageid", "name", "path", "tile")
)
_LABEL_HEADS = frozenset(
    ("class", "classification", "label", "category", "diagnosis", "annotation", "type", "target")
)


class _Row(NamedTuple):
    """One row of a label file: where it stands, the file it names, the label text."""

    where: str
    name: str
    text: str


def read_archive(source: Path, images: Sequence[Path], tables: Sequence[Path]) -> Found:
    """Match the label files' rows to image files by their normalised names.

    Encodings, separators, headers and a column of row numbers are recognised as spreadsheets write
    them; which columns hold names and labels is told from the header, or else from the cells.

    Args:
        source: folder that holds the archive.
        images: image files below it, sorted.
        tables: label files below it.

    Returns:
        Labelled files, unlabelled files, and what was left out with the reason.
    """
    skipped: list[tuple[str, str]] = []
    notes: list[str] = []
    rows = [row for table in tables for row in _rows(table, source, skipped, notes)]
    labels, written = _labels(rows, images, skipped)
    chosen = _one_per_name(images, source, {table.parent for table in tables}, skipped)
    labelled, unlabelled = [], []
    for name, path in chosen.items():
        texts = labels.pop(name, None)
        if texts is None:
            unlabelled.append(path)
        elif len({class_of(text) for text in texts}) > 1:
            skipped.append((_below(path, source), f"rows disagree: {', '.join(sorted(texts))}"))
        else:
            labelled.append(_labelled(path, min(texts)))
    skipped += [(written[name], "row names a file that is not there") for name in labels]
    return Found(
        "archive", _parted(labelled, source), tuple(unlabelled), tuple(skipped), tuple(notes)
    )


def _parted(labelled: Sequence[LabelledFile], source: Path) -> tuple[LabelledFile, ...]:
    """The files with the part of a split that their folders tell, where all of them tell one."""
    places = {item.path: item.path.relative_to(source).parent.parts for item in labelled}
    level = part_level(set(places.values()))
    if level is None:
        return tuple(labelled)
    return tuple(replace(item, part=level.part(places[item.path])) for item in labelled)


def _labelled(path: Path, text: str) -> LabelledFile:
    return LabelledFile(path, class_of(text) or "", text, origin_of(path.name))


def _labels(
    rows: Sequence[_Row], images: Sequence[Path], skipped: list[tuple[str, str]]
) -> tuple[dict[str, set[str]], dict[str, str]]:
    """Label texts, and names as written, by normalised file name."""
    labels: dict[str, set[str]] = defaultdict(set)
    written: dict[str, str] = {}
    by_stem = _by_stem(images)
    for where, name, text in rows:
        key = normal_name(name) if _is_image(name) else by_stem.get(normal_name(name))
        if key is None:
            skipped.append((where, f"row names no file: {name!r}"))
        elif class_of(text) is None:
            skipped.append((where, f"unknown label: {text!r}"))
        elif any(text.casefold() == known.casefold() for known in labels[key]):
            skipped.append((where, "repeated row with the same label"))
        else:
            labels[key].add(text)
            written.setdefault(key, name)
    return {key: texts for key, texts in labels.items() if texts}, written


def _by_stem(images: Sequence[Path]) -> dict[str, str]:
    """The normalised names of images by those without their ending, where that is clear."""
    names = {normal_name(path.name): normal_name(path.stem) for path in images}
    stems = Counter(names.values())
    return {stem: name for name, stem in names.items() if stems[stem] == 1}


def _rows(
    table: Path, source: Path, skipped: list[tuple[str, str]], notes: list[str]
) -> list[_Row]:
    """A label file's rows, or none when it cannot be read, which is said."""
    try:
        found = read_rows(table, sniff=True, name=_below(table, source), likely=_is_telling)
    except TableError as error:
        skipped.append((_below(table, source), f"{NOT_READ}: {error}"))
        return []
    notes += found.notes
    cells = [[tidy(cell) for cell in row] for row in found.rows]
    file, label, headed = _places(cells)
    return [
        _Row(f"{_below(table, source)} line {line}", _file_name(_at(row, file)), _at(row, label))
        for row, line in zip(cells[headed:], found.lines[headed:], strict=True)
    ]


def _places(cells: Sequence[list[str]]) -> tuple[int, int, int]:
    """The column of file names, that of labels, and how many rows the header is."""
    head = [re.sub(r"[\W_]", "", cell).casefold() for cell in (cells[0] if cells else [])]
    named = Counter(i for row in cells for i, cell in enumerate(row) if _is_image(cell))
    file = _of(head, _FILE_HEADS, named)
    classes = Counter(i for row in cells for i, cell in enumerate(row) if class_of(cell))
    del classes[file]
    label = _of(head, _LABEL_HEADS, classes, file + 1)
    headed = len(head) > file and not _is_image(cells[0][file]) and head[file] in _FILE_HEADS
    return file, label, int(headed)


def _of(head: Sequence[str], known: frozenset[str], held: Counter[int], default: int = 0) -> int:
    """The column that holds most, or one that holds half of that and is named for it."""
    most = max(held.values(), default=0)
    likely = [i for i in range(max(len(head), *held, 0) + 1) if 2 * held[i] >= most]
    named = [i for i in likely if i < len(head) and head[i] in known]
    fullest = min((i for i in held if held[i] == most), default=default)
    return named[0] if named else fullest


def _file_name(text: str) -> str:
    """The last part of a path as Windows or others write it."""
    return PureWindowsPath(text).name


def _is_telling(cell: str) -> bool:
    return _is_image(cell.strip()) or class_of(cell) is not None


def _is_image(name: str) -> bool:
    return Path(name).suffix.casefold() in IMAGE_SUFFIXES


def _at(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def _one_per_name(
    images: Sequence[Path],
    source: Path,
    labelled_folders: set[Path],
    skipped: list[tuple[str, str]],
) -> dict[str, Path]:
    """One file a name: a copy that lies beside a label file wins over one that does not."""
    chosen: dict[str, Path] = {}
    for path in sorted(images, key=lambda p: (p.parent not in labelled_folders, p)):
        name = normal_name(path.name)
        if name in chosen:
            kept = _below(chosen[name], source)
            skipped.append((_below(path, source), f"second file of this name, kept: {kept}"))
        else:
            chosen[name] = path
    return chosen


def _below(path: Path, source: Path) -> str:
    return path.relative_to(source).as_posix()
