"""Of a TIFF the picture is taken, not the first page; planes that are one picture are joined."""

import io

import numpy as np
import pytest
import tifffile

from osteo_core.errors import TileError
from osteo_core.tiles import load_tile
from tests.core.picture_files import GREY, PLANES, RGB, tiff

THUMB = np.ascontiguousarray(RGB[::2, ::2][:, :])  # 24 × 20, too small to be a tile itself
JOINED = "three pages joined as red, green and blue"


def pages(*described, **options):
    file = io.BytesIO()
    with tifffile.TiffWriter(file, **options) as writer:
        for pixels, more in described:
            writer.write(pixels, **more)
    return file.getvalue()


FULL = (RGB, {"photometric": "rgb"})
REDUCED = (THUMB, {"photometric": "rgb", "subfiletype": 1})
MASK = (GREY > 100, {"photometric": "minisblack", "subfiletype": 4})


@pytest.mark.parametrize(
    "described",
    [
        (REDUCED, FULL),
        (FULL, REDUCED),
        (MASK, FULL),
        (REDUCED, MASK, FULL),
        ((THUMB, {"photometric": "rgb"}), FULL),  # a thumbnail that does not say so
        (FULL, (THUMB, {"photometric": "rgb"})),
    ],
)
def test_the_page_in_full_resolution_is_taken(described):
    tile = load_tile(pages(*described))
    assert np.array_equal(tile.pixels, RGB)
    assert f"{len(described)} pages" in tile.decoding[0] or "full resolution" in tile.decoding[0]


def test_a_reduced_page_under_the_picture_is_no_picture():
    data = pages((RGB, {"photometric": "rgb", "subifds": 1}), REDUCED)
    assert np.array_equal(load_tile(data).pixels, RGB)
    under = pages((THUMB, {"photometric": "rgb", "subfiletype": 1, "subifds": 1}), FULL)
    assert np.array_equal(load_tile(under).pixels, RGB)


def test_of_other_scenes_the_first_is_taken_and_told():
    other = np.full((40, 90, 3), 9, np.uint8)
    tile = load_tile(pages(FULL, (other, {"photometric": "rgb"})))
    assert np.array_equal(tile.pixels, RGB)
    assert tile.decoding == ("first of 2 pages",)


@pytest.mark.parametrize("factor", [1, 257])
@pytest.mark.parametrize(
    "options",
    [
        {"ome": True, "metadata": {"axes": "CYX"}},
        {"ome": True, "metadata": {"axes": "CYX", "Channel": {"Name": ["Red", "Green", "Blue"]}}},
        {"imagej": True, "metadata": {"axes": "CYX"}},
        {"metadata": {"axes": "CYX"}},
        {"ome": True, "metadata": {"axes": "CYX"}, "compression": "zlib", "tile": (16, 16)},
    ],
)
def test_planes_that_the_metadata_call_channels_are_joined(options, factor):
    values = PLANES.astype(np.uint16) * 257 if factor == 257 else PLANES
    tile = load_tile(tiff(values, photometric="minisblack", **options))
    assert np.array_equal(tile.pixels, RGB)
    assert tile.decoding[0] == JOINED


@pytest.mark.parametrize(
    "channel",
    [{"Name": ["Blue", "Red", "Green"]}, {"Color": [65535, -16776961, 16711935]}],
)
def test_planes_are_put_in_the_order_of_their_colours(channel):
    data = tiff(
        PLANES[[2, 0, 1]],
        photometric="minisblack",
        ome=True,
        metadata={"axes": "CYX", "Channel": channel},
    )
    assert np.array_equal(load_tile(data).pixels, RGB)


def test_an_imagej_stack_with_one_directory():
    values = np.ascontiguousarray(PLANES.astype(np.uint16) * 257)
    head = tiff(values[:1], imagej=True, metadata={"axes": "CYX"}, photometric="minisblack")
    with tifffile.TiffFile(io.BytesIO(head)) as file:
        start = file.pages[0].dataoffsets[0]
    text = b"ImageJ=1.11a\nimages=3\nchannels=3\nhyperstack=true\nmode=composite\n"
    ready = tiff(values[0], photometric="minisblack", description=text.decode(), metadata=None)
    with tifffile.TiffFile(io.BytesIO(ready)) as file:
        start = file.pages[0].dataoffsets[0]
    whole = ready[:start] + values.astype("<u2").tobytes()
    tile = load_tile(whole)
    assert np.array_equal(tile.pixels, RGB)
    with pytest.raises(TileError):
        load_tile(whole[:-100])


def test_planes_that_call_themselves_red_green_and_blue():
    named = [
        (plane, {"photometric": "minisblack", "description": name, "metadata": None})
        for plane, name in zip(PLANES, ("Red channel", "green", "BLUE"), strict=True)
    ]
    assert np.array_equal(load_tile(pages(*named)).pixels, RGB)


def test_a_stack_gives_its_first_slice_with_all_channels():
    stack = np.stack([PLANES, 255 - PLANES])  # Z, C, Y, X
    for axes, values in (("ZCYX", stack), ("CZYX", np.moveaxis(stack, 0, 1))):
        data = tiff(values, photometric="minisblack", ome=True, metadata={"axes": axes})
        tile = load_tile(data)
        assert np.array_equal(tile.pixels, RGB)
        assert tile.decoding == (JOINED, "first of 2 (Z)")


@pytest.mark.parametrize("n", [2, 4, 5])
def test_other_numbers_of_channels_are_refused(n):
    data = tiff(np.stack([GREY] * n), photometric="minisblack", ome=True, metadata={"axes": "CYX"})
    with pytest.raises(TileError, match=f"a TIFF of {n} channels"):
        load_tile(data)


def sparse(values, numbers, **options):
    """A TIFF in tiles of 16 px of which some are left out: offset and count 0."""
    data = bytearray(tiff(values, tile=(16, 16), **options))
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        tags = [file.pages[0].tags[name] for name in ("TileOffsets", "TileByteCounts")]
    for tag in tags:
        size = {3: 2, 4: 4, 16: 8}[int(tag.dtype)]
        for number in numbers:
            at = tag.valueoffset + number * size
            data[at : at + size] = bytes(size)
    return bytes(data)


@pytest.mark.parametrize("factor", [1, 257])
def test_a_tile_left_out_is_background_and_no_damage(factor):
    values = RGB.astype(np.uint16) * 257 if factor == 257 else RGB
    tile = load_tile(sparse(values, [1, 8], photometric="rgb"))  # 3 tiles across, 3 down
    expected = RGB.copy()
    expected[:16, 16:32] = 255
    expected[32:48, 32:40] = 255
    assert np.array_equal(tile.pixels, expected)
    assert "parts that the file leaves empty are shown as white background" in tile.decoding


def test_a_file_without_any_tile_is_no_picture():
    with pytest.raises(TileError, match="left empty"):
        load_tile(sparse(RGB, range(9), photometric="rgb"))


@pytest.mark.parametrize("codec", ["zlib", "lzw", "zstd", "packbits", None])
def test_a_strip_that_unpacks_too_short_is_damage(codec):
    data = tiff(RGB, photometric="rgb", compression=codec)
    shorter = bytearray(tiff(RGB[:40], photometric="rgb", compression=codec))
    with tifffile.TiffFile(io.BytesIO(bytes(shorter))) as file:
        tags = [file.pages[0].tags[n] for n in ("ImageLength", "RowsPerStrip")]
    for tag in tags:
        shorter[tag.valueoffset : tag.valueoffset + 2] = (48).to_bytes(2, "little")
    assert np.array_equal(load_tile(data).pixels, RGB)
    with pytest.raises(TileError):
        load_tile(bytes(shorter))
