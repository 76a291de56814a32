"""Panels of the page Cohort: findings, classes, white tiles, stain, suspects."""

from collections.abc import Iterator

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from osteo_core.cohorts.audit import Audit, OutOfFold, makeup
from osteo_core.cohorts.audit.stains import StainRow
from osteo_ui import charts, cohort_tiles, metric_panels, saving, state, words
from osteo_ui.cohort_services import View
from osteo_ui.markdown import bullets, md

MOST_WHITE = 60  # pictures of nearly white tiles


def findings(view: View, audit: Audit) -> None:
    """Draw what the audit found, in figures and sentences."""
    grid = st.grid(4, min_column_width=150, gap="medium")
    for name, n, help_text, panel in _counts(audit):
        with grid.cell():
            st.metric(name, n, help=help_text)
            if n:
                _see(f"See the {'pairs' if 'pairs_of' in panel else 'tiles'}", name, panel)
    first, *others = audit.sentences()
    if audit.leaks or audit.unnamed:
        st.warning(first, icon=":material/warning:")
    else:
        st.success(first, icon=":material/check_circle:")
    if others:
        st.markdown(bullets(others))
    for file, reason in audit.unread[:10]:
        st.warning(f"{file}: {reason}")
    saving.download(
        "Audit",
        lambda: audit.to_json().encode(),
        f"{saving.file_stem('audit', view.name)}.json",
        "application/json",
        md("Everything found, as `osteo cohort audit DIR --json` prints it"),
    )
    placed = any(tile.x is not None for tile in view.cohort.tiles)
    side = f"A tile is {audit.side.px:g} px of the slide wide: {audit.side.how}. " if placed else ""
    st.caption(
        f"{side}Copies are found that were saved again, resized, turned or mirrored; not a copy "
        "that was cut by more than a hundredth of its side."
    )


def _counts(audit: Audit) -> Iterator[tuple[str, int, str, dict[str, str]]]:
    """Yield the figures of the audit: name, number, what it counts, the panel that shows it."""
    pairs = {"audit_panel": "pairs"}
    told = "Pairs of tiles in different parts of the split that overlap or are copies."
    yield "Leaks", len(audit.leaks), told, {**pairs, "pairs_of": "leaks"}
    told = "Pairs across parts that show the same tissue although their names say different slides."
    n = sum(pair.across for pair in audit.unnamed)
    yield "Leaks under other names", n, told, {**pairs, "pairs_of": "unnamed"}
    told = "Pairs of tiles that share tissue and are labelled differently."
    yield "Different labels", len(audit.contradicting), told, {**pairs, "pairs_of": "labels"}
    yield "Nearly white", len(audit.near_white), "More than 90% white.", {"audit_panel": "white"}


def _see(label: str, name: str, panel: dict[str, str]) -> None:
    st.button(
        label,
        key=f"see.{name}",
        icon=":material/visibility:",
        type="tertiary",
        on_click=state.update,
        kwargs=panel,
    )


def classes(view: View) -> None:
    """Draw classes by cases and by slides, and which hang on one of them."""
    found = makeup(view.cohort.tiles)
    rows = pd.DataFrame(
        [(c.label, c.case, c.slide, c.tiles) for c in found.cells],
        columns=["class", "case", "slide", "tiles"],
    )
    if found.hanging:
        st.warning(bullets(item.sentence for item in found.hanging), icon=":material/warning:")
    st.markdown(found.sentence())
    for by in ("case", "slide"):
        st.subheader(f"Classes by {by}", anchor=f"by-{by}")
        index = ["case"] if by == "case" else ["case", "slide"]
        wide = rows.pivot_table("tiles", index, "class", "sum", 0)
        wide = wide.reindex(columns=list(view.cohort.classes), fill_value=0)
        wide["all"] = wide.sum(axis=1)
        name = saving.file_stem("classes", by, view.name)
        metric_panels.table(wide.reset_index(), name, f"Tiles of each class by {by}")


def white(view: View, audit: Audit) -> None:
    """Draw the nearly white tiles."""
    if not audit.near_white:
        st.success("No tile is more than 90% white.")
        return
    n = len(audit.near_white)
    st.markdown(
        f"{words.count(n, 'tile')} {'is' if n == 1 else 'are'} more than 90% white: there is "
        "little tissue to call, and a network that is right here may have learned the empty glass."
    )
    shown = [(t, item) for item in audit.near_white[:MOST_WHITE] if (t := view.tile(item.file))]
    notes = [f"{item.white:.0%} white, {item.label}" for _, item in shown]
    cohort_tiles.gallery(view, [tile for tile, _ in shown], notes)
    if len(audit.near_white) > MOST_WHITE:
        st.caption(f"The whitest {MOST_WHITE}; all are in the table.")
    frame = pd.DataFrame([vars(item) for item in audit.near_white])
    name = saving.file_stem("near-white", view.name)
    metric_panels.table(frame, name, "Nearly white tiles and their share of white", files=("file",))


def stain(view: View, audit: Audit) -> None:
    """Draw each case's stain, and which case stands out."""
    said = [sentence for row in audit.stains if (sentence := row.sentence())]
    for sentence in said:
        st.warning(sentence, icon=":material/colorize:")
    if len(audit.stains) < 2:
        st.info("All tiles are of one case, so none can stand out by its stain.")
    elif not said:
        st.success(
            "No case stands out: by its stain none lies a standard deviation or more from the "
            "other cases' tiles of the same classes."
        )
    measured = [row for row in audit.stains if row.haematoxylin is not None]
    if measured:
        name = saving.file_stem("stain", view.name)
        charts.show(stain_chart(measured), name, alt=_stain_alt(measured))
    columns = {
        "haematoxylin_sd": "H deviation",
        "eosin_sd": "E deviation",
        "haematoxylin_apart": "H apart",
        "eosin_apart": "E apart",
    }
    frame = pd.DataFrame([vars(row) for row in audit.stains]).rename(columns=columns)
    metric_panels.table(frame, saving.file_stem("stains", view.name), "Stain of each case")
    st.caption(
        "Mean amount of each dye over the tissue of a tile, by colour deconvolution (Ruifrok and "
        "Johnston 2001), averaged over the case's tiles; bars are standard deviations between "
        "tiles. Apart: standard deviations from the other cases' tiles of the same class."
    )


def stain_chart(rows: list[StainRow]) -> go.Figure:
    """Return haematoxylin against eosin, one point a case with its spread."""
    figure = go.Figure()
    for i, row in enumerate(rows):
        figure.add_trace(
            go.Scatter(
                x=[row.haematoxylin],
                y=[row.eosin],
                error_x={"type": "data", "array": [row.haematoxylin_sd or 0], "thickness": 1},
                error_y={"type": "data", "array": [row.eosin_sd or 0], "thickness": 1},
                name=row.case,
                mode="markers",
                marker={"size": 11, "color": charts.colour(i), "symbol": charts.SYMBOLS[i % 6]},
                hovertemplate="H %{x:.3f}, E %{y:.3f}<extra>%{fullData.name}</extra>",
            )
        )
    figure.update_layout(height=380, margin={"l": 8, "r": 8, "t": 32, "b": 8})
    figure.update_xaxes(title="Haematoxylin, optical density", zeroline=False)
    figure.update_yaxes(title="Eosin, optical density", zeroline=False)
    return figure


def _stain_alt(rows: list[StainRow]) -> str:
    told = (f"{row.case} {row.haematoxylin:.2f} and {row.eosin:.2f}" for row in rows)
    return "Mean haematoxylin and eosin of each case: " + ", ".join(told)


def suspects(view: View, audit: Audit | None, found: OutOfFold) -> None:
    """Draw the tiles whose label may be wrong."""
    st.markdown(found.note)
    every = (*(audit.with_out_of_fold(found).suspects if audit else found.suspects),)
    if audit is None:
        st.caption("Pairs with different labels are added when the audit is done.")
    if not every and found.tiles:
        st.success("No tile's label is spoken against.")
    elif not every:
        st.info("No network was asked, so only pairs with different labels could stand here.")
    else:
        frame = pd.DataFrame(
            [(s.file, s.label, s.says, s.confidence, s.reason, s.other) for s in every],
            columns=["tile", "label", "says", "confidence", "reason", "other tile"],
        ).astype({"confidence": float})
        st.markdown("Choose a row to see its tile.")
        name = saving.file_stem("suspects", view.name)
        cohort_tiles.table(view, frame, name, "Tiles whose label may be wrong")
    st.caption(
        md(
            "Says: what the overlapping tile or the copy is labelled, or what the network calls "
            "the tile. Out of fold: a network that was not fitted to the tile calls it otherwise, "
            "with a probability that is usual for the class it says (confident learning, Northcutt "
            "and others 2021). A suspect is a tile to look at again, not an error. To ask all "
            "tiles, with a head fitted anew for each fold: `osteo cohort audit DIR --suspects`."
        )
    )
