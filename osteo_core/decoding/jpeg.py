"""JPEG of every kind: baseline and progressive, 12 bits, lossless, and JPEG-LS.

libjpeg repairs what is damaged with grey and goes on with a warning that Pillow and OpenCV drop.
simplejpeg hands it over; what only resembles the picture is refused.
"""

import math
import re

import imagecodecs
import numpy as np

from osteo_core.decoding.jpeg_header import JpegHeader, check_scans, read_header
from osteo_core.decoding.png import orientation
from osteo_core.decoding.seams import has_seam
from osteo_core.decoding.stored import (
    Refusal,
    Stored,
    Values,
    channels_last,
    check_channels,
    check_sides,
)
from osteo_core.decoding.turbo import decode_leniently, decode_strictly, read_again

_ORDINARY, _PROGRESSIVE, _LOSSLESS, _LS = (0xC0, 0xC1), 0xC2, 0xC3, 0xF7
_SEAM = "a seam runs through it, as after lost bytes; part of the picture may be wrong"
_COARSE = "its last passes are missing, as in a file cut short; fine detail may be wrong"
_HARMLESS = ("Adobe", "JFIF")  # warnings about a version or a colour transform
_PADDING = 16  # bytes
_AFTER = re.compile(r"(\d+) extraneous bytes before marker 0xd9")


def read_jpeg(data: bytes) -> Stored:
    """Decode a JPEG.

    Raises:
        Refusal: CMYK colours, a size that is not accepted, too many scans, a rare coding.
        Exception: Whatever the decoders meet in damaged bytes, their warnings included.
    """
    header = read_header(data)
    check_sides(header.width, header.height, work=0)
    check_scans(header)
    if not (header.is_ended or data.endswith(b"\xff\xd9")):
        raise ValueError("no end")
    check_sides(header.width, header.height, _work(header))
    if header.channels == 4:
        raise Refusal("a grey or RGB picture", "a JPEG in CMYK colours")
    check_channels("JPEG", header.channels, header.bits)
    values, notes = _values(header, data)
    return Stored(values, header.bits, orientation(header.exif), notes)


def _work(header: JpegHeader) -> float:
    if header.frame == _LS:  # its decoder may never come back from damaged bytes
        return math.inf
    return 4 * header.scans if header.frame in (_PROGRESSIVE, _LOSSLESS) else header.scans


def _values(header: JpegHeader, data: bytes) -> tuple[Values, tuple[str, ...]]:
    if header.frame == _LS:
        return channels_last(imagecodecs.jpegls_decode(data)), ("decoded from JPEG-LS",)
    if header.frame == _LOSSLESS:
        return _lossless(data), ("decoded from lossless JPEG",)
    if header.frame not in (*_ORDINARY, _PROGRESSIVE):
        raise Refusal("a baseline, progressive or lossless JPEG", "one coded in a rare way")
    if header.has_hole:
        raise ValueError("coded bytes that no encoder writes")
    if header.bits == 8:
        return _eight_bits(header, data)
    return _twelve_bits(data), ()


def _lossless(data: bytes) -> Values:
    """Decode twice: of what is cut short both make up the rest, but not alike."""
    values = imagecodecs.jpeg8_decode(data)
    if not np.array_equal(values, imagecodecs.jpegsof3_decode(data)):
        raise ValueError("two decoders disagree")
    return channels_last(values)


def _twelve_bits(data: bytes) -> Values:
    """Decode what simplejpeg does not, having let it read the codes as if they made eight bits."""
    frame = re.search(rb"\xff[\xc0-\xc2]\0.\x0c", data, re.DOTALL)
    if frame is None:
        raise ValueError("no frame of 12 bits")
    as_eight = data[: frame.end() - 1] + b"\x08" + data[frame.end() :]
    channels = data[frame.end() + 4]
    decode_strictly(as_eight, channels)
    return channels_last(imagecodecs.jpeg8_decode(data))


def _eight_bits(header: JpegHeader, data: bytes) -> tuple[Values, tuple[str, ...]]:
    notes: tuple[str, ...] = ()
    try:
        values = decode_strictly(data, header.channels)
    except ValueError as warning:
        notes = _excuse(header, data, str(warning))
        values = decode_leniently(data)
    if header.frame == _PROGRESSIVE:  # their damage is hidden best
        read_again(data)
        notes = (*notes, _COARSE) if header.lacks_passes else notes
    elif header.scans == 1 and has_seam(values, *header.unit):
        notes = (*notes, _SEAM)
    return values, notes


def _excuse(header: JpegHeader, data: bytes, warning: str) -> tuple[str, ...]:
    """Return a note on a warning that leaves the pixels right, or raise it."""
    harmless = any(word in warning for word in _HARMLESS) or header.strays or _pads(data, warning)
    if not harmless:
        raise ValueError(warning)
    return (f"the decoder warned: {warning}; part of the picture may be wrong",)


def _pads(data: bytes, warning: str) -> bool:
    """Say whether what follows the last coded byte only fills up the file."""
    found = _AFTER.search(warning)
    if not found or int(found[1]) > _PADDING:
        return False
    end = data.rfind(b"\xff\xd9")
    return set(data[end - int(found[1]) : end]) == {0}
