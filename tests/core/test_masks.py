"""Masks from pictures and GeoJSON."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from osteo_core.cohorts.synthetic import examples
from osteo_core.errors import MaskError
from osteo_core.grades import load_mask
from osteo_core.tiles import load_tile


def picture(array, kind="PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


def square(low=8, high=24):
    return [[low, low], [high, low], [high, high], [low, high], [low, low]]


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


def test_a_picture_is_inside_where_it_is_not_black():
    drawn = np.zeros((40, 48), np.uint8)
    drawn[8:24, 8:24] = 1
    mask = load_mask(picture(drawn), (40, 48))
    assert mask.dtype == bool
    assert (mask == (drawn > 0)).all()
    colours = np.zeros((40, 48, 3), np.uint8)
    colours[..., 2] = 255 * drawn
    assert (load_mask(picture(colours), (40, 48)) == mask).all()
    assert load_mask(picture(255 * drawn, "JPEG"), (40, 48)).sum() == pytest.approx(256, abs=20)
    assert load_mask(picture(drawn), (80, 96)).sum() == 4 * 256


def test_shipped_masks_fit_their_tiles():
    example = examples()[-1]
    mask = load_mask(example.mask_path, load_tile(example.path).shape[:2])
    assert 0.01 < mask.mean() < 1


@pytest.mark.parametrize(
    "told",
    [
        polygon(square()),
        {"type": "Feature", "geometry": polygon(square()), "properties": {}},
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 1]}},
                {"type": "Feature", "geometry": polygon(square())},
                {"type": "Feature", "geometry": None},
            ],
        },
        [{"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [[square()]]}}],
        {"type": "GeometryCollection", "geometries": [polygon(square())]},
    ],
)
def test_geojson_is_drawn(told):
    mask = load_mask(json.dumps(told).encode(), (40, 48))
    assert mask[8:24, 8:24].all()
    assert mask.sum() == pytest.approx(256, abs=33)  # an outline's width at most


def test_a_hole_is_outside_and_two_polygons_join():
    told = polygon(square(4, 36), square(12, 28))
    mask = load_mask(json.dumps(told).encode(), (40, 48))
    assert not mask[20, 20]
    assert mask[8, 8]
    two = {"type": "MultiPolygon", "coordinates": [[square(4, 20)], [square(10, 30)]]}
    mask = load_mask(json.dumps(two).encode(), (40, 48))
    assert mask[15, 15]
    assert mask[25, 25]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"hello", "neither"),
        (b"{", "GeoJSON"),
        (b"{}", "type"),
        (b'{"type": "Point", "coordinates": [1, 2]}', "polygon"),
        (b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}', "three places"),
        (b'{"type": "Polygon", "coordinates": [[[0, 0], [1e300, 1], [2, 2]]]}', "beyond"),
        (b'{"type": "Polygon", "coordinates": [[["a", 0], [1, 1], [2, 2]]]}', "GeoJSON"),
        (b"[" * 100_000, "GeoJSON"),
        (json.dumps(polygon([[900, 900], [990, 900], [990, 990]])).encode(), "empty"),
        (picture(np.zeros((40, 48), np.uint8)), "empty"),
        (picture(np.ones((48, 40), np.uint8)), "48 × 40 px. Received: 40 × 48 px"),
    ],
)
def test_what_is_no_mask_is_refused_in_a_sentence(data, said):
    with pytest.raises(MaskError, match="Expected") as refused:
        load_mask(data, (40, 48))
    assert said in str(refused.value)
    assert "Received" in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MaskError, match=r"mask\.png"):
        load_mask(tmp_path / "mask.png", (40, 48))
