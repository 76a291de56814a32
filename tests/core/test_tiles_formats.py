"""JPEG's whole family, alpha that hides everything, and files under any name."""

import io
import os

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from osteo_core.errors import TileError
from osteo_core.tiles import IMAGE_SUFFIXES, image_files, load_tile
from tests.core.picture_files import DEEP, GREY, LOSSLESS, RGB, deep_png, pillow, tiff

SIXTEEN = RGB.astype(np.uint16) * 257
EXACT = {
    "JPEG-LS": (imagecodecs.jpegls_encode(RGB), RGB),
    "JPEG-LS of 16 bits": (imagecodecs.jpegls_encode(SIXTEEN), RGB),
    "grey JPEG-LS": (imagecodecs.jpegls_encode(GREY), np.dstack([GREY] * 3)),
    "lossless JPEG": (
        imagecodecs.ljpeg_encode(SIXTEEN[..., 0].copy()),
        np.dstack([RGB[..., 0]] * 3),
    ),
    "lossless JPEG in colours": (imagecodecs.jpeg8_encode(RGB, lossless=True), RGB),
    "JPEG 2000": (imagecodecs.jpeg2k_encode(RGB, level=0), RGB),
    "JPEG 2000 codestream": (imagecodecs.jpeg2k_encode(RGB, level=0, codecformat="j2k"), RGB),
    "JPEG 2000 of 16 bits": (imagecodecs.jpeg2k_encode(SIXTEEN, level=0), RGB),
    "JPEG XL": (imagecodecs.jpegxl_encode(RGB, lossless=True), RGB),
    "JPEG XL codestream": (
        imagecodecs.jpegxl_encode(RGB, lossless=True, usecontainer=False),
        RGB,
    ),
    "JPEG XL of 16 bits": (imagecodecs.jpegxl_encode(SIXTEEN, lossless=True), RGB),
}


@pytest.mark.parametrize("kind", EXACT)
def test_what_imagecodecs_reads_is_read_and_told(kind):
    data, expected = EXACT[kind]
    tile = load_tile(data, "a.jpg")
    assert np.array_equal(tile.pixels, expected)
    assert tile.decoding[0].removeprefix("decoded from ") in kind


@pytest.mark.parametrize("kind", EXACT)
def test_their_truncated_files_are_refused_or_whole(kind):
    data, expected = EXACT[kind]
    for end in np.linspace(8, len(data) - 5, 25, dtype=int):
        try:
            tile = load_tile(data[:end])
        except TileError:
            continue
        assert np.array_equal(tile.pixels, expected)


def test_twelve_bit_jpeg():
    values = (RGB.astype(np.uint32) * 4095 // 255).astype(np.uint16)
    tile = load_tile(imagecodecs.jpeg8_encode(values, level=99, bitspersample=12))
    assert np.abs(tile.pixels.astype(int) - RGB).mean() < 3
    assert tile.decoding == ("12-bit values scaled from 0..4095 to 0..255",)


@pytest.mark.parametrize("shape", [(31, 40), (40, 31)])
def test_their_sides_are_refused_from_the_header(shape):
    small = np.zeros((*shape, 3), np.uint8)
    size = f"{shape[1]} × {shape[0]} px"
    for data in (
        imagecodecs.jpegls_encode(small),
        imagecodecs.jpeg2k_encode(small),
        imagecodecs.jpegxl_encode(small),
    ):
        with pytest.raises(TileError, match=size):
            load_tile(data)


@pytest.mark.parametrize("side", [9000, 60000])
def test_a_jpeg_xl_of_any_size_tells_its_sides(side):
    wide = imagecodecs.jpegxl_encode(np.zeros((33, side), np.uint8))
    with pytest.raises(TileError, match=f"{side} × 33 px"):
        load_tile(wide)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x1cftypavif", "an AVIF picture"),
        (b"\0\0\0\x1cftypheic", "an HEIC picture"),
        (b"\0\0\0\x1cftypisom", "an MP4 film"),
        (bytes(128) + b"DICM", "a DICOM file"),
        (b"II\xbc\x01", "a JPEG XR picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
    ],
)
def test_others_are_named(head, name):
    with pytest.raises(TileError, match=name):
        load_tile(head + bytes(60) * (name != "an SVG drawing"))


# Alpha that hides everything ---------------------------------------------------------------------

HIDDEN = "transparency left out, since all of the picture has it"


def bmp_v4(pixels, alpha):
    """A BMP of 32 bits whose header, version 4, has a mask for alpha."""
    height, width = pixels.shape[:2]
    values = np.dstack([pixels[::-1, :, ::-1], np.full((height, width), alpha, np.uint8)])
    head = b"".join(n.to_bytes(4, "little") for n in (108, width, height, 1 | 32 << 16, 3))
    head += bytes(20) + b"".join(
        n.to_bytes(4, "little") for n in (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    )
    head += bytes(108 - len(head))
    body = values.tobytes()
    return b"BM" + (122 + len(body)).to_bytes(4, "little") + bytes(4) + b"\x7a\0\0\0" + head + body


@pytest.mark.parametrize(
    "data",
    [
        bmp_v4(RGB, 0),
        pillow("PNG", np.dstack([RGB, GREY * 0])),
        tiff(np.dstack([RGB, GREY * 0]), photometric="rgb", extrasamples=["unassalpha"]),
        tiff(np.dstack([RGB, GREY * 0]), photometric="rgb", extrasamples=["assocalpha"]),
        deep_png(np.dstack([SIXTEEN, SIXTEEN[..., 0] * 0]), 6),
        tiff(np.dstack([SIXTEEN, DEEP[..., 0] * 0]), photometric="rgb", extrasamples=[2]),
        imagecodecs.jpegxl_encode(np.dstack([RGB, GREY * 0]), lossless=True),
    ],
)
def test_alpha_of_zero_everywhere_hides_nothing(data):
    tile = load_tile(data)
    assert np.array_equal(tile.pixels, RGB)
    assert HIDDEN in tile.decoding


def test_alpha_of_bmp_still_counts_where_it_says_something():
    assert np.array_equal(load_tile(bmp_v4(RGB, 255)).pixels, RGB)
    assert set(load_tile(bmp_v4(RGB * 0 + 100, 51)).pixels.flat) == {224}


def test_alpha_by_its_own_depth():
    full = np.full((48, 40, 1), 255, np.uint16)  # eight bits beside colours of sixteen
    data = tiff(np.dstack([SIXTEEN, full]), photometric="rgb", extrasamples=["unassalpha"])
    assert np.array_equal(load_tile(data).pixels, RGB)
    ones = np.dstack([RGB, GREY * 0 + 1])
    assert np.array_equal(load_tile(pillow("PNG", ones)).pixels, RGB)


# Names and folders -------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jfif", ".jpe", ".JFIF", ".Jp2", ".jxl", ".TIFF"])
def test_pictures_under_every_usual_ending_are_found(tmp_path, suffix):
    file = tmp_path / f"a{suffix}"
    file.write_bytes(pillow("JPEG"))
    assert image_files([tmp_path]) == [file]
    assert load_tile(file).shape == (48, 40, 3)
    assert suffix.lower() in IMAGE_SUFFIXES


def test_pipes_devices_and_sockets_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", "/dev/zero"):
        with pytest.raises(TileError, match="a pipe, a device or a socket"):
            load_tile(path)
    assert image_files([tmp_path]) == []


def test_links_that_run_in_circles_are_not_followed(tmp_path):
    (tmp_path / "a.png").write_bytes(LOSSLESS["png"])
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "back").symlink_to(tmp_path)
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    assert image_files([tmp_path]) == [tmp_path / "a.png"]
    with pytest.raises(TileError):
        load_tile(tmp_path / "self.png")


@pytest.mark.parametrize("name", ["a\nb.png", "a\tb.png", "\x1b[31mred.png", "a\u202eb.png"])
def test_odd_names_stay_in_one_line(tmp_path, name):
    (tmp_path / name).write_bytes(b"junk")
    with pytest.raises(TileError) as refused:
        load_tile(tmp_path / name)
    assert str(refused.value).isprintable()
    (tmp_path / name).write_bytes(LOSSLESS["png"])
    assert load_tile(tmp_path / name).name.isprintable()


def test_names_that_are_no_text_or_no_name(tmp_path):
    file = tmp_path / os.fsdecode(b"caf\xe9.png")
    file.write_bytes(LOSSLESS["png"])
    assert load_tile(file).name.encode("utf-8")
    for path in ("a\0b.png", "n" * 5000 + ".png", tmp_path / ("n" * 300)):
        with pytest.raises(TileError):
            load_tile(path)
    assert image_files(["n" * 5000]) != []


def test_gif_is_named():
    file = io.BytesIO()
    Image.fromarray(RGB).save(file, "GIF")
    with pytest.raises(TileError, match="a GIF picture"):
        load_tile(file.getvalue())
