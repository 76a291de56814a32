"""The strips or tiles of a TIFF page: all there, inside the file, and as long as they should be.

tifffile fills what decodes too short with zeros. Here each segment is unpacked once to count.
"""

import math
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import imagecodecs
import tifffile

from osteo_core.decoding.jpeg_header import check_scans, read_header
from osteo_core.decoding.stored import MIN_SIDE, Refusal, check_sides
from osteo_core.decoding.turbo import decode_strictly

_CODEC = tifffile.COMPRESSION
_UNPACK: dict[int, Callable[[bytes, int], int]] = {
    _CODEC.NONE: lambda packed, _: len(packed),
    _CODEC.LZW: lambda packed, most: len(imagecodecs.lzw_decode(packed, out=most)),
    _CODEC.PACKBITS: lambda packed, most: len(imagecodecs.packbits_decode(packed, out=most)),
    _CODEC.ZSTD: lambda packed, most: len(imagecodecs.zstd_decode(packed, out=most)),
    _CODEC.ADOBE_DEFLATE: lambda packed, most: _inflated(packed, most),
    _CODEC.DEFLATE: lambda packed, most: _inflated(packed, most),
}
_GDAL_NODATA = 42113


def check_segments(page: Any, data: bytes) -> None:
    """Refuse strips or tiles that are missing, outside the file, too short or too large."""
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    outside = any(
        start + count > len(data) or (count < 1 and start > 0) or count < 0
        for start, count in segments
    )
    if outside or len(segments) != math.prod(page.chunked):
        raise Refusal("a whole TIFF file", "one that is cut short")
    if not any(count for _, count in segments):
        raise Refusal("a TIFF with a picture in it", "one whose parts are all left empty")
    width, height = _segment_sides(page)
    check_sides(max(width, MIN_SIDE), max(height, MIN_SIDE))
    for number, (start, count) in enumerate(segments):
        if count:
            _check_segment(page, number, data[start : start + count])


def empty_places(page: Any) -> list[tuple[int, int, int, int]]:
    """Return where a sparse file leaves segments out: (top, bottom, left, right) in px.

    A file that says itself what stands there (GDAL's tag) has no such places.
    """
    if _GDAL_NODATA in page.tags:
        return []
    width, height = _segment_sides(page)
    counts = page.databytecounts
    return [
        (top, top + height, left, left + width)
        for number, (top, left) in enumerate(_corners(page, width, height))
        if not counts[number]
    ]


def _corners(page: Any, width: int, height: int) -> Iterator[tuple[int, int]]:
    across = math.ceil(page.imagewidth / width)
    down = math.ceil(page.imagelength / height)
    for number in range(len(page.databytecounts)):
        place = number % (across * down)  # the planes one after another when they lie apart
        yield place // across * height, place % across * width


def _segment_sides(page: Any) -> tuple[int, int]:
    width = page.tilewidth or page.imagewidth
    return width, page.tilelength or min(page.rowsperstrip, page.imagelength)


def _check_segment(page: Any, number: int, packed: bytes) -> None:
    width, height = _segment_sides(page)
    if page.compression == _CODEC.JPEG:
        _check_jpeg(packed, page.jpegtables, width, height)
        return
    unpack = _UNPACK.get(page.compression)
    if unpack is None:  # fax: its decoder counts the rows itself
        return
    samples = 1 if page.planarconfig == 2 else page.samplesperpixel
    row = (width * samples * page.bitspersample + 7) // 8
    down = math.ceil(page.imagelength / height)
    last = not page.tilewidth and number % down == down - 1
    rows = page.imagelength - height * (down - 1) if last else height
    if unpack(packed, row * height) < row * rows:
        raise ValueError(f"strip or tile {number} is too short")


def _inflated(packed: bytes, most: int) -> int:
    unpack = zlib.decompressobj()
    n = len(unpack.decompress(packed, most))
    unpack.decompress(unpack.unconsumed_tail, 1)  # the checksum that follows, compared by zlib
    return n


def _check_jpeg(packed: bytes, tables: bytes | None, width: int, height: int) -> None:
    whole = tables[:-2] + packed[2:] if tables else packed
    header = read_header(whole)
    if header.width > width or header.height > height:
        inner = f"{header.width} × {header.height} px"
        raise Refusal("a whole TIFF file", f"one with a hidden JPEG of {inner}")
    check_scans(header)
    if header.has_hole:
        raise ValueError("coded bytes that no encoder writes")
    if header.bits == 8 and header.frame in (0xC0, 0xC1, 0xC2):
        decode_strictly(whole, header.channels)
