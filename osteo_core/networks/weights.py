"""A network's numbers on disk: one `.npz`, a key for each variable (`block1_conv2/kernel`).

Kernels are stored in half precision, which halves what is shipped; every one-dimensional array
(biases, batch normalisation) stays float32, because tiny variances underflow in half precision.
"""

import hashlib
from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from osteo_core import files
from osteo_core.errors import BundleError, NotFiniteBundleError
from osteo_core.foreign import reading
from osteo_core.foreign.arrays import Arrays, read_arrays

_WIDEST = 8  # bytes of a number


def variables_of(layer: Any) -> dict[str, Any]:
    """The variables of one leaf layer under the keys they have on disk."""
    return {f"{layer.name}/{variable.name}": variable for variable in layer.weights}


def save_weights(network: Any, file: Path, layers: Iterable[str] | None = None) -> str:
    """Write the variables of some layers, or of all.

    Args:
        network: A flat `keras.Model`.
        file: Where to write; replaced in one step, so a killed run leaves no half file.
        layers: Names of the layers to write; all when not given.

    Returns:
        SHA-256 of the file, as hexadecimal digits.
    """
    wanted = None if layers is None else set(layers)
    arrays: dict[str, Any] = {}
    for layer in network.layers:
        if wanted is None or layer.name in wanted:
            for key, variable in variables_of(layer).items():
                value = np.asarray(variable.numpy(), np.float32)
                arrays[key] = value.astype(np.float16) if value.ndim > 1 else value
    with files.atomic_write(file) as stream:
        np.savez(stream, **arrays)
    return sha256_of(file)


def load_weights(network: Any, files: Iterable[Path]) -> None:
    """Fill a network from one or more weight files; a later file wins over an earlier one.

    Raises:
        BundleError: A file is no archive of numbers, a variable of the network is in none of the
            files, or has another shape, or a number that is not finite.
    """
    stored = _stored(files, network)
    for layer in network.layers:
        for key, variable in variables_of(layer).items():
            if key not in stored:
                raise BundleError(f"The weights must hold {key!r}. Received: no such array.")
            variable.assign(_fitting(stored[key], key, tuple(variable.shape)))


def _stored(files: Iterable[Path], network: Any) -> Arrays:
    """The arrays that the network has a place for, of no more bytes than it has in all."""
    known = {key: v.shape for layer in network.layers for key, v in variables_of(layer).items()}
    most = (1 << 20) + _WIDEST * sum(prod(shape) for shape in known.values())
    stored: Arrays = {}
    for file in files:
        with reading(file.name, BundleError, "weights as NumPy arrays (.npz)"):
            stored.update(read_arrays(file, kinds="f", most=most, only=known))
    return stored


def _fitting(array: npt.NDArray[Any], key: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    if array.shape != shape:
        raise BundleError(f"{key!r} must have the shape {shape}. Received: {array.shape}.")
    values = np.asarray(array, np.float32)
    if not np.isfinite(values).all():
        bad = int((~np.isfinite(values)).sum())
        raise NotFiniteBundleError(
            f"{key!r} must hold finite numbers. "
            f"Received: NaN or infinity in {bad:,} of {values.size:,} places."
        )
    return values


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
