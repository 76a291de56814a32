"""The one place where text leaves for the browser: what is not `Markdown` is shown as it is.

Streamlit draws almost every text that it is given as Markdown: labels, options, captions, errors,
helps. A name from a file or a link would turn into a link, a picture that the browser fetches, a
formula. Nobody can remember to escape each of some 300 texts, so Streamlit itself is taught to.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from osteo_ui.markdown import escape

_LABEL = ("label", "help")
# What Streamlit 1.67 draws as Markdown: of which element, which arguments.
MARKDOWN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("markdown", "caption", "title", "header", "subheader"), ("body", "help")),
    **dict.fromkeys(("info", "success", "warning", "error"), ("body", "title")),
    "toast": ("body",),
    **dict.fromkeys(("button", "download_button", "link_button", "form_submit_button"), _LABEL),
    **dict.fromkeys(("page_link", "popover", "badge", "checkbox", "toggle"), _LABEL),
    **dict.fromkeys(("text_input", "text_area", "number_input", "file_uploader"), _LABEL),
    **dict.fromkeys(("slider", "selectbox", "multiselect", "color_picker"), _LABEL),
    **dict.fromkeys(("date_input", "time_input", "datetime_input"), _LABEL),
    **dict.fromkeys(("audio_input", "camera_input"), _LABEL),
    **dict.fromkeys(("segmented_control", "pills", "menu_button", "select_slider"), _LABEL),
    "radio": (*_LABEL, "captions"),
    **dict.fromkeys(("expander", "status"), ("label",)),
    "metric": (*_LABEL, "value", "delta", "delta_description"),
    **dict.fromkeys(("progress", "spinner"), ("text",)),
    "image": ("caption",),
    "tabs": ("tabs", "default"),
    "table": ("data",),
    **dict.fromkeys(("text", "latex"), ("help",)),
}
# Whose options are as well; those of select boxes are plain.
OPTIONS = frozenset({"radio", "pills", "segmented_control", "menu_button", "select_slider"})


def install() -> None:
    """Teach Streamlit to show plain strings letter by letter; once in a process."""
    if getattr(DeltaGenerator.markdown, "osteo", False):
        return
    main = st.markdown.__self__  # type: ignore[attr-defined]
    for name in MARKDOWN:
        setattr(DeltaGenerator, name, _taught(getattr(DeltaGenerator, name), name))
        setattr(st, name, getattr(main, name))


def _taught(draw: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a method of Streamlit that escapes what it is given as Markdown."""
    places = {argument: i for i, argument in enumerate(inspect.signature(draw).parameters)}

    @functools.wraps(draw)
    def taught(*args: Any, **kwargs: Any) -> Any:
        given = list(args)
        for argument in MARKDOWN[name]:
            if argument in kwargs:
                kwargs[argument] = plain(kwargs[argument])
            elif places.get(argument, len(given)) < len(given):
                given[places[argument]] = plain(given[places[argument]])
        if name in OPTIONS:
            told = kwargs.get("format_func") or str
            kwargs["format_func"] = lambda option: plain(told(option))
        return draw(*given, **kwargs)

    taught.osteo = True  # type: ignore[attr-defined]
    return taught


def plain(value: Any) -> Any:
    """Escape a text, or each of a list's or table's; numbers and pictures are left alone."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Exception):
        return escape(str(value))
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if hasattr(value, "rename_axis"):  # a table; pandas takes its time to import
        told = value.map(plain).rename(index=plain, columns=plain)
        return told.rename_axis(index=plain(value.index.name), columns=plain(value.columns.name))
    return value
