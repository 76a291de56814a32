"""The tables and charts of the decisions page, all made of one `Decided`."""

import pandas as pd
import streamlit as st

from osteo_core.evaluate.bootstrap import caution, slide_groups
from osteo_core.evaluate.deciding import Prepared
from osteo_core.evaluate.referral import REASONS, WATCHED_CLASS, Decided, Figures, Share
from osteo_ui import charts, compare_tiles, decision_charts, metric_services, saving, state
from osteo_ui import metric_panels as panels
from osteo_ui.decision_controls import Panel
from osteo_ui.markdown import md

PANEL = 250  # px, at least: two stand side by side in the column of results at 1280 px


def key_figures(ready: Prepared, decided: Decided, panel: Panel) -> None:
    """Draw what goes to a person and what error is left in the rest, with intervals."""
    figures = ready.figures(decided, panel.costs)
    with st.container(horizontal=True, gap="medium"):
        _metric("To a person", figures.referred, "Share of tiles that a referral rule sends on.")
        _metric("Error in the rest", figures.error, "Share of wrong calls among the kept.")
        st.metric(
            "Error without asking",
            panels.percent(float((~decided.right).mean()) if decided.n else None),
            help="Share of wrong calls if every tile were kept.",
        )
        if WATCHED_CLASS in decided.classes:
            viable = int((decided.truth == decided.classes.index(WATCHED_CLASS)).sum())
            st.metric(
                "Viable missed",
                f"{decided.missed()} of {viable}",
                help="Tiles of viable tumour that are kept and called otherwise.",
            )
    st.caption(_intervals(ready, figures))


def _metric(label: str, share: Share, help_text: str) -> None:
    value = panels.percent(share.value)
    st.metric(label, value, f"{share.k} of {share.n} tiles", "off", delta_arrow="off",
              help=help_text)  # fmt: skip


def _intervals(ready: Prepared, figures: Figures) -> str:
    lines = []
    for name, share in (("to a person", figures.referred), ("error in the rest", figures.error)):
        if share.tiles is None:
            continue
        line = f"{name} {share.tiles.low:.1%} to {share.tiles.high:.1%} by tile"
        if share.slides is not None:
            line += f", {share.slides.low:.1%} to {share.slides.high:.1%} by slide"
        lines.append(line)
    told = "95 % intervals: " + "; ".join(lines) + "." if lines else ""
    cost = "" if figures.cost is None else f" A kept call costs {figures.cost:.3f} on average."
    few = caution(slide_groups(ready.part.table))
    lines = [f"{told}{cost} {few}".strip(), ready.calibration]
    return "\n\n".join(line for line in lines if line)


def outcomes(decided: Decided, stem: str) -> None:
    """Draw the confusion matrix with a column for what goes to a person."""
    rows = zip(decided.classes, decided.confusion.tolist(), strict=True)
    said = "; ".join(
        f"{label}: "
        + ", ".join(f"{n} called {c}" for c, n in zip(decided.classes, row[:-1], strict=True))
        + f", {row[-1]} to a person"
        for label, row in rows
    )
    figure = decision_charts.outcomes(decided)
    charts.show(figure, f"{stem}.outcomes", f"What became of the tiles. {said}")
    st.caption("Tiles, and their share of the row: of all tiles that truly are this class.")


def curves(ready: Prepared, decided: Decided, panel: Panel, stem: str) -> None:
    """Draw the risk-coverage curves with the rule on view on them."""
    alone = ready.curve(panel.rule)
    ruled = None
    if panel.referral.viable_above < 1:
        ruled = ready.curve(panel.rule, panel.referral)
    kept = decided.n - decided.n_referred
    chosen = (kept / decided.n, decided.n_errors / kept) if kept else None
    said = "nothing is kept" if chosen is None else f"{chosen[0]:.1%} kept, {chosen[1]:.1%} wrong"
    charts.show(
        decision_charts.risk_coverage(alone, ruled, chosen),
        f"{stem}.risk-coverage",
        f"Risk-coverage curve; the rule on view: {said}",
    )
    if alone.area is not None and alone.best is not None and alone.chance is not None:
        st.caption(
            f"Area under the curve {alone.area:.4f}. It would be {alone.best:.4f} if the surest "
            f"calls were all right, and {alone.chance:.4f} if probability said nothing of error."
        )


def tables(decided: Decided, stem: str) -> None:
    """Draw the per-class table and the counts of referrals."""
    st.subheader("Per class", anchor="classes")
    panels.table(
        pd.DataFrame(decided.per_class()),
        f"{stem}.classes",
        "Outcomes of each true class",
        column_config={
            "found or referred": st.column_config.NumberColumn("not lost", format="%.3f")
        },
    )
    st.caption(
        "Missed: kept and called otherwise. Precision and recall are those of the kept tiles. "
        "Not lost: found or referred, since a person looks at the referred."
    )
    st.subheader("Why tiles go to a person", anchor="referrals")
    panels.table(
        pd.DataFrame(decided.referral_counts()), f"{stem}.referrals", "Tiles by referral reason"
    )
    st.caption(
        "Unsure: the highest probability is too low. Silent Viable: called Non-Tumor with a "
        "meaningful probability of Viable."
    )


def tiles(ready: Prepared, decided: Decided, stem: str) -> None:
    """Draw the tiles that a person should see, or that are kept and wrong; a row leads to one."""
    st.subheader("The tiles", anchor="tiles")
    shown = st.segmented_control(
        "Show", ["To a person", "Kept and wrong"], default="To a person", key="decision.tiles",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    table = ready.tiles(decided)
    if shown == "To a person":
        chosen = table[table["reason number"] > 0]
    else:
        chosen = table[decided.kept & ~decided.right]
    if chosen.empty:
        st.info("There is no such tile under this rule.")
        return
    chosen = chosen.assign(why=[REASONS[i] for i in chosen["reason number"]])
    order = ["file", "label", "called", "why", *[c for c in chosen if str(c).startswith("p ")]]
    read_list(chosen, f"{stem}.tiles", f"Tiles: {shown.lower()}", [*order, "slide", "case"])


def read_list(table: pd.DataFrame, name: str, alt: str, order: list[str]) -> None:
    """Draw a list of tiles; a chosen row puts its tile on view and offers to read it."""
    table = table.reset_index(drop=True)
    key = f"table.{name}"
    panels.table(
        table,
        name,
        alt,
        files=("file",),
        on_select=lambda: compare_tiles.open_row(table, key),
        selection_mode="single-row",
        column_order=order,
    )
    rows = st.session_state[key].selection.rows
    if not rows or rows[0] >= len(table):
        st.caption("Choose a row to read its tile.")
        return
    row = table.iloc[rows[0]]
    ref = metric_services.tile_ref(state.selection(), str(row["tile"]))
    if ref is not None and ref in state.selection().tiles:
        label = f"Read {saving.file_stem(str(row['file']).rsplit('/', 1)[-1])}"
        st.page_link("pages/read_tile.py", label=label, icon=":material/biotech:")
        return
    st.info(
        md(
            "The file `{}` is not shipped. To see it, choose Cohort in the sidebar and name the "
            "folder that `osteo cohort import SRC --to DIR` wrote, then choose the row again.",
            row["file"],
        ),
        icon=":material/folder_open:",
    )


def both_parts(
    here: tuple[str, Prepared], there: tuple[str, Prepared], panel: Panel, stem: str
) -> None:
    """Draw the same rule on validation and on test, a row each."""
    rows = []
    for name, ready in (here, there):
        decided = ready.decide(panel.rule, panel.referral)
        figures = ready.figures(decided, panel.costs)
        rows.append(
            {
                "part": name,
                "tiles": decided.n,
                "to a person": figures.referred.value,
                "error in the rest": figures.error.value,
                "error without asking": float((~decided.right).mean()) if decided.n else None,
                "Viable missed": decided.missed(),
                "cost": figures.cost,
            }
        )
    st.subheader("The same rule where it is chosen and where it is reported", anchor="parts")
    panels.table(pd.DataFrame(rows), f"{stem}.parts", "The rule on validation and on test")
    st.caption("Cost: of a kept call, on average.")
