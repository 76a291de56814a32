"""How a unit's values over tiles are spread in each class, drawn as steps over bins."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from osteo_ui import charts
from osteo_ui.atlas.mounting import numbers

if TYPE_CHECKING:
    import numpy.typing as npt

_HERE = Path(__file__).parent
# A component of a few lines, because a Plotly figure takes longer to make, send and paint than
# everything else that a click on the unit page changes.
_CURVES = st.components.v2.component(
    "osteo_unit_curves",
    css=(_HERE / "unit_curves.css").read_text(),
    js=(_HERE / "unit_curves.js").read_text(),
)
DASHES = ("none", "8 4", "2 3", "8 3 2 3", "12 4", "4 4")


def draw(
    key: str,
    edges: "npt.NDArray[np.float32]",
    counts: "npt.NDArray[Any]",
    classes: Sequence[str],
    *,
    title: str,
    now: float,
    name: str,
    alt: str,
) -> None:
    """Draw the share of each class's tiles in each bin.

    Args:
        key: Unlike any other on the page, and the same from run to run.
        edges: (bins + 1,) raw values.
        counts: (classes, bins) tiles.
        classes: Their names.
        title: What the values are.
        now: The value on the tile on view, which is marked.
        name: Of the file that is saved, without suffix.
        alt: What the chart shows.
    """
    totals = np.maximum(1, counts.sum(axis=1, dtype=np.int64))
    series = [
        {
            "name": f"{name} ({int(counts[i].sum())} tiles)",
            "shares": numbers(counts[i] / totals[i]),
            "colour": charts.COLOURS[i % 6],
            "onDark": charts.ON_DARK[i % 6],
            "dash": DASHES[i % 6],
        }
        for i, name in enumerate(classes)
    ]
    marked = now if np.isfinite(now) else None
    shown = {"edges": numbers(edges), "series": series, "title": title, "now": marked}
    _CURVES(key=key, data={**shown, "name": name, "alt": alt})
