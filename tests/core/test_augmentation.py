import numpy as np
import pytest

from osteo_core.training.augmentation import Augmentation, change_stains, quarter_turn


@pytest.fixture
def tile():
    return np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)


def test_the_eight_symmetries_are_all_different(tile):
    turned = {quarter_turn(tile, which).tobytes() for which in range(8)}
    assert len(turned) == 8


def test_symmetries_of_a_hand_made_tile():
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 0] = 9
    corners = [np.argwhere(quarter_turn(pixels, w)[..., 0] == 9)[0].tolist() for w in range(8)]
    assert corners == [[0, 0], [1, 0], [1, 1], [0, 1], [0, 1], [1, 1], [1, 0], [0, 0]]


def test_a_tile_that_is_not_square_keeps_its_shape():
    oblong = np.zeros((20, 60, 3), np.uint8)
    assert {quarter_turn(oblong, which).shape for which in range(8)} == {(20, 60, 3)}


def test_unchanged_stains_leave_each_pixel_within_one_level(tile):
    same = change_stains(tile, np.ones(3))
    assert np.abs(same.astype(int) - tile).max() <= 1


def test_more_stain_is_darker_and_white_stays_white(tile):
    assert change_stains(tile, np.full(3, 1.3)).mean() < tile.mean()
    white = np.full((4, 4, 3), 255, np.uint8)
    assert (change_stains(white, np.array([1.3, 0.7, 1.1])) == 255).all()


def test_doubling_one_stain_doubles_its_optical_density():
    # Pure eosin at density 0.5 along Ruifrok's vector; the residual and haematoxylin are zero.
    eosin = np.array([0.07, 0.99, 0.11]) / np.linalg.norm([0.07, 0.99, 0.11])
    pixel = np.rint(256 * np.exp(-0.5 * eosin) - 1).astype(np.uint8).reshape(1, 1, 3)
    doubled = change_stains(pixel, np.array([1.0, 2.0, 1.0])).astype(float)
    expected = 256 * np.exp(-1.0 * eosin) - 1
    assert np.abs(doubled.ravel() - expected).max() <= 2.0


@pytest.mark.parametrize("warped", [0.0, 1.0])
def test_a_view_depends_on_nothing_but_the_generator(tile, warped):
    augmentation = Augmentation(warped=warped)
    views = [augmentation.view(tile, (24, 24), np.random.default_rng(5)) for _ in range(2)]
    other = augmentation.view(tile, (24, 24), np.random.default_rng(6))
    assert views[0].shape == (24, 24, 3)
    assert views[0].dtype == np.uint8
    np.testing.assert_array_equal(views[0], views[1])
    assert (views[0] != other).any()


def test_a_warp_without_rotation_and_zoom_is_the_resized_tile():
    smooth = np.dstack([np.add.outer(np.arange(96), np.arange(96))] * 3).astype(np.uint8)
    plain = Augmentation(turns=False, rotation=0, zoom=0, warped=1.0, stain=0)
    view = plain.view(smooth, (48, 48), np.random.default_rng(0)).astype(int)
    expected = smooth.reshape(48, 2, 48, 2, 3).mean((1, 3))
    assert np.abs(view - expected)[3:-3, 3:-3].max() <= 2
