"""Small pictures of every kind, mutilated: what is read without a note is the true picture.

Bytes that carry pixels as they are (BMP, TIFF without packing or with packing that has no
checksum) may change unnoticed by anybody; there only the manner of the answer is looked at. A flip
of single bits in a JPEG that leaves all its codes in step cannot be told from another picture
either.
"""

import io
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from osteo_core.errors import TileError
from osteo_core.tiles import Tile, load_tile

Pixels = NDArray[np.uint8]
LOSSY_MEAN = 12.0  # mean difference that JPEG makes on these pictures at most


def trial(seed: int, folder: Path) -> None:
    """Write one picture, mutilate it, read it."""
    chance = random.Random(seed)
    pixels = _picture(chance)
    kind = chance.choice(sorted(KINDS))
    data, is_exact, is_guarded = KINDS[kind](pixels, chance)
    whole = _read(folder, data)
    assert isinstance(whole, Tile), f"{kind}: {whole}"
    _compare(whole.pixels, pixels, is_exact, kind)
    damage = chance.choice(DAMAGES)
    broken = damage(data, chance)
    said = _read(folder, broken)
    if isinstance(said, Tile) and said.decoding == whole.decoding and is_guarded(damage):
        assert said.shape == whole.shape, f"{kind}, {damage.__name__}: {said.shape}"
        worst = np.abs(said.pixels.astype(int) - whole.pixels).max(-1) > 24
        assert worst.mean() < 0.02, f"{kind}, {damage.__name__}: silent, {worst.mean():.0%} wrong"


def _read(folder: Path, data: bytes) -> Tile | str:
    file = folder / "picture.tif"
    file.write_bytes(data)
    try:
        return load_tile(file)
    except TileError as refused:
        sentence = str(refused)
        assert sentence.startswith("Expected ")
        assert sentence.count("Received: ") == 1
        assert "\n" not in sentence
        return sentence


def _compare(got: Pixels, true: Pixels, is_exact: bool, kind: str) -> None:
    assert got.shape == true.shape, f"{kind}: {got.shape} instead of {true.shape}"
    off = np.abs(got.astype(int) - true)
    assert off.max() == 0 if is_exact else off.mean() < LOSSY_MEAN, f"{kind}: whole, yet other"


def _picture(chance: random.Random) -> Pixels:
    """Tissue-like: smooth colours, cells, some glass."""
    rng = np.random.default_rng(chance.randrange(1 << 30))
    height, width = (chance.randrange(64, 200) for _ in range(2))
    noise = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), chance.choice((1.5, 3, 6)))
    spread = cv2.normalize(smooth, None, 30, 250, cv2.NORM_MINMAX)
    spread[: height // 6] = 243
    return np.ascontiguousarray(spread)


# Kinds: bytes, whether they hold the pixels exactly, and against which damage they are guarded ---

Made = tuple[bytes, bool, Callable[[Callable[..., bytes]], bool]]


def _unless_made_right(damage: Callable[..., bytes]) -> bool:
    return damage is not header_with_checksums


def _if_not_random(damage: Callable[..., bytes]) -> bool:
    return damage in (hole, ones, cut, cut_with_an_end)


def _if_cut(damage: Callable[..., bytes]) -> bool:
    return damage is cut


def _pillow(pixels: Pixels, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def _tiff(pixels: NDArray[np.unsignedinteger], **options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def _jpeg(pixels: Pixels, chance: random.Random) -> Made:
    options = {
        "quality": chance.randrange(70, 98),
        "progressive": chance.random() < 0.4,
        "optimize": chance.random() < 0.4,
        "subsampling": chance.choice((0, 1, 2)),
    }
    if chance.random() < 0.3 and not options["progressive"]:
        options["restart_marker_rows"] = 2
    return _pillow(pixels, "JPEG", **options), False, _if_not_random


def _twelve(pixels: Pixels, chance: random.Random) -> Made:
    values = (pixels.astype(np.uint32) * 4095 // 255).astype(np.uint16)
    return imagecodecs.jpeg8_encode(values, level=95, bitspersample=12), False, _if_not_random


def _png(pixels: Pixels, chance: random.Random) -> Made:
    return _pillow(pixels, "PNG"), True, _unless_made_right


def _deep_png(pixels: Pixels, chance: random.Random) -> Made:
    return imagecodecs.png_encode(pixels.astype(np.uint16) * 257), True, _unless_made_right


def _bmp(pixels: Pixels, chance: random.Random) -> Made:
    return _pillow(pixels, "BMP"), True, _if_cut


def _plain_tiff(pixels: Pixels, chance: random.Random) -> Made:
    codec = chance.choice((None, "lzw", "packbits", "zstd"))
    tiles = chance.choice(({}, {"tile": (32, 32)}, {"rowsperstrip": 16}))
    return _tiff(pixels, photometric="rgb", compression=codec, **tiles), True, _if_cut


def _deflated_tiff(pixels: Pixels, chance: random.Random) -> Made:
    return _tiff(pixels, photometric="rgb", compression="zlib", rowsperstrip=32), True, _if_cut


def _deep_tiff(pixels: Pixels, chance: random.Random) -> Made:
    factor = chance.choice((1, 16, 128, 256, 257))
    return _tiff(pixels * np.uint16(factor), photometric="rgb"), True, _if_cut


def _planes(pixels: Pixels, chance: random.Random) -> Made:
    values = np.ascontiguousarray(np.moveaxis(pixels, 2, 0))
    how = chance.choice(({"ome": True}, {"imagej": True}))
    data = _tiff(values, photometric="minisblack", metadata={"axes": "CYX"}, **how)
    return data, True, _never


def _never(damage: Callable[..., bytes]) -> bool:
    return False


def _thumb_first(pixels: Pixels, chance: random.Random) -> Made:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(pixels[::2, ::2], photometric="rgb", subfiletype=1)
        writer.write(pixels, photometric="rgb")
    return file.getvalue(), True, _never


def _jpeg_tiff(pixels: Pixels, chance: random.Random) -> Made:
    side = chance.choice((32, 64))
    data = _tiff(pixels, photometric="rgb", compression="jpeg", tile=(side, side))
    return data, False, _if_cut


def _lossless(pixels: Pixels, chance: random.Random) -> Made:
    return imagecodecs.jpeg8_encode(pixels, lossless=True), True, _if_cut


def _jpeg_2000(pixels: Pixels, chance: random.Random) -> Made:
    form = chance.choice(("jp2", "j2k"))
    return imagecodecs.jpeg2k_encode(pixels, level=0, codecformat=form), True, _if_cut


def _jpeg_xl(pixels: Pixels, chance: random.Random) -> Made:
    contained = chance.random() < 0.5
    data = imagecodecs.jpegxl_encode(pixels, lossless=True, usecontainer=contained)
    return data, True, _if_cut


def _hidden(pixels: Pixels, chance: random.Random) -> Made:
    clear = np.dstack([pixels, pixels[..., 0] * 0])
    if chance.random() < 0.5:
        return _pillow(clear, "PNG"), True, _unless_made_right
    return _tiff(clear, photometric="rgb", extrasamples=["unassalpha"]), True, _if_cut


KINDS: dict[str, Callable[[Pixels, random.Random], Made]] = {
    "jpeg": _jpeg,
    "jpeg again": _jpeg,
    "12 bits": _twelve,
    "png": _png,
    "deep png": _deep_png,
    "bmp": _bmp,
    "tiff": _plain_tiff,
    "deflated tiff": _deflated_tiff,
    "deep tiff": _deep_tiff,
    "planes": _planes,
    "thumb first": _thumb_first,
    "jpeg tiff": _jpeg_tiff,
    "lossless": _lossless,
    "jpeg 2000": _jpeg_2000,
    "jpeg xl": _jpeg_xl,
    "hidden": _hidden,
}


# Damage ------------------------------------------------------------------------------------------


def _place(data: bytes, chance: random.Random) -> int:
    return chance.randrange(len(data) // 3, max(len(data) // 3 + 1, len(data) - 300))


def hole(data: bytes, chance: random.Random) -> bytes:
    """Zeros in the middle."""
    at, n = _place(data, chance), chance.choice((16, 100, 300))
    return (data[:at] + bytes(n) + data[at + n :])[: len(data)]


def ones(data: bytes, chance: random.Random) -> bytes:
    """0xFF in the middle."""
    at = _place(data, chance)
    return (data[:at] + b"\xff" * 200 + data[at + 200 :])[: len(data)]


def cut(data: bytes, chance: random.Random) -> bytes:
    """The end is missing."""
    return data[: chance.randrange(len(data) - 4)]


def cut_with_an_end(data: bytes, chance: random.Random) -> bytes:
    """Cut, with an end mark of JPEG."""
    return data[: _place(data, chance)] + b"\xff\xd9"


def flips(data: bytes, chance: random.Random) -> bytes:
    """Some bits turned."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 3, 20))):
        out[chance.randrange(2, len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def header(data: bytes, chance: random.Random) -> bytes:
    """Bytes of the header replaced."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 2, 4))):
        out[chance.randrange(4, min(len(out), 300))] = chance.choice(
            (0, 255, chance.randrange(256))
        )
    return bytes(out)


def header_with_checksums(data: bytes, chance: random.Random) -> bytes:
    """The same, and a PNG's checksums made right again."""
    out = bytearray(header(data, chance))
    at = 8
    while data.startswith(b"\x89PNG") and at + 12 <= len(out):
        n = struct.unpack(">I", out[at : at + 4])[0]
        if at + 12 + n > len(out):
            break
        out[at + 8 + n : at + 12 + n] = struct.pack(">I", zlib.crc32(out[at + 4 : at + 8 + n]))
        at += 12 + n
    return bytes(out)


def huge(data: bytes, chance: random.Random) -> bytes:
    """Some four bytes of the header say a very large number."""
    out, at = bytearray(data), chance.randrange(4, min(len(data) - 4, 120))
    out[at : at + 4] = chance.choice((b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\x20\x01"))
    return bytes(out)


DAMAGES = (hole, ones, cut, cut_with_an_end, flips, header, header_with_checksums, huge)
