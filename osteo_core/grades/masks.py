"""Masks that people drew, as picture files or GeoJSON."""

import codecs
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.errors import MaskError

Mask = npt.NDArray[np.bool_]

MAX_BYTES = 64 << 20
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
    data = source if isinstance(source, bytes) else _read(Path(source))
    if len(data) > MAX_BYTES:
        raise MaskError(
            f"Expected a mask of at most {MAX_BYTES >> 20} MiB. "
            f"Received: {len(data) / (1 << 20):.0f} MiB."
        )
    return data.removeprefix(codecs.BOM_UTF8)  # which some editors put in front of JSON


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise MaskError(
            f"Expected a readable mask. Received: {file.name} ({error.strerror})."
        ) from error


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
    try:
        told = json.loads(data)
        polygons = list(_polygons(told))
        mask = np.zeros(shape, np.uint8)
        for rings in polygons:
            # Filled together, by the rule that every second ring is a hole.
            drawn = np.zeros(shape, np.uint8)
            cv2.fillPoly(drawn, [_ring(ring) for ring in rings], 1, shift=_FRACTION_BITS)
            mask |= drawn
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError, cv2.error) as error:
        raise MaskError(
            f"Expected GeoJSON with polygons in pixels. Received: {_first_line(error)}."
        ) from error
    if not polygons:
        raise MaskError("Expected GeoJSON with a polygon. Received: none in it.")
    inside: Mask = mask > 0
    return inside


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
    places = np.array([[float(point[0]), float(point[1])] for point in points])  # (n, 2) as x, y
    if len(places) < 3 or not np.isfinite(places).all() or np.abs(places).max() > 1e6:
        raise ValueError("a polygon of fewer than three places, or of places beyond any tile")
    # OpenCV counts from the middle of the first pixel, GeoJSON from its corner.
    ring: npt.NDArray[np.int32] = np.rint((places - 0.5) * 2**_FRACTION_BITS).astype(np.int32)
    return ring


def _first_line(error: Exception) -> str:
    text = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return text if not isinstance(error, KeyError) else f"an object without {text}"
