"""What an index says without pictures: class means, selectivity, histograms, dead units, tops."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from osteo_core.errors import UnitIndexError
from osteo_core.unit_index import (
    gallery_cohort,
    gallery_index,
    read_summary,
    shipped_summary,
    summarise,
    write_summary,
)
from osteo_core.unit_index.shipped import ship
from osteo_core.unit_index.statistics import BINS, bin_edges, histograms, selectivity
from osteo_core.units import Unit
from tests.core.unit_index_cohorts import build, noise_cohort
from tests.toys import THREE, engine_of, shaped


@pytest.fixture(scope="module")
def network():
    """The first filter of `conv2` is dead."""
    model = shaped("plain", "flat")
    kernel, bias = model.get_layer("conv2").get_weights()
    kernel[..., 0], bias[0] = 0, -1
    model.get_layer("conv2").set_weights([kernel, bias])
    return model


@pytest.fixture(scope="module")
def made(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("summary")
    engine = engine_of(network, preprocessing="rescale")
    cohort = noise_cohort(folder / "cohort")
    index, _ = build(engine, cohort, folder / "index")
    return engine, cohort, index, summarise(index, "train")


def columns(index, labels=THREE):
    return [i for i, t in enumerate(index.card.tiles) if t.split == "train" and t.label in labels]


def test_figures_are_those_of_the_training_tiles(made):
    _, _, index, summary = made
    own = columns(index)
    labels = np.array([index.card.tiles[i].label for i in own])
    assert (summary.part, summary.n_tiles, summary.classes) == ("train", 20, THREE)
    assert summary.counts.tolist() == [(labels == name).sum() for name in THREE]
    for unit in (Unit("conv1", 3), Unit("conv2", 5), Unit("fc1", 2), Unit("predictions", 1)):
        figures = summary.figures(unit)
        maximum, mean = index.maximum(unit)[own], index.mean(unit)[own]
        for values, by_class, areas in (
            (mean, figures.mean_by_class, figures.selectivity),
            (maximum, figures.maximum_by_class, figures.selectivity_maximum),
        ):
            expected = [values[labels == name].mean() for name in THREE]
            np.testing.assert_allclose(by_class, expected, rtol=2**-10)
            expected = [roc_auc_score(labels == name, values) for name in THREE]
            np.testing.assert_allclose(areas, expected, atol=2e-5)
        assert figures.firing_share == pytest.approx((maximum > 0).mean())
        assert figures.dead == (not maximum.any())


def test_ties_count_half():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 4, (20, 60)).astype(np.float32)
    classes = rng.integers(0, 3, 60)
    found = selectivity(values, classes, 3)
    for unit, c in np.ndindex(20, 3):
        assert found[unit, c] == pytest.approx(roc_auc_score(classes == c, values[unit]))
    absent = selectivity(values, np.zeros(60, int), 2)
    assert np.isnan(absent).all()


def test_histograms_share_their_edges_and_lose_no_tile(made):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(5, 300)).astype(np.float32)
    values[4] = 3
    classes = rng.integers(0, 2, 300)
    ends, counts = histograms(values, classes, 2)
    for unit in range(4):
        edges = bin_edges(ends[unit])
        for c in range(2):
            expected = np.histogram(values[unit][classes == c], edges)[0]
            assert counts[unit, c].tolist() == expected.tolist()
    assert counts[4, :, 0].sum() == 300
    edges, tiles = made[3].figures(Unit("conv2", 5)).histogram("mean")
    assert (len(edges), tiles.shape) == (BINS + 1, (3, BINS))
    assert tiles.sum(1).tolist() == made[3].counts.tolist()


def test_dead_units_are_those_that_are_zero_everywhere(made):
    _, _, index, summary = made
    table = summary.table("conv2")
    assert table["dead"].tolist() == [True] + [False] * 11
    assert summary.figures(Unit("conv2", 0)).firing_share == 0
    assert np.isfinite(summary.figures(Unit("conv2", 0)).histogram()[0]).all()
    logits = summary.table("predictions")
    assert not logits["dead"].any()  # below zero is not dead
    assert (index.maximum(Unit("conv2", 0)) == 0).all()


def test_top_tiles_are_those_of_the_index(made):
    _, _, index, summary = made
    for unit in (Unit("conv1", 3), Unit("conv2", 1), Unit("fc1", 2)):
        for by in ("maximum", "mean"):
            assert summary.figures(unit).top(by) == index.top(unit, by, 12, "train")


def test_the_table_has_a_row_a_unit(made):
    _, _, index, summary = made
    table = summary.table()
    assert len(table) == index.n_units == summary.n_units
    assert table["layer"].unique().tolist() == [layer.name for layer in index.layers]
    figures = summary.figures(Unit("conv2", 7))
    row = table[(table["layer"] == "conv2") & (table["unit"] == 7)].iloc[0]
    for i, name in enumerate(THREE):
        assert row[f"mean_{name}"] == figures.mean_by_class[i]
        assert row[f"maximum_{name}"] == figures.maximum_by_class[i]
        assert row[f"auc_{name}"] == figures.selectivity[i]
        assert row[f"auc_maximum_{name}"] == figures.selectivity_maximum[i]
    with pytest.raises(UnitIndexError, match="conv9"):
        summary.table("conv9")
    with pytest.raises(UnitIndexError, match="conv1:8"):
        summary.figures(Unit("conv1", 8))


def test_a_binary_network_is_summed_up_over_its_two_classes(made, tmp_path):
    _, cohort, _, _ = made
    two = ("Non-Tumor", "Viable")
    model = shaped("plain", "flat", head="sigmoid")
    index, _ = build(engine_of(model, 2, preprocessing="rescale"), cohort, tmp_path / "index")
    summary = summarise(index)
    assert len(index.card.tiles) == 40
    assert summary.classes == two
    assert summary.n_tiles == len(columns(index, two))
    figures = summary.figures(Unit("fc1", 0))
    assert figures.selectivity.sum() == pytest.approx(1, abs=1e-4)
    assert {tile.label for tile in figures.top()} == set(two)


def test_a_file_gives_back_what_was_written_and_the_same_bytes(made, tmp_path):
    summary = made[3]
    write_summary(summary, tmp_path / "a.npz")
    back = read_summary(tmp_path / "a.npz")
    assert back.card == summary.card
    for one, other in zip(
        (*summary.maximum, *summary.mean), (*back.maximum, *back.mean), strict=True
    ):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    write_summary(back, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / "a.npz").write_bytes(b"PK nothing")
    for name in ("a.npz", "c.npz"):
        with pytest.raises(UnitIndexError, match=name):
            read_summary(tmp_path / name)


def test_a_part_without_tiles_is_refused(made):
    with pytest.raises(UnitIndexError, match="none in 'holiday'"):
        summarise(made[2], "holiday")


def test_the_gallery_is_a_cohort_of_twelve():
    cohort = gallery_cohort()
    assert len(cohort.tiles) == 12
    assert cohort.counts()["train"]["tiles"] == 0
    for tile in cohort.tiles:
        assert cohort.load(tile).sha256 == tile.sha256


def test_a_bundle_carries_its_summary_and_its_gallery(made, tmp_path):
    engine, _, index, summary = made
    bundle = SimpleNamespace(folder=tmp_path, digest=engine.digest)
    assert shipped_summary(bundle) is None
    assert gallery_index(bundle) is None
    for _ in range(2):  # a second time over the first
        steps = list(ship(engine, index, tmp_path))
    assert steps[-1].done == 12
    assert shipped_summary(bundle).card == summary.card
    gallery = gallery_index(bundle)
    assert gallery.card.cohort_digest == gallery_cohort().digest
    assert summarise(gallery, "all").n_tiles == 12
    retrained = SimpleNamespace(folder=tmp_path, digest="f" * 64)
    assert shipped_summary(retrained) is None
    assert gallery_index(retrained) is None
    other = replace(index, card=index.card.model_copy(update={"bundle_digest": "f" * 64}))
    with pytest.raises(UnitIndexError, match="this network"):
        list(ship(engine, other, tmp_path))
