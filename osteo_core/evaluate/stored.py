"""A bundle's stored predictions as they are scored, held against what its card counts."""

from dataclasses import replace

import pandas as pd

from osteo_core.bundles import PREDICTIONS, Bundle
from osteo_core.ensemble_bundles import EnsembleBundle
from osteo_core.evaluate.parts import LabelledPart, read_part
from osteo_core.wording import count


def stored_part(bundle: Bundle, part: str, frame: pd.DataFrame | None = None) -> LabelledPart:
    """Take one part out of a bundle's predictions; a note says when tiles are missing in it.

    Args:
        bundle: Of a network or an ensemble.
        part: "train", "validation", "test" or "all".
        frame: Its predictions, where they have been read before.

    Raises:
        BundleError: They cannot be read, or say what cannot be.
    """
    told = bundle.predictions() if frame is None else frame
    found = read_part(told, part, bundle.card.classes)
    missing = _missing(bundle, part, told)
    return replace(found, notes=(*found.notes, missing)) if missing else found


def _missing(bundle: Bundle, part: str, frame: pd.DataFrame) -> str:
    """What tells a file that was cut between two rows from a whole one."""
    if isinstance(bundle, EnsembleBundle):  # it has no file of its own
        return ""
    parts = bundle.card.split.parts
    expected = sum(size.tiles for name, size in parts.items() if part in (name, "all"))
    there = len(frame) if part == "all" else int((frame["split"] == part).sum())
    if there >= expected:
        return ""
    return (
        f"The card counts {count(expected, 'tile')} here and {PREDICTIONS} tells of {there:,}: "
        f"{count(expected - there, 'tile')} missing."
    )
