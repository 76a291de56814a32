"""What a browser shows of Markdown as Streamlit 1.67 draws it: text, and what else it made of it.

An independent reading: CommonMark by markdown-it, then the additions of Streamlit as its browser
code has them (directives, formulas, icons, arrows, emoji, bare addresses).
"""

from __future__ import annotations

import re

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
