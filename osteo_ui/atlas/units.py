"""The units of a layer: their maps in one mosaic, or their values as bars."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from osteo_ui import charts
from osteo_ui.atlas.mounting import mount, numbers, picture_url, whole

Pick = Callable[[int], None]


def maps(
    key: str,
    png: bytes,
    *,
    count: int,
    columns: int,
    cell: tuple[int, int],
    gap: int,
    values: Sequence[float] | npt.NDArray[np.floating],
    value_title: str,
    order: Sequence[int],
    selected: int | None,
    marked: Sequence[int] = (),
    labels: Sequence[str] | None = None,
    alt: str,
    on_pick: Pick | None,
    height: int | None = None,
) -> None:
    """Draw the maps of a layer, any of which can be picked.

    Order and selection change nothing in the picture, which is sent once.

    Args:
        key: Unlike any other on the page, and the same from run to run.
        png: All maps by index, row by row, whatever the order on screen.
        count: How many maps the picture holds.
        columns: Maps in a row of the picture; on screen as many stand in a row as there is room.
        cell: Width and height of a map in the picture, px.
        gap: Between maps in the picture, px.
        values: (count,) told of each map when it is pointed at.
        value_title: What these are, as in "maximum".
        order: Which maps are shown, and in which order.
        selected: The map that is marked; None for none.
        marked: Maps with a bookmark.
        labels: (count,) names in place of the index.
        alt: What the picture shows.
        on_pick: Called with a map's index when it is picked; None where maps are only looked at.
        height: Greatest height on screen, px; what is taller scrolls. By default 560.
    """
    data = {
        "url": picture_url(png, key),
        "count": count,
        "columns": columns,
        "cell": list(cell),
        "gap": gap,
        "values": numbers(values),
        "height": height or 560,
        **_told(count, value_title, order, selected, marked, labels, alt),
    }
    mount("maps", key, data, _index_of(count, on_pick))


def bars(
    key: str,
    series: Mapping[str, Sequence[float] | npt.NDArray[np.floating]],
    *,
    order: Sequence[int] | npt.NDArray[np.intp],
    selected: int | None,
    marked: Sequence[int] = (),
    value_title: str,
    rank_title: str = "Rank",
    alt: str,
    on_pick: Pick | None,
    height: int = 320,
    file: str = "units",
) -> None:
    """Draw values of units from left to right: bars, or a marker a series where there are several.

    Args:
        key: Unlike any other on the page, and the same from run to run.
        series: (units,) values by name, all of the same length; up to six look unlike.
        order: Which units are shown, from left to right.
        selected: The unit that is marked; None for none.
        marked: Units with a bookmark.
        value_title: What the values are.
        rank_title: What the places along the axis are when units do not stand by index.
        alt: What the chart shows.
        on_pick: Called with a unit's index when it is picked; None where units are only looked at.
        height: On screen, px.
        file: Name, without suffix, of the PNG that a button saves.

    Raises:
        ValueError: No series, or series of unlike lengths.
    """
    lengths = {len(values) for values in series.values()}
    if len(lengths) != 1:
        shapes = {name: len(values) for name, values in series.items()}
        raise ValueError(f"Expected one series or more, of one length. Received: {shapes}.")
    count = lengths.pop()
    data = {
        "series": [{"name": n, "values": numbers(v)} for n, v in series.items()],
        "colours": list(charts.COLOURS),
        "onDark": list(charts.ON_DARK),
        "file": f"{file}.png",
        "rankTitle": rank_title,
        "height": height,
        **_told(count, value_title, order, selected, marked, None, alt),
    }
    mount("bars", key, data, _index_of(count, on_pick))


def _told(
    count: int,
    value_title: str,
    order: Sequence[int] | npt.NDArray[np.intp],
    selected: int | None,
    marked: Sequence[int],
    labels: Sequence[str] | None,
    alt: str,
) -> dict[str, Any]:
    units = [int(unit) for unit in order]
    if not all(0 <= unit < count for unit in units):
        raise ValueError(f"Expected units of 0..{count - 1}. Received: {units[:8]}.")
    return {
        "order": None if units == list(range(count)) else units,  # by index is not worth a list
        "count": count,
        "selected": selected,
        "marked": [int(unit) for unit in marked],
        "labels": list(labels) if labels is not None else None,
        "valueTitle": value_title,
        "alt": alt,
    }


def _index_of(count: int, on_pick: Pick | None) -> Callable[[Any], None] | None:
    if on_pick is None:
        return None

    def pick(value: Any) -> None:
        index = whole(value, count)
        if index is not None:
            on_pick(index)

    return pick
