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
        images: Picture files, sorted.
        tables: Label files, sorted.
        skipped: (what, reason) of all that could not be looked at.
    """

    images: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def walk(source: Path) -> Below:
    """Look through a folder at all levels; hidden files and folders are left out.

    A link is followed only where it stays inside the folder or leads into `OSTEO_ROOTS`; pipes,
    devices and names that no table can hold are told and not opened.

    Args:
        source: The folder, resolved.
    """
    found = Below()

    def refuse(path: str | os.PathLike[str], reason: str) -> None:
        name = shown(os.path.relpath(path, source))
        found.skipped.append((name, f"{NOT_READ}: {reason}"))

    def unread(error: OSError) -> None:
        refuse(error.filename, f"a folder that gave an error ({error.strerror})")

    allowed = (source, *roots())
    for folder, folders, files in os.walk(source, onerror=unread):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            path = Path(folder, name)
            if path.is_symlink():
                refuse(path, "a link to a folder; name the folder itself")
        for name in sorted(files):
            if name.startswith(".") or not _wanted(name):
                continue
            path = Path(folder, name)
            reason = _reason(path, source, allowed)
            if reason:
                refuse(path, reason)
            else:
                (found.tables if _is_table(name) else found.images).append(path)
    found.images.sort()
    found.tables.sort()
    return found


def _is_table(name: str) -> bool:
    return name.casefold() == LABEL_FILE.casefold()


def _wanted(name: str) -> bool:
    return _is_table(name) or Path(name).suffix.lower() in IMAGE_SUFFIXES


def _reason(path: Path, source: Path, allowed: tuple[Path, ...]) -> str:
    """Why a file is not to be read; "" when it is."""
    if unusable(path.relative_to(source).as_posix()):
        return "a name that is no UTF-8 or has control characters; rename it"
    if path.is_symlink() and not is_inside(path, allowed):
        return "a link that leads out of the folder"
    try:
        mode = path.stat().st_mode
    except OSError:
        return "a link that leads nowhere"
    return "" if stat.S_ISREG(mode) else "no file but a pipe, socket or device"
