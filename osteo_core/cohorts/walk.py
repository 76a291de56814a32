"""What lies below a folder: pictures and label files, and what is passed over with the reason."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from osteo_core.cohorts.names import unusable
from osteo_core.files import shown
from osteo_core.roots import is_inside, roots
from osteo_core.tiles import IMAGE_SUFFIXES

LABEL_FILE = "PathologistValidation.csv"
NOT_READ = "not read"  # begins the reason for a thing that was to be read and could not be


@dataclass
class Below:
    """What lies below a folder.

    Attributes:
        source: The folder, resolved.
        images: Picture files, sorted.
        tables: Label files, sorted.
        skipped: (what, reason) of all that was not looked at.
    """

    source: Path
    images: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, path: Path, reason: str) -> None:
        """Note that something is not looked at, and why."""
        self.skipped.append((shown(path.relative_to(self.source)), reason))


def walk(source: Path) -> Below:
    """Look through a folder at all levels; hidden files and folders are left out.

    A link is followed only where it stays inside the folder or leads into `OSTEO_ROOTS`; pipes,
    devices and names that no table can hold are told and not opened.

    Args:
        source: The folder, resolved.
    """
    found, waiting, linked = Below(source), [source], {os.path.realpath(source)}
    while waiting:
        folder = waiting.pop()
        for entry in _entries(folder, found):
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif not (entry.is_symlink() and path.is_dir()):
                _take(path, found)
            elif reason := _link(path, source, linked):
                found.refuse(path, reason)
            else:
                linked.add(os.path.realpath(path))
                waiting.append(path)
    found.images.sort()
    found.tables.sort()
    return found


def _entries(folder: Path, found: Below) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((e for e in entries if e.name[0] != "."), key=lambda entry: entry.name)
    except OSError as error:
        found.refuse(folder, f"{NOT_READ}: a folder that gave an error ({error.strerror})")
        return []


def _link(path: Path, source: Path, linked: set[str]) -> str:
    """Why a link to a folder is not followed; "" when it is."""
    if is_inside(path, (source,)) or os.path.realpath(path) in linked:
        return "a link to a folder that is read elsewhere"
    if is_inside(path, roots()):
        return ""
    return f"{NOT_READ}: a link that leads out of the folder"


def _take(path: Path, found: Below) -> None:
    if not _wanted(path.name):
        return
    reason = _reason(path, found.source)
    if reason:
        found.refuse(path, f"{NOT_READ}: {reason}")
    else:
        (found.tables if _is_table(path.name) else found.images).append(path)


def _is_table(name: str) -> bool:
    return name.casefold() == LABEL_FILE.casefold()


def _wanted(name: str) -> bool:
    return _is_table(name) or Path(name).suffix.lower() in IMAGE_SUFFIXES


def _reason(path: Path, source: Path) -> str:
    """Why a file is not to be read; "" when it is."""
    if unusable(path.relative_to(source).as_posix()):
        return "a name that is no UTF-8 or has control characters; rename it"
    if path.is_symlink() and not is_inside(path, (source, *roots())):
        return "a link that leads out of the folder"
    try:
        mode = path.stat().st_mode
    except OSError:
        return "a link that leads nowhere"
    return "" if stat.S_ISREG(mode) else "no file but a pipe, socket or device"
