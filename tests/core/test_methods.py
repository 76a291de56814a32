"""What holds for every method of the registry, on small networks."""

import json
import threading

import keras
import numpy as np
import pytest

from osteo_core.engine import Engine
from osteo_core.errors import ModelError
from osteo_core.explain import INPUT, Question, find_method, methods
from osteo_core.explain.eigencam import eigencam
from osteo_core.explain.empty import empty_reason
from osteo_core.heatmap import load_heatmap
from osteo_core.networks.tail import Tail
from tests.toys import THREE, engine_of, noise_tile, shaped, tile_of, wake

NAMES = list(methods())
QUICK = {"rise": {"masks": 24}, "smoothgrad": {"samples": 4}, "integrated_gradients": {"steps": 4}}
SAME_FOR_ALL = {"eigencam"}
LINEAR_IN_SCORE = {"hirescam", "gradient_x_input", "integrated_gradients", "occlusion", "rise"}
ABSOLUTE = {"saliency", "smoothgrad"}


def asked(name):
    return QUICK.get(name, {})


@pytest.fixture(scope="module")
def engine():
    return engine_of(shaped("plain", "nested"), preprocessing="rescale")


@pytest.fixture(scope="module")
def reading(engine):
    return engine.read(noise_tile(32))


def cases():
    """Every method at its own place, and those of the input at a layer too."""
    for name, method in methods().items():
        yield name, INPUT if method.at_input else "conv2"
        if method.at_input:
            yield name, "conv1"


@pytest.mark.parametrize(("name", "layer"), cases())
def test_finite_and_of_the_layers_shape(reading, engine, name, layer):
    found = reading.heatmap(name, layer, "Viable", parameters=asked(name))
    assert found.shape == engine.graph.shape(layer)[:2]
    assert found.values.dtype == np.float32
    assert not found.values.flags.writeable
    assert np.isfinite(found.values).all()
    assert found.empty_reason is None
    assert found.signed == methods()[name].signed
    assert (found.values.min() < 0) == found.signed
    assert set(found.parameters) == {p.name for p in methods()[name].parameters}
    json.dumps(found.meta(), allow_nan=False)


@pytest.mark.parametrize("name", NAMES)
def test_classes_differ_where_the_method_asks_for_one(reading, name):
    one, other = (reading.heatmap(name, None, c, parameters=asked(name)).values for c in THREE[:2])
    assert np.array_equal(one, other) == (name in SAME_FOR_ALL)


@pytest.mark.parametrize("name", NAMES)
def test_contrast(reading, name):
    """One class against another: the difference where the method is linear in the score."""
    there = reading.heatmap(name, None, "Viable", "Non-Tumor", asked(name))
    back = reading.heatmap(name, None, "Non-Tumor", "Viable", asked(name)).values
    assert (there.against, there.score) == ("Non-Tumor", "Viable rather than Non-Tumor")
    if name in LINEAR_IN_SCORE:
        np.testing.assert_allclose(there.values, -back, atol=1e-6)
        one, other = (
            reading.heatmap(name, None, c, parameters=asked(name)).values
            for c in ("Viable", "Non-Tumor")
        )
        np.testing.assert_allclose(there.values, one - other, atol=1e-5)
    elif name in ABSOLUTE | SAME_FOR_ALL:
        np.testing.assert_allclose(there.values, back, atol=1e-6)
    else:
        assert not np.array_equal(there.values, back)
    with pytest.raises(ModelError, match="two different classes"):
        reading.heatmap(name, None, "Viable", "Viable", asked(name))


@pytest.mark.parametrize("name", NAMES)
def test_neither_batch_mates_nor_order_nor_what_was_asked_before_matter(engine, name, monkeypatch):
    tile = noise_tile(32)
    alone = engine.read(tile).heatmap(name, None, "Viable", parameters=asked(name)).values
    asked_much = engine.read(tile)
    for other in ("rise", "scorecam_fast", "gradcam"):
        asked_much.heatmap(other, None, "Non-Tumor", parameters=asked(other))
    again = asked_much.heatmap(name, None, "Viable", parameters=asked(name)).values
    np.testing.assert_array_equal(again, alone)  # to the bit, the same seed among the rest
    for rows in (1, 3):
        monkeypatch.setattr(Tail, "rows", rows)
        few = engine.read(tile).heatmap(name, None, "Viable", parameters=asked(name)).values
        np.testing.assert_allclose(few, alone, atol=1e-5 * np.abs(alone).max())


def mirrored_network():
    """Kernels that are their own mirror image, so that a mirrored tile gives mirrored maps."""
    import keras

    start = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="conv1")(start)
    x = keras.layers.MaxPooling2D(name="pool1")(x)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="conv2")(x)
    x = keras.layers.GlobalAveragePooling2D(name="means")(x)
    model = keras.Model(start, keras.layers.Dense(3, name="logits", activation="softmax")(x))
    wake(model, seed=5)
    for layer in ("conv1", "conv2"):
        kernel, bias = model.get_layer(layer).get_weights()
        model.get_layer(layer).set_weights([(kernel + kernel[:, ::-1]) / 2, bias])
    return model


@pytest.mark.parametrize("name", [name for name in NAMES if name != "rise"])
def test_flips_follow(name):
    """Without noise; the random masks of RISE are not mirrored with the tile."""
    engine = engine_of(mirrored_network(), preprocessing="rescale")
    tile = noise_tile(32)
    settings = {**asked(name), **({"noise": 0.0} if name == "smoothgrad" else {})}
    settings |= {"grid": 8} if name == "occlusion" else {}  # the cells of 10 are not all alike
    there = engine.read(tile).heatmap(name, None, "Viable", parameters=settings)
    back = engine.read(tile_of(tile.pixels[:, ::-1])).heatmap(
        name, None, "Viable", parameters=settings
    )
    assert there.empty_reason is None
    size = np.abs(there.values).max()
    np.testing.assert_allclose(back.values[:, ::-1], there.values, atol=1e-4 * size)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_is_left_midway_leaves_nothing(engine, name):
    tile = noise_tile(32)
    whole = engine.read(tile).heatmap(name, None, "Viable", parameters=asked(name)).values
    reading = engine.read(tile)
    shares = []
    for stop in (1, 2):
        steps = reading.heatmap_steps(name, None, "Viable", parameters=asked(name))
        for share, _ in zip(steps, range(stop), strict=False):
            shares.append(share)
            assert free(engine)
        steps.close()
    assert all(0 < share <= 1 for share in shares)
    again = reading.heatmap(name, None, "Viable", parameters=asked(name)).values
    np.testing.assert_array_equal(again, whole)


def free(engine):
    """Whether another thread could run the network now."""
    found = []

    def look():
        found.append(engine._lock.acquire(timeout=0.1))
        if found[0]:
            engine._lock.release()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("name", NAMES)
def test_shares_rise_to_one(engine, name):
    steps = engine.read(noise_tile(32)).heatmap_steps(name, parameters=asked(name))
    shares = list(steps)
    assert shares == sorted(shares)
    assert not shares or shares[-1] == pytest.approx(1)


@pytest.mark.parametrize("name", NAMES)
def test_every_method_says_what_it_is(engine, name):
    method = find_method(name)
    assert method.name == name
    assert method.reference
    for text in (method.deviation, *(p.help for p in method.parameters)):
        assert not text or text.endswith(".")
    layer = method.default_layer(engine)
    assert (layer == INPUT) == method.at_input
    settings = method.settings({})
    assert method.cost(engine, Question(layer, "Viable", None, settings)) > 0


def test_cams_refuse_the_input_and_all_refuse_what_they_do_not_have(reading):
    with pytest.raises(ModelError, match=r"layer with feature maps for Grad-CAM, such as conv2"):
        reading.heatmap("gradcam", INPUT)
    with pytest.raises(ModelError, match="Expected samples to be a whole number from 1"):
        reading.heatmap("smoothgrad", parameters={"samples": 0})
    with pytest.raises(ModelError, match="parameter of Saliency: it has none"):
        reading.heatmap("saliency", parameters={"seed": 1})


def test_costs_follow_the_work(engine):
    def cost(name, layer=None, **given):
        method = find_method(name)
        layer = layer or method.default_layer(engine)
        return method.cost(engine, Question(layer, "Viable", None, method.settings(given)))

    assert cost("occlusion", grid=4, window=1) == 16
    assert cost("occlusion") == 81
    assert cost("rise", masks=100) == 100
    assert cost("scorecam") == 12
    assert cost("scorecam_fast", channels=5) == 5
    assert cost("scorecam_fast") == 12  # no more than there are
    assert cost("smoothgrad", samples=8) == pytest.approx(8 * cost("saliency"))
    assert cost("integrated_gradients", steps=8) == pytest.approx(8 * cost("saliency"))
    assert cost("rise", "conv2", masks=100) < 10


def test_figures_and_all_else_come_back_from_a_file(reading, tmp_path):
    made = reading.heatmap("integrated_gradients", None, "Viable", "Non-Tumor", {"steps": 4})
    again = load_heatmap(made.save(tmp_path / "map"))
    assert again.meta() == made.meta()
    assert set(again.figures) == {"score_rise", "completeness_error"}
    np.testing.assert_array_equal(again.values, made.values)


@pytest.mark.parametrize("name", NAMES)
def test_one_sigmoid_unit_for_two_classes(name):
    engine = engine_of(
        shaped("plain", "flat", head="sigmoid"), n_classes=2, preprocessing="rescale"
    )
    reading = engine.read(noise_tile(32))
    one, other = (
        reading.heatmap(name, None, target, parameters=asked(name)).values
        for target in engine.classes
    )
    if name in LINEAR_IN_SCORE:
        np.testing.assert_allclose(one, -other, atol=1e-6)  # log-odds of either class
    assert np.isfinite(one).all()
    assert np.array_equal(one, other) == (name in ABSOLUTE | SAME_FOR_ALL)


def test_what_adds_up_activations_starts_behind_the_activation(engine):
    image = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(
        2, 3, padding="same", name="conv", bias_initializer=keras.initializers.Constant(-0.2)
    )(image)
    active = keras.layers.ReLU(name="relu")(maps)
    pooled = keras.layers.MaxPooling2D(2, name="pool")(active)
    scores = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(pooled))
    classes = ["a", "b"]
    model = keras.Model(image, scores)
    of = Engine(model, name="x", digest="x", classes=classes, preprocessing="rescale")
    assert of.last_maps == "relu"
    assert engine.last_maps == engine.default_layer  # applies its own activation
    for name in ("scorecam", "scorecam_fast", "eigencam"):
        assert find_method(name).default_layer(of) == "relu"
        assert find_method(name).layers(of) == ("conv", "relu")
    for name in ("gradcam", "gradcampp", "hirescam", "layercam"):
        assert find_method(name).layers(of) == ("conv",)


def test_eigencam_of_maps_below_zero_points_where_they_are_strongest():
    maps = -np.ones((2, 2, 3), np.float32)
    maps[1, 0] = -3
    found = eigencam(maps)
    assert found.empty_reason is None
    assert np.unravel_index(found.values.argmax(), (2, 2)) == (1, 0)


def test_score_cam_of_maps_below_zero_says_so():
    maps = -np.ones((2, 2, 3), np.float32)
    told = empty_reason(np.zeros((2, 2), np.float32), layer="conv", score="a", activation=maps)
    assert "conv are mostly below zero" in told
