"""The list of labelled tiles that several networks call differently, each a way to its tile."""

import pandas as pd
import streamlit as st

from osteo_core.evaluate import Comparison
from osteo_ui import metric_panels, metric_services, state, widgets


def disagreements(compared: Comparison, part: str) -> None:
    """Draw the tiles on which the networks disagree; a chosen row puts its tile on view."""
    table = compared.disagreements()
    if table.empty:
        st.success(f"The networks call all {compared.n_tiles} common tiles alike.")
        return
    st.markdown(
        f"{len(table)} of {compared.n_tiles} common tiles, the widest apart first. Choose a row to "
        "put its tile on view above."
    )
    name = widgets.file_stem("disagreements", *compared.parts, part)
    key = f"table.{name}"
    metric_panels.table(
        table,
        name,
        "Tiles that the networks call differently",
        on_select=lambda: _open(table, key),
        selection_mode="single-row",
        column_order=_order(table),
        column_config={
            "apart": st.column_config.ProgressColumn(
                "apart",
                help="Largest difference of one class's probability between two networks",
                min_value=0,
                max_value=1,
                format="%.2f",
            )
        },
    )
    st.caption(
        "Each network's call and its probability, from stored predictions. A class that a network "
        "does not know counts as probability 0 in the column apart."
    )
    rows = st.session_state[key].selection.rows
    if rows and rows[0] < len(table):
        _say_where(table.iloc[rows[0]])


def _order(table: pd.DataFrame) -> list[str]:
    calls = [column for column in table if column.endswith(" call")]
    shares = [column for column in table if column.endswith(" p")]
    return ["file", "label", *calls, "apart", *shares, "slide", "case"]


def _open(table: pd.DataFrame, key: str) -> None:
    rows = st.session_state[key].selection.rows
    if not rows or rows[0] >= len(table):
        return
    ref = metric_services.tile_ref(state.selection(), str(table.iloc[rows[0]]["tile"]))
    if ref is not None:
        state.update(source=ref.source, tiles=(ref,))


def _say_where(row: pd.Series) -> None:
    ref = metric_services.tile_ref(state.selection(), str(row["tile"]))
    if ref is not None and ref in state.selection().tiles:
        st.success(f"[On view above](#tiles): {row['file']}", icon=":material/visibility:")
        return
    st.info(
        f"This row is the file `{row['file']}` (its SHA-256 starts with `{row['tile'][:12]}`), "
        "which is not shipped. To see it, choose Cohort in the sidebar and name the folder that "
        "`osteo cohort import SRC --to DIR` wrote from the data set "
        "(doi:10.7937/tcia.2019.bvhjhdas), or upload that file; then choose the row again.",
        icon=":material/folder_open:",
    )
