"""A summary as one compressed file."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from osteo_core import files
from osteo_core.errors import UnitIndexError
from osteo_core.unit_index.card import FORMAT
from osteo_core.unit_index.measures import Measure
from osteo_core.unit_index.summary import SummaryCard, UnitSummary


def write_summary(summary: UnitSummary, file: Path) -> None:
    """Write a summary; the file appears when it is whole, and the same gives the same bytes."""
    card = np.frombuffer(summary.card.model_dump_json().encode(), np.uint8)
    arrays: dict[str, Any] = {"card": card, "firing_share": summary.firing_share}
    arrays["dead"] = summary.dead
    for by, measure in (("maximum", summary.maximum), ("mean", summary.mean)):
        arrays |= {f"{by}_{name}": array for name, array in measure._asdict().items()}
    with files.atomic_write(file) as stream:
        np.savez_compressed(stream, **arrays)


def read_summary(file: Path) -> UnitSummary:
    """Read a summary.

    Raises:
        UnitIndexError: No such file, or it is damaged or of another format.
    """
    try:
        with np.load(file) as stored:
            card = SummaryCard.model_validate_json(stored["card"].tobytes())
            if card.format != FORMAT:
                raise ValueError(f"format {card.format} where {FORMAT} is read")
            maximum, mean = (
                Measure._make(stored[f"{by}_{name}"] for name in Measure._fields)
                for by in ("maximum", "mean")
            )
            return UnitSummary(card, maximum, mean, stored["firing_share"], stored["dead"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnitIndexError(
            f"Expected a unit summary that `osteo index --ship` wrote. "
            f"Received: {file.name} ({reason})."
        ) from error
