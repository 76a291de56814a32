"""Small changes of a tile, and networks that forget."""

import threading
from itertools import pairwise

import numpy as np
import pytest

from osteo_core.cohorts.synthetic import examples
from osteo_core.errors import MaskError
from osteo_core.explain import Question, find_method
from osteo_core.grades import GradeSettings, grade_cost, pointing_game, relevance_mass
from osteo_core.grades.changes import (
    as_jpeg,
    changes,
    from_stains,
    shifted,
    stained,
    to_stains,
    undone,
)
from osteo_core.grades.kept import Kept
from osteo_core.grades.randomised import Randomised, stages
from osteo_core.grades.reduced import effort
from osteo_core.tiles import load_tile
from tests.toys import engine_of, noise_tile, ramp_network, shaped


def test_stains_come_back_from_a_round_trip():
    pixels = noise_tile(48).pixels
    again = from_stains(to_stains(np.maximum(pixels, 1)))
    np.testing.assert_allclose(again, np.maximum(pixels, 1), atol=1)


def test_a_dye_alone_has_its_own_amount_only():
    """One unit of haematoxylin: optical density along its vector and no eosin."""
    dye = np.array([0.62, 0.70, 0.36])
    dye /= np.linalg.norm(dye)
    pixels = np.broadcast_to(np.rint(255 * 10**-dye), (2, 2, 3)).astype(np.uint8)
    amounts = to_stains(pixels)
    np.testing.assert_allclose(amounts[0, 0], [1, 0, 0], atol=0.02)
    more = to_stains(stained(pixels, (1.5, 1.0, 1.0)))[0, 0]
    np.testing.assert_allclose(more, [1.5, 0, 0], atol=0.05)
    assert (stained(pixels, (1, 1, 1)) == pixels).all()


def test_changes_are_small_and_keep_the_shape():
    pixels = noise_tile(48).pixels
    assert (shifted(pixels)[1:, 1:] == pixels[:-1, :-1]).all()
    for change in changes().values():
        changed = change.apply(pixels)
        assert changed.shape == pixels.shape
        assert changed.dtype == np.uint8
    tissue = load_tile(examples()[-1].path).pixels
    assert 0 < np.abs(as_jpeg(tissue).astype(int) - tissue).mean() < 8
    assert 0 < np.abs(stained(tissue).astype(int) - tissue).mean() < 8


def test_a_shift_is_undone():
    values = np.random.default_rng(0).random((16, 16), np.float32)
    moved = np.pad(values, ((1, 0), (1, 0)))[:-1, :-1]
    assert (undone(values, (16, 16), 0) == undone(moved, (16, 16), 1)).all()


@pytest.mark.parametrize("architecture", ["plain", "mobilenetv2", "vgg19"])
def test_stages_go_from_the_top_to_everything(architecture):
    engine = engine_of(shaped(architecture, "nested"), preprocessing="rescale")
    found = stages(engine)
    assert [stage.name for stage in found][:2] == ["randomised_logits", "randomised_dense"]
    assert found[-1].name == "randomised_all"
    for before, after in pairwise(found):
        assert set(before.layers) < set(after.layers)
    assert found[0].layers == (engine.logits_layer,)
    assert set(engine.conv_layers) <= set(found[-1].layers)


def test_a_network_of_one_dense_layer_has_no_second_dense_stage():
    found = stages(engine_of(ramp_network(), 2))
    assert [stage.name for stage in found] == [
        "randomised_logits",
        "randomised_block",
        "randomised_all",
    ]


def test_the_network_itself_is_never_changed_and_the_copy_comes_back():
    engine = engine_of(shaped("mobilenetv2", "flat"), preprocessing="rescale")
    tile = noise_tile(32)
    before = [w.numpy() for w in engine.network.weights]
    copy = Randomised(engine, 0)
    first, last = copy.stages[0], copy.stages[-1]
    with copy.at(last) as forgot:
        assert np.isfinite(forgot.forward(forgot.prepare(tile))).all()
        forgotten = [w.numpy() for w in forgot.network.weights]
    with copy.at(first) as forgot:
        top = forgot.network.get_layer(engine.logits_layer)
        for layer in forgot.network.layers:
            if layer is not top:
                theirs = engine.network.get_layer(layer.name).get_weights()
                for a, b in zip(layer.get_weights(), theirs, strict=True):
                    assert (a == b).all()
    with copy.at(last) as forgot:  # the same weights again
        for a, b in zip(forgotten, forgot.network.weights, strict=True):
            assert (a == b.numpy()).all()
    assert all((a == b.numpy()).all() for a, b in zip(before, engine.network.weights, strict=True))


def test_threads_each_see_their_own_stage():
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    tile, kept = noise_tile(32), Kept.of(engine)
    copy = kept.randomised(0)
    assert kept is Kept.of(engine)
    right = {}
    for stage in copy.stages:
        with copy.at(stage) as forgot:
            right[stage.name] = forgot.read(tile).logits
    wrong = []

    def work(number):
        for i in range(8):
            stage = copy.stages[(number + i) % len(copy.stages)]
            with copy.at(stage) as forgot:
                if not np.allclose(forgot.read(tile).logits, right[stage.name], rtol=1e-5):
                    wrong.append(stage.name)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_kept_readings_are_bounded():
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    kept = Kept.of(engine)
    change = next(iter(changes().values()))
    first = noise_tile(32, 0)
    reading = kept.changed(first, change)
    assert kept.changed(first, change) is reading
    for seed in range(1, 10):
        kept.changed(noise_tile(32, seed), change)
    assert kept.changed(first, change) is not reading


def test_slow_methods_are_made_again_at_less_effort():
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")

    def asked(name, layer, **given):
        method = find_method(name)
        return method, Question(layer, "Viable", parameters=method.settings(given))

    quick = effort(engine, *asked("gradcam", "conv2"))
    assert (quick.is_reduced, quick.words) == (False, "")
    slow = effort(engine, *asked("smoothgrad", "input", samples=40))
    assert slow.parameters["samples"] == 2
    assert "samples 2" in slow.words
    assert not effort(engine, *asked("smoothgrad", "input", samples=2)).is_reduced
    whole = effort(engine, *asked("scorecam", "conv2"))
    assert (whole.method, set(whole.parameters)) == ("scorecam_fast", {"channels"})
    assert "Score-CAM" in whole.words


def test_costs_are_told_before():
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    settings = GradeSettings(points=5, random_maps=4)
    first = grade_cost(engine, "gradcam", settings)
    second = grade_cost(engine, "gradcam", settings, shared_done=True)
    assert first - second == pytest.approx(5 * 8 + 1 + 7)
    bare = GradeSettings(sanity=False, stability=False)
    assert grade_cost(engine, "smoothgrad", bare, shared_done=True) == pytest.approx(8)


def test_localisation_by_hand():
    values = np.zeros((4, 4), np.float32)
    values[0, 0], values[3, 3], values[1, 1] = 6, 2, -5
    mask = np.zeros((4, 4), bool)
    mask[:2, :2] = True
    assert pointing_game(values, mask) == 1
    assert pointing_game(-values, mask) == 1  # the place of -(-5)
    assert relevance_mass(values, mask) == pytest.approx(0.75)
    assert relevance_mass(np.ones((2, 2), np.float32), mask) == pytest.approx(0.25)
    assert pointing_game(np.ones((2, 2), np.float32), mask) == pytest.approx(0.25)
    assert relevance_mass(-np.ones((2, 2), np.float32), mask) == 0
    with pytest.raises(MaskError, match="empty"):
        pointing_game(values, np.zeros((4, 4), bool))
