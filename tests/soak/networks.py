"""Networks drawn at random: refused in a sentence, or one answer and a tape's gradients.

Run as a file of a user's own: saved, opened, read.
"""

from pathlib import Path

import numpy as np


def prepare() -> None:
    """Load TensorFlow and open one network, which takes long the first time."""
    from tests.random_networks import SIDE, draw
    from tests.toys import engine_of, noise_tile

    model, _ = draw(0)
    engine_of(model, max(2, model.outputs[0].shape[1])).read(noise_tile(SIDE))


def trial(seed: int, folder: Path) -> None:
    """Draw one network; compare what opens with Keras and with a tape."""
    from osteo_core import open_model
    from osteo_core.errors import OsteoError
    from tests.random_networks import SIDE, draw, gradient_by_tape, said_by_keras
    from tests.toys import noise_tile

    dtype = ("float32", "float32", "float32", "mixed_float16", "float64")[seed % 5]
    model, gives = draw(seed, dtype)
    file = folder / "drawn.keras"
    model.save(file)
    classes = ["a", "b", "c"][: max(2, model.outputs[0].shape[1])]
    try:
        engine = open_model(file, classes=classes, preprocessing="none")
    except OsteoError:
        return
    tile = noise_tile(SIDE * 4, seed)
    batch = engine.prepare(tile)
    wanted, reading = said_by_keras(model, gives, batch)[0], engine.read(tile)
    share = 2e-3 if dtype == "mixed_float16" else 1e-4
    for given in (reading.probabilities, engine.predict([tile])[0]):
        assert np.abs(given - wanted).max() <= share, (given, wanted)
    for layer in {engine.unit_layers[0], engine.unit_layers[-1], engine.default_layer}:
        gradient = gradient_by_tape(engine, batch, layer, reading.direction("a"))
        products = (gradient * reading.activation(layer)).reshape(-1, gradient.shape[-1])
        scale = max(np.abs(products).sum(axis=0).max(), 1e-6)
        found = reading.contributions_by_class(layer)[:, 0]
        off = np.abs(found - products.sum(axis=0)).max() / scale
        assert off <= (6e-2 if dtype == "mixed_float16" else 2e-3), (layer, off)
