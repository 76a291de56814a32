"""What a reader of one folder layout hands to the importer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from osteo_core.cohorts.names import Origin


@dataclass(frozen=True)
class LabelledFile:
    """An image file with a label.

    Args:
        path: of the image.
        label: class, or "mixed".
        original_label: as the source wrote it.
        origin: case, slide and place; None when nothing tells them.
        part: of the split that the folders tell, "" when they tell none.
    """

    path: Path
    label: str
    original_label: str
    origin: Origin | None
    part: str = ""


@dataclass(frozen=True)
class Found:
    """Labelled and other files below a folder.

    Args:
        layout: "archive" or "class folders".
        labelled: files to take.
        unlabelled: image files that nothing labels.
        skipped: (file or row, reason) of what was left out.
        notes: plain sentences on how names were understood.
    """

    layout: str
    labelled: tuple[LabelledFile, ...]
    unlabelled: tuple[Path, ...]
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
