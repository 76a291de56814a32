"""Masks that people drew, as picture files or GeoJSON."""

import codecs
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.errors import MaskError
from osteo_core.files import read_bytes, shown
from osteo_core.foreign import reading
from osteo_core.foreign.json_files import parse_json

Mask = npt.NDArray[np.bool_]

MAX_BYTES = 64 << 20
MAX_JSON = 16 << 20
MAX_DRAWN = 1 << 31  # pixels looked at for all polygons: some seconds
_SAME_ASPECT = 0.01  # of the ratio of the sides
_FRACTION_BITS = 4  # outlines are drawn to a sixteenth of a pixel


def load_mask(source: str | os.PathLike[str] | bytes, shape: tuple[int, int]) -> Mask:
    """Read a mask of a tile.

    Args:
        source: A file's path, or its bytes: a picture in which everything but black is inside, or
            GeoJSON (Polygon, MultiPolygon, Feature, FeatureCollection, GeometryCollection, or a
            list of features) in the tile's pixels, x to the right and y down, as QuPath exports.
        shape: (height, width) of the tile. A picture of another size is fitted to it if its sides
            have the same ratio.

    Returns:
        bool (height, width), True inside.

    Raises:
        MaskError: Not such a file, of another shape, or nothing lies inside.
    """
    data = _bytes(source)
    mask = _geojson(data, shape) if data.lstrip()[:1] in (b"{", b"[") else _picture(data, shape)
    if not mask.any():
        raise MaskError("Expected a mask with something inside it. Received: an empty one.")
    return mask


def _bytes(source: str | os.PathLike[str] | bytes) -> bytes:
    if not isinstance(source, bytes):
        with reading(shown(Path(source).name), MaskError, "a readable mask"):
            source = read_bytes(source, MAX_BYTES)
    if len(source) > MAX_BYTES:
        raise MaskError(
            f"Expected a mask of at most {MAX_BYTES >> 20} MiB. "
            f"Received: {len(source) / (1 << 20):.0f} MiB."
        )
    return source.removeprefix(codecs.BOM_UTF8)  # which some editors put in front of JSON


def _picture(data: bytes, shape: tuple[int, int]) -> Mask:
    from osteo_core.errors import TileError
    from osteo_core.tiles import load_tile

    try:
        pixels = load_tile(data, "mask").pixels
    except TileError as error:
        raise MaskError(
            "Expected a mask as a picture (PNG, TIFF, BMP or JPEG) or GeoJSON. "
            f"Received: a file that is neither ({error})"
        ) from error
    inside = pixels.max(axis=2) > _level(data)
    height, width = inside.shape
    if abs(width * shape[0] / (height * shape[1]) - 1) > _SAME_ASPECT:
        raise MaskError(
            f"Expected a mask of the tile's shape, {shape[1]} × {shape[0]} px. "
            f"Received: {width} × {height} px."
        )
    fitted = cv2.resize(inside.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST)
    mask: Mask = fitted > 0
    return mask


def _level(data: bytes) -> int:
    """The value up to which a pixel is black; JPEG leaves a little noise beside every edge."""
    return 127 if data[:2] == b"\xff\xd8" else 0


def _geojson(data: bytes, shape: tuple[int, int]) -> Mask:
    with reading("a file", MaskError, "GeoJSON with polygons in pixels"):
        if len(data) > MAX_JSON:
            raise ValueError(f"{len(data) >> 20} MiB where at most {MAX_JSON >> 20} are read")
        if data.lstrip()[:1] == b"[":
            data = b'{"type": "FeatureCollection", "features": ' + data + b"}"
        polygons = list(_polygons(parse_json(data, "GeoJSON")))
        mask, left = np.zeros(shape, np.uint8), MAX_DRAWN
        for rings in polygons:
            left -= _draw(mask, [_ring(ring) for ring in rings])
            if left < 0:
                raise ValueError("polygons that cover the tile too many times over")
    if not polygons:
        raise MaskError("Expected GeoJSON with a polygon. Received: none in it.")
    inside: Mask = mask > 0
    return inside


def _draw(mask: npt.NDArray[np.uint8], rings: list[npt.NDArray[np.int32]]) -> int:
    """Add a polygon to a mask; how many pixels were looked at for it."""
    if not rings:
        return 1
    places = np.concatenate(rings) / 2**_FRACTION_BITS  # (n, 2) as x, y
    start = np.maximum(np.floor(places.min(0)).astype(int) - 1, 0)
    stop = np.ceil(places.max(0)).astype(int) + 2
    part = mask[start[1] : max(stop[1], 0), start[0] : max(stop[0], 0)]
    if part.size:
        # Filled together, by the rule that every second ring is a hole.
        drawn = np.zeros(part.shape, np.uint8)
        offset = (start * 2**_FRACTION_BITS).astype(np.int32)
        cv2.fillPoly(drawn, [ring - offset for ring in rings], 1, shift=_FRACTION_BITS)
        part |= drawn
    return part.size + len(places)


def _polygons(told: Any) -> Iterator[list[Any]]:
    """The rings of every polygon in GeoJSON; points and lines are passed over."""
    if isinstance(told, list):
        for part in told:
            yield from _polygons(part)
        return
    kind = told["type"]
    if kind == "Polygon":
        yield told["coordinates"]
    elif kind == "MultiPolygon":
        yield from told["coordinates"]
    elif kind == "Feature" and told.get("geometry"):
        yield from _polygons(told["geometry"])
    elif kind in ("FeatureCollection", "GeometryCollection"):
        yield from _polygons(told["features" if kind == "FeatureCollection" else "geometries"])


def _ring(points: Any) -> npt.NDArray[np.int32]:
    if not all(isinstance(value, int | float) for point in points for value in point[:2]):
        raise ValueError("a place that is no pair of numbers")
    places = np.array([[float(point[0]), float(point[1])] for point in points])  # (n, 2) as x, y
    if len(places) < 3 or not np.isfinite(places).all() or np.abs(places).max() > 1e6:
        raise ValueError("a polygon of fewer than three places, or of places beyond any tile")
    # OpenCV counts from the middle of the first pixel, GeoJSON from its corner.
    ring: npt.NDArray[np.int32] = np.rint((places - 0.5) * 2**_FRACTION_BITS).astype(np.int32)
    return ring
