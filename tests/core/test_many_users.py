"""Eight people ask one network for different maps at once."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from osteo_core.explain import methods
from tests.toys import THREE, engine_of, noise_tile, shaped

USERS = 8
QUICK = {"rise": {"masks": 16}, "smoothgrad": {"samples": 3}, "integrated_gradients": {"steps": 3}}


@pytest.fixture(scope="module")
def engine():
    return engine_of(shaped("mobilenetv2", "nested", 48), preprocessing="mobilenetv2")


def questions(user):
    """The methods in an order of the user's own, for classes and tiles of the user's own."""
    names = [name for name in methods() if name != "scorecam"]  # 1280 passes, and as the fast one
    turned = names[user:] + names[:user]
    return [(name, THREE[(user + n) % 3], user % 3) for n, name in enumerate(turned)]


def answers(engine, readings, user):
    found = []
    for name, target, tile in questions(user):
        layer = None if methods()[name].at_input else "block_13_expand"
        reading = readings[tile] if user % 2 else engine.read(noise_tile(48, seed=tile))
        found.append(reading.heatmap(name, layer, target, parameters=QUICK.get(name)).values)
    return found


def test_right_answers_bounded_memory_and_no_weight_changed(engine):
    weights = [np.array(weight) for weight in engine.network.get_weights()]
    tiles = [noise_tile(48, seed=seed) for seed in range(3)]
    rounds, sizes = [], []
    for _ in range(2):
        shared = [engine.read(tile) for tile in tiles]  # half of the users share their readings
        with ThreadPoolExecutor(USERS) as pool:  # the first round also compiles, all at once
            rounds.append(list(pool.map(partial(answers, engine, shared), range(USERS))))
        sizes.append(len(engine._pieces))
    assert sizes[0] == sizes[1]
    for user in range(USERS):
        alone = answers(engine, [engine.read(tile) for tile in tiles], user)
        for together in rounds:
            for one, other in zip(together[user], alone, strict=True):
                np.testing.assert_array_equal(one, other)
    for before, after in zip(weights, engine.network.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
