"""The necrosis meter of the decisions page."""

import numpy as np
import pandas as pd
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.evaluate.bootstrap import unless_flat
from osteo_core.evaluate.deciding import Prepared, group_names, meters
from osteo_core.evaluate.necrosis import DEAD_CLASS, LIVE_CLASS, Necrosis, knows_necrosis
from osteo_ui import charts, decision_charts, decision_services, saving, widgets
from osteo_ui import metric_panels as panels
from osteo_ui.decision_controls import Panel
from osteo_ui.decision_views import read_list
from osteo_ui.markdown import md

BY = {"slide": "Slide", "case": "Case"}
MOST = 40  # tiles in the list; the CSV holds the same


def draw(bundle: Bundle, ready: Prepared, panel: Panel, stem: str) -> None:
    """Draw the meter of one slide or case, and the tiles that could move it."""
    st.header("Necrosis meter", anchor="necrosis")
    st.caption(
        md(
            "How much of the tumour is dead: {} among all tumour tiles. **Research only.** "
            "Pathologists read necrosis by area over the whole tumour bed; here tiles are counted, "
            "and the tiles of this collection were picked by hand.",
            DEAD_CLASS,
        )
    )
    if not knows_necrosis(bundle.card.classes):
        st.info(
            md(
                "`{}` does not tell {} from {}. Choose a network that "
                "does, or put networks together above.",
                bundle.name,
                DEAD_CLASS,
                LIVE_CLASS,
            )
        )
        return
    with st.container(key="decision-meter"):
        left, right = st.columns([1, 2.3], gap="medium")
    with left:
        by = str(widgets.segments("Over the tiles of a", "meter_by", BY))
        names = group_names(ready.part.table, by)
        if not names:
            st.info(f"No tile of this part has a known {by}.")
            return
        name = widgets.choose(BY[by], "meter_of", names)
    calls = ready.calls(panel.rule)
    meter = decision_services.necrosis(bundle, ready, by, name, calls)
    found = meter.found
    with left:
        _figures(found)
    with right:
        _chart(found, f"{stem}.{by}.{name}")
        _moving(meter, saving.file_stem(stem, by, name, "moving"))
    with st.expander(f"Every {by} of this part", key="meter.all", on_change="rerun") as box:
        if box.open:
            _all(ready, by, calls, stem)


def _figures(found: Necrosis) -> None:
    st.metric("Expected share", panels.percent(found.expected),
              help="Summed probabilities of the tiles.")  # fmt: skip
    st.metric("By calls", panels.percent(found.by_calls),
              f"{found.n_dead} dead, {found.n_live} viable", "off", delta_arrow="off")  # fmt: skip
    if found.good is not None:
        st.metric("Chance of 90 % or more", panels.percent(found.good),
                  help="Share of the draws behind the wider interval.")  # fmt: skip
    if found.truth is not None:
        st.metric("By labels", panels.percent(found.truth), help="The pathologists' labels.")


def _chart(found: Necrosis, stem: str) -> None:
    st.markdown(md("**{}**", found.standing()))
    if found.expected is None:
        return
    charts.show(
        decision_charts.meter(found),
        saving.file_stem(stem, "meter"),
        f"Share of dead tumour {found.expected:.1%}, 90 % line. {found.standing()}",
    )
    if found.more is None:
        return
    these, more = found.these, found.more
    only = f"{these.low:.1%} to {these.high:.1%}" if unless_flat(these) else "not determined"
    st.caption(
        f"95 % intervals: {only} if only the classes of these {found.n} tiles are uncertain; "
        f"{more.low:.1%} to {more.high:.1%} if others could have been picked as well. "
        "Each tile's class is drawn from its probabilities "
        "4,000 times, tiles independent of each other. Neighbours are not, and a network that errs "
        "on a slide errs on all of it, so take both as the least uncertainty."
    )


def _moving(meter: decision_services.Meter, stem: str) -> None:
    flips = meter.found.flips
    if flips is None or meter.found.expected is None:
        return
    n = len(flips.tiles)
    tiles = "1 tile" if n == 1 else f"{n} tiles"
    likely = f"{flips.plausibility:.1%}" if flips.plausibility >= 0.001 else "below 0.1 %"
    st.markdown(
        md(
            "**What could move it.** The share by calls would cross the line if {} now called "
            "otherwise were {}. The likeliest such tiles are marked; the chance that all of "
            "them are is {}.",
            tiles,
            flips.to,
            likely,
        )
    )
    table = meter.tiles.head(max(MOST, n))
    shown = ["file", "would cross", "moves it by", "called", "label"]
    shown += [c for c in table if str(c).startswith("p ")]
    read_list(table, stem, "Tiles that could move the share", shown)
    st.caption(
        "Moves it by: the standard deviation that not knowing this tile's class brings into the "
        "expected share. Reading the first rows makes the share surer fastest."
    )


def _all(ready: Prepared, by: str, calls: np.ndarray, stem: str) -> None:
    found = meters(ready, by, calls)
    rows = [
        {
            by: name,
            "tiles": m.n,
            "expected": m.expected,
            "95 % from": m.more.low if m.more else None,
            "95 % to": m.more.high if m.more else None,
            "by calls": m.by_calls,
            "by labels": m.truth,
            "chance of 90 %": m.good,
            "calls to cross": len(m.flips.tiles) if m.flips else None,
        }
        for name, m in found.items()
    ]
    panels.table(pd.DataFrame(rows), f"{stem}.{by}.meters", f"The meter of every {by}")
    told = [m for m in found.values() if m.truth is not None and m.more is not None]
    if told:
        inside = sum(m.more.low - 1e-9 <= m.truth <= m.more.high + 1e-9 for m in told)
        st.caption(f"The interval holds the share by labels in {inside} of {len(told)}.")
