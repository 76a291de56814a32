"""Text in Plotly's figures, which reads all of it as a kind of HTML: here it is shown as it is.

Every text of a figure is escaped as the figure is drawn. A new line stays one, ``bold`` is bold;
templates of hovers are written by us alone and take names from the data: ``%{fullData.name}``,
``%{meta[0]}``.
"""

import re
from typing import Any

import numpy as np

from osteo_core.text import visible

_BOLD = "\ue000", "\ue001"  # stand for tags until the text is escaped
_TAGS = {"\n": "<br>", _BOLD[0]: "<b>", _BOLD[1]: "</b>"}
# A template's place is escaped too, and a dollar sign, between two of which stands a formula.
_SPECIAL = re.compile("[&<>$]|%(?={)|[\n\ue000\ue001]")
TEMPLATES = ("hovertemplate", "texttemplate")


def bold(text: str) -> str:
    """Return text of a figure in bold."""
    return text.join(_BOLD)


def shown(text: str) -> str:
    """Return Plotly's markup for a text, seen letter by letter."""
    return _SPECIAL.sub(lambda found: _TAGS.get(found[0], f"&#{ord(found[0])};"), visible(text))


def escaped(part: Any, name: str = "") -> Any:
    """Escape all text in a part of a figure's specification; templates are left alone.

    Args:
        part: A dictionary, list, array, text or number.
        name: Of the attribute, which tells templates from text.
    """
    if isinstance(part, str):
        return part if name in TEMPLATES else shown(part)
    if isinstance(part, dict):
        return {key: escaped(value, key) for key, value in part.items()}
    if isinstance(part, np.ndarray):
        return part if part.dtype.kind in "biuf" else escaped(part.tolist(), name)
    if isinstance(part, list | tuple):
        return [escaped(value, name) for value in part]
    return part


def named(data: list[dict[str, Any]], layout: dict[str, Any]) -> None:
    """Make axes along which names stand axes of names: Plotly takes "0" and "1" for numbers."""
    for trace in data:
        for axis in "xy":
            values = trace.get(axis)
            if isinstance(values, list) and any(isinstance(value, str) for value in values):
                number = str(trace.get(f"{axis}axis") or axis)[1:]
                layout.setdefault(f"{axis}axis{number}", {}).setdefault("type", "category")
