"""The parts of the Find page: a search, its tables, and the unit that was picked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core.explain.finding import Ranking
from osteo_core.units import Unit
from osteo_ui import bookmarks, charts, find_charts, find_data, saving, state
from osteo_ui.find_data import Known
from osteo_ui.markdown import md

if TYPE_CHECKING:
    import pandas as pd

    from osteo_core.engine import Engine

MOST = 200  # rows on screen; the file has them all
_ROUNDS = "osteo.find.rounds"
_SHARES = ("share", "share_positive", "firing_share", "higher_than")  # shown in per cent
_FORMATS = {"auc": "%.3f", "difference": "%+.2f", "deviations": "%+.1f", "contribution": "%+.3g"}


@dataclass(frozen=True, eq=False)
class Search:
    """What was looked for and found.

    Attributes:
        ranking: All units in order.
        heads: Title of the table of the first units, and of the last, "" where there is none.
        columns: Titles of the columns on screen, by their names.
        words: What the figures are and how they are scaled; Markdown.
        stem: Of files and widgets; tells this search from every other.
        notes: Sentences on what was left out.
        everywhere: The same over all layers, where it is worth seeing along the network.
    """

    ranking: Ranking
    heads: tuple[str, str]
    columns: Mapping[str, str]
    words: str
    stem: str
    notes: tuple[str, ...] = ()
    everywhere: Ranking | None = None


def selected() -> Unit | None:
    """Return the unit of the selection, if one was chosen."""
    now = state.selection()
    return Unit(now.layer, now.unit) if now.layer and now.unit >= 0 else None


def draw(search: Search, layers: Mapping[str, int]) -> None:
    """Draw a search's tables, the unit picked, what the tables say, and all of it as a file."""
    first, last = search.ranking.first(MOST), search.ranking.last(MOST)
    if search.heads[1]:
        grid = st.grid(2, min_column_width=380, gap="medium")
        places = [grid.cell(), grid.cell()]
    else:
        places = [st.container()]
    ends = zip(places, ("first", "last"), search.heads, (first, last), strict=False)
    for place, end, head, rows in ends:
        with place:
            st.subheader(head, anchor=False)
            _table(search, end, head, rows)
    picked(layers)
    st.caption(search.words)
    for note in search.notes:
        st.caption(md(":material/info: {}", note))
    count = len(search.ranking.table)
    with st.container(horizontal=True, vertical_alignment="center"):
        if count:
            csv = partial(_csv, search.ranking.table)
            help_text = f"All {count:,} units in this order, with all figures"
            saving.download("CSV", csv, f"{search.stem}.csv", "text/csv", help_text)
        if max(len(search.ranking.first()), len(search.ranking.last())) > MOST:
            st.caption(
                f"At most {MOST} rows are shown at an end; the file has all {count:,} units."
            )


def _csv(table: "pd.DataFrame") -> bytes:
    return saving.csv(table)


def _table(search: Search, end: str, head: str, rows: "pd.DataFrame") -> None:
    if rows.empty:
        st.caption("No unit.")
        return
    units = tuple(map(Unit, rows["layer"], map(int, rows["unit"])))
    now = selected()
    key = _key(f"find.{end}.{search.stem}", units, now)
    st.dataframe(
        _as_shown(rows, search.columns),
        hide_index=True,
        height=300,
        key=key,
        on_select=partial(take, key, units),
        selection_mode="single-row",
        selection_default={"selection": {"rows": [units.index(now)]}} if now in units else None,
        column_config=_column_config(search.columns, units),
        placeholder="–",
        alt=f"{head}: the first is {units[0]}",
    )


def _key(base: str, units: tuple[Unit, ...], now: Unit | None) -> str:
    """A table's key; a new one when its ticked row is no more the selection, to take it back."""
    rounds = st.session_state.setdefault(_ROUNDS, {})
    ticked = st.session_state.get(f"{base}.{rounds.get(base, 0)}", {})
    rows = ticked.get("selection", {}).get("rows", [])
    if any(row >= len(units) or units[row] != now for row in rows):
        rounds[base] = rounds.get(base, 0) + 1
    return f"{base}.{rounds.get(base, 0)}"


def take(key: str, units: tuple[Unit, ...]) -> None:
    """Go to the unit whose row was picked. For callbacks."""
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        state.update(layer=units[rows[0]].layer, unit=units[rows[0]].index)


def _as_shown(rows: "pd.DataFrame", columns: Mapping[str, str]) -> "pd.DataFrame":
    shown = rows[list(columns)].copy()
    for name in columns:
        if name in _SHARES:
            shown[name] *= 100
    shown.insert(0, "Unit", list(map(str, map(Unit, rows["layer"], rows["unit"]))))
    return shown.rename(columns=dict(columns))


def _column_config(columns: Mapping[str, str], units: tuple[Unit, ...]) -> dict[str, object]:
    """Formats, and widths with which four columns fit into half a page of 1280 px."""
    longest = max(len(str(unit)) for unit in units)
    config: dict[str, object] = {"Unit": st.column_config.TextColumn(width=22 + 7 * longest)}
    for name, title in columns.items():
        shown = "%.1f %%" if name in _SHARES else _FORMATS.get(name, "%.3g")
        config[title] = st.column_config.NumberColumn(
            format=shown, width=max(48, 20 + 6 * len(title))
        )
    return config


def along(search: Search, title: str) -> None:
    """Draw where along the network the units stand, if the search tells it."""
    if search.everywhere is None:
        return
    stem = f"{search.stem}.layers"
    figure = find_charts.along_layers(search.everywhere, title, selected())
    charts.show(figure, stem, f"{title} of the units of each layer, in the network's order")
    st.caption(
        f"{title} of all units, layer by layer from the input to the classes: the box holds the "
        "middle half of a layer's units, its whiskers nine in ten, and the marks are its highest "
        "and lowest unit; a star is the unit picked."
    )


def picked(layers: Mapping[str, int]) -> None:
    """Draw what can be done with the selected unit."""
    unit = selected()
    if unit is None or unit.index >= layers.get(unit.layer, 0):
        st.caption(md(":material/touch_app: Select a row to go to a unit."))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(md("Selected: **`{}`**", unit), width="content")
        st.page_link("pages/unit.py", label="Open the unit's card", icon=":material/adjust:")
        bookmarks.toggle_button(unit)


def dead_layers(engine: "Engine", found: Known) -> None:
    """Draw how many units of each layer are dead."""
    table = find_data.dead_by_layer(found)
    activations = [engine.layer(name).activation for name in table["layer"]]
    shown = table.assign(share=table["share"] * 100, activation=activations)
    titles = {"layer": "Layer", "units": "Units", "dead": "Dead", "share": "Share"}
    st.subheader("Dead units by layer", anchor=False)
    counts = table[table["dead"] > 0]
    where = md(", ").join(
        md("`{}` {}", name, n) for name, n in zip(counts["layer"], counts["dead"], strict=True)
    )
    said = f"{int(table['dead'].sum())} of {int(table['units'].sum()):,} units are dead"
    st.markdown(md("{}: {}.", said, where) if where else f"{said}.")
    st.dataframe(
        shown.rename(columns={**titles, "activation": "Activation"}),
        hide_index=True,
        height=300 if len(table) > 8 else "auto",
        column_config={"Share": st.column_config.NumberColumn(format="%.1f %%")},
        alt=f"Dead units by layer: {said}",
    )
    linear = activations.count("linear")
    if linear:
        st.caption(
            f"Linear layers ({linear} of {len(table)} here) have no activation that cuts off at "
            "zero, so that no input can silence their units: one is dead only where its weights, "
            "or all it is fed with, are zero."
        )
