"""Sixteen bits: read by the depth that the values use, not by what one picture happens to hold."""

import numpy as np
import pytest

from osteo_core.tiles import load_tile
from tests.core.picture_files import SEPARATE, deep_png, tiff

GREY_NOTE = "grey repeated in three channels"
STEPS = np.resize(np.arange(256), (48, 40)).astype(np.uint16)  # 0..255, all there
TWELVE = np.round(STEPS * (4095 / 255)).astype(np.uint16)
NOTE_12 = "16-bit values that use 12 bits scaled from 0..4095 to 0..255"
NOTE_16 = "16-bit values scaled from 0..65535 to 0..255"


@pytest.mark.parametrize("write", [lambda v: deep_png(v, 0), tiff])
@pytest.mark.parametrize("factor", [1, 2, 4, 16, 64, 128, 256, 257])
def test_the_depth_of_a_file_changes_nothing(write, factor):
    values = STEPS * np.uint16(factor)
    assert np.array_equal(load_tile(write(values)).pixels[..., 1], STEPS)
    values[0, 0] = 65535  # one hot pixel, which must not decide
    assert np.array_equal(load_tile(write(values)).pixels.reshape(-1, 3)[1:, 1], STEPS.flat[1:])


@pytest.mark.parametrize("bits", [10, 11, 12, 13, 14, 15, 16])
def test_values_spread_over_fewer_bits_are_read_by_them(bits):
    values = np.round(STEPS * ((2**bits - 1) / 255)).astype(np.uint16)
    tile = load_tile(tiff(np.dstack([values, values // 2, values]), photometric="rgb"))
    assert np.array_equal(tile.pixels[..., 0], STEPS)
    assert tile.pixels[..., 1].max() == 127  # (2^n - 1) // 2 of 2^n - 1
    kept = "" if bits == 16 else f" that use {bits} bits"
    assert tile.decoding == (f"16-bit values{kept} scaled from 0..{2**bits - 1} to 0..255",)


def test_a_dark_picture_written_with_sixteen_bits_stays_dark():
    dark = STEPS // 8
    for factor in (256, 257):
        tile = load_tile(tiff(dark * np.uint16(factor)))
        assert np.array_equal(tile.pixels[..., 0], dark)


@pytest.mark.parametrize(
    "data",
    [
        deep_png(TWELVE, 0),
        tiff(TWELVE),
        tiff(TWELVE, compression="lzw"),
        tiff(TWELVE, byteorder=">"),
    ],
)
def test_sixteen_bit_grey_says_which_bits_it_uses(data):
    tile = load_tile(data)
    assert np.array_equal(tile.pixels[..., 2], STEPS)
    assert tile.decoding == (NOTE_12, GREY_NOTE)


@pytest.mark.parametrize(
    "write",
    [
        lambda values: deep_png(values, 2),
        tiff,
        lambda values: tiff(np.moveaxis(values, 2, 0).copy(), **SEPARATE),
    ],
)
def test_sixteen_bit_rgb_is_scaled_as_one(write):
    tile = load_tile(write(np.dstack([TWELVE, TWELVE // 2, np.full_like(TWELVE, 2056)])))
    assert np.array_equal(tile.pixels[..., 0], STEPS)
    assert tile.pixels[..., 1].max() == 127
    assert set(tile.pixels[..., 2].flat) == {128}
    assert tile.decoding == (NOTE_12,)


def test_a_depth_that_the_file_declares_is_believed():
    dim = TWELVE // 8  # would fit nine bits
    for data in (
        tiff(dim, bitspersample=12),
        tiff(dim, extratags=[(281, 3, 1, 4095, True)]),
        tiff(dim, extratags=[(341, 3, 1, 4095, True)]),
    ):
        tile = load_tile(data)
        assert int(tile.pixels.max()) == 32
        assert "12" in tile.decoding[0]
    assert int(load_tile(tiff(dim, extratags=[(281, 3, 1, 1000, True)])).pixels.max()) == 255


def test_hot_pixels_are_told():
    values = TWELVE.copy()
    values[5, 5] = 60000
    tile = load_tile(tiff(values))
    assert tile.decoding[0] == f"{NOTE_12}; 1 brighter ones shown as white"
    assert set(tile.pixels[5, 5]) == {255}


@pytest.mark.parametrize("write", [lambda values: deep_png(values, 0), tiff])
def test_a_uniform_sixteen_bit_picture_keeps_its_grey(write):
    tile = load_tile(write(np.full((40, 40), 25700, np.uint16)))
    assert set(tile.pixels.flat) == {100}
    assert tile.decoding[0] == NOTE_16
