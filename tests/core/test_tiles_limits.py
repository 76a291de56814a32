"""Much work in a small file: refused from its header, or done apart, within time and memory."""

import io
import struct
import threading
import time
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from osteo_core.decoding import apart, stored
from osteo_core.decoding.apart import decode_apart
from osteo_core.errors import TileError
from osteo_core.tiles import load_tile
from tests.core.picture_files import LOSSLESS, RGB, pillow, png_chunk, tiff


def test_many_scans_are_refused():
    data = pillow("JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(TileError, match="too many scans"):
        load_tile(data[:-2] + data[last:-2] * 300 + data[-2:])


def test_many_scans_of_many_pixels_are_refused():
    file = io.BytesIO()
    Image.new("L", (8192, 8192)).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data.rindex(b"\xff\xda")
    with pytest.raises(TileError, match="too many scans"):
        load_tile(data[:-2] + data[last:-2] * 30 + data[-2:])


def test_apart_gives_what_is_given_here():
    for data in (LOSSLESS["png"], pillow("JPEG"), tiff(RGB)):
        pixels, notes = decode_apart(data)
        here = load_tile(data)
        assert np.array_equal(pixels, here.pixels)
        assert (notes, pixels.flags.writeable) == (here.decoding, False)


def test_apart_refuses_in_the_same_words():
    with pytest.raises(stored.Refusal) as refused:
        decode_apart(b"%PDF-1.7")
    assert refused.value.received == "a PDF document"


def test_a_heavy_picture_goes_apart(monkeypatch):
    asked = []
    home = "osteo_core.decoding.whole.decode_apart"
    monkeypatch.setattr(home, lambda data: asked.append(data) or 1 / 0)
    load_tile(LOSSLESS["png"])
    assert not asked
    for data in (LOSSLESS["png"], pillow("JPEG"), tiff(RGB), pillow("BMP")):
        with monkeypatch.context() as patched:
            patched.setattr(stored, "LIGHT", 100)
            with pytest.raises(ZeroDivisionError):
                load_tile(data)
    assert len(asked) == 4


def test_jpeg_ls_goes_apart_since_its_decoder_may_not_come_back(monkeypatch):
    monkeypatch.setattr("osteo_core.decoding.whole.decode_apart", lambda d: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        load_tile(imagecodecs.jpegls_encode(RGB))


def slow_jpeg_ls():
    """A JPEG-LS that is cut in the middle and ended: CharLS goes on for ever."""
    data = imagecodecs.jpegls_encode(RGB)
    return data[: len(data) // 2] + b"\xff\xd9"


def test_what_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(apart, "WALL_S", 0.05)
    with pytest.raises(TileError, match="decoded within 10 s; Received: x, one that takes longer"):
        load_tile(slow_jpeg_ls(), "x")


def test_others_go_on_while_one_is_decoded_apart():
    longest, last, done = 0.0, time.perf_counter(), threading.Event()
    data = big_png(4096, 4096)
    threading.Thread(target=lambda: (load_tile(data), done.set())).start()
    while not done.wait(0.005):
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert longest < 1.5  # seconds; the machine may be busy


def big_png(width, height):
    row = b"\0" + bytes(width * 3)
    pack = zlib.compressobj(1)
    rows = b"".join(pack.compress(row) for _ in range(height)) + pack.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_texts_and_profiles_that_inflate_are_not_inflated():
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9))
    bomb += png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(100_000_000), 9))
    start = time.process_time()
    data = LOSSLESS["png"][:33] + bomb + LOSSLESS["png"][33:]
    compressed = time.process_time()
    assert np.array_equal(load_tile(data).pixels, RGB)
    assert time.process_time() - compressed < max(0.2, compressed - start)


def test_a_png_with_more_rows_than_it_says_is_noted():
    rows = b"".join(b"\0" + row.tobytes() for row in RGB) * 50
    at = LOSSLESS["png"].index(b"IDAT") - 4
    data = LOSSLESS["png"][:at] + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    tile = load_tile(data)
    assert np.array_equal(tile.pixels, RGB)
    assert "may be wrong" in tile.decoding[0]


def test_a_tiff_of_very_many_pages_takes_no_time():
    page = np.zeros((32, 32), np.uint8)
    file = io.BytesIO()
    import tifffile

    with tifffile.TiffWriter(file) as writer:
        for _ in range(400):
            writer.write(page, contiguous=False, metadata=None)
    tile = load_tile(file.getvalue())
    assert tile.decoding[0] == "first of 400 pages"
