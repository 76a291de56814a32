"""Every bad file gets one sentence with its name; no bytes at all get anything else."""

import io
import random
import re
import struct
import tracemalloc

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from osteo_core.errors import TileError
from osteo_core.tiles import load_tile
from tests.core.picture_files import GREY, RGB, RNG, WHOLE, claiming, mutated, pillow, tiff

SIZES = "a picture with sides of 32 to 8192 px"


@pytest.mark.parametrize("shape", [(31, 400), (400, 31), (1, 1), (8193, 32), (32, 8193)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
def test_refused_sizes(shape, kind):
    with pytest.raises(TileError) as refused:
        load_tile(pillow(kind, np.zeros(shape, np.uint8)), "scan.png")
    size = f"{shape[1]} × {shape[0]} px"
    assert str(refused.value) == f"Expected {SIZES}; Received: scan.png, {size}."


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "JPEG"])
def test_a_decompression_bomb_costs_nothing(kind):
    data = claiming(kind, 60000)
    tracemalloc.start()
    with pytest.raises(TileError, match="Received: bomb, 60000 × 60000 px"):
        load_tile(data, "bomb")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6


def test_a_large_jpeg_hidden_in_a_small_tiff():
    data = bytearray(WHOLE["tiff jpeg"])
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 60000, 60000)
    with pytest.raises(TileError, match="hidden JPEG"):
        load_tile(bytes(data))


def test_a_tiff_with_tiles_larger_than_any_picture():
    data = bytearray(WHOLE["tiff 16"])
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        tag = file.pages[0].tags["TileWidth"]
    data[tag.valueoffset : tag.valueoffset + 2] = (60000).to_bytes(2, "little")
    with pytest.raises(TileError):
        load_tile(bytes(data))


CMYK = np.dstack([RGB, GREY])
FRAMES = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]


def animated(kind):
    file = io.BytesIO()
    FRAMES[0].save(file, kind, save_all=True, append_images=FRAMES[1:])
    return file.getvalue()


KINDS = "a JPEG, PNG, BMP or TIFF picture"
REFUSED = {
    "zero bytes": (b"", KINDS, "an empty file (0 bytes)"),
    "text": ("\ufeffGröße,Zahl\n1,2\n".encode(), KINDS, "a text file"),
    "html": (b"\n<!DOCTYPE html><p>404", KINDS, "an HTML page"),
    "pdf": (b"%PDF-1.7\n\x80\x81", KINDS, "a PDF document"),
    "zip": (b"PK\3\4" + bytes(40), KINDS, "a zip archive"),
    "gif": (animated("GIF"), KINDS, "a GIF picture"),
    "webp": (animated("WEBP"), KINDS, "a WebP picture"),
    "text that starts like a bmp": (b"BMW is a make of car.", KINDS, "a text file"),
    "noise": (RNG.bytes(400), KINDS, "bytes of no known picture format"),
    "animated png": (animated("PNG"), "a still picture", "an animation of 2 frames"),
    "cmyk jpeg": (
        pillow("JPEG", mode="CMYK"),
        "a grey or RGB picture",
        "a JPEG in CMYK colours",
    ),
    "ycck jpeg": (
        imagecodecs.jpeg8_encode(CMYK, colorspace="CMYK", outcolorspace="YCCK"),
        "a grey or RGB picture",
        "a JPEG in CMYK colours",
    ),
    "cmyk tiff": (
        tiff(CMYK, photometric="separated"),
        "a grey, RGB or palette picture",
        "a TIFF in CMYK colours",
    ),
    "lab tiff": (
        pillow("TIFF", mode="LAB"),
        "a grey, RGB or palette picture",
        "a TIFF in CIELAB colours",
    ),
    "float tiff": (
        tiff(GREY.astype(np.float32)),
        "a TIFF of whole 8- or 16-bit values",
        "one of floating-point 32-bit values",
    ),
    "signed tiff": (
        tiff(GREY.astype(np.int16)),
        "a TIFF of whole 8- or 16-bit values",
        "one of signed 16-bit values",
    ),
    "32-bit tiff": (
        tiff(GREY.astype(np.uint32)),
        "a TIFF of whole 8- or 16-bit values",
        "one of whole 32-bit values",
    ),
    "jpeg 2000 tiff": (
        tiff(compression="jpeg2000"),
        "a TIFF packed with LZW, deflate or JPEG",
        "one packed with JPEG2000",
    ),
    "volume": (
        tiff(np.stack([GREY] * 3), photometric="minisblack", volumetric=True, tile=(16, 16, 16)),
        "a flat grey or RGB picture",
        "a TIFF in MINISBLACK with 3 planes",
    ),
    "five channels": (
        tiff(np.dstack([RGB, RGB[..., :2]]), photometric="rgb"),
        "a flat grey or RGB picture",
        "a TIFF in RGB with 5 channels",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_are_one_sentence(case):
    data, expected, received = REFUSED[case]
    with pytest.raises(TileError) as refused:
        load_tile(data, "folder/tile 1.jpg")
    assert str(refused.value) == f"Expected {expected}; Received: tile 1.jpg, {received}."


def test_a_path_that_is_no_file(tmp_path):
    with pytest.raises(TileError, match=r"Received: gone\.png, which does not exist\.$"):
        load_tile(tmp_path / "gone.png")
    with pytest.raises(
        TileError, match=r"Expected a picture file; Received: .+, which is a folder"
    ):
        load_tile(tmp_path)


@pytest.mark.parametrize("kind", [kind for kind in WHOLE if kind != "tiff pages"])
def test_a_truncated_file_is_refused_wherever_it_ends(kind):
    data = WHOLE[kind]
    for end in np.linspace(0, len(data) - 5, 40, dtype=int):
        with pytest.raises(TileError):
            load_tile(data[:end])


@pytest.mark.parametrize("kind", WHOLE)
def test_mutilated_files_give_a_tile_or_a_sentence(kind, capfd):
    chance = random.Random(kind)
    tiles, sentences = 0, []
    for _ in range(60):
        try:
            tiles += load_tile(mutated(WHOLE[kind], chance), "x.tif").pixels.ndim == 3
        except TileError as refused:
            sentences.append(str(refused))
    form = r"Expected [^;\n]+; Received: x\.tif, [^;\n]+\."
    assert all(re.fullmatch(form, sentence) for sentence in sentences)
    assert (tiles + len(sentences), bool(sentences)) == (60, True)
    assert capfd.readouterr() == ("", "")  # no decoder chatters
