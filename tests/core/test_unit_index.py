"""The unit index: its numbers against brute force, its layout, and what it refuses."""

import json

import numpy as np
import pytest
from PIL import Image

from osteo_core.errors import UnitIndexError
from osteo_core.unit_index import open_index
from osteo_core.unit_index.build import remove_index
from osteo_core.unit_index.compact import halves, scale_for
from osteo_core.unit_index.index import unscaled_place
from osteo_core.units import Unit
from tests.core.unit_index_cohorts import build, noise_cohort
from tests.toys import engine_of, ramp_network, ramp_tile, shaped

HALF = 2**-11  # the greatest relative error of half precision


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return noise_cohort(tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="module", params=["mobilenetv2", "vgg19"])
def made(request, cohort, tmp_path_factory):
    engine = engine_of(shaped(request.param, "nested"), preprocessing="rescale")
    index, steps = build(engine, cohort, tmp_path_factory.mktemp("index"))
    return engine, index, steps


def test_it_equals_brute_force_on_forty_tiles(made, cohort):
    """Also that channels are counted on the last axis, in their order."""
    engine, index, _ = made
    readings = [engine.read(cohort.load(tile), keep="convolutions") for tile in cohort.tiles]
    for layer in index.layers:
        outputs = np.stack([reading.activation(layer.name) for reading in readings])
        assert layer.units == outputs.shape[-1]
        assert layer.shape == outputs.shape[1:]
        flat = outputs.reshape(len(outputs), -1, layer.units).transpose(2, 0, 1)  # unit, tile, at
        near = 1e-5 * abs(flat).max()  # batches of another size differ in the last digits
        assert_close(index.values(layer.name, "maximum"), flat.max(2), near)
        assert_close(index.values(layer.name, "mean"), flat.mean(2), near)
        if layer.grid is None:
            continue
        for unit in range(0, layer.units, 5):
            row, column = index.place(Unit(layer.name, unit)).T
            found = row * layer.shape[1] + column
            there = np.take_along_axis(flat[unit], found[:, None], 1)[:, 0]
            np.testing.assert_allclose(there, flat[unit].max(1), atol=near)
            ordered = np.sort(flat[unit], axis=1)
            clear = ordered[:, -1] - ordered[:, -2] > near if ordered.shape[1] > 1 else [True]
            assert (found == flat[unit].argmax(1))[np.broadcast_to(clear, len(found))].all()


def assert_close(stored, exact, near):
    np.testing.assert_allclose(stored, exact, rtol=HALF, atol=near)


def test_layers_are_the_network_s_and_tiles_the_cohort_s(made, cohort):
    engine, index, steps = made
    assert tuple(layer.name for layer in index.layers) == engine.unit_layers
    assert index.layers[-1].name == engine.logits_layer
    assert [tile.sha256 for tile in index.card.tiles] == [tile.sha256 for tile in cohort.tiles]
    assert [tile.label for tile in index.card.tiles] == [tile.label for tile in cohort.tiles]
    assert (steps[0].done, steps[-1].done, steps[-1].total) == (0, 40, 40)
    assert steps[0].seconds_left is None
    assert steps[-1].seconds_left == 0
    assert len({step.done for step in steps}) == 11  # ten batches, and the start


def test_it_is_as_compact_as_promised(made):
    """Six bytes a unit with maps and two a dense one: 41 MB for 1144 tiles of VGG19."""
    _, index, _ = made
    mapped = sum(layer.units for layer in index.layers if layer.grid)
    dense = index.n_units - mapped
    arrays = sum(file.stat().st_size for file in index.folder.glob("*.npy"))
    assert arrays == (6 * mapped + 2 * dense) * 40 + 3 * 128
    assert 1144 * (6 * 5504 + 2 * 1539) + 1144 * 300 < 45e6
    assert {file.name for file in index.folder.iterdir()} == {
        "index.json", "maximum.npy", "mean.npy", "place.npy",
    }  # fmt: skip


def test_top_tiles_come_strongest_first_and_of_equals_the_first(made):
    _, index, _ = made
    for layer in (index.layers[0], index.layers[-1]):
        for by, values in (("maximum", index.maximum), ("mean", index.mean)):
            unit = Unit(layer.name, layer.units - 1)
            top = index.top(unit, by, count=50)
            order = sorted(range(40), key=lambda i: (-values(unit)[i], i))
            assert [tile.sha256 for tile in top] == [index.card.tiles[i].sha256 for i in order]
            assert [tile.value for tile in top] == [float(values(unit)[i]) for i in order]
            places = index.place(unit)
            expected = [None if places is None else tuple(places[i]) for i in order]
            assert [tile.place for tile in top] == expected
    only = index.top(Unit(index.layers[0].name, 0), part="test")
    assert len(only) == 10
    assert {tile.split for tile in only} == {"test"}


def test_known_numbers(tmp_path):
    """Maxima 15, 10 and -1 of the ramp; its red maximum is in the last place, ties in the first."""
    cohort = noise_cohort(tmp_path / "cohort", n=1, side=32)
    engine = engine_of(ramp_network(), 2)
    pixels = np.kron(ramp_tile().pixels, np.ones((8, 8, 1), np.uint8))  # stretched back to 4 x 4
    Image.fromarray(pixels).save(cohort.path(cohort.tiles[0]))
    cohort = rehashed(cohort)
    index, _ = build(engine, cohort, tmp_path / "index")
    assert [float(index.maximum(Unit("maps", i))[0]) for i in range(3)] == [15, 10, -1]
    assert [float(index.mean(Unit("maps", i))[0]) for i in range(3)] == [7.5, 2.5, -1]
    places = [tuple(index.place(Unit("maps", i))[0]) for i in range(3)]
    assert places == [(3, 3), (0, 0), (0, 0)]
    assert float(index.maximum(Unit("logits", 1))[0]) == 2.5
    assert float(index.mean(Unit("logits", 0))[0]) == -0.5
    assert index.place(Unit("logits", 0)) is None


def rehashed(cohort):
    from dataclasses import replace

    from osteo_core.networks.weights import sha256_of

    tiles = tuple(replace(tile, sha256=sha256_of(cohort.path(tile))) for tile in cohort.tiles)
    return replace(cohort, tiles=tiles)


def test_half_precision_keeps_large_small_and_zero():
    for peak in (1e6, 3.0, 1e-9):
        scale = scale_for(peak)
        assert np.log2(scale) == round(np.log2(scale))
        assert 2**14 <= peak / scale < 2**15
        values = np.array([peak, -peak / 3, peak * 1e-4, peak * 1e-14, 0], np.float32)
        stored = halves(values, np.array(scale, np.float32))
        back = stored.astype(np.float32) * scale
        np.testing.assert_allclose(back[:3], values[:3], rtol=HALF)
        assert back[3] > 0
        assert back[4] == 0
    assert scale_for(0) == 1


def test_places_on_large_grids_are_scaled():
    grid = (512, 200)
    from osteo_core.unit_index.peaks import _byte

    rows, columns = np.array([0, 257, 511]), np.array([0, 77, 199])
    stored = np.stack([_byte(rows, np.array(512)), _byte(columns, np.array(200))], -1)
    assert unscaled_place(stored, grid).tolist() == [[0, 0], [256, 77], [510, 199]]


def test_an_index_of_another_network_or_cohort_is_refused(made, cohort):
    engine, index, _ = made
    index.check(engine.digest, cohort.digest)
    with pytest.raises(UnitIndexError, match="this network"):
        index.check("0" * 64)
    with pytest.raises(UnitIndexError, match="this cohort"):
        index.check(engine.digest, "0" * 64)
    for unit in (Unit("nowhere", 0), Unit(index.layers[0].name, 10**5)):
        with pytest.raises(UnitIndexError, match=str(unit)):
            index.maximum(unit)


def test_what_is_not_an_index_is_said(tmp_path, cohort):
    with pytest.raises(UnitIndexError, match=r"no index\.json"):
        open_index(tmp_path)
    engine = engine_of(ramp_network(), 2)
    build(engine, noise_cohort(tmp_path / "few", 2), tmp_path / "i")
    card = tmp_path / "i" / "index.json"
    good = json.loads(card.read_text())
    for changed, said in (
        ({**good, "format": 99}, "format 99"),
        ({**good, "tiles": good["tiles"][:1]}, "shape"),
        ({**good, "classes": ["A", "A"]}, "two classes of one name"),
        ({}, "bundle: Field required"),
    ):
        card.write_text(json.dumps(changed))
        with pytest.raises(UnitIndexError, match=said):
            open_index(tmp_path / "i")
    remove_index(tmp_path / "i")
    assert not (tmp_path / "i").exists()
