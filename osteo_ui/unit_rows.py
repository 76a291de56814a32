"""Named values in a list, each with a bar; a row can be picked, with the mouse or the keyboard."""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, NamedTuple

from osteo_ui.atlas.mounting import mount, whole


class Row(NamedTuple):
    """One line.

    Attributes:
        name: What is valued.
        value: Length and side of the bar.
        text: The value in words.
        note: More in words; "" for none.
        strong: Drawn in bold.
    """

    name: str
    value: float
    text: str
    note: str = ""
    strong: bool = False


def draw(
    key: str,
    rows: Sequence[Row],
    *,
    alt: str,
    on_pick: Callable[[int], None] | None = None,
    most: float = 0.0,
) -> None:
    """Draw the list.

    Args:
        key: Unlike any other on the page, and the same from run to run.
        rows: From top to bottom.
        alt: What the list is.
        on_pick: Called with a row's number, from 0; None where rows are only looked at.
        most: What a full bar stands for at least; the greatest value, if that is more.
    """

    def hear(value: Any) -> None:
        index = whole(value, len(rows))
        if index is not None and on_pick is not None:
            on_pick(index)

    lines = [row._asdict() | {"value": row.value if isfinite(row.value) else 0} for row in rows]
    data = {"rows": lines, "alt": alt, "most": most}
    mount("rows", key, data, hear if on_pick else None)
