"""The report as one HTML file: no script, no other file, no host; legible on screen and paper."""

import base64
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from osteo_core.report.style import STYLE
from osteo_core.text import html_text as escape

Format = Callable[[Any], str]
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_JPEG_QUALITY = 82
_INTERVAL = re.compile(r"([-+]?[\d.]+) to ([-+]?[\d.]+)")


def page(title: str, lead: Sequence[str], sections: Sequence[tuple[str, str, str]]) -> str:
    """Put a report together.

    Args:
        title: Of the document.
        lead: Paragraphs in front of everything, HTML.
        sections: Identifier, title and HTML of each.

    Returns:
        A whole document. Its content security policy forbids it to fetch anything.
    """
    contents = "".join(f'<li><a href="#{i}">{escape(t)}</a></li>' for i, t, _ in sections)
    body = "".join(
        f'<section id="{i}" aria-labelledby="h-{i}"><h2 id="h-{i}">{escape(t)}</h2>{html}</section>'
        for i, t, html in sections
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<header><h1>{escape(title)}</h1>{''.join(lead)}</header>"
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav><main>{body}</main>'
        "<footer><p>For research and teaching, not diagnosis.</p></footer></body></html>\n"
    )


def paragraph(words: str, kind: str = "") -> str:
    """A paragraph of plain text, letter by letter."""
    return f"<p{_class(kind)}>{escape(words)}</p>"


def bullets(sentences: Iterable[str]) -> str:
    """A list of sentences; nothing for none."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def command(lead: str, words: str) -> str:
    """A paragraph that ends in a command."""
    return f"<p>{escape(lead)} <code>{escape(words)}</code></p>"


def heading(words: str) -> str:
    """A heading within a section."""
    return f"<h3>{escape(words)}</h3>"


def details(summary: str, html: str, long: bool = False) -> str:
    """Something that is closed on screen until asked for; on paper open, unless it is long."""
    kind = _class("long" if long else "")
    return f"<details{kind}><summary>{escape(summary)}</summary>{html}</details>"


def table(frame: pd.DataFrame, caption: str, formats: Mapping[str, Format] | None = None) -> str:
    """A table with its caption; the first column names the rows, numbers stand right.

    Args:
        frame: What is shown; an empty cell (None, NaN) becomes a dash.
        caption: What it is.
        formats: How to write a column's values; floats have three decimals by default.
    """
    formats = formats or {}
    heads = "".join(
        f'<th scope="col"{_class("n" if i and _is_number(frame[c].dtype) else "")}>'
        f"{escape(str(c))}</th>"
        for i, c in enumerate(frame.columns)
    )
    rows = []
    for record in frame.to_dict("split")["data"]:
        cells = []
        for i, (column, value) in enumerate(zip(frame.columns, record, strict=True)):
            told = _cell(value, formats.get(str(column)))
            number = i and _is_number(frame[column].dtype)
            tag = 'th scope="row"' if i == 0 else "td"
            cells.append(f"<{tag}{_class('n' if number else '')}>{told}</{tag[:2]}>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def counts(frame: pd.DataFrame, caption: str, corner: str) -> str:
    """A table of counts whose cells are shaded by their share of the row.

    Args:
        frame: Whole numbers; index and columns are names.
        caption: What it is.
        corner: What rows and columns are, for the first cell.
    """
    heads = "".join(f'<th scope="col" class="n">{escape(str(c))}</th>' for c in frame.columns)
    rows = []
    for name, row in frame.iterrows():
        total = max(1, int(row.sum()))
        cells = "".join(
            f'<td class="n shade" style="--share:{n / total:.3f}">{n}'
            f"<small>{n / total:.0%}</small></td>"
            for n in map(int, row)
        )
        rows.append(f'<tr><th scope="row">{escape(str(name))}</th>{cells}</tr>')
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f'<caption>{escape(caption)}</caption><thead><tr><th scope="col">{escape(corner)}</th>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def figure(content: str, caption: str, ident: str = "") -> str:
    """A chart or picture with what it shows; `content` is HTML, the caption plain text."""
    named = f' id="{escape(ident)}"' if ident else ""
    return f"<figure{named}>{content}<figcaption>{escape(caption)}</figcaption></figure>"


def picture(pixels: npt.NDArray[np.uint8], alt: str) -> str:
    """A picture (h, w, 3) as a JPEG within the file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    data = base64.b64encode(file.getvalue()).decode()
    height, width = pixels.shape[:2]
    return (
        f'<img src="data:image/jpeg;base64,{data}" alt="{escape(alt)}" width="{width}" '
        f'height="{height}">'
    )


def ident(words: str) -> str:
    """An identifier made of some words."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def _is_number(kind: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(kind)) and not pd.api.types.is_bool_dtype(kind)


def _cell(value: Any, told: Format | None) -> str:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return "–"
    if told is not None:
        return escape(told(value))
    if isinstance(value, float | np.floating):
        return f"{value:.3f}"
    return escape(_unbroken(str(value)))


def _unbroken(text: str) -> str:
    """Keep an interval, as in "0.906 to 1.000", on one line."""
    return _INTERVAL.sub("\\1\u00a0to\u00a0\\2", text)


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
