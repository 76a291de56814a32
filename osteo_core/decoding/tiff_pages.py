"""Which pages of a TIFF are the picture: the full one rather than the first, planes together.

A TIFF may hold reduced copies, masks, labels, other scenes, or one page for each channel. Pages
that say they are reduced (NewSubfileType) or masks are passed over; equal grey pages are joined
when metadata (OME-XML, ImageJ, tifffile, names) call them channels of one picture.
"""

import math
import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

import tifffile

from osteo_core.decoding.stored import Refusal

_LOOKED_AT = 256  # pages read with all their tags; the rest is only counted
_MASK = 4
_OLD_REDUCED = 2  # SubfileType
_NAMES = ("red", "green", "blue")
_OME_COLOURS = {0xFF0000: 0, 0x00FF00: 1, 0x0000FF: 2}


@dataclass(frozen=True)
class Choice:
    """The pages to decode.

    Attributes:
        pages: One page, or the planes red, green and blue.
        notes: Why these, in a user's words.
        offsets: Where the planes begin when one page stands for all of them, else empty.
    """

    pages: list[Any]
    notes: list[str]
    offsets: tuple[int, ...] = ()


def choose(file: tifffile.TiffFile) -> Choice:
    """Choose the picture among the pages.

    Raises:
        Refusal: The channels are not those of a grey or RGB picture.
    """
    pages = list(islice(_readable(file), _LOOKED_AT))
    full = [p for p in pages if not _is_reduced(p)] or _below(pages) or pages
    page = _largest_of_same_view(full)
    planes = _planes(file, page, full)
    if planes is not None:
        return planes
    total = len(file.pages)
    if page is pages[0]:
        alone = len(full) == 1 and total <= _LOOKED_AT
        return Choice([page], [] if alone and total == 1 else [f"first of {total} pages"])
    where = f"page {page.index + 1} of {total}" if page in pages else "a page"
    return Choice([page], [f"{where} taken, the one in full resolution"])


def _readable(file: tifffile.TiffFile) -> Any:
    yield file.pages[0]
    for index in range(1, len(file.pages)):
        try:
            yield file.pages[index]
        except Exception:  # a broken later page is no reason to refuse the first
            return


def _is_reduced(page: Any) -> bool:
    new, old = page.tags.valueof(254, 0), page.tags.valueof(255, 0)
    mask = tifffile.PHOTOMETRIC(page.photometric).name == "MASK"
    return bool(new & 1 or new & _MASK or old == _OLD_REDUCED or mask)


def _below(pages: list[Any]) -> list[Any]:
    """Return full pages under a reduced first one, as raw-photo formats keep them."""
    try:
        return [p for p in pages[0].pages or () if not _is_reduced(p)]
    except Exception:  # broken sub-directories: what is in front will do
        return []


def _largest_of_same_view(pages: list[Any]) -> Any:
    """Return the first page, or the largest that has its shape: then the first is a thumbnail."""
    first = pages[0]
    ratio = first.imagewidth / max(1, first.imagelength)
    alike = [
        p
        for p in pages
        if p.imagelength and abs(p.imagewidth / p.imagelength / ratio - 1) < 2 / first.imagelength
    ]
    return max(alike, key=lambda p: p.imagewidth) if ratio and alike else first


def _planes(file: tifffile.TiffFile, page: Any, full: list[Any]) -> Choice | None:
    """Return red, green and blue where the metadata make channels of equal pages."""
    series = _series_of(file, page)
    axes, shape = (series.axes, series.shape) if series is not None else ("", ())
    lead = {a: n for a, n in zip(axes, shape, strict=False) if a not in "YXS"}
    if "C" not in lead and not _named_planes(file, full):
        if (file.imagej_metadata or {}).get("channels", 1) > 1:
            raise Refusal("a whole ImageJ stack", "one whose channels are not all there")
        return None
    if "C" not in lead:
        return Choice(full[:3], ["three pages joined as red, green and blue"])
    others = {a: n for a, n in lead.items() if a != "C" and n > 1}
    notes = [f"first of {' × '.join(f'{n} ({a})' for a, n in others.items())}"] if others else []
    if lead["C"] == 1:
        return None
    if lead["C"] != 3 or page.samplesperpixel != 1:
        n = lead["C"] * page.samplesperpixel
        raise Refusal("a grey or RGB picture", f"a TIFF of {n} channels")
    step = math.prod(n for a, n in lead.items() if list(lead).index(a) > list(lead).index("C"))
    order = _order(file)
    notes = ["three pages joined as red, green and blue", *notes]
    return _gather(series, [step * order.index(c) for c in range(3)], notes)


def _gather(series: Any, indices: list[int], notes: list[str]) -> Choice:
    if len(series.pages) > max(indices):
        return Choice([series.pages[i].aspage() for i in indices], notes)
    page = series.keyframe  # ImageJ writes one directory for a stack that lies in one piece
    size = page.nbytes
    return Choice([page], notes, tuple(page.dataoffsets[0] + i * size for i in indices))


def _series_of(file: tifffile.TiffFile, page: Any) -> Any:
    if not (file.is_imagej or 1 < len(file.pages) <= _LOOKED_AT):
        return None  # a single page, or so many that sorting them would take minutes
    try:
        found = [s for s in file.series if page.index in [p.index for p in s.pages if p]]
    except Exception:  # metadata that cannot be read says nothing
        return None
    return found[0] if found else None


def _named_planes(file: tifffile.TiffFile, full: list[Any]) -> bool:
    """Say whether three equal grey pages call themselves red, green and blue."""
    if len(full) != 3 or {p.samplesperpixel for p in full} != {1}:
        return False
    if len({(p.shape, p.dtype, p.photometric) for p in full}) != 1:
        return False
    labels = (file.imagej_metadata or {}).get("Labels") or []
    words = [str(p.tags.valueof(285) or p.tags.valueof(270) or "") for p in full]
    said = labels if len(labels) == 3 else words
    return all(word.strip().lower().startswith(n) for word, n in zip(said, _NAMES, strict=True))


def _order(file: tifffile.TiffFile) -> list[int]:
    """Return which of red, green, blue each channel is, by its colour or name in OME-XML."""
    text = file.ome_metadata or ""
    tags = re.findall(r"<(?:\w+:)?Channel\b[^>]*>", text)[:3]
    colours = [re.search(r'\bColor="(-?\d+)"', tag) for tag in tags]
    by_colour = [_OME_COLOURS.get((int(c[1]) & 0xFFFFFFFF) >> 8, -1) for c in colours if c]
    names = [re.search(r'\bName="(red|green|blue)', tag, re.IGNORECASE) for tag in tags]
    by_name = [_NAMES.index(n[1].lower()) for n in names if n]
    return next((o for o in (by_name, by_colour) if sorted(o) == [0, 1, 2]), [0, 1, 2])
