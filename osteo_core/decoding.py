"""Bytes of a picture file -> its values as stored; `tiles` makes RGB of them.

What a file is, is read from its content, never from its name, and its sides are read from the
header before any pixel is decoded: a decompression bomb is refused without its memory being asked
for. Pillow reads what has eight bits; it would silently cut sixteen, so those go to libpng and, in
`tiff`, to tifffile.
"""

import codecs
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

MIN_SIDE = 32
MAX_SIDE = 8192
ORIENTATION_TAG = 274

Values = NDArray[Any]  # uint8 or uint16

# A damaged file is answered with one sentence; the decoders' own remarks on it help nobody.
warnings.filterwarnings("ignore", module=r"PIL\.\w+ImagePlugin")

_SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\3\4", "a zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"GIF8", "a GIF picture"),
    (8, b"WEBP", "a WebP picture"),
    (4, b"ftyp", "an HEIC, AVIF or MP4 file"),
    (4, b"jP  ", "a JPEG 2000 picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\x89HDF", "an HDF5 file"),
    (128, b"DICM", "a DICOM file"),
)
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_PNG_END = b"IEND\xae\x42\x60\x82"


class Refusal(Exception):
    """Why a file is not taken: what was expected and what was received instead."""

    def __init__(self, expected: str, received: str) -> None:
        super().__init__(expected, received)
        self.expected, self.received = expected, received


@dataclass(frozen=True, eq=False)
class Stored:
    """Values as a file holds them.

    Attributes:
        values: uint8 or uint16 (h, w, c); c = 1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha.
        bits: Bits per value, 8 for uint8 and 9..16 for uint16.
        orientation: EXIF orientation, 1..8.
        notes: What the reader changed or left out, in a user's words.
    """

    values: Values
    bits: int = 8
    orientation: int = 1
    notes: tuple[str, ...] = ()


def sniff(data: bytes) -> str:
    """Return "JPEG", "PNG", "BMP" or "TIFF", judged by content.

    Raises:
        Refusal: Anything else, named as well as its first bytes allow.
    """
    named = (kind for start, mark, kind in _SIGNATURES if data.startswith(mark, start))
    is_bmp = data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS
    kind = "BMP" if is_bmp else next(named, None) or _describe(data)
    if kind not in ("JPEG", "PNG", "BMP", "TIFF"):
        raise Refusal("a JPEG, PNG, BMP or TIFF picture", kind)
    return kind


def _describe(data: bytes) -> str:
    head = data[:4096]
    if not head:
        return "an empty file (0 bytes)"
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)  # a cut last letter is fine
    except UnicodeDecodeError:
        return "bytes of no known picture format"
    if not all(letter.isprintable() or letter.isspace() for letter in text):
        return "bytes of no known picture format"
    html = text.lstrip().lower().startswith(("<!doctype html", "<html"))
    return "an HTML page" if html else "a text file"


def check_sides(width: int, height: int) -> None:
    """Refuse a picture by the sides its header claims, in px."""
    if width < 1 or height < 1:
        raise ValueError("the header has lost its sides")  # damage, not a small picture
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_SIDE:
        expected = f"a picture with sides of {MIN_SIDE} to {MAX_SIDE} px"
        raise Refusal(expected, f"{width} × {height} px")


def channels_last(values: Values) -> Values:
    """Give a grey picture (h, w) its channel axis; (h, w, c) stays."""
    return values[..., None] if values.ndim == 2 else values


def read_common(kind: str, data: bytes) -> Stored:
    """Decode a JPEG, PNG or BMP.

    Raises:
        Refusal: CMYK colours, an animation, a size that is not accepted, a PNG without its end.
        Exception: Whatever Pillow or libpng meet in damaged bytes.
    """
    # The plugins themselves rather than Image.open, which would go by another guess at the kind
    # and warn of large pictures that check_sides refuses anyway.
    plugins: dict[str, Callable[[io.BytesIO], Image.Image]]
    plugins = {"JPEG": JpegImageFile, "PNG": PngImageFile, "BMP": BmpImageFile}
    picture = plugins[kind](io.BytesIO(data))
    check_sides(*picture.size)
    frames = getattr(picture, "n_frames", 1)
    if picture.mode == "CMYK":
        raise Refusal("a grey or RGB picture", f"a {kind} in CMYK colours")
    if frames > 1:
        raise Refusal("a still picture", f"an animation of {frames} frames")
    if kind == "PNG" and _PNG_END not in data:
        raise Refusal("a whole PNG file", "one that is cut short")
    if kind == "PNG" and data[24] == 16:  # bit depth in IHDR
        values, bits = channels_last(imagecodecs.png_decode(data)), 16
    else:
        values, bits = _eight_bits(picture), 8
    notes = {"1": ("1-bit values spread over 0..255",), "P": ("palette colours written as RGB",)}
    return Stored(values, bits, _orientation(picture), notes.get(picture.mode, ()))


def _eight_bits(picture: Image.Image) -> Values:
    picture.load()
    grey, alpha = picture.mode in ("1", "L", "LA"), picture.has_transparency_data
    mode = ("LA" if alpha else "L") if grey else ("RGBA" if alpha else "RGB")
    return channels_last(np.asarray(picture.convert(mode)))


def _orientation(picture: Image.Image) -> int:
    try:
        orientation = int(picture.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # a broken EXIF block is no reason to refuse good pixels
        return 1
    return orientation if 1 <= orientation <= 8 else 1
