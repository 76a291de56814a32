"""Widgets tied to the selection, and the few blocks that every page repeats."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.ensemble_bundles import EnsembleBundle
from osteo_core.errors import OsteoError
from osteo_core.explain import INPUT
from osteo_ui import drawn, services, sources, state, words
from osteo_ui.markdown import md

if TYPE_CHECKING:
    from osteo_core.engine import Engine

PREDICTED = ""  # as a target: the class predicted for each tile


def key_of(field: str) -> str:
    """Return the widget key of a field of the selection."""
    return f"widget.{field}"


def bound(
    widget: Callable[..., Any], label: str, field: str, value: Any, *args: Any, **options: Any
) -> Any:
    """Draw a widget whose value is a field of the selection.

    Args:
        widget: For example ``st.selectbox``.
        label: Its label.
        field: Name of the field.
        value: What to show now; one of the options where there are any.
        *args: Passed on after the label, for example the options.
        **options: Passed on.

    Returns:
        The widget's value.
    """
    key = key_of(field)
    take = {"on_change": state.take, "args": (field, key)}
    return told(widget, label, key, value, *args, **take, **options)


def told(
    widget: Callable[..., Any], label: str, key: str, value: Any, *args: Any, **options: Any
) -> Any:
    """Draw a widget that shows a value, however late the browser gets to draw it.

    The value goes to the browser twice. What ``state.put`` sets goes once, with the run that sets
    it, and takes the place of what a widget on the screen shows. But the browser fetches the
    code of a kind of widget when it first needs it, and on a slow line, or where it had to connect
    again, the next run may come before the widget is there. It then starts from what that run
    says, and an empty start would be sent back as if the user had emptied it. So each run also
    gives the value as the widget's own start. Streamlit logs a warning of values given twice for
    those that differ; ours do not, and `.streamlit/config.toml` turns it off.

    Args:
        widget: For example ``st.selectbox``.
        label: Its label.
        key: Its key.
        value: What to show now; one of the options where there are any.
        *args: Passed on after the label, for example the options.
        **options: Passed on.

    Returns:
        The widget's value.
    """
    state.put(key, value)
    if widget == st.selectbox:
        start = {"index": list(args[0]).index(value)}
    elif widget in (st.multiselect, st.segmented_control):
        start = {"default": value}
    else:
        start = {"value": value}
    return widget(label, *args, key=key, **start, **options)


def choose(label: str, field: str, options: Sequence[Any], **extra: Any) -> Any:
    """Draw a select box for a field of the selection; an unknown value falls back to the first.

    That is said, unless the first stands for a choice left open, "".
    """
    now, first = getattr(state.selection(), field), options[0]
    if now and now not in options and first:
        shown = extra.get("format_func", str)(first)
        st.caption(f"The view asks for {now}, which is not offered here: {shown} is shown instead.")
    return bound(st.selectbox, label, field, now if now in options else first, options, **extra)


def segments(label: str, field: str, names: dict[Any, str], **extra: Any) -> Any:
    """Draw a segmented control for a field of the selection; ``names`` are value to words."""
    now = getattr(state.selection(), field)
    value = now if now in names else next(iter(names))
    return bound(
        st.segmented_control,
        label,
        field,
        value,
        list(names),
        format_func=names.get,
        required=True,
        **extra,
    )


def choose_class(label: str, classes: Sequence[str], **extra: Any) -> str:
    """Draw the choice of the class that is explained; "" stands for each tile's predicted class."""
    target = state.selection().target
    if target and target not in classes:
        st.caption(f"This network has no class {target}: the predicted class is shown instead.")
    return choose(
        label,
        "target",
        [PREDICTED, *classes],
        format_func=lambda name: name or "Predicted class",
        **extra,
    )


def choose_layer(
    label: str, field: str, engine: "Engine", names: Sequence[str], default: str
) -> str:
    """Draw the choice of a layer, in the network's order, with what each one is.

    Another page may have chosen a layer that this network has but this page does not offer; that
    is nothing to complain of.
    """
    wanted = getattr(state.selection(), field)
    if wanted and wanted not in {INPUT, *(info.name for info in engine.layers)}:
        st.caption(f"{engine.name} has no such layer as {wanted}: {default} is shown instead.")
    value, key = wanted if wanted in names else default, key_of(field)
    return told(
        st.selectbox,
        label,
        key,
        value,
        list(names),
        on_change=_take_layer,
        args=(field, key, wanted in names),
        format_func=lambda name: describe_layer(engine, name),
        width="stretch",
    )


def _take_layer(field: str, key: str, among_these: bool) -> None:
    state.take(field, key)
    if not among_these:  # the unit was one of a layer of another kind
        state.update(unit=-1)


def describe_layer(engine: "Engine", name: str) -> str:
    """Return a layer in a line: name, size of its maps, what one value sees of the input."""
    if name == INPUT:
        return f"Input: {engine.input_size[0]} × {engine.input_size[1]} px"
    info = engine.layer(name)
    size = " × ".join(str(n) for n in info.shape)
    field = info.receptive_field
    sees = f", sees {field[0]} × {field[1]} px" if field and len(info.shape) > 1 else ""
    return f"{name}: {size}{sees}"


def require_bundle() -> Bundle:
    """Return the network on view, or say that there is none and stop the page."""
    names = state.selection().models
    found = services.bundle(names[0]) if names else None
    if found is None:
        st.info(
            md(
                "No trained network was found. Put one into `models/`, or train one with "
                "`osteo train`."
            ),
            icon=":material/deployed_code:",
        )
        st.stop()
    return found


def require_tiles() -> list[sources.Shown]:
    """Return the chosen tiles that could be decoded; say what is wrong with the others."""
    everything = sources.shown(state.selection())
    for item in everything:
        if item.tile is None:
            st.warning(item.problem, icon=":material/image_not_supported:")
    found = [item for item in everything if item.tile is not None]
    if not found:
        if not everything:
            st.info("Choose a tile in the sidebar.", icon=":material/image_search:")
        st.stop()
    return found


@contextmanager
def computing(what: str, height: int = 220) -> Iterator[None]:
    """Hold the place of results while they are computed; an error becomes its sentence."""
    cold = not services.engine_is_warm()
    text = "Loading TensorFlow and the network (a few seconds, once)" if cold else what
    hold = st.empty()
    with hold.container():
        st.caption(md(":material/hourglass_empty: {}…", text))
        st.skeleton(height=height)
    try:
        yield
    except OsteoError as error:
        hold.error(str(error))
        st.stop()
    hold.empty()


def open_engine(bundle: Bundle) -> "Engine":
    """Return the engine of a bundle, with a placeholder while it is being opened.

    An ensemble has none: the page stops with its members to choose from.
    """
    if isinstance(bundle, EnsembleBundle):
        _offer_members(bundle)
    with computing("Opening the network"):
        return services.engine(bundle)


def require_maps(engine: "Engine") -> None:
    """Stop the page where the network has no layer with maps, and say what it has."""
    if engine.no_maps:
        st.info(md("{}", engine.no_maps), icon=":material/info:")
        st.stop()


def _offer_members(bundle: EnsembleBundle) -> None:
    st.info(
        md(
            "`{}` is an ensemble. Maps and units belong to one network: choose a member.",
            bundle.name,
        ),
        icon=":material/groups:",
    )
    with st.container(horizontal=True):
        for name in bundle.ensemble.members:
            others = tuple(m for m in state.selection().models[1:] if m != name)
            chosen = {"models": (name, *others)}
            st.button(name, key=f"member.{name}", on_click=state.update, kwargs=chosen)
    st.stop()


def side_by_side(shown: Sequence[sources.Shown]) -> list[Any]:
    """Return a place for each tile: in a row where there is room, else in two or more."""
    grid = st.grid(len(shown), min_column_width=160, gap="medium")
    return [grid.cell() for _ in shown]


def distinct_titles(shown: Sequence[sources.Shown]) -> list[str]:
    """Return a name for each tile, numbered where two share one."""
    titles: list[str] = []
    for item in shown:
        name = item.entry.title
        titles.append(f"{name} ({len(titles) + 1})" if name in titles else name)
    return titles


def opacity() -> float:
    """Draw the opacity of what lies over a tile; 0..1."""
    percent = bound(
        st.slider,
        "Opacity over the tile",
        "opacity",
        state.selection().opacity,
        min_value=0,
        max_value=100,
        step=5,
        format="%d %%",
        width=220,
    )
    return percent / 100


def legend(colours: str, low: float, high: float) -> None:
    """Draw the bar of a colour map between the raw values at its ends."""
    ends = words.number(low), words.number(high)
    alt = f"{colours}: {ends[0]} to {ends[1]}"
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        st.caption(ends[0], width="content")
        st.image(drawn.legend_png(colours), width="stretch", alt=alt)
        st.caption(ends[1], width="content")


def tile_caption(item: sources.Shown) -> str:
    """Return a tile in words: name, size, source, how it was decoded."""
    tile, entry = item.tile, item.entry
    parts = [entry.note, f"{tile.width} × {tile.height} px", *tile.decoding]
    return md("**{}**: ", entry.title) + ", ".join(part for part in parts if part)
