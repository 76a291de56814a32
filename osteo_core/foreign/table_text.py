"""From a file's bytes to rows of text: its encoding, its separator, its quotes."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from osteo_core.errors import TableError

ROWS = 200_000
CELLS = 5_000_000
CELL_CHARACTERS = 32_767  # what a cell of a spreadsheet holds

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_PROBED = 100  # rows that the separator is told from
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_UNTIDY_QUOTE = re.compile(r'"[ ]+(?=[,;\t|\r\n]|\Z)')


@dataclass(frozen=True)
class Rows:
    """What a file holds, as text.

    Attributes:
        rows: The cells of each row that is not blank, as they are written.
        lines: The line of the file on which each row ends, from 1.
        separator: Between cells.
        notes: Plain sentences on what was not plain UTF-8 with commas.
    """

    rows: tuple[list[str], ...]
    lines: tuple[int, ...]
    separator: str
    notes: tuple[str, ...]


def parse_rows(
    data: bytes, name: str, *, sniff: bool, likely: Callable[[str], bool] | None = None
) -> Rows:
    """Take a file's bytes apart into rows of cells.

    Args:
        data: The file.
        name: What to call it in a sentence.
        sniff: Whether other encodings and separators than UTF-8 and commas are looked for.
        likely: Whether a cell is of those that such a table has, to tell its separator from.

    Raises:
        TableError: It is no text, a quote is never closed, or it is larger than the limits.
    """
    text, encoding = _decoded(data, name, sniff)
    separator, text = _separator(text, sniff, likely)
    if (n := max(text.count("\n"), text.count("\r"))) > ROWS + 1:
        raise TableError(f"Expected {name} to have at most {ROWS:,} rows. Received: {n:,} lines.")
    if text.count(separator) > CELLS:
        raise TableError(
            f"Expected {name} to have at most {CELLS:,} cells. "
            f"Received: {text.count(separator):,} {_SEPARATORS[separator]}."
        )
    rows, lines = _parsed(text, separator, name, sniff)
    notes = [] if encoding == "utf-8" else [f"{name} is read as {encoding}."]
    if separator != ",":
        notes.append(f"{name} is read with {_SEPARATORS[separator]} between its cells.")
    return Rows(tuple(rows), tuple(lines), separator, tuple(notes))


def _decoded(data: bytes, name: str, sniff: bool) -> tuple[str, str]:
    encoding, mark = next(((e, m) for m, e in _MARKS.items() if data.startswith(m)), ("utf-8", b""))
    if not mark and sniff and _looks_wide(data):
        encoding = "utf-16-le"
    if encoding != "utf-8" and not sniff:
        raise TableError(f"Expected {name} to be text in UTF-8. Received: text in UTF-16.")
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or not sniff:
            line = data.count(b"\n", 0, error.start) + 1
            raise TableError(
                f"Expected {name} to be text in UTF-8. Received: other bytes on line {line}; "
                "save it as CSV UTF-8."
            ) from error
        text, encoding = _western(data, name), "Windows-1252"
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise TableError(
            f"Expected {name} to be a table in text. Received: a zero byte on line {line}, as in "
            "a file that is no text; save it as CSV UTF-8."
        )
    return text, encoding.upper() if encoding != "utf-8" and encoding[0] == "u" else encoding


def _looks_wide(data: bytes) -> bool:
    """UTF-16 without its mark: every other byte of its first letters is zero."""
    second = data[1:200:2]
    return len(second) > 3 and second.count(0) > 0.8 * len(second)


def _western(data: bytes, name: str) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableError(
            f"Expected {name} to be a table in text. Received: bytes that are neither UTF-8 nor "
            f"Windows-1252 on line {line}; save it as CSV UTF-8."
        ) from error


def _separator(text: str, sniff: bool, likely: Callable[[str], bool] | None) -> tuple[str, str]:
    """What stands between cells, and the text without a spreadsheet's line that says so."""
    if not sniff:
        return ",", text
    told = re.match(r'"?sep=([,;\t|])"?\r?\n', text, re.IGNORECASE)
    if told:
        return told[1], "\n" + text[told.end() :]  # keeps the count of lines
    return max(_SEPARATORS, key=lambda one: _fit(text, one, likely)), text


def _fit(text: str, separator: str, likely: Callable[[str], bool] | None) -> tuple[int, float, int]:
    """Likely cells in the first rows, share of rows as wide as most are, and that width."""
    head = io.StringIO("\n".join(text[: _PROBED * 1000].splitlines()[:_PROBED]), newline="")
    try:
        reader = csv.reader(head, delimiter=separator, skipinitialspace=True)
        cells = [row for row in reader if row]
    except csv.Error:
        return 0, 0.0, 0
    known = sum(bool(likely and likely(cell)) for row in cells for cell in row)
    widths = Counter(map(len, cells))
    width, rows = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 1))
    return (known, 0.0, 0) if width < 2 else (known, rows / widths.total(), width)


def _parsed(text: str, separator: str, name: str, sniff: bool) -> tuple[list[list[str]], list[int]]:
    try:
        return _strictly(text, separator, name, sniff)
    except csv.Error as error:
        tidy = _UNTIDY_QUOTE.sub('"', text)
        if sniff and tidy != text:
            return _parsed(tidy, separator, name, sniff)
        raise TableError(
            f"Expected {name} to be a table whose quotes are closed. Received: {error}."
        ) from error


def _strictly(
    text: str, separator: str, name: str, sniff: bool
) -> tuple[list[list[str]], list[int]]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=sniff
    )
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if row and (not sniff or any(cell.strip() for cell in row)):
                rows.append(row)
                lines.append(reader.line_num)
            if len(rows) > ROWS + 1:
                raise TableError(f"Expected {name} to have at most {ROWS:,} rows. Received: more.")
            if len(max(row, key=len, default="")) > CELL_CHARACTERS:
                raise TableError(
                    f"Expected the cells of {name} to have at most {CELL_CHARACTERS:,} characters."
                    f" Received: more on line {reader.line_num}."
                )
    except csv.Error as error:
        raise csv.Error(f"{error} on line {reader.line_num}") from error
    return rows, lines
