"""Two networks set against each other: differences with intervals, tests, call against call."""

from collections.abc import Sequence
from itertools import combinations

import pandas as pd
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.evaluate import Comparison
from osteo_core.evaluate.differences import table as as_table
from osteo_ui import charts, compare_charts, compare_services, compare_tiles, saving, state, widgets
from osteo_ui import metric_panels as panels
from osteo_ui.markdown import md
from osteo_ui.words import count

# What the columns of bounds are called where there is little room.
_BOUNDS = {
    f"{unit}s: 95 % {end}": st.column_config.NumberColumn(f"by {unit}, {end}", format="%+.3f")
    for unit in ("slide", "tile")
    for end in ("from", "to")
}
KINDS = {"first": "Only {a} right", "second": "Only {b} right", "neither": "Both wrong"}


def chosen(bundles: Sequence[Bundle]) -> tuple[Bundle, Bundle]:
    """Return the two networks that are set against each other; the first two at first."""
    pairs = _pairs(bundles)
    return pairs.get(state.selection().pair) or next(iter(pairs.values()))


def choose(bundles: Sequence[Bundle]) -> None:
    """Draw the choice of two networks where there are more."""
    pairs = _pairs(bundles)
    names = {key: f"{a.card.title} against {b.card.title}" for key, (a, b) in pairs.items()}
    if len(names) > 1:
        widgets.choose("Two networks", "pair", list(names), format_func=names.get)


def _pairs(bundles: Sequence[Bundle]) -> dict[str, tuple[Bundle, Bundle]]:
    numbers = combinations(range(len(bundles)), 2)
    return {f"{i},{j}": (bundles[i], bundles[j]) for i, j in numbers}


def differences(compared: Comparison, first: Bundle, second: Bundle, stem: str) -> None:
    """Draw each figure of both, their difference with both intervals, and the tests."""
    view = compare_services.pair_view(compared, first, second)
    a, b = first.name, second.name
    said = "; ".join(f"{d.name} {d.difference:+.3f}" for d in view.differences)
    alt = f"Differences {a} less {b}: {said}"
    charts.show(compare_charts.differences(view.differences, a, b), f"{stem}.differences", alt)
    panels.table(
        as_table(view.differences, a, b),
        f"{stem}.differences",
        alt,
        column_order=["figure", "difference", *_BOUNDS, a, b],
        column_config=_BOUNDS,
    )
    st.caption(
        "Percentile intervals at 95 % of 2,000 bootstrap draws that take the same tiles for both "
        "networks. Tiles of one slide resemble each other: the interval over slides is the one to "
        "go by. An interval that holds 0 does not tell the two apart. Of Brier score and log loss, "
        "less is better."
    )
    panels.table(
        view.tests.table(),
        f"{stem}.tests",
        "Tests of no difference",
        column_config={"p": st.column_config.NumberColumn(format="%.3g")},
    )
    st.caption(
        "McNemar's exact test counts tiles that only one network calls rightly. By slide, the two "
        "networks' names are swapped on whole slides in every possible way; with "
        f"{count(view.tests.by_slide.n_decided, 'slide')} on which they part, no p below "
        f"{view.tests.by_slide.least_p:.2g} is possible. AUCs: DeLong's test, by slide in "
        "Obuchowski's form. p is not corrected for the number of tests."
    )
    panels.say([view.caution] if view.caution else [])


def calls(compared: Comparison, first: Bundle, second: Bundle, stem: str) -> None:
    """Draw how often the one calls this and the other that; a cell opens its tiles."""
    a, b = first.name, second.name
    labels = [c for c in compared.parts[a].classes if c in compared.shared_classes]
    label = widgets.choose(
        "True class of the tiles", "calls_of", ["", *labels], format_func=lambda c: c or "Any"
    )
    matrix = compared.call_matrix(a, b, label)
    table = compared.between(a, b)
    if label:
        table = table[table["label"] == label]
    kinds = _by_right(table, a, b)
    _matrix(matrix, a, b)
    _kinds(kinds, a, b)
    chosen = state.selection().calls_cell
    if not chosen:
        st.caption("Press a count to see its tiles.")
        return
    words, tiles = _chosen(chosen, matrix, table, kinds, a, b)
    if tiles.empty:
        st.caption(f"{words}: no tile.")
        return
    st.markdown(
        md(
            "**{}: {}**, the widest apart first. Pick one to read it.",
            words,
            count(len(tiles), "tile"),
        )
    )
    compare_tiles.tile_list(
        tiles.reset_index(drop=True),
        saving.file_stem(stem, "cell", chosen, label),
        words,
        caption=lambda row: f"{row['label']}\n{row[f'{a} p']:.2f} / {row[f'{b} p']:.2f}",
        column_order=["file", "label", f"{a} call", f"{a} p", f"{b} call", f"{b} p", "apart"],
    )


def _by_right(table: pd.DataFrame, a: str, b: str) -> dict[str, pd.DataFrame]:
    first, second = table[f"{a} right"], table[f"{b} right"]
    return {
        "first": table[first & ~second],
        "second": table[~first & second],
        "neither": table[~first & ~second],
    }


def _matrix(matrix: pd.DataFrame, a: str, b: str) -> None:
    st.caption(md("Rows: what **{}** calls the tile. Columns: what **{}** calls it.", a, b))
    for i, row in enumerate(matrix.index):
        cells = st.columns(len(matrix.columns) + 1, vertical_alignment="center", gap="small")
        cells[0].markdown(md("**{}**", row))
        for j, column in enumerate(matrix.columns):
            n = int(matrix.iloc[i, j])
            what = f"both {row}" if row == column else f"{row}, {column}"
            label, words = md("**{}** :small[{}]", n, what), _cell_words(a, b, row, column)
            _button(cells[j + 1], label, f"{i},{j}", n, words)


def _kinds(kinds: dict[str, pd.DataFrame], a: str, b: str) -> None:
    cells = st.columns(len(kinds), gap="small")
    for cell, (kind, tiles) in zip(cells, kinds.items(), strict=True):
        words = KINDS[kind].format(a=a, b=b)
        _button(
            cell, md("**{}** :small[{}]", len(tiles), words), kind, len(tiles), f"{words}: open"
        )


def _button(place: object, label: str, value: str, n: int, words: str) -> None:
    chosen = state.selection().calls_cell == value
    place.button(  # type: ignore[attr-defined]
        label,
        key=f"calls.{value}",
        help=words,
        type="primary" if chosen else "secondary",
        disabled=not n and not chosen,
        on_click=state.update,
        kwargs={"calls_cell": "" if chosen else value},
        width="stretch",
        wrap=True,
    )


def _cell_words(a: str, b: str, row: str, column: str) -> str:
    if row == column:
        return f"Both call it {row}"
    return f"{a} calls it {row}, {b} {column}"


def _chosen(
    chosen: str,
    matrix: pd.DataFrame,
    table: pd.DataFrame,
    kinds: dict[str, pd.DataFrame],
    a: str,
    b: str,
) -> tuple[str, pd.DataFrame]:
    if chosen in kinds:
        return KINDS[chosen].format(a=a, b=b), kinds[chosen]
    i, j = (int(number) for number in chosen.split(","))
    if i >= len(matrix.index) or j >= len(matrix.columns):
        return "This cell is not in the matrix", table.iloc[:0]
    row, column = matrix.index[i], matrix.columns[j]
    same = (table[f"{a} call"] == row) & (table[f"{b} call"] == column)
    return _cell_words(a, b, row, column), table[same]
