"""The choices above the heat-map grid: rows, columns, class, scale, colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.explain import INPUT, Method
from osteo_ui import heat_controls, services, state, widgets
from osteo_ui.grid_cells import Column
from osteo_ui.markdown import md
from osteo_ui.selection import DIVERGING, MAX_COLUMNS, MAX_MODELS, MAX_ROWS, SEQUENTIAL

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.grades import GradeSettings

BY = {"classes": "Classes", "layers": "Layers", "models": "Networks"}
FIRST = ("gradcam", "gradcampp", "hirescam", "layercam", "eigencam")  # a few milliseconds each
N_LAYERS = 4  # at first


@dataclass(frozen=True)
class View:
    """What the page shows.

    Attributes:
        by: What the columns are.
        methods: The rows.
        columns: The columns.
        scale: "tile" for a scale of each map's own, or "shared".
        colours: Colour map of maps without sign.
        signed_colours: Colour map of signed maps.
        settings: How maps are graded.
    """

    by: str
    methods: tuple[Method, ...]
    columns: tuple[Column, ...]
    scale: str
    colours: str
    signed_colours: str
    settings: "GradeSettings"

    def colours_of(self, method: Method) -> str:
        """Return the colour map of a method's maps."""
        return self.signed_colours if method.signed else self.colours


def draw(engine: "Engine") -> View:
    """Draw the choices. Where nothing is chosen, the rows and columns of the start are shown."""
    by = widgets.segments("Columns", "grid_by", BY)
    rows = _choose_methods(engine)
    bundles, names = _choose_columns(engine, by)
    engines = _open(engine, bundles)
    columns = _columns(by, engines, names)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        scale = widgets.segments("Scale", "heat_scale", {"tile": "Each map", "shared": "Shared"})
        colours, signed = "viridis", DIVERGING[0]
        if not all(method.signed for method in rows):
            colours = widgets.choose("Colours", "heat_colours", SEQUENTIAL, width=140)
        if any(method.signed for method in rows):
            signed = widgets.choose("Signed maps", "signed_colours", DIVERGING, width=160)
        baseline = heat_controls.choose_grading()
    from osteo_core.grades import GradeSettings

    settings = GradeSettings(baseline=baseline)
    return View(by, rows, columns, scale, colours, signed, settings)


def _choose_methods(engine: "Engine") -> tuple[Method, ...]:
    known = heat_controls.offered(engine)
    if engine.no_maps:
        st.info(md("{}", engine.no_maps), icon=":material/info:")
    chosen = [name for name in state.selection().grid_methods if name in known]
    names = widgets.bound(
        st.multiselect,
        "Methods, one a row",
        "grid_methods",
        chosen or [name for name in FIRST if name in known] or list(known)[:3],
        list(known),
        format_func=lambda name: known[name].title,
        max_selections=MAX_ROWS,
        placeholder="Choose methods",
    )
    return tuple(known[name] for name in known if name in names)


def _choose_columns(engine: "Engine", by: str) -> tuple[list[Bundle], list[str]]:
    """Draw what the columns need; return the networks and the layers among them."""
    if by == "models":
        found, layers = _choose_networks(), [""]
    else:
        found, layers = [], _choose_layers(engine) if by == "layers" else [""]
    left, right = st.columns(2)
    if by == "classes" and engine.conv_layers:
        with left:
            widgets.choose_layer(
                "Layer of the CAMs", "layer", engine, engine.conv_layers, engine.default_layer
            )
    elif by != "classes":
        with left:
            widgets.choose_class("Class", engine.classes)
    with right:
        heat_controls.choose_versus(engine)
    return found, layers


def _choose_layers(engine: "Engine") -> list[str]:
    names = [INPUT, *engine.conv_layers]
    chosen = [name for name in state.selection().grid_layers if name in names]
    picked = widgets.bound(
        st.multiselect,
        "Layers, one a column",
        "grid_layers",
        chosen or first_layers(engine.conv_layers),
        names,
        format_func=lambda name: "The network's input" if name == INPUT else name,
        max_selections=MAX_COLUMNS,
        placeholder="Choose layers",
    )
    return [name for name in names if name in picked]


def first_layers(names: Sequence[str]) -> list[str]:
    """Return a few layers from the middle of the network to its end, evenly spaced."""
    later = list(names[len(names) // 4 :]) or list(names)
    n = min(N_LAYERS, len(later))
    steps = [-(-(i + 1) * len(later) // n) - 1 for i in range(n)]  # rounded up
    return [later[i] for i in steps]


def _choose_networks() -> list[Bundle]:
    found = services.bundles()
    titles = {bundle.name: bundle.card.title for bundle in found}
    names = widgets.bound(
        st.multiselect,
        "Networks, one a column",
        "models",
        list(state.selection().models),
        list(titles),
        format_func=titles.get,
        max_selections=MAX_MODELS,
        placeholder="Choose networks",
    )
    return [bundle for name in names for bundle in found if bundle.name == name]


def _open(engine: "Engine", bundles: Sequence[Bundle]) -> list["Engine"]:
    if not bundles:
        return [engine]
    with widgets.computing("Opening the networks", height=40):
        return [services.engine(bundle) for bundle in bundles]


def _columns(by: str, engines: Sequence["Engine"], layers: Sequence[str]) -> tuple[Column, ...]:
    now, engine = state.selection(), engines[0]
    if by == "classes":
        deep = now.layer if now.layer in engine.conv_layers else ""
        return tuple(
            Column(name, engine, "", deep, name, now.versus)
            for name in engine.classes
            if name != now.versus
        )
    if by == "layers":
        return tuple(
            Column("input" if name == INPUT else name, engine, name, "", now.target, now.versus)
            for name in layers
        )
    return tuple(Column(one.name, one, "", "", now.target, now.versus) for one in engines)
