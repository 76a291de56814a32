"""The upper part of the unit page: the tile with what the unit sees, its figures, its place."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from osteo_core import pictures
from osteo_core.units import Unit
from osteo_ui import (
    atlas,
    drawn,
    layer_atlas,
    layers,
    saving,
    services,
    state,
    unit_choice,
    unit_rows,
    unit_services,
    widgets,
)
from osteo_ui import unit_words as words
from osteo_ui.markdown import md
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.explain.cards import UnitCard
    from osteo_core.explain.fields import EffectiveField
    from osteo_core.explain.places import PlaceUnit, PlaceUnits
    from osteo_core.reading import Reading

Box = tuple[float, float, float, float]  # left, top, right, bottom in shares of the tile
_STEPS = 1000  # of a place in a link


def picked_place() -> tuple[float, float] | None:
    """Return the place of the selection, x and y in 0..1 of the tile; None for none."""
    text = state.selection().place
    if not text:
        return None
    x, y = (int(part) / _STEPS for part in text.split(","))
    return x, y


def _take_place(x: float, y: float) -> None:
    state.update(place=f"{round(x * _STEPS)},{round(y * _STEPS)}")


def read(engine: "Engine", item: Shown, layer: str) -> "Reading":
    """Return a tile's reading, with all that the cards of a layer need made ready."""
    what = "Preparing the units on this tile"
    if not services.has_reading(engine, item.tile):
        with widgets.computing("Reading the tile"):
            services.reading(engine, item.tile)
    reading = services.reading(engine, item.tile)
    # A spinner shows only when it lasts: of a prepared tile, all this is a look-up.
    waiting = st.spinner(f"{what}…", show_time=True)
    with waiting if reading.units_prepared else widgets.computing(what):
        unit_services.prepare(reading, layer)
    return reading


def tile(
    item: Shown,
    n_tiles: int,
    reading: "Reading",
    card: "UnitCard",
    field: "EffectiveField | None",
) -> None:
    """Draw the tile, the unit's map over it, what it sees, and the place that was picked.

    Args:
        item: The tile.
        n_tiles: How many are on view; the card is of the first.
        reading: Of the tile.
        card: Of the unit.
        field: Its effective field, if it is known by now.
    """
    colours, opacity = state.selection().heat_colours, state.selection().opacity / 100
    overlay = None
    if card.map is not None and np.ptp(card.map):
        overlay = unit_services.map_png(reading, card.unit, card.map, colours)
    atlas.tile(
        "unit.tile",
        drawn.tile_png(item.tile),
        size=(item.tile.width, item.tile.height),
        overlay=overlay,
        opacity=opacity,
        place=picked_place() or _centre(card),
        boxes=_boxes(reading, card, field),
        alt=words.tile_alt(item.entry.title, card),
        on_place=_take_place,
    )
    if overlay is not None:
        widgets.legend(colours, *layers.limits(card.map))
        widgets.opacity()
    others = f" It is the first of {n_tiles} tiles on view." if n_tiles > 1 else ""
    st.caption(md("{}.{}", widgets.tile_caption(item), others))
    st.caption(words.field(card, field, reading.engine.input_size))
    _downloads(item, reading, card, field)


def _downloads(
    item: Shown, reading: "Reading", card: "UnitCard", field: "EffectiveField | None"
) -> None:
    unit, stem = card.unit, saving.tile_stem(item, str(card.unit))
    meta = {"bundle_digest": reading.engine_digest, "tile_sha256": reading.tile_sha256}
    meta |= {"unit": str(unit)}
    with st.container(horizontal=True, gap="small"):
        if card.map is not None:
            s = state.selection()
            png = partial(
                drawn.map_overlay_png,
                *(reading, item.tile, unit.layer, unit.index, s.heat_colours, s.opacity / 100),
            )
            saving.download("PNG", png, f"{stem}.png", "image/png", "The map over the tile")
            values = partial(pictures.float_download, card.map, meta)
            saving.download("Values", values, f"{stem}.npz", saving.NPZ, saving.NPZ_HELP)
        else:
            png = drawn.tile_png(item.tile)
            saving.download("PNG", png, f"{stem}.png", "image/png", "The tile")
        if field is not None and field.box is not None:
            values = partial(
                pictures.float_download, field.magnitude, {**meta, "of": "size of the gradient"}
            )
            name = f"{stem}.field.npz"
            note = "Size of the gradient of this activation at each input pixel (NumPy .npz)"
            saving.download("Effective field", values, name, saving.NPZ, note)


def _centre(card: "UnitCard") -> tuple[float, float] | None:
    """The middle of the unit's strongest place, shares of width and height."""
    if card.place is None or card.map is None:
        return None
    (row, column), (height, width) = card.place, card.map.shape
    return (column + 0.5) / width, (row + 0.5) / height


def _boxes(
    reading: "Reading", card: "UnitCard", field: "EffectiveField | None"
) -> Sequence[atlas.Box]:
    boxes = []
    height, width = reading.engine.input_size
    textbook = textbook_box(card, (height, width))
    if textbook is not None:
        size = words.size(card.layer.receptive_field)
        boxes.append(atlas.Box(*textbook, f"textbook {size} px", "dashed"))
    if field is not None and field.box is not None:
        top, left, bottom, right = field.box
        box = (left / width, top / height, right / width, bottom / height)
        boxes.append(atlas.Box(*box, f"effective {words.size(field.size)} px"))
    return boxes


def textbook_box(card: "UnitCard", size: tuple[int, int]) -> Box | None:
    """Return what the strongest place could see at most, cut at the tile's edges.

    Args:
        card: Of the unit.
        size: Height and width of the network's input, px.

    Returns:
        Shares of the tile; None where the unit has no place or sees everything.
    """
    centre, field = _centre(card), card.layer.receptive_field
    if centre is None or field is None:
        return None
    half_wide, half_tall = field[1] / size[1] / 2, field[0] / size[0] / 2
    x, y = centre
    box = x - half_wide, y - half_tall, x + half_wide, y + half_tall
    left, top, right, bottom = (min(1.0, max(0.0, share)) for share in box)
    return left, top, right, bottom


def figures(card: "UnitCard") -> None:
    """Draw the unit's own figures on this tile."""
    st.subheader(md("`{}`", card.unit), anchor=False)
    st.caption(words.kind(card))
    if card.silent:
        st.info(words.silent(card), icon=":material/notifications_off:")
    st.markdown(words.figures(card))


def classes(card: "UnitCard") -> None:
    """Draw what the unit adds to the score of each class; picking one makes it the class."""
    st.markdown(md("**What it adds to each class's score**"))
    rows = [
        unit_rows.Row(name, float(v), words.signed(v), strong=name == card.target)
        for name, v in zip(card.classes, card.contributions, strict=True)
    ]
    unit_rows.draw(
        "unit.classes",
        rows,
        alt=f"Contribution of {card.unit} to the logit of each class",
        on_pick=lambda i: state.update(target=card.classes[i]),
    )
    st.caption(words.CONTRIBUTION)


def ranking(reading: "Reading", card: "UnitCard") -> None:
    """Draw the contributions of the whole layer; picking a bar shows that unit."""
    layer, index = card.unit.layer, card.classes.index(card.target)
    every = reading.contributions_by_class(layer)[:, index]
    order = np.argsort(-every, kind="stable")
    st.markdown(
        md("**All {} units of the layer, by what they add to {}**", card.n_units, card.target)
    )
    atlas.bars(
        "unit.ranking",
        {"contribution": every},
        order=order,
        selected=card.unit.index,
        marked=layer_atlas.marked(layer, card.n_units),
        value_title="Contribution",
        rank_title=f"Rank for {card.target}",
        alt=words.ranking_alt(card, every),
        on_pick=layer_atlas.picker(layer),
        height=170,
    )
    stem = saving.file_stem(layer, card.target, "contributions", reading.tile_sha256[:12])
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        csv = partial(_ranking_csv, card.classes, reading.contributions_by_class(layer), order)
        saving.download("CSV", csv, f"{stem}.csv", "text/csv", "All units as a table")
    if not every.any():
        st.caption(md("No unit of `{}` adds anything to {} on this tile.", layer, card.target))


def _ranking_csv(names: Sequence[str], values: np.ndarray, order: np.ndarray) -> bytes:
    import pandas as pd

    frame = pd.DataFrame(values, columns=list(names)).rename_axis("unit").iloc[order]
    return saving.csv(frame, index=True)


def units_there(reading: "Reading", card: "UnitCard") -> None:
    """Draw the units that fire at the place that was picked, strongest first."""
    place = picked_place()
    if place is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(md("**Units at this place**"), width="content")
        forget = {"on_click": state.update, "kwargs": {"place": ""}}
        st.button("Forget the place", key="unit.forget", type="tertiary", **forget)
    if card.map is None and reading.engine.no_maps:
        st.caption("There is no layer with maps, so no unit fires at a place.")
        return
    # Neurons have no places: those of the last convolution are shown instead.
    layer = card.unit.layer if card.map is not None else reading.engine.default_layer
    with st.spinner("Looking for the units that fire there…", show_time=True):
        here: PlaceUnits = unit_services.units_at(reading, layer, place, card.target).get()
    rows = [_row_there(one, card) for one in here.units]
    unit_rows.draw(
        "unit.there",
        rows,
        alt=f"Units of {layer} that fire at the place, strongest first",
        on_pick=lambda i: unit_choice.go(here.units[i].unit),
    )
    st.caption(words.units_there(layer, here, card))


def _row_there(one: "PlaceUnit", card: "UnitCard") -> unit_rows.Row:
    share = f"{one.share:+.2%} of {card.target}"
    own = one.unit == card.unit
    return unit_rows.Row(str(one.unit), one.value, words.number(one.value), share, own)


def partners(card: "UnitCard") -> None:
    """Draw the units in front that drive this one, and those behind that it drives."""
    grid = st.grid(2, min_column_width=300, gap="large")
    sides = (
        ("before", "Units in front that make it", card.partners_before),
        ("after", "Units behind that it makes", card.partners_after),
    )
    for side, title, found in sides:
        with grid.cell():
            st.markdown(md("**{}**", title))
            if found.reason:
                st.caption(found.reason)
                continue
            units = [one.unit for one in found]
            unit_rows.draw(
                f"unit.{side}",
                [unit_rows.Row(_name(p.unit), p.value, words.signed(p.value)) for p in found],
                alt=f"{title}: {card.unit}",
                on_pick=partial(_go_to, units),
            )
            st.caption(words.partners(card, side, found))


def _name(unit: Unit) -> str:
    return f"input, channel {unit.index}" if unit.layer == "input" else str(unit)


def _go_to(units: Sequence[Unit], index: int) -> None:
    if units[index].layer != "input":  # a colour of the tile has no card
        unit_choice.go(units[index])
