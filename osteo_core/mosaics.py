"""All feature maps of a layer as one picture, and the way back from a pixel to its unit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from osteo_core import colours
from osteo_core.colours import Floats, Pixels

MOSAIC_WIDTH = 2400  # px; what a browser still takes lightly
GAP_COLOUR = 96  # no end of any colour map


@dataclass(frozen=True, eq=False)
class MosaicPicture:
    """A grid of maps, row by row.

    Attributes:
        pixels: uint8 RGB (height, width, 3).
        columns: Cells in a row.
        rows: Rows of cells; the last may be part empty.
        cell_height: Of a cell without its gap, px.
        cell_width: Of a cell without its gap, px.
        gap: Between cells, px.
        order: The unit in each cell.
        limits: Raw values at the ends of the colour map, None when each map has its own.
    """

    pixels: Pixels
    columns: int
    rows: int
    cell_height: int
    cell_width: int
    gap: int
    order: tuple[int, ...]
    limits: tuple[float, float] | None

    def unit_at(self, x: float, y: float) -> int | None:
        """Return the unit whose map covers pixel (x, y); None in a gap, a blank or outside."""
        column, x_in = divmod(int(x // 1), self.cell_width + self.gap)
        row, y_in = divmod(int(y // 1), self.cell_height + self.gap)
        inside = 0 <= column < self.columns and 0 <= row < self.rows
        place = row * self.columns + column
        if not inside or x_in >= self.cell_width or y_in >= self.cell_height:
            return None
        return self.order[place] if place < len(self.order) else None

    def corner_of(self, unit: int) -> tuple[int, int]:
        """Return (x, y) of the upper left pixel of a unit's cell."""
        row, column = divmod(self.order.index(unit), self.columns)
        return column * (self.cell_width + self.gap), row * (self.cell_height + self.gap)


def mosaic(
    maps: NDArray[np.floating],
    *,
    order: Sequence[int] | None = None,
    columns: int | None = None,
    gap: int = 1,
    scale: Literal["map", "layer"] = "map",
    colour_map: str = "grey",
    cell: int | None = None,
    cell_max: int | None = None,
    low: float | None = None,
    high: float | None = None,
) -> MosaicPicture:
    """Draw feature maps side by side.

    With a diverging colour map raw 0 has the middle colour; otherwise least to greatest is drawn.

    Args:
        maps: Raw activations (h, w, n).
        order: Units to draw, in this order; all of them by default.
        columns: Cells in a row; by default about as many as make the picture square, rather a few
            more where that fills the last row.
        gap: Between cells, px.
        scale: "map" stretches every map by itself; "layer" all alike, by the limits of all n maps
            whichever are drawn.
        colour_map: A name in `colours.COLOUR_MAPS`.
        cell: Smaller maps are enlarged, every value to a square of whole px, until the shorter
            side has this many.
        cell_max: Larger maps are averaged down until the longer side has this many px; by default
            what keeps the picture within 2400 px of width.
        low: With scale="layer", raw value at the colour map's lower end, for a common scale of
            several tiles.
        high: The same for the upper end.

    Raises:
        ValueError: No maps, or a unit that is not there.
    """
    if maps.ndim != 3 or 0 in maps.shape:
        raise ValueError(f"Expected maps (height, width, n); Received: shape {maps.shape}.")
    units = tuple(range(maps.shape[2])) if order is None else tuple(int(unit) for unit in order)
    if not units or not all(0 <= unit < maps.shape[2] for unit in units):
        raise ValueError(f"Expected units of 0..{maps.shape[2] - 1}; Received: {units}.")
    columns = min(columns or _columns(len(units), *maps.shape[:2]), len(units))
    drawn = np.ascontiguousarray(np.moveaxis(maps, 2, 0)[list(units)], np.float32)  # (n, h, w)
    how, ends = colours.natural_scaling(colour_map), None
    if scale == "map":
        unit_maps = colours.scale_each(drawn, how)
    else:
        own = colours.limits(maps, how)
        ends = own[0] if low is None else low, own[1] if high is None else high
        unit_maps = colours.scale(drawn, how, *ends)
    room = (MOSAIC_WIDTH + gap) // columns - gap
    cells = _fit(unit_maps, cell or 1, max(1, room if cell_max is None else cell_max))
    pixels = colours.paint(_lay_out(cells, columns, gap), colour_map)
    height, width = cells.shape[1:]
    rows = math.ceil(len(units) / columns)
    _paint_gaps(pixels, (height, width), gap, len(units) - (rows - 1) * columns)
    return MosaicPicture(pixels, columns, rows, height, width, gap, units, ends)


def _columns(n: int, height: int, width: int) -> int:
    """Return the columns of a squarish grid: the next divisor of n, if it is near."""
    square = min(n, math.ceil(math.sqrt(n * height / width)))
    near = range(square, min(n, 2 * square) + 1)
    return next((columns for columns in near if n % columns == 0), square)


def _fit(unit_maps: Floats, least: int, most: int) -> Pixels:
    """Bring maps (n, h, w) of 0..1 to their size in px, as levels of 0..255."""
    height, width = unit_maps.shape[1:]
    if max(height, width) > most:
        shrink = most / max(height, width)
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        areas = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in unit_maps]
        unit_maps = np.stack(areas)
    levels = np.rint(unit_maps * 255).astype(np.uint8)
    times = math.ceil(least / min(levels.shape[1:]))
    return levels.repeat(times, axis=1).repeat(times, axis=2)


def _lay_out(cells: Pixels, columns: int, gap: int) -> Pixels:
    """(n, h, w) -> one picture of levels, gaps and blanks 0."""
    n, height, width = cells.shape
    rows = math.ceil(n / columns)
    padded = np.pad(cells, ((0, rows * columns - n), (0, gap), (0, gap)))
    grid = padded.reshape(rows, columns, height + gap, width + gap).swapaxes(1, 2)
    picture = grid.reshape(rows * (height + gap), columns * (width + gap))
    return picture[: picture.shape[0] - gap, : picture.shape[1] - gap]


def _paint_gaps(pixels: Pixels, cell: tuple[int, int], gap: int, in_last_row: int) -> None:
    height, width = cell[0] + gap, cell[1] + gap
    pixels[np.arange(pixels.shape[0]) % height >= cell[0]] = GAP_COLOUR
    pixels[:, np.arange(pixels.shape[1]) % width >= cell[1]] = GAP_COLOUR
    pixels[-cell[0] :, in_last_row * width :] = GAP_COLOUR
