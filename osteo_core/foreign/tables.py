"""The one way a CSV file from anyone is read: every cell is text, and nothing is guessed.

A label `NA`, `None`, `01` or `True` is that text; a number is a number only in a column that is
asked for as one. What is not a table is refused in one sentence with a row for example.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from osteo_core.errors import FileError, TableError
from osteo_core.files import read_bytes, shown
from osteo_core.foreign.table_text import Rows, parse_rows

if TYPE_CHECKING:
    import pandas as pd

FILE_BYTES = 128 << 20
_NUMERALS = frozenset("0123456789+-.eE")
_ROW_SHOWN = 120  # characters of a row in a sentence


def read_table(
    source: str | os.PathLike[str] | bytes,
    *,
    columns: Sequence[str] = (),
    numbers: Sequence[str] = (),
    exact: Sequence[str] = (),
    sniff: bool = False,
    name: str = "",
) -> pd.DataFrame:
    """Read a CSV file whose first row names its columns.

    Args:
        source: A file, or its bytes.
        columns: Names of columns that must be there; others are read too.
        numbers: Those of them that hold numbers, each finite.
        exact: Those whose cells are left letter by letter, as paths on disk are.
        sniff: For tables that are not ours: UTF-16 and Windows-1252 beside UTF-8, semicolons, tabs
            and bars beside commas, decimal commas beside points, an index column in front.
        name: What to call it in a sentence; the file's name when not given.

    Returns:
        One row a row. Headers, and cells but for `exact`, are trimmed and in Unicode's NFC.
        Columns are text (an empty cell is ""), `numbers` float64. `attrs["notes"]` holds plain
        sentences on what was not UTF-8 with commas.

    Raises:
        TableError: It is no such table.
    """
    name = name or _name(source)
    wanted = {*columns, *numbers}
    found = read_rows(source, sniff=sniff, name=name, likely=lambda cell: tidy(cell) in wanted)
    cells = _columns(found, columns, numbers, name, sniff)
    for column in wanted.difference(exact):
        _require_one_line(column, cells[column], found, name)
    return _frame(found, cells, numbers, exact, name)


def read_columns(
    file: str | os.PathLike[str], columns: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], tuple[int, ...]]:
    """Read a table of ours letter by letter, without a data frame.

    Args:
        file: The file.
        columns: Names of columns that must be there.

    Returns:
        The cells of every column, and the line of the file that each row ends on.

    Raises:
        TableError: It is no such table.
    """
    found = read_rows(file)
    return _columns(found, columns, (), _name(file), False), found.lines[1:]


def read_rows(
    source: str | os.PathLike[str] | bytes,
    *,
    sniff: bool = False,
    name: str = "",
    likely: Callable[[str], bool] | None = None,
) -> Rows:
    """Read a CSV file's rows as they are, for a table that may have no header.

    Args:
        source: A file, or its bytes.
        sniff: As in `read_table`.
        name: What to call it in a sentence; the file's name when not given.
        likely: Whether a cell is of those that such a table has, to tell its separator from.

    Raises:
        TableError: It cannot be read, is no text or is larger than the limits.
    """
    name = name or _name(source)
    try:
        data = source if isinstance(source, bytes) else read_bytes(source, FILE_BYTES)
    except FileError as error:
        raise TableError(str(error)) from error
    if len(data) > FILE_BYTES:
        raise TableError(
            f"Expected {name} to have at most {FILE_BYTES:,} bytes. Received: {len(data):,}."
        )
    return parse_rows(data, name, sniff=sniff, likely=likely)


def tidy(text: str) -> str:
    """A label or name as it is compared: trimmed, and in one form of Unicode (NFC)."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text).strip()


def _name(source: str | os.PathLike[str] | bytes) -> str:
    return "the table" if isinstance(source, bytes) else shown(Path(source).name)


def _columns(
    found: Rows, columns: Sequence[str], numbers: Sequence[str], name: str, sniff: bool
) -> dict[str, tuple[str, ...]]:
    """Cells by column, all of one length, an index column in front taken away."""
    if not found.rows:
        raise TableError(f"Expected {name} to be a table with a header. Received: an empty file.")
    header, rows = [tidy(cell) for cell in found.rows[0]], list(found.rows[1:])
    if sniff:
        header, rows = _without_index(header, rows)
    for row, line in zip(rows, found.lines[1:], strict=True):
        if len(row) != len(header):
            raise TableError(
                f"Expected {name} to have {len(header)} cells a row, as its header has. "
                f"Received: {len(row)} on line {line}: {_shown(row, found.separator)}."
            )
    doubled = [column for column, n in Counter(header).items() if n > 1]
    if doubled:
        raise TableError(
            f"Expected the columns of {name} to have different names. "
            f"Received: {doubled[0][:_ROW_SHOWN]!r} more than once."
        )
    _require(header, [*columns, *numbers], name, found)
    cells = list(zip(*rows, strict=True)) or [()] * len(header)
    return dict(zip(header, cells, strict=True))


def _without_index(header: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Without the row numbers that pandas and R put in front, and separators at the row's end."""
    if rows and all(len(row) == len(header) + 1 for row in rows):
        if all(not row[-1].strip() for row in rows):
            return header, [row[:-1] for row in rows]
        return header, [row[1:] for row in rows]  # R leaves the index without a name
    same = all(len(row) == len(header) for row in rows)
    while same and header and not header[-1] and all(not row[-1].strip() for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    if same and header and header[0] in ("", "Unnamed: 0"):
        header, rows = header[1:], [row[1:] for row in rows]
    return header, rows


def _require(header: list[str], wanted: list[str], name: str, found: Rows) -> None:
    missing = [column for column in wanted if column not in header]
    if missing:
        raise TableError(
            f"Expected {name} to have the columns {_listed(wanted)}. Received: none named "
            f"{_listed(missing)}; its first line is {_shown(found.rows[0], found.separator)}."
        )


def _require_one_line(column: str, texts: tuple[str, ...], found: Rows, name: str) -> None:
    """Take care that no quote that was left open has swallowed rows."""
    bad = next((i for i, text in enumerate(texts) if "\n" in text or "\r" in text), None)
    if bad is not None:
        raise TableError(
            f"Expected {column[:_ROW_SHOWN]} of {name} to be on one line in every row. Received: "
            f"{texts[bad][:_ROW_SHOWN]!r} up to line {found.lines[bad + 1]}; is a quote left open?"
        )


def _frame(
    found: Rows,
    cells: dict[str, tuple[str, ...]],
    numbers: Sequence[str],
    exact: Sequence[str],
    name: str,
) -> pd.DataFrame:
    import pandas as pd

    series = {}
    for column, texts in cells.items():
        if column in numbers:
            series[column] = pd.Series(_numbers(column, texts, found, name), dtype="float64")
        else:
            kept = texts if column in exact else [tidy(text) for text in texts]
            series[column] = pd.Series(list(kept), dtype="str")
    frame = pd.DataFrame(series)
    frame.attrs["notes"] = found.notes
    return frame


def _numbers(column: str, texts: tuple[str, ...], found: Rows, name: str) -> NDArray[np.float64]:
    texts = tuple(text.strip() for text in texts)
    if found.separator != ",":
        texts = tuple(t.replace(",", ".") if t.count(",") == 1 else t for t in texts)
    if set("".join(texts)) <= _NUMERALS:
        try:
            values = np.array([float(text) for text in texts])
            if np.isfinite(values).all():
                return values
        except ValueError:
            pass
    bad = next(i for i, text in enumerate(texts) if not _is_number(text))
    raise TableError(
        f"Expected {column[:_ROW_SHOWN]} of {name} to be a number in every row. Received: "
        f"{texts[bad][:_ROW_SHOWN]!r} on line {found.lines[bad + 1]}."
    )


def _is_number(text: str) -> bool:
    try:
        return set(text) <= _NUMERALS and bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _shown(row: Sequence[str], separator: str) -> str:
    text = separator.join(row)[: _ROW_SHOWN + 1].replace("\n", " ")
    return repr(text if len(text) <= _ROW_SHOWN else f"{text[:_ROW_SHOWN]}…")


def _listed(names: Sequence[str]) -> str:
    shown_names = ", ".join(name[:_ROW_SHOWN] for name in names[:12])
    return shown_names if len(names) <= 12 else f"{shown_names} and {len(names) - 12} more"
