"""Every accepted kind of file gives the pixels that another library or a hand sum gives."""

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from osteo_core.tiles import image_files, load_tile
from tests.core.picture_files import (
    DEEP,
    GREY,
    LOSSLESS,
    PALETTE,
    RGB,
    WHOLE,
    deep_png,
    exif,
    pillow,
    tiff,
)
from tests.core.test_tiles_depth import GREY_NOTE, NOTE_12, STEPS, TWELVE


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_files_give_their_pixels_and_no_note(kind):
    tile = load_tile(LOSSLESS[kind], "a.png")
    assert np.array_equal(tile.pixels, RGB)
    assert tile.decoding == ()


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_is_as_pillow_decodes_it(progressive):
    data = pillow("JPEG", progressive=progressive)
    expected = np.asarray(Image.open(io.BytesIO(data)))
    assert np.array_equal(load_tile(data).pixels, expected)


@pytest.mark.parametrize("options", [{"rowsperstrip": 16}, {"tile": (32, 32)}])
def test_jpeg_inside_a_tiff(options):
    pixels = load_tile(tiff(compression="jpeg", compressionargs={"level": 95}, **options)).pixels
    assert np.abs(pixels.astype(int) - RGB).mean() < 3


def test_a_tile_knows_its_file_and_cannot_be_changed(tmp_path):
    path = tmp_path / "Case-3-A13-1-2.png"
    path.write_bytes(LOSSLESS["png"])
    for tile in (load_tile(path), load_tile(str(path)), load_tile(LOSSLESS["png"], path.name)):
        assert tile.sha256 == hashlib.sha256(LOSSLESS["png"]).hexdigest()
        assert (tile.name, tile.short_id) == (path.name, tile.sha256[:12])
        assert (tile.height, tile.width, tile.shape) == (48, 40, (48, 40, 3))
        assert tile.pixels.dtype == np.uint8
        assert tile.pixels.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            tile.pixels[0, 0] = 0


@pytest.mark.parametrize("kind", WHOLE)
def test_every_kind_is_contiguous_and_locked(kind):
    flags = load_tile(WHOLE[kind]).pixels.flags
    assert (flags.c_contiguous, flags.writeable) == (True, False)


# Grey, palettes, few bits ----------------------------------------------------------------------


@pytest.mark.parametrize("data", [pillow("PNG", GREY), pillow("BMP", GREY), tiff(GREY)])
def test_grey_is_repeated(data):
    tile = load_tile(data)
    assert np.array_equal(tile.pixels, np.dstack([GREY] * 3))
    assert tile.decoding == (GREY_NOTE,)


@pytest.mark.parametrize(
    "data",
    [
        pillow("PNG", mode="1"),
        pillow("BMP", mode="1"),
        pillow("TIFF", mode="1"),
        pillow("TIFF", mode="1", compression="group4"),
    ],
)
def test_one_bit_becomes_black_and_white(data):
    tile = load_tile(data)
    assert np.array_equal(tile.pixels[..., 1], np.asarray(Image.fromarray(RGB).convert("1")) * 255)
    assert "1-bit values spread over 0..255" in tile.decoding or data[:2] == b"BM"


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_palettes_become_colours(kind):
    tile = load_tile(pillow(kind, mode="P"))
    assert np.array_equal(tile.pixels, np.asarray(Image.fromarray(RGB).convert("P").convert("RGB")))
    assert tile.decoding == ("palette colours written as RGB",)


def test_sixteen_bit_tiff_palette_keeps_its_high_bytes():
    tile = load_tile(WHOLE["tiff palette"])
    assert np.array_equal(tile.pixels, (PALETTE // 257).T[GREY])


def test_white_as_zero_is_inverted():
    tile = load_tile(tiff(255 - GREY, photometric="miniswhite"))
    assert np.array_equal(tile.pixels[..., 0], GREY)
    assert tile.decoding[0] == "inverted, since 0 stands for white in this file"
    deep = load_tile(tiff(65535 - DEEP[..., 0], photometric="miniswhite"))
    assert np.array_equal(deep.pixels, load_tile(tiff(DEEP[..., 0])).pixels)


def test_first_page_of_several():
    tile = load_tile(tiff(np.stack([RGB, 255 - RGB, RGB]), photometric="rgb"))
    assert np.array_equal(tile.pixels, RGB)
    assert tile.decoding == ("first of 3 pages",)


# Transparency: 100 under alpha 51 is 100 * 0.2 + 255 * 0.8 = 224 --------------------------------

WHITE_NOTE = "transparency laid on white"


def veiled(channels, dtype=np.uint8, factor=1):
    values = np.full((40, 40, channels), 100 * factor, dtype)
    values[..., -1] = 51 * factor
    values[:, :20, -1] = 255 * factor
    return values


@pytest.mark.parametrize(
    "data",
    [
        pillow("PNG", veiled(4)),
        pillow("PNG", veiled(4), mode="LA"),
        tiff(veiled(4), photometric="rgb", extrasamples=["unassalpha"]),
        pillow("TIFF", veiled(4), mode="LA"),
    ],
)
def test_transparency_is_laid_on_white(data):
    tile = load_tile(data)
    assert set(tile.pixels[:, :20].flat) == {100}
    assert set(tile.pixels[:, 20:].flat) == {224}
    assert WHITE_NOTE in tile.decoding


def test_premultiplied_transparency_is_undone_first():
    values = veiled(4)
    values[:, 20:, :3] = 20  # 100 * 51 / 255
    tile = load_tile(tiff(values, photometric="rgb", extrasamples=["assocalpha"]))
    assert set(tile.pixels[:, :20].flat) == {100}
    assert set(tile.pixels[:, 20:].flat) == {224}


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_one_transparent_colour(mode):
    picture = Image.new(mode, (40, 40), 0)
    picture.paste(200 if mode != "RGB" else (200, 200, 200), (0, 0, 40, 10))
    if mode == "P":
        picture.putpalette([9, 9, 9] + [0] * 597 + [200, 200, 200])
    file = io.BytesIO()
    picture.save(file, "PNG", transparency=0 if mode != "RGB" else (0, 0, 0))
    tile = load_tile(file.getvalue())
    assert set(tile.pixels[10:].flat) == {255}
    assert set(tile.pixels[:10].flat) == {200}
    assert WHITE_NOTE in tile.decoding


@pytest.mark.parametrize("n", [2, 4])
def test_sixteen_bit_transparency_counts_what_is_seen(n):
    values = np.dstack([TWELVE] * (n - 1) + [np.full_like(TWELVE, 65535)])
    values[:8, :, : n - 1] = 65000  # hidden, so it must not count
    values[:8, :, n - 1] = 0
    for data in (deep_png(values, {2: 4, 4: 6}[n]), tiff(values, extrasamples=["unassalpha"])):
        tile = load_tile(data)
        assert set(tile.pixels[:8].flat) == {255}
        assert np.array_equal(tile.pixels[8:, :, 0], STEPS[8:])
        assert tile.decoding[0].startswith(NOTE_12)
        assert WHITE_NOTE in tile.decoding


def test_a_channel_that_is_no_alpha_is_left_out():
    tile = load_tile(tiff(veiled(4), photometric="rgb", extrasamples=["unspecified"]))
    assert set(tile.pixels.flat) == {100}
    assert tile.decoding == ("an extra channel left out",)


# EXIF ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_as_pillow_turns_it(orientation):
    expected = ImageOps.exif_transpose(
        Image.open(io.BytesIO(pillow("PNG", exif=exif(orientation))))
    )
    note = {1: (), 3: ("rotated by its EXIF tag",)}.get(orientation)
    for data in (
        pillow("PNG", exif=exif(orientation)),
        tiff(extratags=[(274, 3, 1, orientation, True)]),
    ):
        tile = load_tile(data)
        assert np.array_equal(tile.pixels, np.asarray(expected))
        assert note is None or tile.decoding == note
        assert len(tile.decoding) == (orientation > 1)
    jpeg = load_tile(pillow("JPEG", exif=exif(orientation), quality=100, subsampling=0))
    assert np.abs(jpeg.pixels.astype(int) - np.asarray(expected)).max() < 6


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # pytest undoes the filter of decoding
def test_a_broken_exif_block_is_no_reason_to_refuse():
    data = pillow("JPEG", exif=b"Exif\0\0MM\0*" + b"\xff" * 30)
    assert load_tile(data).shape == (48, 40, 3)


@pytest.mark.parametrize("shape", [(32, 32), (646, 220), (32, 8192), (8192, 32)])
def test_accepted_sizes(shape):
    pixels = np.full((*shape, 3), 77, np.uint8)
    assert load_tile(pillow("PNG", pixels)).shape == (*shape, 3)


def test_image_files_searches_folders_and_keeps_files(tmp_path):
    for name in ("b.JPG", "a.png", "deep/c.tiff", ".hidden/d.png", "._a.png", "notes.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [tmp_path / name for name in ("a.png", "b.JPG", "deep/c.tiff")]
    assert image_files([tmp_path]) == found
    notes, gone = tmp_path / "notes.csv", tmp_path / "gone.png"
    assert image_files([str(notes), tmp_path, found[0], gone]) == [notes, *found, gone]


def test_importing_costs_no_tensorflow():
    code = """if True:
        import sys, osteo_core
        assert "cv2" not in sys.modules
        from osteo_core import load_tile
        import osteo_core.tiles, osteo_core.pictures
        assert load_tile is osteo_core.tiles.load_tile
        assert not {"tensorflow", "keras", "matplotlib"} & set(sys.modules)
        assert not hasattr(osteo_core, "nonsense")
    """
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


def test_real_tiles_are_as_pillow_reads_them(shared_dir):
    files = image_files([shared_dir / "data" / "osteosarcoma-tumor-assessment"])
    assert len(files) > 900
    for path in files[:: len(files) // 4]:
        with Image.open(path) as picture:
            assert np.array_equal(load_tile(path).pixels, np.asarray(picture.convert("RGB")))
