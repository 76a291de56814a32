"""The list of labelled tiles that several networks call differently, each a way to its tile."""

import pandas as pd
import streamlit as st

from osteo_core.evaluate import Comparison
from osteo_ui import compare_tiles, saving


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
    compare_tiles.tile_list(
        table,
        saving.file_stem("disagreements", *compared.parts, part),
        "Tiles that the networks call differently",
        caption=_caption,
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


def _caption(row: pd.Series) -> str:
    return f"{row['label']}\n{row['apart']:.2f} apart"


def _order(table: pd.DataFrame) -> list[str]:
    calls = [column for column in table if column.endswith(" call")]
    shares = [column for column in table if column.endswith(" p")]
    return ["file", "label", *calls, "apart", *shares, "slide", "case"]
