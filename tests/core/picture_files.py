"""Small picture files of every kind, whole, claiming too much, or mutilated."""

import io
import struct
import zlib

import cv2
import numpy as np
import tifffile
from PIL import Image

RNG = np.random.default_rng(5)
RGB = cv2.GaussianBlur(RNG.integers(0, 256, (48, 40, 3), np.uint8), (0, 0), 2)
GREY = np.ascontiguousarray(RGB[..., 0])
DEEP = RNG.integers(300, 60000, (48, 40, 3)).astype(np.uint16)
PALETTE = RNG.integers(0, 256, (3, 256)).astype(np.uint16) * 257


def pillow(kind, pixels=RGB, mode=None, **options):
    file, picture = io.BytesIO(), Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(file, kind, **options)
    return file.getvalue()


def tiff(pixels=RGB, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def deep_png(values, colour_type, extra=b""):
    """A 16-bit PNG by the standard, since no library here writes all kinds."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + png_chunk(b"IEND", b"")


def exif(orientation):
    tags = Image.Exif()
    tags[274] = orientation
    return tags


PLANES = np.ascontiguousarray(np.moveaxis(RGB, 2, 0))
SEPARATE = {"photometric": "rgb", "planarconfig": "separate"}
LOSSLESS = {
    "png": pillow("PNG"),
    "bmp": pillow("BMP"),
    "tiff": tiff(),
    "tiff lzw": tiff(compression="lzw", predictor=True, rowsperstrip=8),
    "tiff deflate in tiles": tiff(compression="zlib", tile=(16, 32)),
    "tiff packbits": pillow("TIFF", compression="packbits"),
    "tiff zstd": tiff(compression="zstd"),
    "tiff planar": tiff(PLANES, **SEPARATE),
    "tiff planar deflate": tiff(PLANES, compression="zlib", rowsperstrip=16, **SEPARATE),
    "tiff big-endian": tiff(byteorder=">"),
    "bigtiff": tiff(bigtiff=True),
    "opaque png": pillow("PNG", mode="RGBA"),
}
WHOLE = LOSSLESS | {
    "jpeg": pillow("JPEG", exif=exif(6)),
    "progressive jpeg": pillow("JPEG", progressive=True),
    "png palette": pillow("PNG", mode="P"),
    "bmp palette": pillow("BMP", mode="P"),
    "png 16": deep_png(DEEP, 2),
    "tiff jpeg": tiff(compression="jpeg", rowsperstrip=16),
    "tiff jpeg tiles": tiff(compression="jpeg", tile=(32, 32)),
    "tiff 16": tiff(DEEP, compression="zlib", tile=(16, 16)),
    "tiff palette": tiff(GREY, photometric="palette", colormap=PALETTE),
    "tiff fax": pillow("TIFF", mode="1", compression="group4"),
    "tiff pages": tiff(np.stack([DEEP[..., 0]] * 3), photometric="minisblack"),
}


def claiming(kind, side):
    """A small file whose header claims side × side px."""
    if kind == "PNG":
        header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        return LOSSLESS["png"][:8] + header + LOSSLESS["png"][33:]
    if kind == "TIFF":
        data = bytearray(LOSSLESS["tiff lzw"])
        with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
            tags = [file.pages[0].tags[name] for name in ("ImageWidth", "ImageLength")]
        for tag in tags:
            size = 2 if tag.dtype == 3 else 4
            data[tag.valueoffset : tag.valueoffset + size] = side.to_bytes(size, "little")
        return bytes(data)
    start, order = {"BMP": (18, "<II"), "JPEG": (WHOLE["jpeg"].index(b"\xff\xc0") + 5, ">HH")}[kind]
    data = LOSSLESS["bmp"] if kind == "BMP" else WHOLE["jpeg"]
    sides = struct.pack(order, side, side)
    return data[:start] + sides + data[start + len(sides) :]


def mutated(data, chance):
    kind, out = chance.randrange(3), bytearray(data)
    if kind == 0:
        return bytes(out[: chance.randrange(len(out))])
    if kind == 1:
        start = chance.randrange(len(out))
        out[start : start + 4] = bytes(chance.choices((0, 1, 127, 255), k=chance.randrange(9)))
        return bytes(out)
    reach = chance.choice((len(out), min(len(out), 300)))
    for _ in range(chance.choice((1, 1, 2, 8))):
        out[chance.randrange(reach)] = chance.randrange(256)
    return bytes(out)
