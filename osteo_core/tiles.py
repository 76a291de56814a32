"""Picture files -> tiles: RGB, eight bits, upright, and honest about every change on the way."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from osteo_core.decoding import (
    MAX_SIDE,
    MIN_SIDE,
    Refusal,
    Stored,
    Values,
    channels_last,
    read_common,
    sniff,
)
from osteo_core.errors import TileError
from osteo_core.tiff import read_tiff

__all__ = ["IMAGE_SUFFIXES", "MAX_SIDE", "MIN_SIDE", "Tile", "image_files", "load_tile"]

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
MAX_BYTES = 1 << 30  # an uncompressed 16-bit RGBA picture of the largest size has half of that


@dataclass(frozen=True, eq=False)
class Tile:
    """One decoded image; its identity is the SHA-256 of its file's bytes.

    Attributes:
        pixels: uint8 (h, w, 3) RGB, C-contiguous, not writeable.
        sha256: Digest of the file's bytes, 64 hexadecimal digits.
        name: File name without its folder.
        decoding: What was changed between file and pixels, one plain note each.
    """

    pixels: NDArray[np.uint8]
    sha256: str
    name: str
    decoding: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.pixels.shape[1])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, 3)."""
        return self.height, self.width, 3

    @property
    def short_id(self) -> str:
        """First twelve digits of the digest."""
        return self.sha256[:12]


def load_tile(source: str | os.PathLike[str] | bytes, name: str | None = None) -> Tile:
    """Read a JPEG, PNG, BMP or TIFF, whatever its name says it is.

    Values of more than eight bits are scaled so that the picture's own least and greatest become 0
    and 255; EXIF rotation is applied; transparency is laid on white; grey and palette pictures
    become RGB; of a TIFF with several pages the first is taken. `Tile.decoding` says which of these
    happened.

    Args:
        source: A file's path, or its bytes.
        name: What to call the tile; the file's own name by default.

    Returns:
        A tile with sides of 32 to 8192 px.

    Raises:
        TileError: Not such a picture, or damaged, CMYK, animated, too small, too large. The one
            sentence says what was expected and, with the file's name, what was received.
    """
    default = "unnamed file" if isinstance(source, bytes) else os.fspath(source)
    name = Path(name or default).name or default
    try:
        data = source if isinstance(source, bytes) else _read_file(Path(source))
        pixels, notes = _decode(data)
    except Refusal as no:
        raise TileError(
            f"Expected {no.expected}; Received: {name}, {no.received}."
        ) from no.__cause__
    return Tile(pixels, hashlib.sha256(data).hexdigest(), name, notes)


def image_files(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """List the pictures that command-line arguments stand for.

    Args:
        paths: Files, taken as they are so that a bad one is reported and not passed over, and
            folders, searched through all levels for image suffixes; hidden files are left out.

    Returns:
        Each file once, in the order of the arguments and sorted by path within a folder.
    """
    found = (file for path in map(Path, paths) for file in _files_of(path))
    return list(dict.fromkeys(found))


def _files_of(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file.suffix.lower() in IMAGE_SUFFIXES and not hidden and file.is_file():
            yield file


def _read_file(path: Path) -> bytes:
    if path.is_dir():
        raise Refusal("a picture file", "which is a folder")
    if not path.is_file():
        raise Refusal("a picture file", "which does not exist")
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise Refusal("a file of at most 1 GiB", f"a file of {size / MAX_BYTES:.1f} GiB")
        return path.read_bytes()
    except OSError as error:
        raise Refusal("a readable file", f"which gave: {error.strerror}") from error


def _decode(data: bytes) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    kind = sniff(data)
    try:
        return _develop(read_tiff(data) if kind == "TIFF" else read_common(kind, data))
    except Refusal:
        raise
    except Exception as error:  # decoders fail on mutilated bytes in ways that no list can hold
        raise Refusal(f"a whole {kind} file", "one that is damaged or cut short") from error


def _develop(stored: Stored) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Turn stored values (h, w, 1..4) into write-protected RGB (h, w, 3), with notes on the way."""
    values, notes = stored.values, list(stored.notes)
    if stored.bits > 8:
        values, note = _to_eight_bits(values, stored.bits)
        notes.append(note)
    colours, alpha = _split(values)
    rgb: NDArray[np.uint8] = np.ascontiguousarray(colours)
    if colours.shape[2] == 1:
        rgb = cv2.cvtColor(rgb, cv2.COLOR_GRAY2RGB)
        notes.append("grey repeated in three channels")
    if alpha.size and alpha.min() < 255:
        rgb = cv2.multiply(rgb, np.repeat(alpha, 3, axis=2), scale=1 / 255) + (255 - alpha)
        notes.append("transparency laid on white")
    if stored.orientation > 1:
        rgb = np.ascontiguousarray(_turn(rgb, stored.orientation))
        done = "rotated" if stored.orientation in (3, 6, 8) else "mirrored"
        notes.append(f"{done} by its EXIF tag")
    rgb.setflags(write=False)
    return rgb, tuple(notes)


def _split(values: Values) -> tuple[Values, Values]:
    n = 1 if values.shape[2] < 3 else 3
    return values[..., :n], values[..., n:]  # colours, alpha: (h, w, 1 or 3), (h, w, 0 or 1)


def _to_eight_bits(values: Values, bits: int) -> tuple[NDArray[np.uint8], str]:
    """Scale the colours' own range to 0..255, all channels alike; alpha keeps its meaning."""
    colours, alpha = _split(values)
    visible = colours[alpha[..., 0] > 0] if alpha.any() else colours
    low, high, top = int(visible.min()), int(visible.max()), 2**bits - 1
    if low < high:
        gain = 255 / (high - low)
        eight = cv2.convertScaleAbs(colours, alpha=gain, beta=-gain * low)
        note = f"{bits}-bit values scaled from {low}..{high} to 0..255"
    else:
        eight = cv2.convertScaleAbs(colours, alpha=255 / top)
        note = f"{bits}-bit values are all {low}, shown as {low * 255 / top:.0f} of 255"
    eight = channels_last(eight)
    if alpha.size:
        eight = np.dstack((eight, cv2.convertScaleAbs(alpha, alpha=255 / top)))
    return eight, note


def _turn(rgb: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation: 2 and 4 mirror, 3, 6 and 8 rotate, 5 and 7 transpose."""
    if orientation in (5, 6, 7, 8):
        rgb = rgb.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        rgb = rgb[::-1]
    if orientation in (2, 3, 6, 7):
        rgb = rgb[:, ::-1]
    return rgb
