"""Pairs of tiles that are not independent of each other, side by side."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from osteo_core.cohorts.audit import Audit, Pair
from osteo_ui import cohort_tiles, metric_panels, saving, widgets
from osteo_ui.cohort_services import View

KINDS = {
    "leaks": "Leaks",
    "unnamed": "Other slide names",
    "within": "Within a part",
    "labels": "Different labels",
}
_SAID = {
    "leaks": "Pairs across parts: tiles of a slide that overlap by their origins, and copies.",
    "unnamed": "Tiles named as of different slides that show the same tissue at the places their "
    "origins say. Those across parts come first.",
    "within": "Overlaps and copies in one part: they count twice, but leak nothing.",
    "labels": "Pairs that share tissue, of any kind, with different labels: one may be wrong.",
}


def draw(view: View, audit: Audit) -> None:
    """Draw a list of pairs and the two tiles of the chosen one."""
    found = {kind: of_kind(audit, kind) for kind in KINDS}
    names = {kind: f"{name}: {len(found[kind])}" for kind, name in KINDS.items()}
    kind = widgets.segments("Pairs", "pairs_of", names)
    pairs = found[kind]
    st.caption(_SAID[kind])
    if not pairs:
        st.success("There are none.")
        return
    name = saving.file_stem("pairs", kind, view.name)
    metric_panels.table(
        frame(pairs),
        name,
        f"Pairs of tiles: {len(pairs)}",
        on_select="rerun",
        selection_mode="single-row",
    )
    row = cohort_tiles.chosen(f"table.{name}", len(pairs))
    _pair(view, pairs[row or 0])
    if row is None:
        st.caption("The first pair is shown. Choose a row to see another.")


def of_kind(audit: Audit, kind: str) -> Sequence[Pair]:
    """Return the pairs of a kind, those across parts first and the greatest share on top."""
    pairs = {
        "leaks": audit.leaks,
        "unnamed": audit.unnamed,
        "within": audit.pairs,
        "labels": audit.contradicting,
    }[kind]
    return sorted(pairs, key=lambda p: (not p.across, -(p.shared or 1), p.a, p.b))


def frame(pairs: Sequence[Pair]) -> pd.DataFrame:
    """Return pairs as a table."""
    return pd.DataFrame(
        {
            "first": [_short(pair.a) for pair in pairs],
            "second": [_short(pair.b) for pair in pairs],
            "kind": [pair.kind for pair in pairs],
            "how": [pair.how for pair in pairs],
            "parts": [" and ".join(dict.fromkeys(pair.parts)) for pair in pairs],
            "labels": [" and ".join(dict.fromkeys(pair.labels)) for pair in pairs],
            "correlation": pd.Series([pair.correlation for pair in pairs], dtype="float64"),
        }
    )


def _pair(view: View, pair: Pair) -> None:
    tiles = [view.tile(file) for file in (pair.a, pair.b)]
    with st.container(horizontal=True, gap="medium"):
        for tile in tiles:
            if tile is not None:
                with st.container(width=cohort_tiles.SIDE):
                    cohort_tiles.picture(view, tile, cohort_tiles.describe(tile))
    st.caption(f"{pair.kind.capitalize()}, the second to the first: {pair.how}.")


def _short(file: str) -> str:
    return file.rsplit("/", 1)[-1]
