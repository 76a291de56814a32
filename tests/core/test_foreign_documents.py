"""Heat maps, masks, recipes and unit indices of anyone's making: read rightly or refused."""

import json
import os

import numpy as np
import pytest

from osteo_core.bundles import load_bundle
from osteo_core.errors import BundleError, MaskError, OsteoError, RecipeError, UnitIndexError
from osteo_core.evaluate.stored import stored_part
from osteo_core.grades import masks
from osteo_core.grades.masks import load_mask
from osteo_core.heatmap import HeatMap, load_heatmap
from osteo_core.training.recipes import RECIPES, find_recipe
from osteo_core.unit_index.index import open_index
from osteo_core.unit_index.summary import summarise
from osteo_core.unit_index.summary_file import read_summary, write_summary
from osteo_core.units import Unit
from tests.core.unit_index_cohorts import small_index
from tests.fake_bundles import write_fake

SHAPE = (40, 48)
SQUARE = [[4, 4], [20, 4], [20, 12], [4, 12]]
HOLE = [[6, 6], [8, 6], [8, 8], [6, 8]]


def heat(**changes):
    told = {
        "method": "gradcam",
        "layer": "conv",
        "target": "Viable",
        "target_logit": 1.5,
        "target_probability": 0.8,
        "signed": True,
        "tile_sha256": "0" * 64,
        "tile_name": "tile.png",
        "bundle": "net",
        "bundle_digest": "1" * 64,
        "parameters": {"steps": 3},
    }
    return HeatMap(values=np.arange(6, dtype=np.float32).reshape(2, 3), **{**told, **changes})


def test_a_heat_map_comes_back_as_it_was_saved(tmp_path):
    saved = heat(against="Non-Tumor", figures={"error": 0.1}, empty_reason="Nothing.")
    found = load_heatmap(saved.save(tmp_path / "map"))
    assert found.meta() == saved.meta()
    np.testing.assert_array_equal(found.values, saved.values)


@pytest.mark.parametrize(
    "change",
    [
        {"values": np.zeros((2, 3), np.float32)},  # other values than were saved
        {"values": np.full((2, 3), np.nan, np.float32)},
        {"values": np.zeros((2, 3))},
        {"values": np.zeros(6, np.float32)},
        {"values": np.zeros((0, 3), np.float32)},
        {"values": np.array([["a"]])},
        {"meta": np.array("{")},
        {"meta": np.array("[" * 100_000)},
        {"meta": np.zeros(3)},
    ],
    ids=range(9),
)
def test_a_heat_map_that_cannot_be_is_refused(tmp_path, change):
    file = heat().save(tmp_path / "map")
    with np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored)
    np.savez(file, **(arrays | change))
    with pytest.raises(OsteoError, match=r"Received"):
        load_heatmap(file)


@pytest.mark.parametrize(
    "change",
    [{"target_probability": 5}, {"target_probability": None}, {"method": 3}, {"parameters": []},
     {"explains": "nothing"}, {"target_logit": "high"}],
)  # fmt: skip
def test_what_a_heat_map_tells_is_held_to_its_kind(tmp_path, change):
    file = heat().save(tmp_path / "map")
    meta = np.array(json.dumps(heat().meta() | change))
    np.savez(file, values=heat().values, meta=meta)
    with pytest.raises(OsteoError, match=next(iter(change))):
        load_heatmap(file)


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


def test_many_small_polygons_are_drawn_at_once_and_holes_stay_open(tmp_path):
    told = {"type": "GeometryCollection", "geometries": [polygon(SQUARE, HOLE)] * 5000}
    mask = load_mask(json.dumps(told).encode(), SHAPE)
    assert mask[10, 10]
    assert not mask[7, 7]
    alone = load_mask(json.dumps(polygon(SQUARE, HOLE)).encode(), SHAPE)
    np.testing.assert_array_equal(mask, alone)
    listed = load_mask(json.dumps([polygon(SQUARE, HOLE)]).encode(), SHAPE)
    np.testing.assert_array_equal(listed, alone)


def test_a_polygon_is_drawn_alike_wherever_it_ends():
    for shift in (-30, -7.3, 0, 11.6, 25, 1000):
        ring = [[x + shift, y + shift / 2] for x, y in [[1, 2], [19.4, 3.1], [11.2, 30.9]]]
        whole = load_mask(json.dumps([polygon(ring), polygon(SQUARE)]).encode(), SHAPE)
        big = [polygon(ring), polygon(SQUARE), polygon([[-9, -9], [-1, -9], [-1, -1]])]
        np.testing.assert_array_equal(whole, load_mask(json.dumps(big).encode(), SHAPE))


@pytest.mark.parametrize(
    "told",
    [
        polygon([["4", 4], [20, 4], [20, 12]]),
        polygon([[True, 4], [20, "x"], [20, 12]]),
        polygon([[4], [20, 4], [20, 12]]),
        polygon([[4, 4], [1e7, 4], [20, 12]]),
        polygon([{"x": 1}, [20, 4], [20, 12]]),
        polygon(None),
        polygon(),
        {"type": "Polygon"},
        {"type": "FeatureCollection", "features": {"a": 1}},
        {"type": []},
        {},
        [1, 2],
    ],
    ids=range(12),
)
def test_what_is_no_polygon_is_refused(told):
    with pytest.raises(MaskError, match="Received"):
        load_mask(json.dumps(told).encode(), SHAPE)


def test_polygons_over_and_over_and_a_pipe_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(masks, "MAX_DRAWN", 10_000)
    everywhere = polygon([[0, 0], [48, 0], [48, 40], [0, 40]])
    with pytest.raises(MaskError, match="too many times"):
        load_mask(json.dumps([everywhere] * 10).encode(), SHAPE)
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(MaskError, match="a pipe"):
        load_mask(tmp_path / "pipe.png", SHAPE)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"classes": ["A"]}, "classes"),
        ({"classes": ["A", "A"]}, "one name"),
        ({"units": [1] * 200}, "units"),
        ({"dropout": 1.5}, "dropout"),
        ({"title": "x" * 1000}, "title"),
        ({"stages": []}, "stages"),
        ({"stages": [{"name": "a", "epochs": 0, "head_rate": 1, "base_rate": 0}]}, "epochs"),
        ({"stages": [{"name": "a", "epochs": 1, "head_rate": -1, "base_rate": 0}]}, "head_rate"),
        ({"stages": [{"name": "a", "epochs": 1, "head_rate": 1, "base_rate": 0, "batch": 0}]},
         "batch"),
        ({"input_size": [0, 0]}, "input_size"),
    ],
)  # fmt: skip
def test_a_recipe_that_cannot_be_followed_says_where(tmp_path, change, told):
    recipe = RECIPES["vgg19-multiclass"]
    file = tmp_path / "own.json"
    file.write_text(recipe.model_dump_json())
    assert find_recipe(str(file)) == recipe
    file.write_text(json.dumps(recipe.model_dump(mode="json") | change))
    with pytest.raises(RecipeError, match=told):
        find_recipe(str(file))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"[" * 200_000, b'{"dropout": NaN}'])
def test_a_recipe_that_is_no_json_is_one_sentence(tmp_path, content):
    (tmp_path / "own.json").write_bytes(content)
    with pytest.raises(RecipeError, match="Received"):
        find_recipe(str(tmp_path / "own.json"))


@pytest.fixture
def units(tmp_path):
    small_index(tmp_path / "units")
    return tmp_path / "units"


def rewrite(folder, **changes):
    card = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps(card | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"layers": []},
        {"layers": [{"name": "conv", "units": 10**12, "shape": [4, 5, 10**12]}]},
        {"layers": [{"name": "conv", "units": 3, "shape": [4, 5, 4]}]},
        {"layers": [{"name": "conv", "units": 3, "shape": [-4, 5, 3]}]},
        {"layers": [{"name": "conv", "units": 3, "shape": [3], "scale": 0}]},
        {"layers": [{"name": "a", "units": 1, "shape": [1]}, {"name": "a", "units": 4,
                                                            "shape": [4]}]},
        {"tiles": []},
        {"format": 99},
    ],
)  # fmt: skip
def test_an_index_whose_card_does_not_fit_is_refused(units, changes):
    assert open_index(units).n_units == 5
    rewrite(units, **changes)
    with pytest.raises(UnitIndexError, match="Received"):
        open_index(units)


def test_numbers_of_an_index_are_finite_and_places_within_the_grid(units):
    stored = np.load(units / "maximum.npy", allow_pickle=False)
    stored[1, 2], places = np.nan, np.full((3, 6, 2), 5, "u1")
    np.save(units / "maximum.npy", stored)
    index = open_index(units)
    with pytest.raises(UnitIndexError, match="finite activations of conv"):
        index.top(Unit("conv", 1))
    assert len(index.top(Unit("conv", 0))) == 6
    np.save(units / "place.npy", places)
    with pytest.raises(UnitIndexError, match="places within 4 × 5"):
        open_index(units).place(Unit("conv", 0))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("maximum_ends", lambda array: array * np.float16(np.nan)),
        ("maximum_by_class", lambda array: array[:, :1]),
        ("mean_counts", lambda array: array.astype("f4")),
        ("maximum_top_tile", lambda array: array + np.uint8(6)),
        ("mean_top_place", lambda array: array[:1]),
        ("firing_share", lambda array: array + np.float32(2)),
        ("dead", lambda array: array.astype("u1")),
        ("card", lambda array: array[:20]),
    ],
)
def test_a_summary_that_does_not_fit_its_card_is_refused(units, tmp_path, name, change):
    file = tmp_path / "units.npz"
    write_summary(summarise(open_index(units), "train"), file)
    assert read_summary(file).n_units == 5
    with np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored)
    np.savez(file, **(arrays | {name: change(arrays[name])}))
    with pytest.raises(UnitIndexError, match=r"units\.npz"):
        read_summary(file)


def test_predictions_cut_between_two_rows_are_told(tmp_path):
    folder = write_fake(tmp_path, "net")
    assert stored_part(load_bundle(folder), "test").notes == ()
    lines = (folder / "predictions.csv").read_text().splitlines(keepends=True)
    (folder / "predictions.csv").write_text("".join(lines[:-3]))
    for part, n in (("test", 12), ("all", 45)):
        (note,) = stored_part(load_bundle(folder), part).notes
        assert note == (
            f"The card counts {n} tiles here and predictions.csv tells of {n - 3}: 3 tiles missing."
        )
    assert stored_part(load_bundle(folder), "validation").notes == ()
    (folder / "predictions.csv").unlink()
    with pytest.raises(BundleError, match="must have a"):
        stored_part(load_bundle(folder), "test")
