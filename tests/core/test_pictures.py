"""Scaling, colours, overlays, mosaics and downloads, against hand sums and other readers."""

import io
import json

import cv2
import numpy as np
import pytest
from cmap import Colormap
from PIL import Image

from osteo_core import pictures
from osteo_core.mosaics import GAP_COLOUR

NAN, INF = np.nan, np.inf
RNG = np.random.default_rng(3)
RAMP = np.array([[-2, 0], [2, 6]], np.float32)


# Scaling ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "ends", "expected"),
    [
        ("min-max", (-2, 6), [[0, 0.25], [0.5, 1]]),
        ("max", (0, 6), [[0, 0], [1 / 3, 1]]),
        ("symmetric", (-6, 6), [[1 / 3, 0.5], [2 / 3, 1]]),
        ("none", (0, 1), [[0, 0], [1, 1]]),
    ],
)
def test_scale_by_hand(how, ends, expected):
    scaled = pictures.scale(RAMP, how)
    assert pictures.limits(RAMP, how) == ends
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, expected, atol=1e-7)


def test_scale_between_given_values():
    np.testing.assert_allclose(pictures.scale(RAMP, low=0, high=4), [[0, 0], [0.5, 1]])
    np.testing.assert_allclose(pictures.scale(RAMP, high=2), [[0, 0.5], [1, 1]])
    np.testing.assert_allclose(
        pictures.scale(RAMP, "symmetric", low=-1, high=2), [[0, 0.5], [1, 1]]
    )


@pytest.mark.parametrize("how", ["min-max", "max"])
@pytest.mark.parametrize("values", [[[3, 3]], [[0, 0]], [[-1, -1]], [[NAN, NAN]], [[NAN, 2]]])
def test_uniform_and_empty_arrays_become_zeros(how, values):
    assert not pictures.scale(values, how).any()


def test_what_is_not_finite_does_not_set_the_scale():
    values = [NAN, -INF, 0, 1, 2, INF]
    np.testing.assert_array_equal(pictures.scale(values), [0, 0, 0, 0.5, 1, 1])
    np.testing.assert_array_equal(pictures.scale(values, "symmetric")[:3], [0.5, 0, 0.5])
    assert pictures.limits(values) == (0, 2)
    assert pictures.limits([NAN]) == (0, 0)


def test_symmetric_nothing_is_the_middle():
    np.testing.assert_array_equal(pictures.scale([0, 0], "symmetric"), [0.5, 0.5])
    np.testing.assert_array_equal(pictures.scale([NAN], "symmetric"), [0.5])


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"Expected min-max.*Received: 'log'"):
        pictures.scale(RAMP, "log")
    with pytest.raises(ValueError, match=r"Expected one of grey, .*Received: 'jet'"):
        pictures.colourise(RAMP, "jet")


# Colours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("grey", (0, 0, 0), (255, 255, 255)),
        ("viridis", (68, 1, 84), (253, 231, 37)),
        ("magma", (0, 0, 4), (252, 253, 191)),
        ("inferno", (0, 0, 4), (252, 255, 164)),
        ("cividis", (0, 34, 78), (254, 232, 56)),
        ("blue-red", (5, 48, 97), (103, 0, 31)),
    ],
)
def test_ends_of_the_colour_maps_as_published(name, first, last):
    ends = pictures.colourise([0, 1], name)
    np.testing.assert_allclose(ends, [first, last], atol=1)
    np.testing.assert_array_equal(pictures.colourise([-5, NAN, 7], name), ends[[0, 0, 1]])


@pytest.mark.parametrize("name", pictures.COLOUR_MAPS)
def test_every_level_is_the_colour_that_cmap_gives(name):
    levels = np.arange(256).reshape(16, 16)
    expected = Colormap(pictures.COLOUR_MAPS[name])(levels.astype(np.uint8), N=256)[..., :3] * 255
    np.testing.assert_allclose(pictures.colourise(levels / 255, name), expected, atol=0.51)


def test_the_middle_of_blue_red_has_no_colour():
    assert np.ptp(pictures.colourise([0.5], "blue-red").astype(int)) <= 2


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (5, 2, 3, 4)])
def test_colour_is_a_last_axis(shape):
    colours = pictures.colourise(RNG.random(shape), "magma")
    assert colours.shape == (*shape, 3)
    assert colours.dtype == np.uint8


def test_legend_runs_from_low_to_high():
    bar = pictures.legend(0, 1, "viridis", width=256, height=10)
    assert np.array_equal(bar, np.repeat(pictures.colourise([np.linspace(0, 1, 256)]), 10, axis=0))
    labelled = pictures.legend(-3.25, 812.5, "grey", width=200, height=40)
    assert labelled.shape == (40, 200, 3)
    ends = labelled[24:, :40], labelled[24:, 80:120], labelled[24:, -40:]
    assert all(part.min() < 100 for part in ends)  # something is written at both ends and amid
    assert not np.array_equal(labelled, pictures.legend(0, 812.5, "grey", 200, 40))


# Overlay ---------------------------------------------------------------------------------------

TILE = RNG.integers(0, 256, (40, 60, 3), np.uint8)


def test_overlay_from_tile_alone_to_colours_alone():
    heat = RNG.random((5, 7), np.float32)
    large = cv2.resize(heat, (60, 40), interpolation=cv2.INTER_LINEAR)
    colours = pictures.colourise(pictures.scale(large, low=heat.min(), high=heat.max()), "magma")
    lay = lambda opacity: pictures.overlay(TILE, heat, colour_map="magma", opacity=opacity)  # noqa: E731
    assert np.array_equal(lay(0), TILE)
    assert np.array_equal(lay(1), colours)
    np.testing.assert_allclose(lay(0.3), 0.3 * colours + 0.7 * TILE.astype(float), atol=0.51)


def test_overlay_keeps_raw_limits():
    heat = np.array([[0, 10]], np.float32)
    row = pictures.overlay(TILE, heat, colour_map="grey", opacity=1, low=0, high=20)[0, :, 0]
    assert (row[0], row[-1]) == (0, 128)  # 10 of 0..20 is half of 255
    assert np.all(np.diff(row.astype(int)) >= 0)


def test_overlay_of_signed_heat_has_zero_in_the_middle():
    heat = np.array([[-1, 0, 4]] * 3, np.float32)
    laid = pictures.overlay(TILE[:, :57], heat, colour_map="blue-red", opacity=1)
    assert np.array_equal(laid[20, 28], pictures.colourise([0.5], "blue-red")[0])
    assert np.array_equal(laid[20, -1], pictures.colourise([1], "blue-red")[0])


def test_overlay_of_nothing():
    for heat in (np.zeros((4, 4)), np.full((4, 4), NAN), np.full((4, 4), 7.0)):
        laid = pictures.overlay(TILE, heat, colour_map="grey", opacity=1)
        assert not laid.any()


# Mosaic ----------------------------------------------------------------------------------------


def test_mosaic_by_hand():
    maps = np.array([[[0, 5, 1], [2, 5, 2]]], np.float32)  # (1, 2, 3)
    drawn = pictures.mosaic(maps, columns=2, gap=1)
    g = GAP_COLOUR
    expected = [[0, 255, g, 0, 0], [g] * 5, [0, 255, g, g, g]]
    assert np.array_equal(drawn.pixels, np.repeat(np.array(expected)[..., None], 3, axis=2))
    assert (drawn.columns, drawn.rows, drawn.cell_height, drawn.cell_width) == (2, 2, 1, 2)
    assert (drawn.order, drawn.limits) == ((0, 1, 2), None)


def test_mosaic_scaled_by_layer():
    maps = np.array([[[0, 5, 1], [2, 5, 2]]], np.float32)
    drawn = pictures.mosaic(maps, columns=3, gap=0, scale="layer")
    assert drawn.pixels[0, :, 0].tolist() == [0, 102, 255, 255, 51, 102]
    assert drawn.limits == (0, 5)
    few = pictures.mosaic(maps, order=[2, 0], gap=0, columns=2, scale="layer", high=10)
    assert few.pixels[0, :, 0].tolist() == [26, 51, 0, 51]  # 25.5 to even
    assert few.limits == (0, 10)


def test_mosaic_of_signed_maps_has_zero_in_the_middle():
    maps = np.array([[[-1, 0], [0, 8]]], np.float32)
    drawn = pictures.mosaic(maps, columns=2, gap=0, colour_map="blue-red")
    low, middle, high = pictures.colourise([0, 0.5, 1], "blue-red")
    assert np.array_equal(drawn.pixels[0], [low, middle, middle, high])


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((3, 5, 11), {"cell": 9, "gap": 2}),
        ((3, 5, 12), {"columns": 5, "gap": 0}),
        ((40, 30, 7), {"cell_max": 12, "order": [6, 0, 3]}),
        ((1, 1, 1), {"cell": 4}),
        ((4, 4, 9), {"columns": 50}),
    ],
)
def test_unit_at_is_the_way_back(shape, options):
    drawn = pictures.mosaic(RNG.random(shape, np.float32), **options)
    height, width = drawn.pixels.shape[:2]
    assert height == drawn.rows * (drawn.cell_height + drawn.gap) - drawn.gap
    assert width == drawn.columns * (drawn.cell_width + drawn.gap) - drawn.gap
    for unit in drawn.order:
        x, y = drawn.corner_of(unit)
        assert drawn.unit_at(x, y) == unit
        assert drawn.unit_at(x + drawn.cell_width / 2, y + drawn.cell_height / 2) == unit
        assert drawn.unit_at(x + drawn.cell_width - 1, y + drawn.cell_height - 1) == unit
    for x, y in ((-1, 0), (0, -0.5), (width, 0), (0, height)):
        assert drawn.unit_at(x, y) is None


def test_no_unit_in_gaps_and_blanks():
    drawn = pictures.mosaic(RNG.random((4, 4, 3), np.float32), columns=2, gap=2)
    pixels = drawn.pixels
    for y in range(pixels.shape[0]):
        for x in range(pixels.shape[1]):
            blank = drawn.unit_at(x, y) is None
            assert blank == ((x in (4, 5)) or (y in (4, 5)) or (x > 5 and y > 5))
            assert not blank or np.all(pixels[y, x] == GAP_COLOUR)


def test_small_maps_are_enlarged_to_whole_squares():
    maps = RNG.random((3, 5, 4), np.float32)
    small, large = pictures.mosaic(maps, gap=0), pictures.mosaic(maps, gap=0, cell=7)
    assert (large.cell_height, large.cell_width) == (9, 15)
    assert np.array_equal(large.pixels, small.pixels.repeat(3, axis=0).repeat(3, axis=1))


def test_large_maps_are_averaged_down():
    maps = np.zeros((4, 4, 1), np.float32)
    maps[:2, :2, 0] = [[1, 0], [0, 0]]
    drawn = pictures.mosaic(maps, cell_max=2)
    assert drawn.pixels[..., 0].tolist() == [[64, 0], [0, 0]]  # a quarter of 255


@pytest.mark.parametrize(
    ("shape", "grid", "cell"),
    [
        ((288, 288, 64), (8, 8), 288),
        ((112, 112, 1280), (40, 32), 59),
        ((18, 18, 512), (32, 16), 18),
    ],
)
def test_mosaics_of_real_layers_stay_within_2400_px(shape, grid, cell):
    drawn = pictures.mosaic(np.zeros(shape, np.float16))
    assert (drawn.columns, drawn.rows, drawn.cell_width) == (*grid, cell)
    assert drawn.pixels.shape[1] <= 2400


def test_mosaic_refuses_what_is_not_there():
    with pytest.raises(ValueError, match=r"Received: shape \(3, 4\)"):
        pictures.mosaic(np.zeros((3, 4)))
    for order in ([], [5], [-1]):
        with pytest.raises(ValueError, match=r"Expected units of 0\.\.4"):
            pictures.mosaic(np.zeros((3, 4, 5)), order=order)


# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("pixels", [TILE, TILE[..., 0]])
def test_png_comes_back_with_its_text(pixels):
    text = {"model": "vgg19-multiclass", "layer": "block5_conv4", "note": "größer → 雪"}
    with Image.open(io.BytesIO(pictures.png(pixels, text=text))) as picture:
        assert np.array_equal(np.asarray(picture), pixels)
        assert picture.text == text
    assert pictures.png(pixels) == pictures.png(pixels)


def test_float_download_comes_back():
    values = RNG.normal(size=(4, 5, 2))
    data = pictures.float_download(values, {"method": "gradcam", "target": "Viable", "n": 3})
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        assert file["values"].dtype == np.float32
        assert np.array_equal(file["values"], values.astype(np.float32))
        assert json.loads(str(file["meta"])) == {"method": "gradcam", "target": "Viable", "n": 3}


def test_thumbnail_averages_and_keeps_the_aspect():
    small = pictures.thumbnail(TILE, 30)
    blocks = TILE.reshape(20, 2, 30, 2, 3).mean((1, 3))
    assert small.shape == (20, 30, 3)
    np.testing.assert_allclose(small, blocks, atol=0.51)
    assert pictures.thumbnail(TILE[:1], 30).shape == (1, 30, 3)
    assert np.array_equal(pictures.thumbnail(TILE, 100), TILE)
