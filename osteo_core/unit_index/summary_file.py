"""A summary as one compressed file."""

from pathlib import Path
from typing import Any

import numpy as np

from osteo_core import files
from osteo_core.errors import UnitIndexError
from osteo_core.files import shown
from osteo_core.foreign import reading
from osteo_core.foreign.arrays import Arrays, check_like, read_arrays
from osteo_core.foreign.json_files import parse_json
from osteo_core.unit_index.card import FORMAT
from osteo_core.unit_index.index import TOP
from osteo_core.unit_index.measures import Measure
from osteo_core.unit_index.statistics import BINS
from osteo_core.unit_index.summary import SummaryCard, UnitSummary

MOST_BYTES = 512 << 20  # ours have four million, and nine unpacked


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
    with reading(
        shown(file.name), UnitIndexError, "a unit summary that `osteo index --ship` wrote"
    ):
        names = [f"{by}_{name}" for by in ("maximum", "mean") for name in Measure._fields]
        stored = read_arrays(file, ["card", "firing_share", "dead", *names], most=MOST_BYTES)
        card = SummaryCard.model_validate(
            parse_json(stored["card"].tobytes(), f"the card in {shown(file.name)}")
        )
        if card.format != FORMAT:
            raise ValueError(f"format {card.format} where {FORMAT} is read")
        _check(card, stored)
        maximum, mean = (
            Measure._make(stored[f"{by}_{name}"] for name in Measure._fields)
            for by in ("maximum", "mean")
        )
        return UnitSummary(card, maximum, mean, stored["firing_share"], stored["dead"])


def _check(card: SummaryCard, stored: Arrays) -> None:
    """Make sure that every array is of the size that the card tells, with numbers that can be."""
    units = sum(layer.units for layer in card.layers)
    mapped = sum(layer.units for layer in card.layers if layer.grid)
    classes, tiles = len(card.classes), len(card.tiles)
    top = min(TOP, tiles)
    check_like(stored["firing_share"], "firing_share", (units,), "f")
    check_like(stored["dead"], "dead", (units,), "b")
    for by, rows in (("maximum", units), ("mean", mapped)):
        for name, kind, shape in (
            ("by_class", "f", (rows, classes)),
            ("area", "u", (rows, classes)),
            ("ends", "f", (rows, 2)),
            ("counts", "u", (rows, classes, BINS)),
            ("top_tile", "u", (rows, top)),
            ("top_value", "f", (rows, top)),
            ("top_place", "u", (mapped, top, 2)),
        ):
            check_like(stored[f"{by}_{name}"], f"{by}_{name}", shape, kind)
        told = [stored[f"{by}_{name}"] for name in ("ends", "top_value")]
        if not all(np.isfinite(array).all() for array in told):
            raise ValueError("activations that are not finite")
        if (stored[f"{by}_top_tile"] >= tiles).any():
            raise ValueError("a tile that its card does not name")
    if not ((stored["firing_share"] >= 0) & (stored["firing_share"] <= 1)).all():
        raise ValueError("a share outside 0 to 1")
