"""Metrics against Quantus 0.6.0; what differs is stated with each."""

import numpy as np
import pytest

from osteo_core.grades import GradeSettings, faithfulness, pointing_game, relevance_mass
from osteo_core.grades.faithfulness import Bench
from osteo_core.steps import finish
from tests.toys import engine_of, noise_tile, shaped

pytestmark = pytest.mark.oracle
quantus = pytest.importorskip("quantus", reason="make oracle installs it")

SIDE = 32


def maps_and_masks(n: int = 20):
    random = np.random.default_rng(0)
    for _ in range(n):
        mask = np.zeros((SIDE, SIDE), bool)
        top, left = random.integers(0, SIDE - 12, 2)
        mask[top : top + 12, left : left + 12] = True
        yield random.normal(size=(SIDE, SIDE)).astype(np.float32), mask


def localised(metric, values, mask) -> float:
    batch = {"a_batch": values[None, None], "s_batch": mask[None, None].astype(int)}
    return float(metric.evaluate_batch(**batch)[0])


def test_pointing_game():
    """The same, but where several places are strongest: Quantus counts one inside as a hit, ours
    is the share of them that is inside, so that a map that is the same everywhere gains nothing.
    """
    metric = quantus.PointingGame(abs=False, normalise=False, disable_warnings=True)
    for values, mask in maps_and_masks():
        assert pointing_game(values, mask) == localised(metric, values, mask)
    flat = np.ones((SIDE, SIDE), np.float32)
    assert localised(metric, flat, mask) == 1
    assert pointing_game(flat, mask) == pytest.approx(mask.mean())


def test_relevance_mass():
    """The same for positive maps. Of a signed map ours takes the positive part, as the paper does;
    Quantus sums both signs, and its share can leave 0..1.
    """
    metric = quantus.RelevanceMassAccuracy(abs=False, normalise=False, disable_warnings=True)
    for values, mask in maps_and_masks():
        positive = np.maximum(values, 0)
        theirs = localised(metric, positive, mask)
        assert relevance_mass(positive, mask) == pytest.approx(theirs, abs=1e-5)
        assert relevance_mass(values, mask) == pytest.approx(theirs, abs=1e-5)


def test_deletion_is_pixel_flipping(monkeypatch):
    """The same curve at the same steps. Quantus takes even steps and leaves out the start; ours
    are closer at the start. Its own area cannot be had: it calls `np.trapz`, gone from NumPy 2.4.
    It divides attributions by their maximum, which keeps their order.
    """
    monkeypatch.setattr(faithfulness, "fractions", lambda points: np.arange(points + 1) / points)
    settings = GradeSettings(baseline="white", points=8)
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    reading = engine.read(noise_tile(SIDE))
    order = np.random.default_rng(0).permutation(SIDE * SIDE).reshape(SIDE, SIDE)
    work = Bench.of(reading, reading.predicted, None, settings).curves(order)
    ours = finish(work).deletion.values
    assert theirs_flipped(engine, reading, order, ours) == pytest.approx(ours[1:], abs=1e-5)


def theirs_flipped(engine, reading, order, ours) -> list[float]:
    from quantus.helpers.model.tf_model import TensorFlowModel

    step = 3 * order.size // (len(ours) - 1)  # the three colours of each pixel count by themselves
    metric = quantus.PixelFlipping(
        features_in_step=step, perturb_baseline=1.0, normalise=False, disable_warnings=True
    )
    tile = np.moveaxis(reading.tensor("input"), -1, 0)[None]  # channel first
    return metric.evaluate_batch(
        model=TensorFlowModel(engine.network, channel_first=False, softmax=True),
        x_batch=tile.astype(np.float64),
        y_batch=np.array([reading.class_index(None)]),
        a_batch=-order[None, None].astype(float),
    )[0]
