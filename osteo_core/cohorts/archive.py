"""The layout of the public collection: tiles beside `PathologistValidation.csv` label files.

Reference:
    Leavey et al. 2019, Osteosarcoma data from UT Southwestern/UT Dallas for Viable and Necrotic
    Tumor Assessment, The Cancer Imaging Archive, doi:10.7937/tcia.2019.bvhjhdas. Read as it is
    distributed: names with spaces against hyphens, repeated rows, rows that name no file.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from osteo_core.cohorts.found import Found, LabelledFile
from osteo_core.cohorts.names import class_of, normal_name, origin_of
from osteo_core.tiles import IMAGE_SUFFIXES

LABEL_FILE = "PathologistValidation.csv"


def label_files(source: Path) -> list[Path]:
    """All label files at or below a folder, sorted."""
    return sorted(
        path for path in source.rglob("*") if path.name.casefold() == LABEL_FILE.casefold()
    )


def read_archive(source: Path, images: Sequence[Path]) -> Found:
    """Match the label files' rows to image files by their normalised names.

    Args:
        source: folder that holds the archive.
        images: image files below it, sorted.

    Returns:
        Labelled files, unlabelled files, and what was left out with the reason.
    """
    tables = label_files(source)
    skipped: list[tuple[str, str]] = []
    labels, written = _labels(tables, source, skipped)
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
    return Found("archive", tuple(labelled), tuple(unlabelled), tuple(skipped), ())


def _labelled(path: Path, text: str) -> LabelledFile:
    return LabelledFile(path, class_of(text) or "", text, origin_of(path.name))


def _labels(
    tables: Sequence[Path], source: Path, skipped: list[tuple[str, str]]
) -> tuple[dict[str, set[str]], dict[str, str]]:
    """Label texts, and names as written, by normalised file name."""
    labels: dict[str, set[str]] = defaultdict(set)
    written: dict[str, str] = {}
    for table in tables:
        for line, row in _rows(table):
            where = f"{_below(table, source)} line {line}"
            name, text = row[0].strip(), row[1].strip() if len(row) > 1 else ""
            if Path(name).suffix.casefold() not in IMAGE_SUFFIXES:
                skipped.append((where, f"row names no file: {name!r}"))
            elif class_of(text) is None:
                skipped.append((where, f"unknown label: {text!r}"))
            elif any(text.casefold() == known.casefold() for known in labels[normal_name(name)]):
                skipped.append((where, "repeated row with the same label"))
            else:
                labels[normal_name(name)].add(text)
                written.setdefault(normal_name(name), name)
    return labels, written


def _rows(table: Path) -> Iterator[tuple[int, list[str]]]:
    with table.open(newline="", encoding="utf-8-sig", errors="replace") as stream:
        reader = csv.reader(stream)
        for row in reader:
            if any(field.strip() for field in row):
                yield reader.line_num, row


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
