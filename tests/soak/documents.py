"""Damaged masks, recipes, heat maps and unit indices: read rightly, or refused in a sentence."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from osteo_core.errors import OsteoError
from osteo_core.explain.again import read_saved
from osteo_core.grades.masks import load_mask
from osteo_core.heatmap import HeatMap, load_heatmap
from osteo_core.training.recipes import RECIPES, find_recipe
from osteo_core.unit_index.index import open_index
from osteo_core.unit_index.summary import summarise
from osteo_core.unit_index.summary_file import read_summary, write_summary
from osteo_core.units import Unit
from tests.core.unit_index_cohorts import small_index
from tests.soak._damage import damage_bytes, damage_file, damage_json

SHAPE = (40, 48)
VALUES = np.linspace(-1, 2, 12, dtype=np.float32).reshape(3, 4)
HEAT = HeatMap(
    values=VALUES,
    method="gradcam",
    layer="conv",
    target="Viable",
    target_logit=1.5,
    target_probability=0.8,
    signed=True,
    tile_sha256="0" * 64,
    tile_name="tile.png",
    bundle="net",
    bundle_digest="1" * 64,
    parameters={"steps": 3},
    versions={"numpy": "2"},
)
SQUARE = [[4, 4], [20, 4], [20, 12.5], [4, 12.5], [4, 4]]
HOLE = [[6, 6], [8, 6], [8, 8], [6, 8], [6, 6]]


def trial(seed: int, folder: Path) -> None:
    """Damage a document of one kind and read it."""
    rng = random.Random(seed)
    rng.choice((_mask, _recipe, _heat_map, _index, _summary))(rng, folder)


def _may_say_no(do):
    try:
        return do()
    except OsteoError as refused:
        text = str(refused)
        assert "Received" in text, text
        assert text.isprintable(), text
        assert len(text) < 2000, len(text)
        return None


def _mask(rng: random.Random, folder: Path) -> None:
    told = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [SQUARE, HOLE]}},
            {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [[SQUARE]]}},
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}},
        ],
    }
    file = folder / "mask.geojson"
    if rng.random() < 0.6:
        file.write_text(json.dumps(damage_json(told, rng)))
    elif rng.random() < 0.5:
        file.write_bytes(damage_bytes(json.dumps(told).encode(), rng))
    else:
        drawn = np.zeros(SHAPE, np.uint8)
        drawn[3:9] = 255
        file = folder / "mask.png"
        cv2.imwrite(str(file), drawn)
        damage_file(file, rng)
    mask = _may_say_no(lambda: load_mask(file, SHAPE))
    assert mask is None or (mask.shape == SHAPE and mask.dtype == bool and mask.any())


def _recipe(rng: random.Random, folder: Path) -> None:
    recipe = RECIPES[rng.choice(list(RECIPES))]
    file = folder / "own.json"
    file.write_text(recipe.model_dump_json())
    assert find_recipe(str(file)) == recipe
    damage_file(file, rng)
    found = _may_say_no(lambda: find_recipe(str(file)))
    if found is None:
        return
    assert len(set(found.classes)) == len(found.classes) >= 2
    assert found.stages
    for stage in found.stages:
        assert stage.epochs >= 1
        assert stage.batch >= 1
        assert np.isfinite([stage.head_rate, stage.base_rate, stage.mixup]).all()


def _heat_map(rng: random.Random, folder: Path) -> None:
    heat = replace(HEAT, layer=rng.choice(("conv", "input")))
    file = heat.save(folder / "map")
    np.testing.assert_array_equal(load_heatmap(file).values, VALUES)
    if rng.random() < 0.5:
        meta = damage_json(heat.meta(), rng)
        values = VALUES if rng.random() < 0.8 else VALUES * np.float32(np.nan)
        np.savez_compressed(file, values=values, meta=np.array(json.dumps(meta)))
    else:
        damage_file(file, rng)
    for found in (_may_say_no(lambda: load_heatmap(file)), _may_say_no(lambda: read_saved(file))):
        if found is not None and found.values is not None:
            np.testing.assert_array_equal(found.values, VALUES)


def _index(rng: random.Random, folder: Path) -> None:
    small_index(folder / "units")
    right = open_index(folder / "units")
    before = right.maximum(Unit("conv", 1)).tolist()
    name = rng.choice(("index.json", "index.json", "maximum.npy", "mean.npy", "place.npy"))
    damage_file(folder / "units" / name, rng)
    index = _may_say_no(lambda: open_index(folder / "units"))
    if index is None:
        return
    for layer in index.layers:
        for unit in (Unit(layer.name, 0), Unit(layer.name, layer.units - 1)):
            for by in ("maximum", "mean"):
                top = _may_say_no(lambda unit=unit, by=by: index.top(unit, by))
                assert top is None or all(np.isfinite(tile.value) for tile in top)
    _may_say_no(lambda: summarise(index, "train"))
    if name in ("mean.npy", "place.npy"):
        assert index.maximum(Unit("conv", 1)).tolist() == before


def _summary(rng: random.Random, folder: Path) -> None:
    small_index(folder / "units")
    right = summarise(open_index(folder / "units"), "train")
    file = folder / "units.npz"
    write_summary(right, file)
    if rng.random() < 0.5:
        with np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
        name = rng.choice(list(arrays))
        if name == "card" or rng.random() < 0.3:
            card = damage_json(json.loads(arrays["card"].tobytes()), rng)
            arrays["card"] = np.frombuffer(json.dumps(card).encode(), np.uint8)
        else:
            changed = rng.choice((_nothing, _less, _other, _greatest, _text, _turned))
            arrays[name] = changed(arrays[name])
        np.savez_compressed(file, **arrays)
    else:
        damage_file(file, rng)
    summary = _may_say_no(lambda: read_summary(file))
    if summary is None:
        return
    for layer in summary.layers:
        table = _may_say_no(lambda layer=layer: summary.table(layer.name))
        assert table is None or len(table) == layer.units
        for unit in (Unit(layer.name, 0), Unit(layer.name, layer.units - 1)):
            figures = _may_say_no(lambda unit=unit: summary.figures(unit))
            assert figures is None or 0 <= figures.firing_share <= 1


def _nothing(array):
    return array[:0]


def _less(array):
    return array[..., :-1] if array.ndim else array


def _other(array):
    return array.astype("f8") * np.nan


def _greatest(array):
    most = np.inf if array.dtype.kind == "f" else True if array.dtype.kind == "b" else 2**8 - 1
    return np.full_like(array, most)


def _text(array):
    return array.astype("U9")


def _turned(array):
    return array.T.copy()
