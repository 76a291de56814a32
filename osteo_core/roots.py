"""What may be named and opened: folders by visitors of a dashboard, pictures by a cohort's table.

`OSTEO_ROOTS` lists folders, as PATH does. Where it is set, a visitor names folders inside them
only. Where it is not, a dashboard that listens on this computer alone takes any folder that its
user can read, and one that others can reach takes the folders below `cohorts/` only. A symbolic
link is followed where its target is inside too. Nothing is said of a file outside, not even
whether there is one.
"""

from __future__ import annotations

import os
from pathlib import Path

from osteo_core.errors import CohortError, TileError

VARIABLE = "OSTEO_ROOTS"
OWN = "cohorts"  # below the folder that the dashboard was started in
NAME_CHARACTERS = 1000
OUTSIDE = (
    f"Expected a picture inside its cohort's folder or a folder of {VARIABLE}. "
    "Received: one outside, which is not opened."
)
NO_PICTURE = "Expected a cohort's tile to be a picture. Received: a file of another kind."


def roots() -> tuple[Path, ...]:
    """The folders of `OSTEO_ROOTS`, resolved; none where it is not set."""
    named = os.environ.get(VARIABLE, "").split(os.pathsep)
    return tuple(Path(os.path.realpath(_home(name))) for name in named if name.strip())


def _home(name: str) -> Path:
    """A path with the home folder that its `~` stands for, where there is one."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def is_inside(path: str | os.PathLike[str], folders: tuple[Path, ...]) -> bool:
    """Whether a path, with every link on its way followed, lies in one of some folders.

    Args:
        path: Of anything; it need not be there.
        folders: Resolved.
    """
    try:
        real = Path(os.path.realpath(path))
    except (OSError, ValueError):  # a NUL in it
        return False
    return any(real.is_relative_to(folder) for folder in folders)


def picture(root: Path, file: str) -> Path:
    """Where a cohort's picture lies.

    Args:
        root: Of the cohort's pictures.
        file: Below the root with forward slashes, or absolute.

    Raises:
        TileError: It leads out of the root and of `OSTEO_ROOTS` (an absolute file may lie anywhere
            where that is not set, but a link is followed inside its folder only), or is no picture
            by its name, so that a table cannot be made to tell what other files are.
    """
    from osteo_core.tiles import IMAGE_SUFFIXES

    path = root / file  # an absolute `file` replaces the root
    real = Path(os.path.realpath(path)) if "\0" not in file else path
    inside = (Path(os.path.realpath(root)), *roots())
    if is_outright(file, root) and not roots():
        inside = (*inside, Path(os.path.realpath(path.parent)))
    if not is_inside(path, inside):
        raise TileError(OUTSIDE)
    if any(p.suffix.lower() not in IMAGE_SUFFIXES for p in (path, real)):
        raise TileError(NO_PICTURE)
    return path


def is_outright(file: str, root: Path) -> bool:
    """Whether a cohort's file is named by an absolute path elsewhere, not by a link in its root."""
    plain = Path(os.path.normpath(file))
    homes = (root.absolute(), Path(os.path.realpath(root)))
    return plain.is_absolute() and not any(plain.is_relative_to(home) for home in homes)


def visitor_folder(text: str, *, local: bool) -> Path:
    """The folder that a visitor of the dashboard names, if visitors may name it.

    Args:
        text: As typed or taken from a link.
        local: Whether only this computer can reach the dashboard.

    Raises:
        CohortError: It is no name of a folder, or not inside what visitors may name.
    """
    if not text.isprintable() or not 0 < len(text) <= NAME_CHARACTERS:
        raise CohortError(
            f"Expected the name of a folder. Received: a text of {len(text):,} characters that "
            "is none."
        )
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:
        raise CohortError(f"Expected the name of a folder. Received: {text[:80]}.") from error
    if may_be_named(path, local=local):
        return path
    inside = f"of {VARIABLE}" if roots() else f"{OWN}/, or of {VARIABLE}, which is not set"
    raise CohortError(
        f"Expected a folder inside those that this dashboard shows: the folders {inside}. "
        f"Received: one outside."
    )


def may_be_named(path: Path, *, local: bool) -> bool:
    """Whether a visitor may name a folder."""
    allowed = roots()
    if not allowed and local:
        return True
    return is_inside(path, allowed or (Path(os.path.realpath(OWN)),))
