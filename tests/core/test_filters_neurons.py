"""Orders and statistics of maps; tables and class means of neurons."""

import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.explain.filters import histogram, map_statistics, rank_maps
from osteo_core.explain.neurons import ClassMeans, dead_units, neuron_table
from tests.toys import CLASSES, engine_of, ramp_network, ramp_tile, tile_of

# Four 1 × 2 maps: means 1, 3, 0, 3 and greatest values 2, 3, 0, 5
MAPS = np.array([[[0, 3, 0, 1], [2, 3, 0, 5]]], np.float32)
WORTH = np.array([-1, 2, 0, 9], np.float32)


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("index", [0, 1, 2, 3]),
        ("mean", [1, 3, 0, 2]),  # equals keep the order of their index
        ("maximum", [3, 1, 0, 2]),
        ("contribution", [3, 1, 2, 0]),
    ],
)
def test_ranks(by, order):
    assert rank_maps(MAPS, by, WORTH).tolist() == order


def test_a_map_that_is_not_a_number_comes_last():
    maps = MAPS.copy()
    maps[0, 0, 3] = np.nan
    assert rank_maps(maps, "maximum").tolist() == [1, 0, 2, 3]


def test_statistics():
    found = map_statistics(MAPS)
    np.testing.assert_array_equal(found.minimum, [0, 3, 0, 1])
    np.testing.assert_array_equal(found.maximum, [2, 3, 0, 5])
    np.testing.assert_array_equal(found.mean, [1, 3, 0, 3])
    np.testing.assert_array_equal(found.share_positive, [0.5, 1, 0, 1])
    assert found.silent.tolist() == [2]


def test_histogram():
    counts, edges = histogram(np.array([0, 1, 1, 4, np.nan], np.float32), bins=4)
    assert counts.tolist() == [1, 2, 0, 1]
    assert edges.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "ask",
    [
        lambda: rank_maps(MAPS, "beauty"),
        lambda: rank_maps(MAPS, "contribution"),
        lambda: rank_maps(MAPS, "contribution", WORTH[:2]),
        lambda: rank_maps(MAPS[0], "mean"),
        lambda: map_statistics(MAPS[0]),
        lambda: neuron_table(WORTH, WORTH[:2]),
        lambda: neuron_table(WORTH, WORTH, "beauty"),
        lambda: ClassMeans("means", CLASSES).so_far(),
    ],
)
def test_refusals(ask):
    with pytest.raises(ModelError, match=r"Expected .*Received: "):
        ask()


def test_neuron_table():
    activations = np.array([0, 2, 2, -1], np.float32)
    by_index = neuron_table(activations, WORTH)
    assert list(by_index.columns) == ["unit", "activation", "contribution"]
    assert by_index["unit"].tolist() == [0, 1, 2, 3]
    assert neuron_table(activations, WORTH, "activation")["unit"].tolist() == [1, 2, 0, 3]
    top = neuron_table(activations, WORTH, "contribution").iloc[0]
    assert (top["unit"], top["activation"], top["contribution"]) == (3, -1, 9)
    assert dead_units(activations).tolist() == [0]


def test_class_means_of_a_cohort():
    engine = engine_of(ramp_network(), 2)
    white = engine.read(tile_of(np.full((4, 4, 3), 255)))  # means 255, 0, -1
    ramp = engine.read(ramp_tile())  # means 7.5, 2.5, -1
    black = engine.read(tile_of(np.zeros((4, 4, 3))))  # means 0, 0, -1
    cohort = ClassMeans("means", ("Non-Tumor", "Viable", "Empty"))
    cohort.add(white, "Viable")
    assert cohort.so_far().dead.tolist() == [1]
    cohort.add(ramp, "Non-Tumor")
    cohort.add(black, "Non-Tumor")
    found = cohort.so_far()
    assert found.counts.tolist() == [2, 1, 0]
    np.testing.assert_allclose(found.means[0], [3.75, 1.25, -1])
    np.testing.assert_allclose(found.means[1], [255, 0, -1])
    assert np.isnan(found.means[2]).all()
    np.testing.assert_allclose(found.firing_share, [2 / 3, 1 / 3, 1])
    assert found.dead.tolist() == []
    assert found.n_tiles == 3
    with pytest.raises(ModelError, match="'Cat'"):
        cohort.add(ramp, "Cat")
    with pytest.raises(ModelError, match="fully connected"):
        ClassMeans("maps", CLASSES).add(ramp, "Viable")
