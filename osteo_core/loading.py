"""A name, a folder or a file -> an Engine. Model files are trusted input from disk only."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from osteo_core.bundles import CARD, Bundle, load_bundle
from osteo_core.errors import BundleError, ModelError, OsteoError

if TYPE_CHECKING:
    from osteo_core.engine import Engine

_SUFFIXES = (".keras", ".h5", ".hdf5")


def open_model(
    name_or_path: str | os.PathLike[str],
    classes: Sequence[str] | None = None,
    preprocessing: str | None = None,
    input_size: tuple[int, int] | None = None,
) -> "Engine":
    """Open a trained network for reading.

    Args:
        name_or_path: A bundle's name or folder, or a `.keras` or `.h5` file. Such a file runs no
            code of its own (`safe_mode`), but open only files that you trust.
        classes: Class names in the order of the outputs; for a file only, where they are needed.
            For one sigmoid unit: the class of 0, then the class of 1.
        preprocessing: A key of `networks.preprocessing.PREPROCESSING`; for a file only.
        input_size: Height and width in pixels, for a file whose network leaves them open; 224 px
            when not given.

    Returns:
        The engine.

    Raises:
        ModelError: The file cannot be read, is not a network that can be explained, or something
            that must be told of it is missing.
        BundleError: No such bundle, or a damaged one.
    """
    path = Path(name_or_path)
    if path.suffix in _SUFFIXES and not path.is_dir():
        return _open_file(path, classes, preprocessing, input_size)
    if path.is_file():
        raise ModelError(
            f"Expected a bundle, or a file ending in .keras or .h5. Received: {path.name}."
        )
    if path.is_dir() and not (path / CARD).is_file() and len(path.parts) > 1:
        raise BundleError(f"Expected a bundle's folder, with a {CARD} in it. Received: {path}.")
    bundle = load_bundle(name_or_path if isinstance(name_or_path, str) else path)
    return _open_bundle(bundle, classes, preprocessing)


def _open_bundle(
    bundle: Bundle, classes: Sequence[str] | None, preprocessing: str | None
) -> "Engine":
    from osteo_core.engine import Engine

    card = bundle.card
    for what, given, known in (
        ("classes", tuple(classes) if classes is not None else None, card.classes),
        ("preprocessing", preprocessing, card.preprocessing),
    ):
        if given not in (None, known):
            raise ModelError(
                f"Expected no {what} for a bundle: its card says {known}. Received: {given}."
            )
    return Engine(
        bundle.network(),
        name=bundle.name,
        digest=bundle.digest,
        classes=card.classes,
        preprocessing=card.preprocessing,
        card=card,
    )


def _open_file(
    file: Path,
    classes: Sequence[str] | None,
    preprocessing: str | None,
    input_size: tuple[int, int] | None,
) -> "Engine":
    if not file.is_file():
        raise ModelError(f"Expected a model file. Received: {file}, which does not exist.")
    from osteo_core.engine import Engine
    from osteo_core.model_files import load, one_line
    from osteo_core.networks.preprocessing import PREPROCESSING
    from osteo_core.networks.weights import sha256_of

    model = load(file, input_size)
    if classes is None:
        units = int(model.outputs[0].shape[-1] or 0) if getattr(model, "outputs", None) else 0
        raise ModelError(
            f"Expected classes=[...] with {max(units, 2)} names, since no card says what the "
            f"outputs of {file.name} mean. Received: none."
        )
    if preprocessing is None:
        raise ModelError(
            f"Expected preprocessing=..., one of {', '.join(PREPROCESSING)}, since no card says "
            f"what {file.name} expects of its pixels. Received: none."
        )
    try:
        return Engine(
            model,
            name=file.stem,
            digest=sha256_of(file),
            classes=classes,
            preprocessing=preprocessing,
            input_size=input_size,
        )
    except OsteoError:
        raise
    except Exception as error:  # a stranger's network may fail in any way of its own
        raise ModelError(
            "Expected a network whose layers can be read. "
            f"Received: {file.name}: {one_line(error)}."
        ) from error
