"""Page 6: which regions of a tile carry a class score, and how far each map can be trusted."""

import streamlit as st

from osteo_ui import (
    heat_asked,
    heat_controls,
    heat_grades,
    heat_layers,
    heat_masks,
    heat_services,
    heat_views,
    heat_words,
    services,
    state,
    widgets,
)

state.require_app()

st.caption("Where in the tile the evidence for a class lies, and how far to trust that.")
bundle = widgets.require_bundle()
shown = widgets.require_tiles()
slots = heat_views.slots(shown)
engine = widgets.open_engine(bundle)

with slots.controls:
    view = heat_controls.draw(engine, len(shown) > 1)

with slots.note, widgets.computing(f"Computing {view.method.title}", height=40):
    readings = [services.reading(engine, item.tile) for item in shown]
    found = heat_asked.maps(engine, shown, readings, view)
with slots.note:
    heat_asked.follow(engine, view, found)

settings, masks = view.grading, [heat_masks.mask_of(item) for item in shown]
grade_keys = [
    heat_services.grade_key(heat, settings, mask) if heat else ""
    for heat, mask in zip(found.heats, masks, strict=True)
]
heat_asked.only([*found.keys, *grade_keys])
grades = [heat_grades.known(key) for key in grade_keys]
for place, item, reading, heat, high, grade, mask in zip(
    slots.tiles,
    shown,
    readings,
    found.heats,
    heat_views.highs(found.heats, view.scale),
    grades,
    masks,
    strict=True,
):
    with place.container():
        if heat is None:
            heat_views.not_yet(item, view.method)
        else:
            drawing = view.colours, view.opacity, high
            heat_views.draw(bundle, item, reading, heat, *drawing, grade, mask)
explained = found.questions[0]
slots.note.caption(
    heat_words.explanation(engine, view.method, view.layer, explained.against, view.scale)
)

heat_services.seconds(engine, 1)  # measured before grading keeps the computer busy
came = False  # a grade, since its map was drawn
for place, item, heat, question, grade, mask in zip(
    slots.grades, shown, found.heats, found.questions, grades, masks, strict=True
):
    with place:
        if heat is not None:
            alone = len(shown) == 1
            now = heat_grades.draw(engine, item, heat, question, settings, mask, alone)
            came |= now is not grade

heat_masks.draw(shown)
heat_layers.draw(engine, shown[0], explained, view)
if came:
    state.rerun()
