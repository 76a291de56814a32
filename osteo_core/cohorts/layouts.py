"""Folders that are the parts of a split: SRC/train/<class>/tile.jpg and its variants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from osteo_core.cohorts.names import part_of

Folders = tuple[str, ...]
_DEEPEST = 3  # folders above the parts'


@dataclass(frozen=True)
class PartFolders:
    """Where folders of parts stand.

    Attributes:
        depth: Of them below the source.
        above: Whether the folders above them count: SRC/<class>/train/tile.jpg.
        joined: Folders above them that do not count, where there are several.
    """

    depth: int
    above: bool
    joined: tuple[str, ...] = ()

    def part(self, folders: Folders) -> str:
        """The part that a picture's folders tell."""
        return part_of(folders[self.depth]) or ""

    def rest(self, folders: Folders) -> Folders:
        """A picture's folders without what tells the part."""
        return (folders[: self.depth] if self.above else ()) + folders[self.depth + 1 :]


def part_folders(places: Collection[Folders]) -> PartFolders | None:
    """Find the level at which every folder names a part of a split; None when there is none.

    A class of the name "test" beside other classes is a class: every picture must lie in a folder
    of a part, and classes must stand below those folders or above them.

    Args:
        places: Of each picture in a folder, the folders from the source down.
    """
    for depth in range(_DEEPEST + 1):
        if not places or any(len(f) <= depth or not part_of(f[depth]) for f in places):
            continue
        parts = {part_of(f[depth]) for f in places}
        tops = {f[:depth] for f in places}
        below = any(len(f) > depth + 1 for f in places)
        if below and (len(tops) == 1 or _recurring(places, depth)):
            joined = tuple(sorted("/".join(top) for top in tops)) if len(tops) > 1 else ()
            return PartFolders(depth, above=False, joined=joined)
        if depth and len(parts) > 1 and (len(tops) > 1 or not below):
            return PartFolders(depth, above=True)
    return None


def part_level(places: Collection[Folders]) -> PartFolders | None:
    """Find the level at which every folder names a part, where labels do not come from folders."""
    for depth in range(_DEEPEST + 1):
        if places and all(len(f) > depth and part_of(f[depth]) for f in places):
            return PartFolders(depth, above=False)
    return None


def _recurring(places: Collection[Folders], depth: int) -> bool:
    """Whether folders of one name stand below several parts, as classes do and slides do not."""
    met: defaultdict[str, set[str | None]] = defaultdict(set)
    for folders in places:
        if len(folders) > depth + 1:
            met[folders[depth + 1]].add(part_of(folders[depth]))
    return any(len(parts) > 1 for parts in met.values())


def doubts(places: Collection[Folders]) -> list[str]:
    """Sentences on folders that look like parts of a split and are read as classes."""
    tops = {f[0] for f in places}
    parts = sorted(name for name in tops if part_of(name))
    if len({part_of(name) for name in parts}) < 2:
        return []
    others = sorted(tops.difference(parts))
    why = (
        f"{', '.join(map(repr, others[:3]))} {'lies' if len(others) == 1 else 'lie'} beside them"
        if others
        else "no class folders are in them"
    )
    return [f"Folders {', '.join(map(repr, parts))} were read as classes, not as parts of a split: "
            f"{why}."]  # fmt: skip
