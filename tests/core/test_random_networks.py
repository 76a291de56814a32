"""Over networks drawn at random: one answer by every way, and gradients that are a tape's."""

import numpy as np
import pytest

from tests.random_networks import (
    SIDE,
    activation_gradient_by_tape,
    draw,
    gradient_by_tape,
    said_by_keras,
)
from tests.toys import engine_of, noise_tile

SEEDS = range(24)
HALVES = [(seed, dtype) for seed in range(100, 102) for dtype in ("mixed_float16", "bfloat16")]


def _engine(seed, dtype="float32"):
    model, gives = draw(seed, dtype)
    n_classes = max(model.outputs[0].shape[1], 2)
    return engine_of(model, n_classes), model, gives


def _close(found, wanted, dtype="float32"):
    share = 2e-3 if dtype == "float32" else 6e-2
    scale = max(float(np.abs(wanted).max()), 1e-6)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=share * scale)


def check(seed, dtype="float32"):
    """One network: probabilities by four ways, and each layer's gradients against a tape's."""
    engine, model, gives = _engine(seed, dtype)
    tile = noise_tile(SIDE * 4, seed)
    batch, reading = engine.prepare(tile), engine.read(tile)
    wanted = said_by_keras(model, gives, batch)[0]
    for given in (reading.probabilities, engine.predict([tile])[0], engine.forward(batch)[0]):
        np.testing.assert_allclose(given, wanted, atol=1e-4 if dtype == "float32" else 2e-3)
    assert np.isfinite(reading.logits).all()
    target = engine.classes[-1]
    direction = reading.direction(target)
    for layer in engine.unit_layers:
        gradient = gradient_by_tape(engine, batch, layer, direction)
        if layer != engine.logits_layer:
            _close(reading.gradient(layer, target), gradient, dtype)
        products = (gradient * reading.activation(layer)).reshape(-1, gradient.shape[-1])
        sums = np.abs(products).sum(axis=0).max()
        for found in (
            reading.contributions_by_class(layer)[:, -1],
            reading.contributions(layer, target),
        ):
            _close(found / max(sums, 1e-6), products.sum(axis=0) / max(sums, 1e-6), dtype)
    _close(
        reading.gradient("input", target),
        gradient_by_tape(engine, batch, "input", direction),
        dtype,
    )
    layer = engine.default_layer
    maps, gradient = reading.activation(layer), gradient_by_tape(engine, batch, layer, direction)
    wanted = np.maximum(maps @ gradient.mean(axis=(0, 1)), 0)
    _close(reading.heatmap("gradcam", layer, target).values, wanted, dtype)
    at = (1, 2, 0)
    wanted = activation_gradient_by_tape(engine, batch, layer, at)
    _close(reading.input_gradient(layer, 0, at[:2]), wanted, dtype)


@pytest.mark.parametrize("seed", SEEDS)
def test_answers_and_gradients_are_kerass(seed):
    check(seed)


@pytest.mark.parametrize(("seed", "dtype"), HALVES)
def test_answers_and_gradients_in_short_floats(seed, dtype):
    check(seed, dtype)
