"""Files of Keras 3, read by Keras itself once their settings have been checked and bounded."""

import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras

from osteo_core.model_files import archive
from osteo_core.model_files.contents import Contents
from osteo_core.model_files.stored import use_stored


def load(contents: Contents) -> Any:
    """Build the network of a file of Keras 3 and load its weights.

    Args:
        contents: The open file; its settings are changed.

    Returns:
        The `keras.Model`.
    """
    use_stored(contents.config)
    write = _archive if contents.is_archive else _hdf5
    with tempfile.TemporaryDirectory(prefix="osteo-model-") as folder:
        return keras.saving.load_model(write(contents, Path(folder)), compile=False, safe_mode=True)


def _archive(contents: Contents, folder: Path) -> Path:
    """The same archive with the settings that were checked, and nothing that was not."""
    file = folder / "model.keras"
    with zipfile.ZipFile(file, "w") as copy:
        copy.writestr(archive.METADATA, json.dumps(contents.metadata))
        copy.writestr(archive.SETTINGS, json.dumps(contents.config))
        copy.write(contents.weights_file, archive.WEIGHTS)
    return file


def _hdf5(contents: Contents, folder: Path) -> Path:
    file = folder / "model.h5"
    shutil.copyfile(contents.weights_file, file)
    with h5py.File(file, "r+") as copy:
        del copy.attrs["model_config"]
        copy.attrs["model_config"] = json.dumps(contents.config)
    return file
