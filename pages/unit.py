"""Page 4: the card of one unit, and from it to its tiles, its class, its partners and back."""

import streamlit as st

from osteo_ui import (
    stale,
    state,
    unit_changes,
    unit_choice,
    unit_late,
    unit_maps,
    unit_panels,
    unit_services,
    unit_spread,
    unit_tiles,
    unit_views,
    widgets,
)
from osteo_ui.markdown import md

state.require_app()

st.caption("One unit of the network: what it sees, what it adds to each class, what drives it.")
bundle = widgets.require_bundle()
shown = widgets.require_tiles()
engine = widgets.open_engine(bundle)
item = shown[0]
if not engine.unit_layers:
    st.info("This network has no convolution and no fully connected layer.")
    st.stop()


def frame() -> tuple:
    """What the sidebar shows; when it changes, the whole page is drawn again."""
    now = state.selection()
    return now.models, now.tiles, now.source, now.cohort


FRAME = frame()


@st.fragment
def card_of_unit() -> None:
    """Draw everything about the unit; a click within runs only this."""
    if frame() != FRAME:
        state.rerun()
    with stale.hidden_in_fragment():
        draw_card()


def draw_card() -> None:
    """Draw the card."""
    finish_choice = unit_choice.draw(engine)
    reading = unit_views.read(engine, item, unit_choice.layer_of(engine))
    unit, notice = unit_choice.resolve(engine, reading)
    state.write_url_in_fragment()
    finish_choice(unit)
    if notice:
        st.warning(notice, icon=":material/info:")
    target = unit_choice.target_of(reading)
    card = unit_services.card(reading, unit, target)
    field = unit_services.field(reading, unit)
    known = field.get() if field.known else None

    sides = st.grid(2, min_column_width=340, gap="large")
    with sides.cell():
        unit_views.tile(item, len(shown), reading, card, known)
        there = st.container()
    with sides.cell():
        unit_views.figures(card)
        unit_views.classes(card)
        unit_views.ranking(reading, card)

    st.divider()
    st.subheader("Over many tiles", anchor=False)
    widgets.segments("By", "best", {"maximum": "Maximum", "mean": "Mean"}, width=220)
    unit_spread.draw(bundle, card)
    st.markdown(md("**Tiles that drive it most**"))
    tiles = st.container()

    st.divider()
    st.subheader(f"All units of {unit.layer}", anchor=False)
    unit_maps.draw(item, reading, card)

    st.divider()
    panel = widgets.segments("Ask more", "panel", unit_choice.PANELS)
    if panel == "partners":
        unit_views.partners(card)
    with there:
        unit_views.units_there(reading, card)
    with tiles:
        unit_tiles.draw(bundle, card, known, engine.input_size, item.tile.sha256)
    if panel == "off":
        unit_changes.draw(bundle, reading, card)
    unit_late.follow(field)
    if panel in ("scan", "dream"):
        unit_panels.slow(panel, bundle, engine, reading, card)
    state.leave()


card_of_unit()
