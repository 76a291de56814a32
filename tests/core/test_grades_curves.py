"""Deletion and insertion on a network whose probabilities are known by hand."""

import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.grades import GradeSettings, find_metric, metrics
from osteo_core.grades.correlation import coarse, rank_correlation
from osteo_core.grades.faithfulness import (
    Bench,
    edge_map,
    fractions,
    places_in_order,
    random_map,
)
from tests.toys import engine_of, noise_tile, residual_network, shaped, tile_of

SETTINGS = GradeSettings(baseline="white", points=4)


def finish(work):
    passes = 0.0
    while True:
        try:
            passes += next(work)
        except StopIteration as end:
            return end.value, passes


def test_curves_of_a_network_that_sees_the_mean_of_red():
    """Logits are ±3·mean of red / 100 here: every value of both curves is known."""
    model = residual_network()
    model.get_layer("a").set_weights([np.array([0.01, 0, 0], np.float32).reshape(1, 1, 3, 1)])
    engine = engine_of(model, 2)
    red = np.arange(16, dtype=np.float32).reshape(4, 4)
    tile = tile_of(np.stack([red * 10, red * 0, red * 0], axis=-1))
    reading = engine.read(tile)
    bench = Bench.of(reading, "Non-Tumor", None, SETTINGS)
    order = np.arange(16).reshape(4, 4)  # the first pixel first
    curves, passes = finish(bench.curves(order))
    assert passes == 6

    def probability(mean):
        return 1 / (1 + np.exp(-2 * 3 * mean / 100))

    counts = [round(share * 16) for share in fractions(4)]
    values = (red * 10).ravel()
    deleted = [probability(np.r_[np.full(k, 255), values[k:]].mean()) for k in counts]
    inserted = [probability(np.r_[values[:k], np.full(16 - k, 255)].mean()) for k in counts]
    np.testing.assert_allclose(curves.deletion.values, deleted, rtol=1e-5)
    np.testing.assert_allclose(curves.insertion.values, inserted, rtol=1e-5)
    area = np.trapezoid(deleted, fractions(4))
    assert curves.deletion.area == pytest.approx(area, abs=1e-6)
    assert curves.score == pytest.approx(np.trapezoid(inserted, fractions(4)) - area, abs=1e-6)


def test_a_contrast_reads_the_sigmoid_of_the_difference():
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    reading = engine.read(noise_tile(32))
    bench = Bench.of(reading, "Viable", "Non-Tumor", SETTINGS)
    apart = reading.score("Viable", "Non-Tumor")
    assert bench.ends[0] == pytest.approx(1 / (1 + np.exp(-apart)), rel=1e-5)


def test_the_right_order_beats_the_wrong_one():
    """Evidence in one corner: taking it first loses the class at once."""
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    reading = engine.read(noise_tile(32))
    bench = Bench.of(reading, reading.predicted, None, GradeSettings(points=6))
    order = places_in_order(reading.heatmap("occlusion").values, (32, 32), GradeSettings())
    right, _ = finish(bench.curves(order))
    wrong, _ = finish(bench.curves(order.max() - order))
    assert right.score > wrong.score
    # What is taken first in one order is taken last in the other: the curves are the same.
    assert right.score == pytest.approx(-wrong.score, abs=0.05)


def test_places_are_put_in_order_and_ties_are_smooth():
    settings = GradeSettings(cells=4)
    values = np.zeros((4, 4), np.float32)
    values[1, 2] = 5
    order = places_in_order(values, (32, 32), settings)
    assert sorted(order.ravel()) == list(range(1024))
    assert np.unravel_index(order.argmin(), (32, 32)) in [
        (y, x) for y in (11, 12) for x in (19, 20)
    ]
    assert (order == places_in_order(values, (32, 32), settings)).all()
    tied = places_in_order(np.ones((4, 4), np.float32), (32, 32), settings)
    steps = np.abs(np.diff((tied < 512).astype(int), axis=0)).sum()
    assert steps < 100  # speckle would have about 500
    nan = values.copy()
    nan[0, 0] = np.nan
    assert places_in_order(nan, (32, 32), settings).shape == (32, 32)


def test_references_depend_on_the_seed_and_the_tile_only():
    settings = GradeSettings()
    assert (random_map((32, 32), settings, 0) == random_map((32, 32), settings, 0)).all()
    assert (random_map((32, 32), settings, 0) != random_map((32, 32), settings, 1)).any()
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, 16:] = 255
    edges = edge_map(pixels, settings)
    assert set(edges.argmax(axis=1)) <= {15, 16}


def test_rank_correlation_by_hand():
    first = np.array([1.0, 2, 3, 4])
    assert rank_correlation(first, first**3) == pytest.approx(1)
    assert rank_correlation(first, -first) == pytest.approx(-1)
    assert rank_correlation(first, np.array([2.0, 1, 4, 3])) == pytest.approx(0.6)
    tied = rank_correlation(first, np.array([1.0, 1, 2, 2]))  # ranks 1.5 1.5 3.5 3.5
    assert tied == pytest.approx(4 / np.sqrt(5 * 4))
    assert rank_correlation(first, np.ones(4)) == 0
    with pytest.raises(ModelError, match=r"\(4,\) and \(3,\)"):
        rank_correlation(first, first[:3])


def test_coarse_averages_and_never_enlarges():
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert coarse(values, 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert coarse(values, 8).shape == (4, 4)


@pytest.mark.parametrize(
    ("name", "value"), [("points", 1), ("points", 3.5), ("random_maps", 0), ("baseline", "black")]
)
def test_bad_settings_are_refused(name, value):
    with pytest.raises(ModelError, match="Received"):
        GradeSettings(**{name: value})


def test_every_metric_declares_itself():
    for name, metric in metrics().items():
        assert name == metric.name
        assert metric.direction in ("higher", "lower")
        assert metric.low < metric.high
        assert metric.question.endswith("?")
        assert "20" in metric.paper
    with pytest.raises(ModelError, match="Expected a metric"):
        find_metric("beauty")
