"""The picture of a TIFF -> its values as stored.

A TIFF header can promise anything: colour spaces, value types, strips outside the file, tiles
larger than the picture. All of that is checked before tifffile decodes, which would otherwise fill
what is missing with black and allocate what is promised.
"""

import io
import logging
from typing import Any, Literal

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from osteo_core.decoding.png import ORIENTATION_TAG
from osteo_core.decoding.stored import (
    Refusal,
    Stored,
    Values,
    as_orientation,
    channels_last,
    check_sides,
)
from osteo_core.decoding.tiff_pages import Choice, choose
from osteo_core.decoding.tiff_segments import check_segments, empty_places

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # one sentence of ours is enough

_COLOURS = {"MINISWHITE": 1, "MINISBLACK": 1, "PALETTE": 1, "RGB": 3, "YCBCR": 3}  # channels
_CODECS = {"NONE", "LZW", "ADOBE_DEFLATE", "DEFLATE", "JPEG", "PACKBITS", "ZSTD"}
_CODECS |= {"CCITTRLE", "CCITTFAX3", "CCITTFAX4"}
_PREMULTIPLIED, _ALPHA = 1, 2  # ExtraSamples
_BASELINE = range(254, 533)  # tags of TIFF 6.0
_HIGHEST = (281, 341)  # MaxSampleValue, SMaxSampleValue


def read_tiff(data: bytes) -> Stored:
    """Decode the page in full resolution, or three planes that are one picture.

    Raises:
        Refusal: A size that is not accepted, CMYK and other colour spaces, floats, signed values,
            volumes, rare codecs, strips or tiles that are missing or outside the file.
        Exception: Whatever tifffile meets in damaged bytes.
    """
    with tifffile.TiffFile(io.BytesIO(data), _multifile=False) as file:
        first = file.pages[0]
        if _lost_tags(file.tiff, first, data):
            raise Refusal("a whole TIFF file", "one that is cut short")
        chosen = choose(file)
        planes = [_read_page(page, data) for page in chosen.pages]
        if chosen.offsets:
            planes = _planes_in_one_piece(chosen, data)
    return _joined(planes, chosen.notes)


def _read_page(page: Any, data: bytes) -> Stored:
    check_sides(page.imagewidth, page.imagelength, page.bitspersample / 2)
    _check_meaning(page)
    check_segments(page, data)
    empty = empty_places(page)
    values = page.asarray()  # (h, w), (h, w, c), or (c, h, w) when the planes lie apart
    if page.axes == "SYX":
        values = np.moveaxis(values, 0, -1)
    values, notes = _as_colours(page, channels_last(values))
    if empty:
        notes.append("parts that the file leaves empty are shown as white background")
    turn = as_orientation(page.tags.valueof(ORIENTATION_TAG, 1))
    bits = 8 if values.dtype == np.uint8 else _depth(page)
    return Stored(values, bits, turn, tuple(notes), tuple(empty))


def _depth(page: Any) -> int:
    """Return the bits per value; a highest value of the form 2^n - 1 tells of fewer."""
    for tag in _HIGHEST:
        highest = page.tags.valueof(tag, 0)
        highest = max(highest) if isinstance(highest, tuple) else highest
        if 255 < highest < 65535 and not highest & (highest + 1):
            return int(highest).bit_length()
    return int(page.bitspersample)


def _joined(planes: list[Stored], notes: list[str]) -> Stored:
    first = planes[0]
    if len(planes) == 1:
        return Stored(
            first.values, first.bits, first.orientation, (*notes, *first.notes), first.empty
        )
    if {p.values.shape for p in planes} != {(*first.values.shape[:2], 1)}:
        raise Refusal("equal planes", "a TIFF whose planes differ in size or kind")
    empty = first.empty if all(p.empty == first.empty for p in planes) else ()
    values = np.dstack([p.values for p in planes])
    return Stored(values, first.bits, first.orientation, (*notes, *first.notes), empty)


def _planes_in_one_piece(chosen: Choice, data: bytes) -> list[Stored]:
    """Cut the planes of an ImageJ stack that has one directory out of the file."""
    page = chosen.pages[0]
    if page.compression != tifffile.COMPRESSION.NONE or page.bitspersample not in (8, 16):
        raise Refusal("a plain ImageJ stack", "one that is packed")
    dtype = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
    count = page.imagewidth * page.imagelength
    shape = (page.imagelength, page.imagewidth, 1)
    planes = (np.frombuffer(data, dtype, count, at).reshape(shape) for at in chosen.offsets)
    return [Stored(p.astype(page.dtype), int(page.bitspersample)) for p in planes]


def _lost_tags(layout: tifffile.TiffFormat, page: Any, data: bytes) -> set[int]:
    """Return baseline tags that tifffile could not read, and for which it takes defaults."""
    order: Literal["little", "big"] = "little" if layout.byteorder == "<" else "big"
    start = page.offset + layout.tagnosize
    end = start + int.from_bytes(data[page.offset : start], order) * layout.tagsize
    entries = range(start, end, layout.tagsize)
    stated = {int.from_bytes(data[at : at + 2], order) for at in entries}
    return (stated & set(_BASELINE)) - set(page.tags.keys())


def _check_meaning(page: Any) -> None:
    colour = tifffile.PHOTOMETRIC(page.photometric).name
    codec = tifffile.COMPRESSION(page.compression).name
    if colour not in _COLOURS or (colour == "YCBCR" and codec != "JPEG"):
        name = {"SEPARATED": "CMYK"}.get(colour, colour)
        raise Refusal("a grey, RGB or palette picture", f"a TIFF in {name} colours")
    bits, kinds = page.bitspersample, {1: "whole", 2: "signed", 3: "floating-point"}
    if page.sampleformat != 1 or bits not in range(1, 17):
        kind = kinds.get(page.sampleformat, "unusual")
        raise Refusal("a TIFF of whole 8- or 16-bit values", f"one of {kind} {bits}-bit values")
    if codec not in _CODECS:
        raise Refusal("a TIFF packed with LZW, deflate or JPEG", f"one packed with {codec}")
    n = page.samplesperpixel
    if n - _COLOURS[colour] not in ((0, 1) if bits in (8, 16) else (0,)) or page.imagedepth != 1:
        deep = f"{page.imagedepth} planes" if page.imagedepth > 1 else f"{n} channels"
        raise Refusal("a flat grey or RGB picture", f"a TIFF in {colour} with {deep}")


def _as_colours(page: Any, values: Values) -> tuple[Values, list[str]]:
    """Undo palettes, inversion, few bits and premultiplied alpha: (h, w, 1..4), notes."""
    colour = tifffile.PHOTOMETRIC(page.photometric).name
    top, n = 2**page.bitspersample - 1, _COLOURS[colour]
    whole = values.astype(np.uint8) if values.dtype == np.bool_ else values
    colours, extra, notes = whole[..., :n], whole[..., n:], []
    stored = colours
    if colour == "PALETTE":
        return _look_up(page.colormap, colours), ["palette colours written as RGB"]
    if colour == "MINISWHITE":
        colours = top - colours
        notes.append("inverted, since 0 stands for white in this file")
    if top < 255:
        colours = channels_last(cv2.convertScaleAbs(colours, alpha=255 / top))
        notes.append(f"{page.bitspersample}-bit values spread over 0..255")
    if not extra.size or page.extrasamples[:1] not in ((_PREMULTIPLIED,), (_ALPHA,)):
        return colours, notes + ["an extra channel left out"] * bool(extra.size)
    if page.extrasamples[0] == _PREMULTIPLIED and extra.any():
        plain = colours.astype(np.uint32) * top // np.maximum(extra, 1)
        colours = np.minimum(plain, top).astype(colours.dtype)
    return whole if colours is stored else np.concatenate((colours, extra), axis=2), notes


def _look_up(palette: NDArray[np.uint16], index: NDArray[np.uint8]) -> NDArray[np.uint8]:
    table = np.zeros((256, 1, 3), np.uint8)
    table[: palette.shape[1], 0] = (palette >> 8).T  # a TIFF palette holds 16-bit colours
    rgb: NDArray[np.uint8] = cv2.applyColorMap(np.ascontiguousarray(index), table)
    return rgb
