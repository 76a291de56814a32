"""Class folders: SRC/<class>/tile.jpg, or SRC/<class>/<slide>/tile.jpg."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from osteo_core.cohorts.found import Found, LabelledFile
from osteo_core.cohorts.names import Origin, class_of, origin_of


def read_folders(source: Path, images: Sequence[Path]) -> Found:
    """Take the label of each image from the folder it lies in.

    The outermost folder below `source` whose name means one of the three classes gives the label
    (so SRC/train/Viable works too); where no folder on the way does, the first one below `source`
    is a class of its own. A folder inside the class folder names the slide, unless the file name
    tells it.

    Args:
        source: folder that holds the class folders.
        images: image files below it, sorted.

    Returns:
        Labelled files; images directly in `source` are unlabelled.
    """
    labelled, unlabelled = [], []
    meant: dict[str, str] = {}
    for path in images:
        folders = PurePosixPath(path.relative_to(source).parent.as_posix()).parts
        if not folders:
            unlabelled.append(path)
            continue
        depth = next((i for i, name in enumerate(folders) if class_of(name)), 0)
        text = folders[depth]
        meant[text] = class_of(text) or text
        origin = origin_of(path.name) or _from_folder(folders[depth + 1 :])
        labelled.append(LabelledFile(path, meant[text], text, origin))
    return Found("class folders", tuple(labelled), tuple(unlabelled), (), _notes(meant))


def _from_folder(below: Sequence[str]) -> Origin | None:
    if not below:
        return None
    slide = "/".join(below)
    return Origin(below[0], slide, None, None)


def _notes(meant: dict[str, str]) -> tuple[str, ...]:
    return tuple(
        f"Folder {text!r} was read as class {name}."
        for text, name in sorted(meant.items())
        if text != name
    )
