"""NumPy archives of anyone's making: what they declare is checked before anything is unpacked."""

import math
import zipfile
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from osteo_core.files import shown
from osteo_core.foreign import plain_file

MOST_BYTES = 2 << 30  # of an archive, and of all that is unpacked from it
MOST_ARRAYS = 20_000
_KINDS = "fiub"  # numbers and truth values; a text (U) only where it is asked for
_ENDING = ".npy"

Arrays = dict[str, npt.NDArray[Any]]


def read_arrays(
    file: str | Path,
    names: Iterable[str] | None = None,
    most: int = MOST_BYTES,
    kinds: str = _KINDS,
    only: Container[str] | None = None,
) -> Arrays:
    """Read an `.npz` archive.

    Args:
        file: Its path.
        names: Arrays to read; all when not given. Others in the archive are not looked at.
        most: Bytes of the file, and of all arrays that are read.
        kinds: NumPy's letters of the dtypes that are taken. Objects are never among them.
        only: Names of those that are of use; others of an archive are not looked at either.

    Returns:
        The arrays by name.

    Raises:
        ValueError: It is no such archive, too large, or an array is missing, of another kind, or
            not of the size that its header tells.
        OSError: It cannot be opened.
        zipfile.BadZipFile: It is damaged.
    """
    size = most if only is None else MOST_BYTES  # of the file, with what is of no use
    with plain_file(file, size) as stream, zipfile.ZipFile(stream) as archive:
        members = _members(archive)
        wanted = list(members) if names is None else list(dict.fromkeys(names))
        wanted = [name for name in wanted if only is None or name in only]
        missing = [name for name in wanted if name not in members]
        if missing:
            raise ValueError(f"no array {shown(missing[0])}")
        total = sum(members[name].file_size for name in wanted)
        if total > most:
            raise ValueError(f"arrays of {total:,} bytes where at most {most:,} are read")
        for name in wanted:  # all headers before the first array
            _check(archive, members[name], name, kinds)
        return {name: _read(archive, members[name]) for name in wanted}


def open_array(file: Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Memory-map an `.npy` file of a known shape and kind.

    Raises:
        ValueError: It is no such file, or of another shape or kind.
        OSError: It cannot be opened.
    """
    with plain_file(file, 1 << 50) as stream:  # only its kind is asked for: it is not read
        declared, kind = _header(stream)
        if declared != shape or kind != np.dtype(dtype):
            raise ValueError(
                f"{file.name} of shape {declared}, {kind}, where {shape}, {np.dtype(dtype)} is told"
            )
    empty = 0 in shape  # which no system maps
    array: npt.NDArray[Any] = np.load(file, mmap_mode=None if empty else "r", allow_pickle=False)
    return array


def check_like(array: npt.NDArray[Any], name: str, shape: tuple[int, ...], kind: str) -> None:
    """Make sure that an array has a shape, and a dtype of one kind (NumPy's letter).

    Raises:
        ValueError: It has another.
    """
    if array.shape != shape or array.dtype.kind != kind:
        raise ValueError(f"{name} of shape {array.shape}, {array.dtype}, where {shape} is told")


def _members(archive: zipfile.ZipFile) -> Mapping[str, zipfile.ZipInfo]:
    found = archive.infolist()
    if len(found) > MOST_ARRAYS:
        raise ValueError(f"{len(found):,} arrays where at most {MOST_ARRAYS:,} are read")
    members = {info.filename.removesuffix(_ENDING): info for info in found}
    if len(members) < len(found):
        raise ValueError("two arrays of one name")
    return members


def _check(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, kinds: str) -> None:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{shown(name)} is packed in a way that NumPy never writes")
    with archive.open(info) as stream:
        shape, kind = _header(stream)
        body = info.file_size - stream.tell()
    if kind.hasobject or kind.kind not in kinds:
        raise ValueError(f"{shown(name)} holds {kind}, which is not read")
    if math.prod(shape) * kind.itemsize != body:
        raise ValueError(f"{shown(name)} tells of the shape {shape} and holds {body:,} bytes")


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"an array of NumPy's format {version}")
    shape, _, kind = read(stream)
    if any(side < 0 for side in shape):
        raise ValueError(f"an array of the shape {shape}")
    return shape, kind


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    with archive.open(info) as stream:
        array: npt.NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return array
