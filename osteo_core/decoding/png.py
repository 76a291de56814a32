"""PNG: every block's checksum compared, the packed rows counted, then decoded.

Pillow reads what has eight bits; it would silently cut sixteen, so those go to libpng. Neither
compares all checksums, and both inflate texts and colour profiles that the pixels do not need:
they get only the blocks that matter.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator

import imagecodecs
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from osteo_core.decoding.bmp import PICTURE_NOTES, eight_bits
from osteo_core.decoding.stored import Refusal, Stored, as_orientation, channels_last, check_sides

# A damaged file is answered with one sentence; the decoders' own remarks on it help nobody.
warnings.filterwarnings("ignore", module=r"PIL\.\w+ImagePlugin")

ORIENTATION_TAG = 274
_HEAD = 8  # bytes of the signature
_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
_PASSES += [(0, 1, 1, 2)]  # Adam7: left, top, step across, step down
_PIECE = 1 << 20


def read_png(data: bytes) -> Stored:
    """Decode a PNG.

    Raises:
        Refusal: A size that is not accepted, an animation, a file without its end.
        Exception: Wrong checksums, too few rows, and whatever Pillow or libpng meet.
    """
    width, height, bits = struct.unpack(">IIB", data[16:25])
    check_sides(width, height, 8 if bits == 16 else 4)
    blocks = list(_blocks(data))
    _check_still(blocks)
    notes = _check_rows(blocks)
    bare = data[:_HEAD] + b"".join(whole for kind, whole in blocks if kind in _NEEDED)
    turn = orientation(next((body[8:-4] for kind, body in blocks if kind == b"eXIf"), b""))
    if bits == 16:
        return Stored(channels_last(imagecodecs.png_decode(bare)), 16, turn, notes)
    picture = PngImageFile(io.BytesIO(bare))
    return Stored(eight_bits(picture), 8, turn, (*PICTURE_NOTES.get(picture.mode, ()), *notes))


def _blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk over kinds and whole blocks, up to and with IEND; what follows is no picture."""
    at = _HEAD
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind, block = data[at + 4 : at + 8], data[at:end]
        if end > len(data):
            break
        if zlib.crc32(block[4:-4]) != int.from_bytes(block[-4:], "big"):
            raise ValueError(f"the checksum of {kind!r} is wrong")
        yield kind, block
        if kind == b"IEND":
            return
        at = end
    raise Refusal("a whole PNG file", "one that is cut short")


def _check_still(blocks: list[tuple[bytes, bytes]]) -> None:
    frames = next((struct.unpack(">I", b[8:12])[0] for k, b in blocks if k == b"acTL"), 1)
    if frames > 1:
        raise Refusal("a still picture", f"an animation of {frames} frames")


def _check_rows(blocks: list[tuple[bytes, bytes]]) -> tuple[str, ...]:
    """Inflate the pixels once to see that all are there and none too many: libpng would fill."""
    if blocks[0][0] != b"IHDR":
        raise ValueError("the header is not in front")
    expected, got = _packed_bytes(blocks[0][1]), 0
    unpack = zlib.decompressobj()
    for packed in (block[8:-4] for kind, block in blocks if kind == b"IDAT"):
        while packed and got <= expected and not unpack.eof:
            got += len(unpack.decompress(packed, _PIECE))
            packed = unpack.unconsumed_tail
    if got < expected or (got == expected and not unpack.eof):
        raise ValueError(f"{got} bytes of pixels instead of {expected}")
    if got > expected:
        return ("the file holds more pixels than its size says; part of the picture may be wrong",)
    return ()


def _packed_bytes(header: bytes) -> int:
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header[8:21])
    passes = _PASSES if interlaced else [(0, 0, 1, 1)]
    sides = ((-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in passes)
    per_pixel = bits * _CHANNELS[colour]
    return sum(h * (1 + (w * per_pixel + 7) // 8) for w, h in sides if w > 0 and h > 0)


def orientation(exif: bytes) -> int:
    """Return the orientation of an EXIF block, 1 where there is none or it is broken."""
    if not exif:
        return 1
    tags = Image.Exif()
    try:
        tags.load(exif)
        return as_orientation(int(tags.get(ORIENTATION_TAG, 1)))
    except Exception:  # a broken EXIF block is no reason to refuse good pixels
        return 1
