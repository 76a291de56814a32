"""Damage that decoders repair in silence is heard: refused, or noted."""

import random
import struct
import zlib

import cv2
import imagecodecs
import numpy as np
import pytest

from osteo_core.errors import TileError
from osteo_core.tiles import image_files, load_tile
from tests.core.picture_files import LOSSLESS, RGB, exif, pillow, png_chunk, tiff

TISSUE = np.random.default_rng(9).integers(0, 256, (30, 30, 3), np.uint8).repeat(8, 0).repeat(8, 1)
TISSUE = (TISSUE // 2 + np.random.default_rng(1).integers(0, 100, TISSUE.shape)).astype(np.uint8)
JPEGS = {
    "baseline": pillow("JPEG", TISSUE, quality=90),
    "grey": pillow("JPEG", TISSUE[..., 0], quality=90),
    "optimised": pillow("JPEG", TISSUE, quality=80, optimize=True),
    "restarts": pillow("JPEG", TISSUE, restart_marker_rows=1),
    "full colour": pillow("JPEG", TISSUE, quality=95, subsampling=0),
    "progressive": pillow("JPEG", TISSUE, progressive=True),
}


COARSE = "its last passes are missing, as in a file cut short; fine detail may be wrong"


def hole(data, at, chance):
    return data[:at] + bytes(300) + data[at + 300 :]


def cut_with_an_end(data, at, chance):
    return data[:at] + b"\xff\xd9"


def ones(data, at, chance):
    return data[:at] + b"\xff" * 200 + data[at + 200 :]


@pytest.mark.parametrize("damage", [hole, cut_with_an_end, ones])
@pytest.mark.parametrize("kind", JPEGS)
def test_a_damaged_jpeg_never_passes_for_a_good_one(kind, damage):
    data, chance = JPEGS[kind], random.Random(f"{kind} {damage.__name__}")
    start = data.index(b"\xff\xda") + 14
    for _ in range(20):
        broken = damage(data, chance.randrange(start, len(data) - 400), chance)
        try:
            tile = load_tile(broken)
        except TileError:
            continue
        assert any("may be wrong" in note for note in tile.decoding)


@pytest.mark.parametrize("pixels", [TISSUE, TISSUE[..., 0]])
def test_a_progressive_jpeg_cut_between_its_passes_is_noted(pixels):
    data = pillow("JPEG", pixels, progressive=True)
    whole = load_tile(data).decoding
    passes = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    assert len(passes) > 4
    for at in passes[1:]:
        notes = load_tile(data[:at] + b"\xff\xd9").decoding
        assert [note for note in notes if note not in whole] == [COARSE]


@pytest.mark.parametrize("damage", [cut_with_an_end, ones])
def test_also_inside_a_tiff_and_with_twelve_bits(damage):
    deep = imagecodecs.jpeg8_encode((TISSUE.astype(np.uint16) * 16), level=95, bitspersample=12)
    inside = tiff(TISSUE, photometric="rgb", compression="jpeg", rowsperstrip=240)
    chance = random.Random(3)
    for data in (deep, inside):
        load_tile(data)
        for _ in range(10):
            at = chance.randrange(len(data) // 2, len(data) - 400)
            with pytest.raises(TileError):
                load_tile(damage(data, at, chance))


@pytest.mark.parametrize("kind", JPEGS)
def test_whole_jpegs_have_no_note(kind):
    note = ("grey repeated in three channels",) if kind == "grey" else ()
    assert load_tile(JPEGS[kind]).decoding == note


BASELINE = JPEGS["baseline"]
HARMLESS = {
    "bytes after the end": BASELINE + b"PK\3\4 and more",
    "padding before the end": BASELINE[:-2] + bytes(3) + b"\xff\xd9",
    "a comment": BASELINE[:2] + b"\xff\xfe\0\4hi" + BASELINE[2:],
    "strays in the header": BASELINE[:20] + b"\0\0" + BASELINE[20:],
    "fill bytes": BASELINE[:20] + b"\xff\xff" + BASELINE[20:],
    "exif": pillow("JPEG", TISSUE, quality=90, exif=exif(1)),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_leaves_the_pixels_right_is_no_damage(kind):
    assert np.array_equal(load_tile(HARMLESS[kind]).pixels, load_tile(BASELINE).pixels)


@pytest.mark.parametrize("optimised", [False, True])
def test_flat_pictures_are_no_holes(optimised):
    for value in (0, 128, 255):
        flat = np.full((512, 512, 3), value, np.uint8)
        assert load_tile(pillow("JPEG", flat, optimize=optimised)).decoding == ()
        load_tile(pillow("JPEG", flat, progressive=True))


def stepped(off):
    """Smooth tissue whose values are off by so much from one block on, as after lost bytes."""
    smooth = cv2.GaussianBlur(TISSUE, (0, 0), 4).astype(int)
    smooth = np.clip(smooth, 60, 180)
    smooth[96:112, 112:] += off
    smooth[112:] += off
    return np.pad(smooth, ((0, 0), (0, 48), (0, 0)), mode="edge").astype(np.uint8)


@pytest.mark.parametrize("subsampling", [0, 2])
def test_a_seam_as_after_lost_bytes_is_noted(subsampling):
    unit = {"quality": 95, "subsampling": subsampling}
    pixels = stepped(40)
    if subsampling == 0:  # the step is as high as one block
        pixels[104:112] = stepped(0)[104:112] + np.uint8(40)
    assert "a seam runs through it" in load_tile(pillow("JPEG", pixels, **unit)).decoding[0]
    assert load_tile(pillow("JPEG", stepped(0), **unit)).decoding == ()


def test_borders_quarters_and_steps_of_other_sizes_are_no_seams():
    plain = np.full((240, 240, 3), 200, np.uint8)
    border, quarters, stairs = plain.copy(), plain.copy(), plain.copy()
    border[:48] = 0
    quarters[:112, :112], quarters[112:, 112:] = 90, 30
    for number in range(15):
        stairs[number * 16 :, number * 16 :] = 40
    for pixels in (border, quarters, stairs, TISSUE):
        assert load_tile(pillow("JPEG", pixels, quality=95)).decoding == ()


def test_every_wrong_checksum_of_a_png_counts():
    data = LOSSLESS["png"]
    at = 8
    while at < len(data):
        n = struct.unpack(">I", data[at : at + 4])[0]
        broken = bytearray(data)
        broken[at + 8 + n] ^= 1
        with pytest.raises(TileError, match="damaged or cut short"):
            load_tile(bytes(broken))
        at += 12 + n


def test_a_png_whose_pixels_are_cut_or_changed():
    at = LOSSLESS["png"].index(b"IDAT")
    rows = b"".join(b"\0" + row.tobytes() for row in RGB)
    changed = bytearray(zlib.compress(rows))
    changed[-1] ^= 1  # Adler's checksum
    for packed in (zlib.compress(rows[:-1]), bytes(changed), zlib.compress(rows)[:-6]):
        blocks = png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")
        with pytest.raises(TileError):
            load_tile(LOSSLESS["png"][: at - 4] + blocks)


def test_a_bmp_that_is_short():
    for cut in (1, 100, 3000):
        with pytest.raises(TileError):
            load_tile(LOSSLESS["bmp"][:-cut])


def test_no_real_tile_is_refused_or_noted(shared_dir):
    files = image_files([shared_dir / "data" / "osteosarcoma-tumor-assessment"])
    for path in files[::25]:
        assert load_tile(path).decoding == ()
