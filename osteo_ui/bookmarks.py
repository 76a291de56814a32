"""Bookmarked units: a button to mark one, and the list that travels in the link."""

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from osteo_core.errors import OsteoError
from osteo_core.explain.card_table import Row, card_row, unit_row
from osteo_core.units import Unit
from osteo_ui import find_data, layers, saving, services, sources, state
from osteo_ui.find_data import Known
from osteo_ui.selection import MAX_MARKS
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine

FULL = f"{MAX_MARKS} units are bookmarked, the most a link can carry: remove one to add another."
_PASTED = "bookmarks.pasted"
_SAID = "osteo.bookmarks.said"
_RUNNING = "osteo.bookmarks.running"
_LIST = "bookmarks.list"


def marked() -> tuple[Unit, ...]:
    """Return the bookmarked units, in the order in which they were marked."""
    return tuple(map(Unit.parse, state.selection().marks))


def toggle_button(unit: Unit) -> None:
    """Draw the button that bookmarks a unit, or forgets it. Once a page."""
    marks = state.selection().marks
    on = str(unit) in marks
    full = not on and len(marks) >= MAX_MARKS
    st.button(
        "Bookmarked" if on else "Bookmark",
        key="bookmark.toggle",
        icon=":material/bookmark:" if on else ":material/bookmark_add:",
        on_click=toggle,
        args=(unit,),
        disabled=full,
        help=FULL if full else "Forget this unit" if on else "Keep this unit in the link",
        width="content",
    )


def toggle(unit: Unit) -> None:
    """Bookmark a unit, or forget it. For callbacks."""
    marks = state.selection().marks
    if str(unit) in marks:
        state.update(marks=tuple(mark for mark in marks if mark != str(unit)))
    elif len(marks) < MAX_MARKS:
        state.update(marks=(*marks, str(unit)))


def panel(engine: "Engine") -> None:
    """Draw the bookmarked units, what can be done with them, and their figures as a file."""
    st.subheader("Bookmarks", anchor="bookmarks")
    st.text_input(
        "Add units",
        key=_PASTED,
        placeholder="block5_conv4:17, fc1:3",
        on_change=_take_pasted,
        args=(engine,),
        help="Layer and number, as many as you like, with commas or spaces between them",
    )
    for sentence in st.session_state.pop(_SAID, ()):
        st.warning(sentence)
    units = marked()
    if not units:
        st.caption("None yet. Bookmark a unit above or on its card; the link carries the list.")
        return
    bundle = services.bundle(engine.name)
    found = find_data.try_known(bundle)[0] if bundle else None
    here = tuple(unit for unit in units if _is_here(engine, unit))
    _list(engine, units, here, found)
    _buttons(units)
    if here:
        _file(engine, here, found)


def _take_pasted(engine: "Engine") -> None:
    text = st.session_state[_PASTED]
    units, sentences = read_units(text, engine)
    marks = tuple(dict.fromkeys((*state.selection().marks, *map(str, units))))
    if len(marks) > MAX_MARKS:
        sentences.append(f"{FULL} {len(marks) - MAX_MARKS} were not added.")
    state.update(marks=marks[:MAX_MARKS])
    st.session_state[_SAID] = sentences
    if not sentences:
        st.session_state[_PASTED] = ""


def read_units(text: str, engine: "Engine") -> tuple[list[Unit], list[str]]:
    """Read units that somebody typed.

    Returns:
        The units that the network has, and a sentence on each of the first five other words.
    """
    units, sentences = [], []
    for word in re.split(r"[\s,;]+", text.strip()):
        try:
            if word:
                units.append(engine.check_unit(Unit.parse(word.strip("`\"'"))))
        except OsteoError as error:
            sentences.append(str(error))
    return units, sentences[:5]


def _is_here(engine: "Engine", unit: Unit) -> bool:
    try:
        engine.check_unit(unit)
    except OsteoError:
        return False
    return True


def _list(
    engine: "Engine", units: tuple[Unit, ...], here: tuple[Unit, ...], found: Known | None
) -> None:
    import pandas as pd

    key = f"{_LIST}.{len(units)}"  # a list that has changed starts without a ticked row
    rows = [_line(unit, unit in here, found) for unit in units]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height=300 if len(rows) > 8 else "auto",
        key=key,
        on_select=partial(_take_row, key, units),
        selection_mode="single-row",
        column_config={
            title: st.column_config.NumberColumn(format="%.3f")
            for title in rows[0]
            if title.startswith("AUC")
        },
        placeholder="–",
        alt=f"Bookmarked units: {', '.join(map(str, units[:8]))}",
    )
    said = [f"{len(units)} of at most {MAX_MARKS}; the link carries them. Select one to go there."]
    if len(here) < len(units):
        said.append(f"{len(units) - len(here)} are not units of {engine.name}.")
    if found is not None:
        said.append(f"AUC of each class against the rest, from {found.tiles}.")
    st.caption(" ".join(said))


def _line(unit: Unit, is_here: bool, found: Known | None) -> dict[str, Any]:
    line: dict[str, Any] = {"Layer": unit.layer, "Unit": unit.index}
    if found is not None:
        figures = found.summary.figures(unit) if is_here else None
        for i, name in enumerate(found.summary.classes):
            line[f"AUC, {name}"] = float(figures.selectivity[i]) if figures else None
        line["Dead"] = figures.dead if figures else None
    return line


def _take_row(key: str, units: tuple[Unit, ...]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows and rows[0] < len(units):
        state.update(layer=units[rows[0]].layer, unit=units[rows[0]].index)


def _buttons(units: tuple[Unit, ...]) -> None:
    now = state.selection()
    chosen = Unit(now.layer, now.unit) if now.unit >= 0 else None
    with st.container(horizontal=True, vertical_alignment="center"):
        if chosen in units:
            st.page_link("pages/unit.py", label=f"Card of {chosen}", icon=":material/adjust:")
            st.button(
                f"Remove {chosen}",
                key="bookmarks.remove",
                icon=":material/bookmark_remove:",
                on_click=toggle,
                args=(chosen,),
                type="tertiary",
            )
        st.button(
            "Remove all",
            key="bookmarks.clear",
            icon=":material/delete:",
            on_click=state.update,
            kwargs={"marks": ()},
            type="tertiary",
        )


def _file(engine: "Engine", units: tuple[Unit, ...], found: Known | None) -> None:
    """Offer the cards' figures as a file; where that takes readings, on request."""
    shown = [item for item in sources.shown(state.selection()) if item.tile is not None]
    wanted = [(item, unit) for item in shown for unit in units]
    missing = [(item, unit) for item, unit in wanted if unit not in _rows(engine, item)]
    if missing and not _work_out(engine, missing):
        return
    summary = found.summary if found else None
    known = [(unit, _rows(engine, item)[unit]) for item, unit in wanted]
    known = known or [(unit, {}) for unit in units]
    rows = [row | unit_row(engine.name, unit, summary) for unit, row in known]
    name = f"{saving.file_stem(engine.name, 'bookmarks')}.csv"
    on = f" on {len(shown)} tile{'s' * (len(shown) > 1)}" if shown else ""
    help_text = f"The figures of {len(units)} units{on}"
    saving.download("CSV", partial(_csv, rows), name, "text/csv", help_text)
    st.caption(
        "The file has for each unit, on each tile on view: its maximum, where that lies, its mean "
        "and the share of the map above zero; its contribution to each class and its rank; and "
        "what the training tiles say of it, where they are summed up."
    )


def _csv(rows: list[Row]) -> bytes:
    import pandas as pd

    table = pd.DataFrame(rows)
    places = {name: "Int64" for name in ("row", "column") if name in table}  # neurons have none
    return saving.csv(table.astype(places))


def _rows(engine: "Engine", item: Shown) -> dict[Unit, Row]:
    """What has been worked out of units on a tile; shared by all sessions, added to as it comes."""
    return _rows_of(engine.digest, item.tile.sha256, state.selection().target)


@st.cache_resource(max_entries=64, show_spinner=False)
def _rows_of(digest: str, sha256: str, target: str) -> dict[Unit, Row]:
    return {}


def _work_out(engine: "Engine", missing: list[tuple[Shown, Unit]]) -> bool:
    """Offer to work out what is missing; while it runs, draw progress. Says whether all is done."""
    idle, busy = st.empty(), st.empty()
    running = (engine.digest, state.selection().tiles)
    if st.session_state.get(_RUNNING) != running:
        tiles = len({item.tile.sha256 for item, _ in missing})
        words = f"Work out the figures on {tiles} tile{'s' * (tiles > 1)}, for a CSV"
        idle.button(words, key="bookmarks.start", on_click=_run, args=(running,))
        return False
    with busy.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=f"0 of {len(missing)} cards")
        st.button("Stop", key="bookmarks.stop", on_click=_run, args=(None,))
    for done, (item, unit) in enumerate(missing, 1):
        _add(engine, item, unit)
        bar.progress(done / len(missing), text=f"{done} of {len(missing)} cards")
    _run(None)
    busy.empty()
    return True


def _add(engine: "Engine", item: Shown, unit: Unit) -> None:
    from osteo_core.explain.cards import unit_card

    reading = services.reading(engine, item.tile)
    target = layers.target_of(reading, state.selection().target)
    _rows(engine, item)[unit] = card_row(unit_card(reading, unit, target, partners=0), reading)


def _run(running: tuple[Any, ...] | None) -> None:
    st.session_state[_RUNNING] = running
