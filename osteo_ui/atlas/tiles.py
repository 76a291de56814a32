"""A tile whose places can be picked, and a row of tiles of which one can be."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from osteo_ui.atlas.mounting import mount, picture_url, share, whole


class Box(NamedTuple):
    """A frame on a tile, in shares of its width and height.

    Attributes:
        left: 0..1.
        top: 0..1.
        right: 0..1.
        bottom: 0..1.
        label: What it frames; written at its corner.
        style: Of its line.
    """

    left: float
    top: float
    right: float
    bottom: float
    label: str = ""
    style: Literal["solid", "dashed"] = "solid"


def tile(
    key: str,
    png: bytes,
    *,
    size: tuple[int, int],
    overlay: bytes | None = None,
    opacity: float = 1.0,
    place: tuple[float, float] | None = None,
    boxes: Sequence[Box] = (),
    alt: str,
    on_place: Callable[[float, float], None] | None,
    width: int = 768,
) -> None:
    """Draw a tile, with what lies over it; a click or Enter picks a place in it.

    Args:
        key: Unlike any other on the page, and the same from run to run.
        png: The tile.
        size: Its width and height, px; gives the shape.
        overlay: A picture of any size, stretched over the tile.
        opacity: Of the overlay, 0..1; changing it sends no picture.
        place: The place that is marked, shares of width and height; None for none.
        boxes: Frames.
        alt: What the picture shows.
        on_place: Called with x and y, 0..1 of width and height, when a place is picked; None
            where the tile is only looked at.
        width: Greatest width on screen, px.
    """
    data = {
        "url": picture_url(png, key),
        "overlay": picture_url(overlay, f"{key}.overlay") if overlay else None,
        "opacity": opacity,
        "size": list(size),
        "place": list(place) if place else None,
        "boxes": [box._asdict() for box in boxes],
        "alt": alt,
        "width": width,
    }
    mount("tile", key, data, _place_of(on_place))


def _place_of(on_place: Callable[[float, float], None] | None) -> Callable[[Any], None] | None:
    if on_place is None:
        return None

    def pick(value: Any) -> None:
        sent = value if isinstance(value, Mapping) else {}
        x, y = share(sent.get("x")), share(sent.get("y"))
        if x is not None and y is not None:
            on_place(x, y)

    return pick


def strip(
    key: str,
    png: bytes,
    *,
    count: int,
    cell: tuple[int, int],
    captions: Sequence[str],
    selected: int | None = None,
    alt: str,
    on_pick: Callable[[int], None] | None,
    columns: int | None = None,
    gap: int = 0,
    side: int = 120,
) -> None:
    """Draw tiles in a row that wraps, each with a caption; a click or Enter picks one.

    Args:
        key: Unlike any other on the page, and the same from run to run.
        png: All tiles in one picture, row by row.
        count: How many.
        cell: Width and height of a tile in the picture, px.
        captions: (count,), plain text; a line break begins a quieter second line.
        selected: The tile that is marked; None for none.
        alt: What the tiles are.
        on_pick: Called with a tile's number, from 0; None where tiles are only looked at.
        columns: Tiles in a row of the picture; by default all of them.
        gap: Between tiles in the picture, px.
        side: Longer side of a tile on screen, px.
    """
    data = {
        "url": picture_url(png, key),
        "count": count,
        "columns": columns or count,
        "cell": list(cell),
        "gap": gap,
        "side": side,
        "captions": list(captions),
        "selected": selected,
        "alt": alt,
    }

    def pick(value: Any) -> None:
        index = whole(value, count)
        if index is not None and on_pick is not None:
            on_pick(index)

    mount("strip", key, data, pick if on_pick else None)
