"""Foreign text made safe to show: what cannot be seen is drawn, what would run stays a word."""

import html
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Control characters, those that turn the direction of all that follows, halves of pairs.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# What a spreadsheet takes for a formula: a cell that begins so, whatever white space stands before.
_FORMULA = re.compile(r"\s*[=+\-@\u2212\uff0b\uff0d\uff1d\uff20]|[\t\r\n]")
_NUMBER = r"[+\-\u2212]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[+-]?\d+)?(?: ?%)?|[+-]?inf"
_NUMBERS = re.compile(rf"(?:{_NUMBER})(?: to (?:{_NUMBER}))?", re.IGNORECASE)


def visible(text: str) -> str:
    """Return a text with a sign for each character that is not seen; tabs and new lines stay."""
    return _UNSEEN.sub(lambda found: sign(found[0]), text)


def sign(character: str) -> str:
    """Return the sign that is drawn for a character that is not seen."""
    number = ord(character)
    if number < 0x20:
        return chr(0x2400 + number)
    return "\u2421" if number == 0x7F else f"\u27e8U+{number:04X}\u27e9"


def html_text(text: str) -> str:
    """Return HTML, as content or as an attribute, that shows a text letter by letter."""
    return html.escape(visible(text))


def cell(value: Any) -> Any:
    """Return a value as it stands in a table that people open in a spreadsheet.

    Text that would run as a formula gets an apostrophe in front; numbers keep their signs. Tables
    that are read back (cohorts, predictions, histories) hold the text itself.
    """
    if isinstance(value, PurePath):
        return path_cell(value)
    text = isinstance(value, str) and _FORMULA.match(value) and not _NUMBERS.fullmatch(value)
    return f"'{value}" if text else value


def path_cell(path: PurePath | str) -> str:
    """Return a path that no spreadsheet takes for a formula, and that is still the same path."""
    text = str(path)
    return f"./{text}" if _FORMULA.match(text) else text


def table_for_people(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table whose text, heads and index are as ``cell`` gives them."""
    named = frame.rename(index=cell, columns=cell).rename_axis(index=cell(frame.index.name))
    texts = [i for i, kind in enumerate(named.dtypes) if kind.kind not in "biufcM"]
    for i in texts:
        named.isetitem(i, named.iloc[:, i].map(cell, na_action="ignore"))
    return named
