"""An HDF5 file of weights, looked through before any array is read.

HDF5 can point: a link, a virtual or an external array makes the reader open other files. Keras
writes none of these, so a file with one is refused.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from osteo_core.model_files.limits import OBJECTS, check_unpacked, refusal

_FILTERS = {1, 2, 3, 32000}  # deflate, shuffle, checksum, lzf: none that is loaded from elsewhere


@contextmanager
def opened(file: Path, name: str) -> Iterator[Any]:
    """Open an HDF5 file and check everything in it.

    Args:
        file: The file.
        name: What to call it.

    Yields:
        The `h5py.File`.

    Raises:
        ModelError: It is no HDF5 file, is damaged, points outside itself, or declares arrays that
            are far larger than it is.
    """
    try:
        content = h5py.File(file, "r")
    except (OSError, RuntimeError, ValueError) as error:
        raise refusal(name, "it is no HDF5 file, or a damaged one") from error
    with content:
        check(content, name, file.stat().st_size)
        yield content


def check(content: Any, name: str, size: int) -> None:
    """Refuse what points outside the file or declares too much; see `opened`."""
    seen: list[Any] = []

    def look(_: bytes, item: Any = None) -> None:
        seen.append(item)
        if len(seen) > OBJECTS:
            raise refusal(name, f"it holds more than {OBJECTS:,} arrays")

    try:
        content.visititems(look)  # each object once, and no link is followed
        for group in [content, *seen]:
            if isinstance(group, h5py.Group):
                _check_links(group, name)
        declared = sum(_declared(item, name) for item in seen if isinstance(item, h5py.Dataset))
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise refusal(name, "its HDF5 structure is damaged") from error
    check_unpacked(name, declared, size)


def _check_links(group: Any, name: str) -> None:
    for key in group:
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise refusal(name, f"its {key[:80]!r} is a link to something else")


def _declared(dataset: Any, name: str) -> int:
    """Bytes of an array when it is read, if that is all in this file and made of numbers."""
    settings = dataset.id.get_create_plist()
    filters = {settings.get_filter(i)[0] for i in range(settings.get_nfilters())}
    if dataset.is_virtual or settings.get_external_count() or not filters <= _FILTERS:
        raise refusal(name, f"its array {dataset.name[:80]!r} is read from elsewhere")
    if dataset.shape is None or dataset.dtype.kind not in "fiubSO":
        raise refusal(name, f"its array {dataset.name[:80]!r} does not hold numbers")
    return int(math.prod(dataset.shape)) * int(dataset.dtype.itemsize)


def text(group: Any, key: str) -> str:
    """A text attribute; empty where there is none."""
    value = group.attrs.get(key, "")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def names(group: Any, key: str) -> list[str]:
    """An attribute that lists names, which Keras cuts into `key0`, `key1`, … where it is long."""
    if key in group.attrs:
        parts = [group.attrs[key]]
    else:
        parts = []
        while f"{key}{len(parts)}" in group.attrs:
            parts.append(group.attrs[f"{key}{len(parts)}"])
    listed = [value for part in parts for value in np.ravel(part)]
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in listed]


def n_stored(group: Any) -> int:
    """How many numbers all arrays of a group hold."""
    total = 0

    def add(_: str, item: Any) -> None:
        nonlocal total
        if isinstance(item, h5py.Dataset):
            total += math.prod(item.shape)

    group.visititems(add)
    return total
