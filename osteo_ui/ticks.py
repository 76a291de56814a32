"""Row and column numbers beside a mosaic, on a margin that lets the page's own ground through."""

import io
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from osteo_core.pictures import MosaicPicture

_INK = (128, 128, 128, 255)  # legible on white and on dark
_TEXT = 0.016  # height of a number as a share of the picture's width


def with_ticks(
    picture: MosaicPicture, by_index: bool, origin: Mapping[str, str] | None = None
) -> bytes:
    """Return a mosaic with the number of each row's first map, and of each column.

    Args:
        picture: The mosaic.
        by_index: Whether maps stand in order of index, so that the numbers are units from 0;
            otherwise they are ranks from 1.
        origin: Where it comes from, kept in the file as PNG text.

    Returns:
        PNG with transparent margins at the left and on top.
    """
    height, width = picture.pixels.shape[:2]
    size = max(10, round(width * _TEXT))
    font = ImageFont.load_default(size)
    start = 0 if by_index else 1
    rows = [str(start + row * picture.columns) for row in range(picture.rows)]
    left = round(max(font.getlength(text) for text in rows)) + size // 2
    top = size + size // 2
    canvas = Image.new("RGBA", (left + width, top + height), (0, 0, 0, 0))
    canvas.paste(Image.fromarray(picture.pixels), (left, top))
    pen = ImageDraw.Draw(canvas)
    step_y, step_x = picture.cell_height + picture.gap, picture.cell_width + picture.gap
    for row in _spaced(picture.rows, step_y, size):
        at = (left - size // 3, top + row * step_y + picture.cell_height // 2)
        pen.text(at, rows[row], fill=_INK, font=font, anchor="rm")
    for column in _spaced(picture.columns, step_x, 3 * size):
        at = (left + column * step_x + picture.cell_width // 2, top - size // 4)
        text = f"+{column}" if column else "0"
        if at[0] + font.getlength(text) / 2 <= canvas.width:
            pen.text(at, text, fill=_INK, font=font, anchor="mb")
    file = io.BytesIO()
    info = PngInfo()
    for key, value in (origin or {}).items():
        info.add_text(key, value)
    canvas.save(file, "PNG", pnginfo=info, compress_level=4)
    return file.getvalue()


def _spaced(count: int, step: int, room: int) -> range:
    """Return which of the rows or columns have room for a number: each, or every so many."""
    return range(0, count, max(1, int(np.ceil(room / step))))
