"""What the methods of the grid agree on in one column, and where they do not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from osteo_core import pictures
from osteo_core.explain.agreement import Agreement, agreement
from osteo_core.tiles import Tile
from osteo_ui import charts, grid_cells, heat_badges, saving, widgets, words
from osteo_ui.grid_cells import Found
from osteo_ui.grid_controls import View
from osteo_ui.grid_views import SIDE
from osteo_ui.markdown import md
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    import numpy.typing as npt

_MOST = {"consensus": 1.0, "disagreement": 0.5}
_TOLD = {
    "consensus": "mean rank, from 0 (all put it last) to 1 (all put it first)",
    "disagreement": "standard deviation of the ranks, from 0 to 0.5",
}


def draw(view: View, grid: Sequence[Sequence[Found]], item: Shown) -> Agreement | None:
    """Draw consensus, disagreement and correlations of one column; return them."""
    titles = [column.title for column in view.columns]
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        kind = {"classes": "Class", "layers": "Layer", "models": "Network"}[view.by]
        title = st.selectbox(
            f"{kind} to compare in",
            titles,
            index=_likeliest(view, grid),
            key=f"grid.column.{view.by}",
            width=260,
        )
        trusted = st.toggle("Leave out maps that failed", key="grid.trusted")
    column = titles.index(title) if title in titles else 0
    chosen = [row[column] for row in grid if row[column].heat is not None]
    failed = [one for one in chosen if heat_badges.demoted(one.grade)]
    kept = [one for one in chosen if not (trusted and one in failed)]
    if len(kept) < 2:
        st.info("Two maps at least are needed to compare them.", icon=":material/compare_arrows:")
        return None
    found = agreement({one.cell.method.title: one.heat for one in kept})
    _say(found, trusted, len(failed))
    if len(found.names) < 2:
        return found
    _maps(view, found, item, title)
    _table(found, saving.tile_stem(item, "agreement", title))
    return found


def _likeliest(view: View, grid: Sequence[Sequence[Found]]) -> int:
    """Return the column of the predicted class, the last layer, or the first network."""
    if view.by == "layers":
        return len(view.columns) - 1
    if view.by == "models":
        return 0
    cell = grid[0][0].cell
    predicted = grid_cells.predicted(cell.engine, cell.tile)
    titles = [column.title for column in view.columns]
    return titles.index(predicted) if predicted in titles else 0


def _say(found: Agreement, trusted: bool, failed: int) -> None:
    number, n = found.rank_correlation, len(found.names)
    if number is not None:
        pairs = n * (n - 1) // 2
        st.markdown(
            md(
                "Mean pairwise rank correlation **{:z.2f}** over {} pair{} of {} maps.",
                number,
                pairs,
                "s" * (pairs > 1),
                n,
            )
        )
    for why in dict.fromkeys(found.left_out.values()):
        names = ", ".join(name for name, reason in found.left_out.items() if reason == why)
        st.caption(md(":material/info: Left out: {}. {}", names, why))
    if failed and not trusted:
        st.caption(
            md(
                ":material/warning: Maps with a failed grade among these: {}. Methods can agree "
                "on what is wrong.",
                failed,
            )
        )


def _maps(view: View, found: Agreement, item: Shown, title: str) -> None:
    sides = st.grid(3, min_column_width=200, gap="medium")
    for name in ("consensus", "disagreement"):
        with sides.cell():
            st.markdown(md("**{}**", name.capitalize()))
            png = picture(item.tile, getattr(found, name), view.colours, _MOST[name])
            alt = f"{name.capitalize()} of {len(found.names)} methods, {title}, over "
            st.image(png, width="stretch", output_format="PNG", alt=alt + item.entry.title)
            widgets.legend(view.colours, 0.0, _MOST[name])
            st.caption(f"{_TOLD[name].capitalize()}.")
            saving.downloads(saving.tile_stem(item, name, title), png)
    with sides.cell():
        st.markdown(md("**Rank correlations**"))
        pairs = "; ".join(
            f"{a} and {b} {found.correlations[i, j]:z.2f}"
            for i, a in enumerate(found.names)
            for j, b in enumerate(found.names)
            if i < j
        )
        name = saving.tile_stem(item, "correlations", title)
        charts.show(matrix(found.names, found.correlations), name, f"Rank correlations: {pairs}")


def picture(tile: Tile, values: "npt.NDArray[np.float32]", colours: str, high: float) -> bytes:
    """Return one of the two maps over the tile."""
    small = pictures.thumbnail(tile.pixels, SIDE)
    over = pictures.overlay(small, values, colour_map=colours, opacity=0.5, low=0.0, high=high)
    return pictures.png(over, text={"tile": tile.sha256, "high": str(high), "colours": colours})


def matrix(names: Sequence[str], values: "npt.NDArray[np.float64]") -> go.Figure:
    """Return the correlations as a table in colours, -1 to 1."""
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=list(names),
            y=list(names),
            zmin=-1,
            zmax=1,
            colorscale="RdBu_r",
            text=[[f"{value:z.2f}" for value in row] for row in values],
            texttemplate="%{text}",
            showscale=False,
            hovertemplate="%{y} and %{x}: %{z:.3f}<extra></extra>",
        )
    )
    figure.update_layout(height=90 + 34 * len(names), margin={"l": 8, "r": 8, "t": 32, "b": 8})
    figure.update_yaxes(autorange="reversed", fixedrange=True)
    figure.update_xaxes(fixedrange=True, tickangle=-45)
    return figure


def _table(found: Agreement, name: str) -> None:
    """Say how the maps were compared."""
    st.caption(
        "Every map's places are put in order; a rank is the share of places that the map puts "
        "lower. Of signed maps the positive part counts. Maps are brought to one size, "
        f"{words_of(found)}. The number is the mean of Spearman's correlation over all pairs: 1 "
        "where all methods put places in the same order, 0 where their orders have nothing in "
        "common."
    )


def words_of(found: Agreement) -> str:
    """Return the size of the common grid in words."""
    height, width = found.consensus.shape
    return f"{words.number(height)} × {words.number(width)}"
