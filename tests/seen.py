"""What a browser shows of Markdown as Streamlit 1.67 draws it: text, and what else it made of it.

An independent reading: CommonMark by markdown-it, then the additions of Streamlit as its browser
code has them (directives, formulas, icons, arrows, emoji, bare addresses).
"""

from __future__ import annotations

import json
import re

from google.protobuf.message import Message
from markdown_it import MarkdownIt

_GAP = "\ue010"  # parts a run of text, draws nothing
_LIVE = (
    r":material_\w+:",
    r":streamlit:",
    r":[\w+-]+:",
    r"(?:^|\s)(?:<->|->|<-|--|>=|<=|~=)(?=\s|$)",
    r"(?i:https?://|www\.)",
    r"[\w.+-]+@[-\w]+",
)
_QUIET = {"text", "text_special", "softbreak", "hardbreak", "code_inline"}
_PLAIN = {"inline", "paragraph_open", "paragraph_close"}
_OURS = {"strong", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td"}


def seen(source: str, ours: bool = False) -> tuple[str, list[str]]:
    """Return the text that is seen, and what in it is more than text.

    Args:
        source: Markdown.
        ours: Whether strong text, lists, tables, badges and icons are in order.
    """
    source = source.replace(":material/", ":material_").replace(":small[]", _GAP)
    if ours:
        source = re.sub(r":(?:\w+-badge|small)\[", "[", source)
        source = re.sub(r"(^|\s|\[):material_\w+:", r"\1", source)
        source = source.replace("](#tiles)", "]")
    kinds, runs = [], []
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(source):
        if token.type not in _PLAIN and not _allowed(token.type, ours):
            kinds.append(token.type)
        for part in token.children or ():
            if part.type not in _QUIET and not _allowed(part.type, ours):
                kinds.append(part.type)
            runs.append("\n" if part.type.endswith("break") else part.content)
        if token.type == "inline":
            kinds += _directives(token.content)
            runs.append("\n")
    texts = _texts(source)
    kinds += [pattern for pattern in _LIVE for run in texts if re.search(pattern, run)]
    return " ".join("".join(runs).replace(_GAP, "").split()), kinds


def _allowed(kind: str, ours: bool) -> bool:
    return ours and kind.removesuffix("_open").removesuffix("_close") in _OURS


def _texts(source: str) -> list[str]:
    """Runs of text as the browser has them: text beside text is one, a gap parts it."""
    runs = [""]
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(source):
        for part in token.children or ():
            if part.type in ("text", "text_special"):
                runs[-1] += part.content
            else:
                runs.append("")
        runs.append("")
    return [piece for run in runs for piece in run.split(_GAP)]


def _directives(source: str) -> list[str]:
    """Directives and formulas, which are told from text before escapes are read."""
    bare = re.sub(r"\\[!-/:-@[-`{-~]|(`+)(?!`).*?(?<!`)\1(?!`)|&#\d+;", "x", source)
    return re.findall(r":[A-Za-z][\w-]*|\$", bare)


# What Streamlit's browser code draws as it is, or does not draw at all.
PLAIN = ("options", "raw_value", "raw_values", "value", "default", "query_string", "url", "alt")
HIDDEN = ("id", "key", "config", "json", "set_value", "data", "element_id", "columns", "file_name")


def texts(message: Message, path: str = ""):
    """Yield every text of an element with the name of its field."""
    for field, value in message.ListFields():
        name = f"{path}.{field.name}" if path else field.name
        values = value if not isinstance(value, str | bytes | Message) and _many(value) else [value]
        for one in values:
            if isinstance(one, Message):
                yield from texts(one, name)
            elif isinstance(one, str):
                yield name, one


def _many(value) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, dict)


def drawn(at):
    for node in at:
        proto = getattr(node, "proto", None)
        if isinstance(proto, Message):
            for name, text in texts(proto):
                yield node.type, name, text


def check(at, mark: str, pieces) -> int:
    """Check all that a page draws of foreign text; return how many texts that were.

    Args:
        at: An AppTest run.
        mark: What each foreign text has in it.
        pieces: Beginnings of foreign texts, one of which each text drawn must show.
    """
    assert not at.exception
    found = [one for one in drawn(at) if mark in one[2]]
    for kind, field, text in found:
        last = field.rpartition(".")[2]
        if (kind, last) == ("plotly_chart", "spec"):
            _chart(json.loads(text), mark)
        elif last not in HIDDEN and not (last in PLAIN and kind != "metric"):
            told, live = seen(text, ours=True)
            assert not live, (kind, field, text)
            assert any(name in told for name in pieces), (kind, field, text, told)
    return len(found)


def _chart(part, mark: str, name="") -> None:
    """Check that nothing foreign in a figure is markup to Plotly."""
    if isinstance(part, dict):
        for key, value in part.items():
            _chart(value, mark, key)
    elif isinstance(part, list):
        for value in part:
            _chart(value, mark, name)
    elif isinstance(part, str) and mark in part:
        assert not re.search(r"<(?!/?b>|br>)|\$|%{", part), (name, part)
