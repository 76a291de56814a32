"""Picture files -> tiles: RGB, eight bits, upright, and honest about every change on the way."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteo_core.decoding import MAX_SIDE, MIN_SIDE, Refusal, decode
from osteo_core.errors import TileError

__all__ = ["IMAGE_SUFFIXES", "MAX_SIDE", "MIN_SIDE", "Tile", "image_files", "load_tile"]

_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".jls")
_NEWER = (".jp2", ".j2k", ".j2c", ".jpc", ".jpx", ".jpf", ".jxl")
IMAGE_SUFFIXES = (*_JPEG, *_NEWER, ".png", ".bmp", ".dib", ".tif", ".tiff", ".btf", ".tf8")
_NAME = 255  # letters of a name that are shown
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
    """Read a JPEG (12 bits, lossless, LS, 2000 and XL too), PNG, BMP or TIFF, whatever its name.

    Values of more than eight bits are scaled by the range of the bits that they use, so that depth
    changes nothing; EXIF rotation is applied; transparency is laid on white, or left out where it
    hides everything; grey and palette pictures become RGB; of a TIFF with several pages the one in
    full resolution is taken, or three planes are joined. `Tile.decoding` says which of these
    happened. What libjpeg would repair with a warning counts as damaged.

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
    name = _printable(Path(name or default).name or default)
    try:
        data = source if isinstance(source, bytes) else _read_file(Path(source))
        pixels, notes = decode(data)
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
    if not _is_folder(path):
        yield path
        return
    closed: list[Path] = []  # folders that may not be listed; reading them will say why
    found: list[Path] = []
    for folder, inner, names in os.walk(path, onerror=lambda e: closed.append(Path(e.filename))):
        inner[:] = [name for name in inner if not name.startswith(".")]
        shown = (Path(folder, name) for name in names if not name.startswith("."))
        found += (f for f in shown if f.suffix.lower() in IMAGE_SUFFIXES and f.is_file())
    yield from sorted([*found, *closed])


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long for any file
        return False


def _read_file(path: Path) -> bytes:
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            next(path.iterdir(), None)  # says so if that is what is not allowed
            raise Refusal("a picture file", "which is a folder")
        if not stat.S_ISREG(kind):  # opening a pipe would wait for its other end
            raise Refusal("a picture file", "which is a pipe, a device or a socket")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise Refusal("a file of at most 1 GiB", f"a file of {size / MAX_BYTES:.1f} GiB")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise Refusal("a picture file", "which does not exist") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        raise Refusal("a readable file", f"which gave: {why}") from error


def _printable(name: str) -> str:
    """Return a name in one line that can be written as UTF-8, whatever bytes a file is called."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return plain if len(plain) <= _NAME else f"{plain[: _NAME - 1]}…"
