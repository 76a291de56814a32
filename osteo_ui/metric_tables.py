"""Tables of figures with their intervals: of one network, and of all beside each other."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from osteo_core.evaluate import Interval, LabelledPart, Metrics, wilson
from osteo_core.evaluate.figures import Figure, Figures
from osteo_ui import metric_panels as panels

WHOLE = ("accuracy", "macro F1", "macro precision", "macro recall")
_CLASS_WISE = ("precision", "recall", "F1")
_HOW_EXACT = "exact is"
HOW = (
    "Intervals at 95 %. By tile and by slide: 2,000 bootstrap draws of tiles, or of whole slides. "
    "Tiles of one slide resemble each other, so the interval by slide is the one to go by. Exact: "
    "Wilson's for shares, DeLong's for AUC; both take tiles as independent."
)


def figures(found: Figures, stem: str) -> None:
    """Draw every figure of a network with its intervals."""
    table = frame(found)
    panels.table(
        table,
        f"{stem}.figures",
        "Every figure with its 95 % intervals",
        column_order=[c for c in table if c != _HOW_EXACT],  # HOW says it
        column_config={"class": st.column_config.TextColumn(width=130)},
    )
    st.caption(HOW)
    panels.say(found.notes)


def frame(found: Figures) -> pd.DataFrame:
    """Return figures as a table: one row a figure, bounds in columns of their own."""
    return pd.DataFrame([_row(figure) for figure in found.rows])


def per_class(metrics: Metrics) -> pd.DataFrame:
    """Return precision, recall and F1 of each class and their means as a table."""
    return pd.DataFrame(metrics.rows()).rename(columns={"f1": "F1", "support": "tiles"})


def class_wise(everything: Mapping[str, Figures], stem: str) -> None:
    """Draw precision, recall and F1 of each class for each network, with intervals by slide."""
    rows = []
    for name, found in everything.items():
        for group in dict.fromkeys(f.group for f in found.rows if f.group):
            rows.append({"network": name, "class": group, **_class_cells(found, group)})
    panels.table(pd.DataFrame(rows), stem, "Precision, recall and F1 of each class and network")
    st.caption(
        "Class by class, as Ahlawat et al. print it for two networks, with 95 % intervals by "
        "slide. Each network on the tiles of its own classes."
    )


def by_slide(part: LabelledPart) -> pd.DataFrame:
    """Return the tiles called rightly on each slide, with Wilson's intervals, the worst first."""
    table = part.by_slide()
    found = [wilson(int(k), int(n)) for k, n in zip(table["right"], table["tiles"], strict=True)]
    return table.assign(**{"95 % from": [i.low for i in found], "95 % to": [i.high for i in found]})


def words(interval: Interval | None, digits: int = 3) -> str:
    """Return an interval in words, or a dash."""
    if interval is None:
        return "–"
    return f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"


def _row(figure: Figure) -> dict[str, object]:
    row: dict[str, object] = {"figure": figure.name, "class": figure.group or "all"}
    row["value"] = figure.value
    for name, interval in (
        ("by tile", figure.by_tile),
        ("by slide", figure.by_slide),
        ("exact", figure.exact),
    ):
        row[f"{name}, from"] = interval.low if interval else None
        row[f"{name}, to"] = interval.high if interval else None
    row[_HOW_EXACT] = figure.exact_by
    return row


def _class_cells(found: Figures, group: str) -> dict[str, object]:
    cells: dict[str, object] = {}
    for what in _CLASS_WISE:
        figure = found.find(what, group)
        cells[what] = figure.value if figure else None
        cells[f"{what}, 95 %"] = words(figure.by_slide if figure else None, 2)
    return cells
