"""What a model file is, read from the file itself; nothing is built here."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osteo_core.errors import ModelError
from osteo_core.model_files import archive, hdf5
from osteo_core.model_files.limits import SETTINGS_BYTES, refusal

OLDEST_NEW = 3  # the first version that this Keras reads by itself


@dataclass(frozen=True)
class Contents:
    """A model file, open.

    Attributes:
        name: The file's name.
        version: The Keras that wrote it, as the file says ("2.15.0"); empty where it does not.
        config: The network's settings.
        metadata: What a `.keras` file says of itself; empty for HDF5.
        weights: The open HDF5 group that holds the weights.
        weights_file: The HDF5 file that it stands in.
        is_archive: Whether it is a `.keras` archive.
    """

    name: str
    version: str
    config: dict[str, Any]
    metadata: dict[str, Any]
    weights: Any
    weights_file: Path
    is_archive: bool

    @property
    def is_old(self) -> bool:
        """Whether Keras 2 (or 1) wrote it, by its version or, without one, by its settings."""
        number = self.version.split(".")[0]
        if number.isdigit():
            return int(number) < OLDEST_NEW
        return "__keras_tensor__" not in json.dumps(self.config)

    @property
    def writer(self) -> str:
        """The Keras that wrote it, for a sentence."""
        return f"Keras {self.version}" if self.version else "a Keras that left no version"


@contextmanager
def read(file: Path) -> Iterator[Contents]:
    """Open a model file and check what can be checked without building.

    Args:
        file: A `.keras`, `.h5` or `.hdf5` file.

    Yields:
        Its contents.

    Raises:
        ModelError: It is no such file, is damaged, holds weights only, or is larger inside than
            a file of its size may be.
    """
    if file.suffix == ".keras" and not zipfile.is_zipfile(file):
        raise ModelError(f"Expected a Keras archive. Received: {file.name}, which is not one.")
    with tempfile.TemporaryDirectory(prefix="osteo-model-") as folder:
        opener = _archive if file.suffix == ".keras" else _hdf5
        with opener(file, Path(folder)) as contents:
            yield contents


@contextmanager
def _archive(file: Path, folder: Path) -> Iterator[Contents]:
    settings, about, weights = archive.unpack(file, folder)
    config, metadata = _parsed(file.name, settings), _parsed(file.name, about)
    version = str(metadata.get("keras_version") or "")[:20]
    with hdf5.opened(weights, file.name) as content:
        yield Contents(file.name, version, config, metadata, content, weights, True)


@contextmanager
def _hdf5(file: Path, folder: Path) -> Iterator[Contents]:
    with hdf5.opened(file, file.name) as content:
        if "model_config" not in content.attrs:
            raise ModelError(_without_settings(file.name, content))
        if "model_weights" not in content:
            raise refusal(file.name, "it holds a network's settings and no weights")
        config = _parsed(file.name, hdf5.text(content, "model_config").encode())
        version = hdf5.text(content, "keras_version")[:20]
        yield Contents(file.name, version, config, {}, content["model_weights"], file, False)


def _without_settings(name: str, content: Any) -> str:
    """Why an HDF5 file is no network: weights alone in either layout, or something else."""
    expected = "Expected a whole network."
    if "layer_names" in content.attrs or "layers" in content or "layer_names0" in content.attrs:
        version = hdf5.text(content, "keras_version")[:20]
        return (
            f"{expected} Received: {name}, which holds weights only"
            f"{f' (written by Keras {version})' if version else ''}: build the network in Keras, "
            "load them with model.load_weights(...) and save it whole with model.save('x.keras')."
        )
    return f"{expected} Received: {name}, an HDF5 file in which there is no Keras model."


def _parsed(name: str, data: bytes) -> dict[str, Any]:
    if len(data) > SETTINGS_BYTES:
        raise refusal(name, f"its settings take {len(data):,} bytes")
    try:
        config = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise refusal(name, "its settings are not readable JSON") from error
    if not isinstance(config, dict):
        raise refusal(name, "its settings are no description of a network")
    return config
