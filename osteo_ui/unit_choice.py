"""Which unit is looked at: its layer, its number, the class, and the keys that change them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from osteo_core.units import Unit
from osteo_ui import atlas, bookmarks, layers, state, widgets
from osteo_ui import unit_words as words
from osteo_ui.markdown import md

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading

PANELS = {
    "partners": "Partners",
    "off": "Switch off",
    "scan": "Scan",
    "dream": "Dream",
}
_BINDINGS = {
    "ArrowLeft": "unit-before",
    "ArrowRight": "unit-after",
    "[": "layer-before",
    ",": "layer-before",
    "]": "layer-after",
    ".": "layer-after",
    "m": "mark",
    **{str(number): panel for number, panel in enumerate(PANELS, 1)},
}
_HELP = (
    ("← →", "Unit before, unit after"),
    ("[ ,", "Layer before"),
    ("] .", "Layer after"),
    ("m", "Bookmark the unit, or forget it"),
    ("1 2 3 4", "Partners, switch off, scan, dream"),
    ("Tab Enter", "Go to a picture or a list; pick in it"),
    ("?", "This list"),
)


def layer_of(engine: "Engine") -> str:
    """Return the layer of the selection, or the last convolution if this network lacks it."""
    wanted = state.selection().layer
    if wanted in engine.unit_layers:
        return wanted
    return engine.default_layer if engine.conv_layers else engine.unit_layers[0]


def resolve(engine: "Engine", reading: "Reading") -> tuple[Unit, str]:
    """Return the unit to show, and a sentence where the link asks for one that is not there.

    Args:
        engine: The network.
        reading: The tile, read; where no unit is chosen, the layer's strongest on it is shown.
    """
    layer, wanted = layer_of(engine), state.selection().unit
    last = engine.layer(layer).n_units - 1
    if wanted < 0:
        unit = strongest(reading, layer)
        if state.selection().layer in ("", layer):
            state.settle(layer=layer, unit=unit)  # the link is to lead to this very unit
        return Unit(layer, unit), ""
    if wanted > last:
        sentence = md(
            "`{}` has units 0 to {}, not {}: unit {} is shown.", layer, last, wanted, last
        )
        return Unit(layer, last), sentence
    return Unit(layer, wanted), ""


def target_of(reading: "Reading") -> str:
    """Return the class that is looked at: the chosen one, else the predicted one."""
    return layers.target_of(reading, state.selection().target)


def strongest(reading: "Reading", layer: str) -> int:
    """Return the unit of the greatest mean on a tile, as the filters page does."""
    values = reading.activation(layer)
    if values.ndim == 3:
        return int(layers.rank(reading, layer, "mean")[0])
    return int(np.argmax(values))


def draw(engine: "Engine") -> Callable[[Unit], None]:
    """Draw the choices of layer and class.

    Returns:
        What draws the rest of the row once the unit is known.
    """
    layer = layer_of(engine)
    wanted = state.selection().layer
    if wanted and wanted != layer:
        st.caption(f"{engine.name} has no such layer as {wanted}: {layer} is shown instead.")
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        widgets.told(
            st.selectbox,
            "Layer",
            widgets.key_of("layer"),
            layer,
            list(engine.unit_layers),
            format_func=lambda name: f"{name}: {words.size(engine.layer(name).shape)}",
            on_change=_take_layer,
            width=270,
        )
        number = st.container(width=150)
        widgets.choose_class("Class", engine.classes, width=170)
        buttons = st.container(horizontal=True, width="content", vertical_alignment="bottom")

    def rest(unit: Unit) -> None:
        with number:
            last = engine.layer(unit.layer).n_units - 1
            widgets.told(
                st.number_input,
                f"Unit, 0 to {last}",
                widgets.key_of("unit"),
                unit.index,
                min_value=0,
                max_value=last,
                step=1,
                on_change=_take_unit,
                args=(unit.layer,),
            )
        with buttons:
            bookmarks.toggle_button(unit)
            atlas.keys("unit.keys", _BINDINGS, _HELP, lambda action: act(engine, action))

    return rest


def _take_layer() -> None:
    key = widgets.key_of("layer")
    if not state.is_echo(key):
        state.update(layer=st.session_state[key], unit=-1)


def _take_unit(layer: str) -> None:
    key = widgets.key_of("unit")
    index = st.session_state.get(key)
    if index is not None and not state.is_echo(key):  # None: an emptied field
        state.update(layer=layer, unit=int(index))


def go(unit: Unit) -> None:
    """Show another unit. For callbacks."""
    state.update(layer=unit.layer, unit=unit.index)


def act(engine: "Engine", action: str) -> None:
    """Do what a key says. For callbacks; may be called several times in one."""
    if action in PANELS:
        state.update(panel=action)
    elif action == "mark":
        bookmarks.toggle(_now(engine))
    elif action.startswith("unit"):
        unit, step = _now(engine), _step(action)
        count = engine.layer(unit.layer).n_units
        state.update(layer=unit.layer, unit=(unit.index + step) % count)
    else:
        names = engine.unit_layers
        place = names.index(layer_of(engine)) + _step(action)
        if 0 <= place < len(names):
            state.update(layer=names[place], unit=-1)


def _step(action: str) -> int:
    return 1 if action.endswith("after") else -1


def _now(engine: "Engine") -> Unit:
    layer = layer_of(engine)
    last = engine.layer(layer).n_units - 1
    return Unit(layer, min(max(state.selection().unit, 0), last))
