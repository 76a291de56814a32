"""The grid as files: one picture, all maps, all numbers."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from osteo_core import pictures
from osteo_core.heatmap import PNG_KEY
from osteo_core.text import cell
from osteo_ui import drawn, grid_views, heat_badges, saving
from osteo_ui.grid_cells import Found
from osteo_ui.grid_controls import View
from osteo_ui.sources import Shown

_SIDE, _GAP, _HEAD, _LINE = 320, 12, 34, 22  # px


def picture(view: View, grid: Sequence[Sequence[Found]], item: Shown) -> bytes:
    """Return the grid as one PNG with how each map was made in its text."""
    rows, columns = len(grid), len(view.columns)
    left = 150
    width = left + columns * (_SIDE + _GAP)
    height = _HEAD + rows * (_SIDE + _LINE + _GAP)
    sheet = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=15)
    shared = grid_views.ends([one for row in grid for one in row])
    for x, column in enumerate(view.columns):
        pen.text((left + x * (_SIDE + _GAP), 8), column.title, fill="black", font=font)
    for y, row in enumerate(grid):
        top = _HEAD + y * (_SIDE + _LINE + _GAP)
        pen.text((8, top), view.methods[y].title, fill="black", font=font)
        for x, one in enumerate(row):
            corner = left + x * (_SIDE + _GAP), top
            sheet.paste(_cell(view, one, item, shared), corner)
            pen.text((corner[0], top + _SIDE + 3), _word(one), fill="black", font=font)
    metas = [_meta(one) for row in grid for one in row if one.heat is not None]
    told = {"grid": metas, "scale": view.scale, "tile_sha256": item.tile.sha256}
    return pictures.png(np.asarray(sheet), text={PNG_KEY: json.dumps(told, sort_keys=True)})


def _cell(view: View, one: Found, item: Shown, shared: grid_views.Ends) -> Image.Image:
    """Return a map, fitted into a square."""
    if one.heat is None:
        png = drawn.tile_png(item.tile, _SIDE)
    else:
        empty = bool(one.heat.empty_reason)
        high = 0.0 if empty else grid_views.high_of(one.heat, view.scale, shared)
        faded, colours = heat_badges.demoted(one.grade), view.colours_of(one.cell.method)
        png = drawn.heat_thumbnail(one.heat, item.tile, colours, high, faded, _SIDE)
    square = Image.new("RGB", (_SIDE, _SIDE), "white")
    square.paste(Image.open(io.BytesIO(png)).convert("RGB"))
    return square


def _word(one: Found) -> str:
    if one.heat is None:
        return "no map" if one.problem else "not computed"
    return one.grade.badge.capitalize() if one.grade else "Not graded"


def _meta(one: Found) -> dict[str, Any]:
    assert one.heat is not None  # noqa: S101 - callers keep to maps that are there
    return {**one.heat.meta(), "grade": one.grade.meta() if one.grade else None}


def archive(view: View, grid: Sequence[Sequence[Found]], item: Shown) -> bytes:
    """Return every map as an .npz that `osteo explain --from` reads, and the numbers, as a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        for row in grid:
            for one in row:
                if one.heat is not None:
                    heat = one.heat
                    parts = (heat.bundle, heat.method, heat.layer, heat.target, heat.against or "")
                    name = saving.file_stem(*parts)
                    data = pictures.float_download(heat.values, heat.meta())
                    packed.writestr(f"{name}.npz", data)
        packed.writestr("numbers.csv", numbers(grid, item))
    return file.getvalue()


def numbers(grid: Sequence[Sequence[Found]], item: Shown) -> bytes:
    """Return one row a map: what it is, its grade, and every figure of that."""
    rows = [_row(one, item) for row in grid for one in row if one.heat is not None]
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writerow({name: cell(name) for name in names})
    writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _row(one: Found, item: Shown) -> dict[str, Any]:
    heat, grade = one.heat, one.grade
    assert heat is not None  # noqa: S101 - callers keep to maps that are there
    row: dict[str, Any] = {
        "tile": item.entry.title,
        "tile_sha256": heat.tile_sha256,
        "network": heat.bundle,
        "method": heat.method,
        "layer": heat.layer,
        "class": heat.target,
        "rather_than": heat.against or "",
        "logit": heat.target_logit,
        "probability": heat.target_probability,
        "lowest": float(heat.values.min()),
        "highest": float(heat.values.max()),
        "values_sha256": heat.values_sha256,
        "badge": grade.badge if grade else "",
        "reason": heat.empty_reason or (grade.reason if grade else ""),
    }
    answers = {one.name: one.answer for one in grade.criteria} if grade else {}
    return {**row, **answers, **(dict(grade.figures) if grade else {})}
