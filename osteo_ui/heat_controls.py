"""The controls above the heat maps: what is asked, and how it is drawn and graded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from osteo_core.explain import INPUT, Method, Parameter, Question, methods
from osteo_ui import heat_services, heat_words, layers, state, widgets
from osteo_ui.markdown import md
from osteo_ui.selection import BASELINES, DIVERGING, SEQUENTIAL

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.grades import GradeSettings
    from osteo_core.reading import Reading

DEFAULT = "gradcam"
_CAM_LAYER = "osteo.heat.layer"  # what to come back to from a method that was at the input
_BASELINES = {"blur": "Tile blurred", "mean": "Mean colour", "white": "White"}


@dataclass(frozen=True)
class View:
    """What the page shows.

    Attributes:
        method: How maps are made.
        layer: Of what; a layer with maps, or `INPUT`.
        target: The class; "" for each tile's predicted one.
        versus: The class that it is held against; "" for none.
        parameters: A value for every setting of the method.
        colours: Colour map.
        opacity: 0..1.
        scale: "tile" or "shared".
        baseline: Of the grades' curves.
    """

    method: Method
    layer: str
    target: str
    versus: str
    parameters: Mapping[str, Any]
    colours: str
    opacity: float
    scale: str
    baseline: str

    def question(self, reading: "Reading") -> Question:
        """What is asked of one tile's reading; a class is not held against itself."""
        target = layers.target_of(reading, self.target)
        against = self.versus if self.versus in reading.classes and self.versus != target else None
        return Question(self.layer, target, against, self.parameters)

    @property
    def grading(self) -> "GradeSettings":
        """How the maps are graded."""
        from osteo_core.grades import GradeSettings

        return GradeSettings(baseline=self.baseline)  # type: ignore[arg-type]


def draw(engine: "Engine", several: bool) -> View:
    """Draw the controls.

    Args:
        engine: The network.
        several: Whether more than one tile is on view.
    """
    first = st.grid(2, min_column_width=260, gap="small")
    with first.cell():
        method = _choose_method(engine)
    with first.cell():
        layer = _choose_layer(engine, method)
    with first.cell():
        target = widgets.choose_class("Class", engine.classes)
    with first.cell():
        versus = choose_versus(engine)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        opacity = widgets.opacity()
        colours = _choose_colours(method)
        scale = "tile"
        if several:
            names = {"tile": "Each tile", "shared": "All tiles"}
            scale = widgets.segments("Scale", "heat_scale", names)
        parameters = _choose_settings(method)
        baseline = choose_grading()
    return View(method, layer, target, versus, parameters, colours, opacity, scale, baseline)


def chosen(engine: "Engine") -> Method:
    """Return the method on view; a link may name one that there is not, or not here."""
    known = offered(engine)
    return known.get(state.selection().method, known.get(DEFAULT) or next(iter(known.values())))


def offered(engine: "Engine") -> dict[str, Method]:
    """Return the methods that can be asked of a network, by name."""
    return {name: method for name, method in methods().items() if method.offered(engine)}


def _choose_method(engine: "Engine") -> Method:
    known, now = offered(engine), chosen(engine)
    if engine.no_maps:
        st.info(md("{}", engine.no_maps), icon=":material/info:")
    elif state.selection().method not in known:
        st.caption(f"No such method as {state.selection().method}: {now.title} is shown instead.")
    told = {name: _passes(engine, method) for name, method in known.items()}
    key = widgets.key_of("method")
    widgets.told(
        st.selectbox,
        "Method",
        key,
        now.name,
        list(known),
        format_func=lambda name: heat_words.label(known[name], told[name]),
        on_change=_take_method,
        args=(engine, key),
    )
    return now


def _passes(engine: "Engine", method: Method) -> float:
    """What a method takes, at the layer on view where it can be, in forward passes."""
    parameters = heat_services.settings_of(method, state.selection().method_settings)
    question = Question(_layer_of(engine, method), engine.classes[0], None, parameters)
    return method.cost(engine, question)


def _take_method(engine: "Engine", key: str) -> None:
    """Change the method. One that can be asked about the input starts there."""
    st.session_state[key] = heat_words.method_of(st.session_state[key])
    if state.is_echo(key):
        return
    old, new, layer = chosen(engine), methods()[st.session_state[key]], state.selection().layer
    if new.at_input and not old.at_input:
        st.session_state[_CAM_LAYER] = layer
        layer = ""
    elif old.at_input and not new.at_input and layer in ("", INPUT):
        layer = st.session_state.get(_CAM_LAYER, "")
    state.update(method=new.name, layer=layer)


def _names(engine: "Engine", method: Method) -> list[str]:
    return list(method.layers(engine))


def _layer_of(engine: "Engine", method: Method) -> str:
    wanted = state.selection().layer
    return wanted if wanted in _names(engine, method) else method.default_layer(engine)


def _choose_layer(engine: "Engine", method: Method) -> str:
    names = _names(engine, method)
    label = "Layer, or the input" if method.at_input else "Layer"
    return widgets.choose_layer(label, "layer", engine, names, method.default_layer(engine))


def choose_versus(engine: "Engine") -> str:
    """Draw the choice of the class that the class is held against; "" stands for none."""
    versus = state.selection().versus
    if versus and versus not in engine.classes:
        st.caption(f"This network has no class {versus}: the class alone is explained.")
    return str(
        widgets.choose(
            "Rather than",
            "versus",
            ["", *engine.classes],
            format_func=lambda name: name or "The class alone",
            help="Why the one class rather than the other: explains the difference of their "
            "logits.",
        )
    )


def _choose_colours(method: Method) -> str:
    field, options = (
        ("signed_colours", DIVERGING) if method.signed else ("heat_colours", SEQUENTIAL)
    )
    return str(widgets.choose("Colours", field, options, width=160))


def _choose_settings(method: Method) -> dict[str, Any]:
    """Draw the settings of a method in a popover; return a value for each."""
    now = heat_services.settings_of(method, state.selection().method_settings)
    changed = any(now[p.name] != p.default for p in method.parameters)
    label = "Settings, changed" if changed else "Settings"
    none = f"{method.title} has no settings." if not method.parameters else None
    with st.popover(label, icon=":material/tune:", disabled=bool(none), help=none):
        st.markdown(md("**{}**", method.title))
        for parameter in method.parameters:
            _setting(method, parameter, now[parameter.name])
        if changed:
            st.button(
                "Back to the defaults", on_click=_forget, args=(method,), type="tertiary",
                icon=":material/restart_alt:",
            )  # fmt: skip
    return now


def _setting(method: Method, parameter: Parameter, value: Any) -> None:
    key = f"set.{method.name}.{parameter.name}"
    take: dict[str, Any] = {"on_change": _take_setting, "args": (method, parameter, key)}
    take["help"] = parameter.help or None
    if parameter.choices:
        widgets.told(st.selectbox, parameter.title, key, value, list(parameter.choices), **take)
        return
    kind = type(parameter.default)
    limits: dict[str, Any] = {"min_value": kind(parameter.low)}
    if parameter.high != float("inf"):
        limits["max_value"] = kind(parameter.high)
    limits["step"] = 1 if kind is int else 0.05
    widgets.told(st.number_input, parameter.title, key, value, **limits, **take)


def _take_setting(method: Method, parameter: Parameter, key: str) -> None:
    value = st.session_state.get(key)
    if value is None or state.is_echo(key):
        return
    name = f"{method.name}.{parameter.name}"
    others = [t for t in state.selection().method_settings if t.partition(":")[0] != name]
    new = [] if value == parameter.default else [f"{name}:{value}"]
    state.update(method_settings=(*others, *new))


def _forget(method: Method) -> None:
    kept = state.selection().method_settings
    others = tuple(text for text in kept if not text.startswith(f"{method.name}."))
    state.update(method_settings=others)


def choose_grading() -> str:
    """Draw how grades are made, in a popover; return the baseline of the curves."""
    from osteo_core.grades import RULE

    with st.popover("Grades", icon=":material/verified:"):
        names = {name: _BASELINES[name] for name in BASELINES}
        baseline = widgets.segments("What the curves put in the tile's place", "baseline", names)
        st.caption("The order of methods depends on it: compare grades of one baseline only.")
        st.markdown(md("**When a map passes**"))
        st.markdown(RULE)
    return str(baseline)
