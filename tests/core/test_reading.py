"""What a reading says, against numbers written out by hand and against the whole network."""

import keras
import numpy as np
import pytest

from osteo_core.errors import ModelError
from osteo_core.heatmap import load_heatmap
from tests.toys import (
    THREE,
    corner_network,
    engine_of,
    noise_tile,
    ramp_network,
    ramp_tile,
    residual_network,
    shaped,
)


@pytest.fixture(scope="module")
def ramp():
    return engine_of(ramp_network(), 2).read(ramp_tile())


@pytest.fixture(scope="module")
def engines():
    """Real architectures, small, in shapes whose backbone is flat or hidden."""
    made = {}

    def of(architecture, shape):
        if (architecture, shape) not in made:
            side = 48 if architecture == "mobilenetv2" else 32
            model = shaped(architecture, shape, side)
            made[architecture, shape] = engine_of(model, preprocessing="mobilenetv2")
        return made[architecture, shape]

    return of


# By hand ----------------------------------------------------------------------------------------


def test_scores_by_hand(ramp):
    np.testing.assert_allclose(ramp.logits, [-0.5, 2.5], atol=1e-6)
    np.testing.assert_allclose(ramp.probabilities, [1 / (1 + np.e**3), 1 / (1 + np.e**-3)])
    assert ramp.predicted == "Viable"
    assert ramp.probabilities.dtype == ramp.logits.dtype == np.float32


def test_activations_by_hand(ramp):
    maps = ramp.activation("maps")
    assert maps.shape == (4, 4, 3)
    np.testing.assert_array_equal(maps[1], [[4, 6, -1], [5, 5, -1], [6, 4, -1], [7, 3, -1]])
    np.testing.assert_array_equal(ramp.activation("means"), [7.5, 2.5, -1])
    np.testing.assert_array_equal(ramp.activation("logits"), ramp.logits)
    with pytest.raises(ValueError, match="read-only"):
        maps[0, 0, 0] = 1


def test_gradient_and_contributions_by_hand(ramp):
    # d Viable / d maps = (-1, 4, 0) / 16 at every place
    np.testing.assert_allclose(
        ramp.gradient("maps", "Viable"), np.broadcast_to([-1 / 16, 0.25, 0], (4, 4, 3))
    )
    np.testing.assert_allclose(ramp.contributions("maps", "Viable"), [-7.5, 10, 0])
    np.testing.assert_allclose(ramp.contributions("maps", "Non-Tumor"), [7.5, -5, -3])
    np.testing.assert_allclose(ramp.contributions("means"), [-7.5, 10, 0])  # of the predicted class
    np.testing.assert_allclose(ramp.contributions("logits", "Viable"), [0, 2.5])


def test_without_by_hand(ramp):
    changed = ramp.without("maps", [1])  # logits lose -5 and 10
    np.testing.assert_allclose(changed.logits, [4.5, -7.5], atol=1e-6)
    assert changed.predicted == "Non-Tumor"
    np.testing.assert_array_equal(changed.activation("maps")[..., 1], 0)
    np.testing.assert_allclose(changed.activation("means"), [7.5, 0, -1])
    np.testing.assert_allclose(ramp.logits, [-0.5, 2.5], atol=1e-6)  # the first is as it was
    again = changed.without("maps", [0]).without("means", [2])
    np.testing.assert_allclose(again.logits, [0, 0], atol=1e-6)
    assert again.silenced == {"maps": (0, 1), "means": (2,)}


def test_heatmap_by_hand(ramp):
    # Viable: relu(-1/16·red + 1/4·(10 - red)) = relu(2.5 - 5/16·red), the mean gradient as weight
    found = ramp.heatmap("gradcam", "maps", "Viable")
    expected = [
        [2.5, 2.1875, 1.875, 1.5625],
        [1.25, 0.9375, 0.625, 0.3125],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
    ]
    np.testing.assert_allclose(found.values, expected, atol=1e-6)
    assert found.values.dtype == np.float32
    assert found.empty_reason is None
    assert (found.method, found.layer, found.target) == ("gradcam", "maps", "Viable")
    assert found.explains == "logit"
    assert found.target_logit == pytest.approx(2.5)
    assert found.target_probability == pytest.approx(1 / (1 + np.e**-3))
    # Non-Tumor: relu(1/16·red - 2/16·(10 - red) - 3/16) = relu((3·red - 23) / 16)
    other = ramp.heatmap("gradcam", "maps", "Non-Tumor").values
    np.testing.assert_allclose(other.ravel(), np.maximum(3 * np.arange(16) - 23, 0) / 16, atol=1e-6)


def test_heatmap_weighs_with_the_mean_of_the_gradient():
    reading = engine_of(corner_network(), 2).read(ramp_tile())
    np.testing.assert_array_equal(reading.activation("corner")[..., 0], [[10, 10], [10, 10]])
    np.testing.assert_allclose(reading.logits, [120, -35])  # 10·(1+2+3+6), 10·(4-8) + 5
    gradient = reading.gradient("corner", "Non-Tumor")[..., 0]
    np.testing.assert_allclose(gradient, [[1, 2], [3, 6]])
    found = reading.heatmap("gradcam", "corner", "Non-Tumor")
    np.testing.assert_allclose(found.values, np.full((2, 2), 30))  # mean gradient 3, times 10
    assert "same value everywhere" in found.empty_reason
    against = reading.heatmap("gradcam", "corner", "Viable")  # mean gradient -1
    np.testing.assert_array_equal(against.values, 0)
    assert against.empty_reason == (
        "Nothing at corner speaks for Viable: no weighted sum of its maps is above zero."
    )


def test_inside_a_residual_block_by_hand():
    reading = engine_of(residual_network(), 2).read(ramp_tile())
    np.testing.assert_allclose(reading.logits, [22.5, -22.5])  # 3 · mean of 0..15
    np.testing.assert_allclose(reading.gradient("b", "Non-Tumor"), np.full((4, 4, 1), 1 / 16))
    np.testing.assert_allclose(reading.gradient("a", "Non-Tumor"), np.full((4, 4, 1), 3 / 16))
    without_b = reading.without("b", [0])  # the other arm still carries a
    np.testing.assert_allclose(without_b.logits, [7.5, -7.5])
    # In the network without b, a counts once: its gradient must not run through b.
    np.testing.assert_allclose(without_b.gradient("a", "Non-Tumor"), np.full((4, 4, 1), 1 / 16))
    np.testing.assert_allclose(reading.without("a", [0]).logits, [0, 0])
    np.testing.assert_allclose(without_b.without("a", [0]).logits, [0, 0])
    np.testing.assert_allclose(without_b.without("a", []).logits, [7.5, -7.5])


def test_one_sigmoid_unit_has_two_classes():
    start = keras.Input((4, 4, 3))
    x = keras.layers.GlobalAveragePooling2D(name="means")(start)
    last = keras.layers.Dense(1, activation="sigmoid", name="yes")
    model = keras.Model(start, last(x))
    last.set_weights([np.array([[0.2], [0], [0]], np.float32), np.array([-0.5], np.float32)])
    reading = engine_of(model, 2).read(ramp_tile())  # z = 0.2·7.5 - 0.5 = 1
    np.testing.assert_allclose(reading.logits, [-1, 1], atol=1e-6)
    p = 1 / (1 + np.exp(-1))
    np.testing.assert_allclose(reading.probabilities, [1 - p, p], rtol=1e-6)
    np.testing.assert_allclose(reading.contributions("means", "Viable"), [1.5, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(reading.contributions("means", "Non-Tumor"), [-1.5, 0, 0], rtol=1e-6)
    engine = engine_of(model, 2)
    np.testing.assert_allclose(engine.predict([ramp_tile()]), [[1 - p, p]], rtol=1e-6)


# Against the whole network ----------------------------------------------------------------------


def _whole_network_without(engine, layer, units, later, inputs):
    """The whole network run eagerly with a layer's output masked: a later layer's, and its end."""
    masked = engine.network.get_layer(layer)
    mask = np.ones(engine.layer(layer).n_units, np.float32)
    mask[list(units)] = 0
    call = masked.call
    outputs = [engine.network.get_layer(later).output, engine.network.output]
    masked.call = lambda *args, **kwargs: call(*args, **kwargs) * mask
    try:
        tap, end = keras.Model(engine.network.input, outputs)(inputs, training=False)
    finally:
        masked.call = call
    return tap.numpy()[0], end.numpy()[0]


@pytest.mark.parametrize(
    ("architecture", "shape", "layer"),
    [
        ("vgg19", "flat", "block3_conv2"),
        ("vgg19", "nested", "block5_conv4"),
        ("vgg19", "nested", "fc1"),
        ("mobilenetv2", "twice", "block_4_expand"),  # inside a residual block
        ("mobilenetv2", "twice", "block_8_depthwise"),
        ("mobilenetv2", "twice", "block_14_project_BN"),
        ("plain", "sequential", "conv1"),
    ],
)
def test_without_equals_the_whole_network(engines, architecture, shape, layer):
    engine = engines(architecture, shape)
    tile = noise_tile(engine.input_size[0])
    reading = engine.read(tile)
    units = range(0, engine.layer(layer).n_units, 2)
    later = engine.layers[[info.name for info in engine.layers].index(layer) + 2].name
    tap, end = _whole_network_without(engine, layer, units, later, engine.prepare(tile))
    assert np.abs(end - reading.probabilities).max() > 1e-3  # it matters which is right
    changed = reading.without(layer, units)
    np.testing.assert_allclose(changed.probabilities, end, atol=1e-5)
    np.testing.assert_allclose(changed.activation(later), tap, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("architecture", "shape"),
    [("vgg19", "nested"), ("mobilenetv2", "twice"), ("plain", "sequential")],
)
def test_every_layer_equals_the_whole_network(engines, architecture, shape):
    engine = engines(architecture, shape)
    tile = noise_tile(engine.input_size[0])
    names = [info.name for info in engine.layers]
    outputs = [engine.network.get_layer(name).output for name in names]
    whole = keras.Model(engine.network.input, outputs)(engine.prepare(tile), training=False)
    expected = dict(zip(names, whole, strict=True))
    readings = [engine.read(tile), engine.read(tile, keep="convolutions")]
    some = names[:: max(1, len(names) // 10)] + list(engine.conv_layers[-2:]) + names[-4:]
    for name in dict.fromkeys(some):
        for reading in readings:
            size = np.abs(expected[name]).max()
            np.testing.assert_allclose(
                reading.activation(name), expected[name][0], rtol=1e-4, atol=1e-5 * size
            )


def test_contributions_of_the_last_hidden_layer_are_weight_times_activation(engines):
    engine = engines("vgg19", "nested")
    reading = engine.read(noise_tile(32))
    weights = engine.network.get_layer("predictions").get_weights()[0]
    for index, target in enumerate(THREE):
        np.testing.assert_array_equal(
            reading.contributions("fc1", target), weights[:, index] * reading.activation("fc1")
        )


def test_gradient_equals_finite_differences(engines):
    """Two classes and one layer, against the whole network nudged along a random direction."""
    engine = engines("plain", "sequential")
    reading = engine.read(noise_tile(32))
    rng = np.random.default_rng(0)
    maps = reading.activation("conv2")
    nudge = rng.normal(0, 1e-2, maps.shape).astype(np.float32)
    tail = keras.Model(
        engine.network.get_layer("conv2").output,
        engine.network.get_layer(engine.logits_layer).output,
    )
    up, down = (tail((maps + sign * nudge)[None], training=False).numpy()[0] for sign in (1, -1))
    for index, target in enumerate(THREE):
        along = float((reading.gradient("conv2", target) * nudge).sum())
        assert along == pytest.approx((up - down)[index] / 2, rel=2e-2, abs=1e-5)


def test_classes_differ_and_batch_mates_do_not_matter(engines):
    engine = engines("vgg19", "nested")
    tile, other = noise_tile(32), noise_tile(32, seed=5)
    reading = engine.read(tile)
    maps = [reading.heatmap(target=target).values for target in THREE]
    assert not np.array_equal(maps[0], maps[1])
    assert all(np.isfinite(values).all() for values in maps)
    alone = engine.predict([tile])
    np.testing.assert_allclose(engine.predict([other, tile, other])[1], alone[0], atol=1e-6)
    np.testing.assert_allclose(reading.probabilities, alone[0], atol=1e-6)


def test_a_question_is_answered_once(ramp):
    assert ramp.heatmap(layer="maps") is ramp.heatmap("gradcam", "maps", "Viable")
    assert ramp.contributions("maps") is ramp.contributions("maps", "Viable")


# Refusals and files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda r: r.activation("nowhere"), "'nowhere'"),
        (lambda r: r.heatmap(target="Cat"), "'Cat'"),
        (lambda r: r.heatmap("magic"), "'magic'"),
        (lambda r: r.heatmap(layer="means"), "feature maps"),
        (lambda r: r.heatmap(layer="probabilities"), "feature maps"),
        (lambda r: r.gradient("probabilities"), "in front of the logits"),
        (lambda r: r.without("maps", [3]), "units 0 to 2 of maps. Received: 3"),
        (lambda r: r.without("maps", [-1]), "Received: -1"),
    ],
)
def test_refusals_are_sentences(ramp, ask, says):
    with pytest.raises(ModelError, match=r"Expected .*Received: ") as refusal:
        ask(ramp)
    assert says in str(refusal.value)


def test_a_saved_map_comes_back_whole(ramp, tmp_path):
    found = ramp.without("means", [2]).heatmap(layer="maps", target="Non-Tumor")
    file = found.save(tmp_path / "new" / "toy.gradcam")
    assert file.name == "toy.gradcam.npz"
    back = load_heatmap(file)
    np.testing.assert_array_equal(back.values, found.values)
    assert back.meta() == found.meta()
    assert back.parameters == {"without": {"means": [2]}}
    assert back.tile_sha256 == ramp_tile().sha256
    computing = {"osteo-explain", "keras", "tensorflow", "numpy", "scipy", "opencv-python-headless"}
    assert set(back.versions) == computing
