"""JPEG 2000 and JPEG XL, by OpenJPEG and libjxl, with the sides read from the header first."""

import imagecodecs
import numpy as np

from osteo_core.decoding.stored import (
    Refusal,
    Stored,
    channels_last,
    check_channels,
    check_sides,
)

_SIZES = b"\xff\x4f\xff\x51"  # start of a JPEG 2000 codestream, with its sizes
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # width : height
_XL = b"\xff\x0a"


def read_jpeg_2000(data: bytes) -> Stored:
    """Decode a JPEG 2000 file or bare codestream.

    Raises:
        Refusal: A size that is not accepted, signed values, more than four channels.
        Exception: Whatever OpenJPEG meets in damaged bytes.
    """
    head = data[data.index(_SIZES) + 6 :][:48]
    right, bottom, left, top = (int.from_bytes(head[at : at + 4], "big") for at in (2, 6, 10, 14))
    check_sides(right - left, bottom - top, 16)
    n, precision = int.from_bytes(head[34:36], "big"), head[36]
    check_channels("JPEG 2000 picture", n, (precision & 127) + 1, signed=precision > 127)
    values = channels_last(imagecodecs.jpeg2k_decode(data, numthreads=1))
    if values.shape[:2] != (bottom - top, right - left):
        raise Refusal("a still, flat picture", f"a JPEG 2000 file of shape {values.shape}")
    return Stored(values, (precision & 127) + 1, notes=("decoded from JPEG 2000",))


def read_jpeg_xl(data: bytes) -> Stored:
    """Decode a JPEG XL file or bare codestream, turned upright by its decoder.

    Raises:
        Refusal: A size that is not accepted, values that are not whole, an animation.
        Exception: Whatever libjxl meets in damaged bytes.
    """
    check_sides(*_xl_sides(_codestream(data)), 8)
    values = imagecodecs.jpegxl_decode(data, index=0, numthreads=1)
    if values.dtype not in (np.uint8, np.uint16) or values.ndim not in (2, 3):
        raise Refusal("a picture of whole 8- or 16-bit values", f"one of {values.dtype} values")
    values = channels_last(values)
    bits = 8 * values.dtype.itemsize
    check_channels("JPEG XL picture", values.shape[2], bits)
    return Stored(values, bits, notes=("decoded from JPEG XL",))


def _codestream(data: bytes) -> bytes:
    """Return the first bytes of the codestream, which a container may hold in parts."""
    if data.startswith(_XL):
        return data[:32]
    at = 0
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        start = at + (16 if size == 1 else 8)
        if kind in (b"jxlc", b"jxlp"):
            return data[start + 4 * (kind == b"jxlp") :][:32]
        at += int.from_bytes(data[at + 8 : at + 16], "big") if size == 1 else size or len(data)
    raise ValueError("no codestream")


def _xl_sides(stream: bytes) -> tuple[int, int]:
    """Return width and height: 5 bits of eights, or 9 to 30 bits, and a ratio (ISO 18181-1)."""
    bits, at = int.from_bytes(stream[2:], "little"), 0

    def take(n: int) -> int:
        nonlocal at
        at += n
        return bits >> (at - n) & ((1 << n) - 1)

    def side() -> int:
        return 8 * (1 + take(5)) if small else 1 + take((9, 13, 18, 30)[take(2)])

    small = take(1)
    height = side()
    ratio = take(3)
    width = height * _RATIOS[ratio - 1][0] // _RATIOS[ratio - 1][1] if ratio else side()
    return width, height
