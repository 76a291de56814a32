"""Text for Streamlit, which reads most of what it is given as Markdown.

A plain string is shown letter by letter, whoever wrote it: `osteo_ui/letters.py` sees to that at
the one place where text leaves for the browser. What is meant as Markdown says so, with ``md``.
"""

import re
import string
from collections.abc import Iterable, Sequence
from typing import Any

from osteo_core.text import sign, visible

# Draws nothing, but parts a word: Streamlit looks for addresses, arrows, icons and emoji in each
# run of text after escapes have been read, so no escape keeps it from making them.
_GAP = ":small[]"

_SPLIT = re.compile(
    r"(?i:(?<=https)(?=://)|(?<=http)(?=://)|(?<=ww)(?=w\.))"  # addresses
    r"|(?=@)"
    r"|(?<=:)(?=[\w+-]+:)"  # :material_x:, :streamlit:, :+1:
    r"|(?<=-)(?=[->])|(?<=<)(?=[-=])|(?<=[>~])(?==)"  # -- -> <- <= >= ~=
)
_ANYWHERE = re.compile(
    r"[\\`*\[\]<$~|]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # within a word it is but a letter
    r"|&(?=[#A-Za-z])"
    r"|:(?=[^\s\d]|\Z)"
)
_AT_START = re.compile(r"^([ \t]*)(?:([#>=]|[+-](?!\w))|(\d{1,9})([.)])(?=\s|\Z))", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]", re.MULTILINE)
_EDGE = re.compile(r"\A\s|\s\Z")
_BREAK = re.compile(r"[\t\n\x0b\x0c\r\x85\u2028\u2029]")
_CODE = re.compile(r"`\{(\w*)\}`")
_PLAIN_CODE = re.compile(r"(?!.*:material/)[^\s`<](?:[^`<]*[^\s`<])?")


class Markdown(str):
    """Markdown of our own, in which every value that was put is escaped."""

    __slots__ = ()

    def __add__(self, other: str) -> "Markdown":
        return Markdown(str.__add__(self, escape(other)))

    def __radd__(self, other: str) -> "Markdown":
        return Markdown(str.__add__(escape(other), self))

    def join(self, parts: Iterable[str]) -> "Markdown":
        """Join texts; those that are plain are escaped."""
        return Markdown(str.join(self, map(escape, parts)))


def md(template: str, *values: Any, **named: Any) -> Markdown:
    """Return Markdown with values put into it, each shown letter by letter.

    Args:
        template: Markdown of our own, never foreign text, with fields as of ``str.format``. A
            field that alone stands between backticks, or ``{x:code}``, is drawn as code.
        *values: What stands in the fields; ``Markdown`` stays as it is.
        **named: The same by name.

    Raises:
        ValueError: If a field stands in a longer piece of code, where nothing can be escaped.
    """
    template = _CODE.sub(r"{\1:code}", template)
    if any("{" in inside for inside in template.split("`")[1::2]):
        raise ValueError(f"Expected no field inside code; use {{x:code}}. Received: {template}")
    return Markdown(_Filler().vformat(template, values, named))


class _Filler(string.Formatter):
    def format_field(self, value: Any, spec: str) -> str:
        if spec == "code":
            return code(str(value))
        if isinstance(value, Markdown):
            return value
        return _EDGE.sub(_entity, escape(_one_line(format(value, spec))))


def code(text: str) -> Markdown:
    """Return text drawn as code; as plain text where code could not hold it letter by letter."""
    text = visible(_one_line(text))
    return Markdown(f"`{text}`" if _PLAIN_CODE.fullmatch(text) else escape(text))


def bullets(lines: Iterable[str]) -> Markdown:
    """Return a list in Markdown."""
    return Markdown("\n").join(md("- {}", line) for line in lines)


def md_table(rows: Sequence[Sequence[str]], ends: Sequence[str]) -> Markdown:
    """Return a table in Markdown: a row of heads, then the others; ``ends`` set them left or right.

    A row may be shorter than ``ends``.
    """
    heads, *others = rows
    lines = (heads, [Markdown(end) for end in ends[: len(heads)]], *others)
    return Markdown("\n").join(md("| {} |", Markdown(" | ").join(line)) for line in lines)


def escape(text: str) -> Markdown:
    """Return Markdown that shows a text letter by letter; Markdown is left as it is.

    Streamlit's own additions are seen to as well: colours and icons (``:red[x]``, ``:rocket:``,
    ``:material/x:``), formulas (``$x$``), arrows (``->``) and bare addresses. Lines stay lines.
    """
    if isinstance(text, Markdown):
        return text
    return Markdown(_GAP.join(map(_escaped, _SPLIT.split(visible(text)))))


def _escaped(text: str) -> str:
    text = _ANYWHERE.sub(lambda m: _entity(m) if m[0] in ":<" else "\\" + m[0], text)
    text = _AT_START.sub(lambda m: f"{m[1]}{m[3] or ''}\\{m[2] or m[4]}", text)
    return _INDENT.sub("&#32;", text)


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def _one_line(text: str) -> str:
    """Foreign text without breaks, which are drawn as signs; Markdown may have them."""
    return text if isinstance(text, Markdown) else _BREAK.sub(lambda m: sign(m[0]), text)
