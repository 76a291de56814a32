"""Units switched off or held at other values: the probabilities before and after, at once."""

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from osteo_core.errors import ModelError, OsteoError
from osteo_core.units import Unit
from osteo_ui import (
    charts,
    saving,
    services,
    sources,
    state,
    unit_charts,
    unit_figures,
    unit_services,
    widgets,
)
from osteo_ui import unit_words as words
from osteo_ui.selection import MAX_OFF, TileRef, decode_tile

if TYPE_CHECKING:
    from osteo_core.bundles import Bundle
    from osteo_core.engine import Engine
    from osteo_core.explain.ablation import Effect
    from osteo_core.explain.cards import UnitCard
    from osteo_core.reading import Reading

INSTEAD = {"zero": "Zero", "mean": "The mean of a class", "tile": "Another tile's values"}
_HELD = {
    "zero": "Switching off",
    "mean": "Holding at the mean over {name} tiles",
    "tile": "Holding at the values of {name}",
}
_OFF, _DONOR = "unit.off", "unit.donor"  # keys of widgets
Values = dict[str, npt.NDArray[np.float32]]


def draw(bundle: "Bundle", reading: "Reading", card: "UnitCard") -> None:
    """Draw the choice of units and what they are held at, and what that does."""
    units = _choose_units(reading.engine, card.unit)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        instead = widgets.segments("Held at", "instead", INSTEAD)
        try:
            values, name = _values(bundle, reading, units, instead)
        except OsteoError as error:
            st.warning(str(error))
            return
    if values is None and instead != "zero":
        return
    late = unit_services.effect(reading, units, values, (instead, name))
    try:
        with st.spinner("Working out what that does…", show_time=True):
            found: Effect = late.get()
    except ModelError as error:
        st.warning(str(error))
        return
    _show(reading, card, found, _HELD[instead].format(name=name))


def chosen(engine: "Engine", own: Unit) -> tuple[Unit, ...]:
    """Return the units of the list that this network has; the card's own where there are none."""
    found = []
    for text in state.selection().off:
        try:
            found.append(engine.check_unit(Unit.parse(text)))
        except ModelError:
            continue
    return tuple(found) or (own,)


def _choose_units(engine: "Engine", own: Unit) -> tuple[Unit, ...]:
    listed, marks = state.selection().off, state.selection().marks
    options = list(dict.fromkeys([*listed, str(own), *marks]))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        widgets.told(
            st.multiselect,
            "Units",
            _OFF,
            list(listed),
            options,
            accept_new_options=True,
            max_selections=MAX_OFF,
            on_change=_take_units,
            args=(engine, own.layer),
            placeholder=f"{own} alone; add others, as in block5_conv4:17, 40",
            help="Type addresses, or only numbers for units of the layer on view.",
            width=440,
        )
        for label, some in (("Add this unit", (str(own),)), ("Add the bookmarks", marks)):
            new = tuple(text for text in some if text not in listed)
            if new and len(listed) + len(new) <= MAX_OFF:
                st.button(
                    label,
                    key=f"unit.{label}",
                    on_click=state.update,
                    kwargs={"off": (*listed, *new)},
                )
        if listed:
            st.button("Clear", key="unit.off.clear", on_click=state.update, kwargs={"off": ()})
    lost = [text for text in listed if not _has(engine, text)]
    if lost:
        st.caption(f"{engine.name} has no {', '.join(lost)}: left out.")
    return chosen(engine, own)


def _has(engine: "Engine", text: str) -> bool:
    try:
        engine.check_unit(Unit.parse(text))
    except ModelError:
        return False
    return True


def _take_units(engine: "Engine", layer: str) -> None:
    if state.is_echo(_OFF):
        return
    known, texts = state.selection().off, st.session_state.get(_OFF) or []
    wanted: list[str] = []
    for text in texts:
        if text in known:
            wanted.append(text)
            continue
        units = addresses(text, layer)
        wanted += [unit for unit in units if _has(engine, unit)]
        if not units or not all(_has(engine, unit) for unit in units):
            st.toast(f"Expected units of this network, as in {layer}:17, 40. Received: {text[:60]}")
    state.update(off=tuple(dict.fromkeys(wanted))[:MAX_OFF])


def addresses(text: str, layer: str) -> list[str]:
    """Return the units that a text names; a number alone is of the layer named before it.

    Args:
        text: As in "block5_conv4:17, 40 fc1:3".
        layer: Whose units lone numbers are at first.

    Returns:
        Addresses, none where any part of the text is no unit.
    """
    found = []
    for part in re.split(r"[,;\s]+", text.strip()):
        name, colon, index = part.rpartition(":")
        layer = name if colon else layer
        if not (index.isascii() and index.isdigit() and layer):
            return []
        found.append(f"{layer}:{int(index[:6])}")
    return found


def _values(
    bundle: "Bundle", reading: "Reading", units: Sequence[Unit], instead: str
) -> tuple[Values | None, str]:
    """What the units of each layer are held at, None for zero, and the name of it."""
    names = tuple(dict.fromkeys(unit.layer for unit in units))
    if instead == "mean":
        return _class_means(bundle, names)
    if instead == "tile":
        return _donor_values(reading, names)
    return None, ""


def _class_means(bundle: "Bundle", names: tuple[str, ...]) -> tuple[Values | None, str]:
    summary, problem = unit_figures.summary(bundle)
    if summary is None:
        st.caption(problem or words.no_summary(bundle.name))
        return None, ""
    chosen_class = widgets.choose("Class", "mean_class", summary.classes, width=200)
    tables = {name: summary.table(name)[f"mean_{chosen_class}"] for name in names}
    means = {name: column.to_numpy(np.float32) for name, column in tables.items()}
    return means, chosen_class


def _donor_values(reading: "Reading", names: tuple[str, ...]) -> tuple[Values | None, str]:
    selection = state.selection()
    offered = [*selection.tiles[1:], *(e.ref for e in sources.entries("example"))]
    if selection.donor is not None:
        offered.insert(0, selection.donor)
    texts = list(dict.fromkeys(ref.encode() for ref in offered))
    titles = {text: _title(decode_tile(text)) for text in texts}
    now = selection.donor.encode() if selection.donor else texts[0]
    picked = widgets.told(
        st.selectbox,
        "Tile",
        _DONOR,
        now,
        texts,
        format_func=titles.get,
        on_change=_take_donor,
        width=280,
    )
    tile = sources.tile(decode_tile(picked), selection.cohort)
    with st.spinner("Reading that tile…", show_time=True):
        other = services.reading(reading.engine, tile)
        return {name: other.activation(name) for name in names}, titles[picked]


def _take_donor() -> None:
    if not state.is_echo(_DONOR):
        state.update(donor=decode_tile(st.session_state[_DONOR]))


def _title(ref: TileRef) -> str:
    try:
        return sources.entry(ref, state.selection().cohort).title
    except OsteoError:
        return f"{ref.name or ref.ident} (not here)"


def _show(reading: "Reading", card: "UnitCard", found: "Effect", held: str) -> None:
    units = [str(unit) for unit in found.units]
    listed = ", ".join(units[:6]) + (f" and {len(units) - 6} more" if len(units) > 6 else "")
    sentence = words.without(listed, card.target, found, reading.classes, held)
    st.markdown(sentence)
    name = saving.file_stem("off", *units[:3], reading.tile_sha256[:12])
    charts.show(unit_charts.effect(found, reading.classes), name, sentence)
    csv = partial(table, found, reading.classes)
    saving.download("CSV", csv, f"{name}.csv", "text/csv", "Before, after and every draw")
    st.caption(
        "Class probabilities; the network behind the units is run again, what stands in front is "
        f"kept. Circles: as many random other units of the same layers, seed {found.seed}."
    )


def table(found: "Effect", classes: Sequence[str]) -> bytes:
    """Return the probabilities before, after and for each draw as CSV."""
    rows = [("before", "", found.before), ("after", found.units, found.after)]
    draws = zip(found.control_units, found.control, strict=True)
    rows += [(f"control {k}", units, values) for k, (units, values) in enumerate(draws, 1)]
    frame = pd.DataFrame(
        [[what, " ".join(map(str, units)), *values] for what, units, values in rows],
        columns=["what", "units", *(f"p_{name}" for name in classes)],
    )
    return saving.csv(frame)
