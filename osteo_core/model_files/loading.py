"""A checked model file -> a built network with its weights."""

from pathlib import Path
from typing import Any

from osteo_core.errors import ModelError, OsteoError
from osteo_core.model_files import contents as reading
from osteo_core.model_files import hdf5, keras2, keras3
from osteo_core.model_files.contents import Contents
from osteo_core.model_files.limits import Unreadable, refusal
from osteo_core.model_files.settings import check_settings
from osteo_core.model_files.sizes import check_sizes
from osteo_core.model_files.stored import at_most, forget_stored

_WAY_OUT = (
    " Open it with the Keras that wrote it, build the same network in Keras 3, move the weights "
    "over with get_weights and set_weights, and save it with model.save('x.keras')."
)


def load(file: Path, input_size: tuple[int, int] | None = None) -> Any:
    """Open a model file of Keras 2 or 3.

    Args:
        file: A `.keras`, `.h5` or `.hdf5` file.
        input_size: Height and width in pixels at which it is to be used, where it leaves them open.

    Returns:
        The built `keras.Model`, not compiled. Weights are all there, or it is refused.

    Raises:
        ModelError: The file cannot be read, asks for too much, or holds what cannot be rebuilt.
    """
    try:
        with reading.read(file) as contents:
            return _built(contents, input_size)
    except OsteoError:
        raise
    except Exception as error:  # HDF5 and zip fail in many ways where a file is damaged
        raise refusal(file.name, f"the file is damaged ({one_line(error)})") from error


def _built(contents: Contents, input_size: tuple[int, int] | None) -> Any:
    try:
        check_settings(contents.config)
        with at_most(hdf5.n_stored(contents.weights)):
            model = (keras2 if contents.is_old else keras3).load(contents)
        check_sizes(model, input_size)
        forget_stored(model)
    except OsteoError:
        raise
    except Exception as error:  # what a file can do to a loader, no list can hold
        raise ModelError(_sentence(contents, error)) from error
    return model


def _sentence(contents: Contents, error: Exception) -> str:
    return (
        "Expected a network that can be opened safely and rebuilt. "
        f"Received: {contents.name} (written by {contents.writer}): {_why(error)}."
        f"{_WAY_OUT if contents.is_old else ''}"
    )


def _why(error: BaseException | None) -> str:
    """Our own reason, also where Keras has wrapped it; else a sentence of Keras' many lines."""
    found = error
    while found is not None and not isinstance(found, Unreadable):
        found = found.__cause__ or found.__context__
    if found is not None:
        return str(found)
    return one_line(error)


def one_line(error: BaseException | None) -> str:
    """What somebody else's error says, cut to one line without a full stop."""
    text = " ".join(str(error).split("Exception encountered:")[-1].split())
    return (text.split(". ")[0] or type(error).__name__)[:200].rstrip(".")
