"""Class folders: SRC/<class>/tile.jpg, SRC/<class>/<slide>/tile.jpg, SRC/train/<class>/tile.jpg."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from osteo_core.cohorts.found import Found, LabelledFile
from osteo_core.cohorts.layouts import Folders, PartFolders, doubts, part_folders
from osteo_core.cohorts.names import Origin, class_of, origin_of
from osteo_core.cohorts.spellings import one_spelling, spelling_notes
from osteo_core.foreign.tables import tidy


def read_folders(source: Path, images: Sequence[Path], *, case_matters: bool = False) -> Found:
    """Take the label of each image from the folder it lies in.

    Where every image lies below a folder that names a part of a split (train, val, test and their
    like), that is the image's part, and the other folders are read as follows. The outermost
    folder below `source` whose name means one of the three classes gives the label; where no
    folder on the way does, the first one is a class of its own. A folder inside the class folder
    names the slide, unless the file name tells it.

    Names of folders are trimmed and in Unicode's NFC. Classes that differ in the case of letters
    only are one class, under the spelling of most images: file systems and spreadsheets confuse
    them, and two classes of the same looks make every figure wrong. Notes tell what was joined.

    Args:
        source: folder that holds the class folders.
        images: image files below it, sorted.
        case_matters: keep classes apart that differ in the case of letters only.

    Returns:
        Labelled files; images directly in `source` are unlabelled.
    """
    places = {path: _folders(path, source) for path in images}
    inside = {folders for folders in places.values() if folders}
    parts = part_folders(inside)
    rest = {p: parts.rest(f) if parts and f else f for p, f in places.items()}
    labelled = {path: _class_folder(f) for path, f in rest.items() if f and tidy(_class_folder(f))}
    own = Counter(text for text in labelled.values() if class_of(text) is None)
    meant = one_spelling(own, case_matters=case_matters)
    return Found(
        "class folders in parts of a split" if parts else "class folders",
        tuple(
            LabelledFile(
                path,
                class_of(text) or meant[text],
                text,
                origin_of(path.name) or _from_folder(rest[path]),
                parts.part(places[path]) if parts else "",
            )
            for path, text in labelled.items()
        ),
        tuple(path for path in images if path not in labelled),
        (),
        (
            *_meant(labelled.values()),
            *spelling_notes("Class folders", own, case_matters),
            *(_joined(parts) if parts else doubts(inside)),
        ),
    )


def _joined(parts: PartFolders) -> Iterator[str]:
    if parts.joined:
        yield f"Pictures of the folders {', '.join(map(repr, parts.joined))} were taken together."


def _folders(path: Path, source: Path) -> Folders:
    return PurePosixPath(path.relative_to(source).parent.as_posix()).parts


def _class_depth(folders: Folders) -> int:
    return next((i for i, name in enumerate(folders) if class_of(name)), 0)


def _class_folder(folders: Folders) -> str:
    return folders[_class_depth(folders)]


def _from_folder(folders: Folders) -> Origin | None:
    below = [tidy(name) for name in folders[_class_depth(folders) + 1 :]]
    return Origin(below[0], "/".join(below), None, None) if any(below) else None


def _meant(texts: Iterable[str]) -> Iterator[str]:
    for text in sorted(set(texts)):
        name = class_of(text)
        if name and name != text:
            yield f"Folder {text!r} was read as class {name}."
