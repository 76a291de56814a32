"""What the pages ask for: bundles, engines and readings, each computed once for all users.

Keys are names and digests; models and arrays are never hashed. Nothing here draws, and TensorFlow
is imported only when the first engine is opened.
"""

import contextlib
import gc
import sys
import time
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from osteo_core.bundles import CARD, ENSEMBLE, Bundle, load_bundle, models_dir
from osteo_core.ensemble_bundles import EnsembleBundle
from osteo_core.errors import OsteoError
from osteo_core.files import shown
from osteo_core.model_folders import model_folders
from osteo_core.tiles import Tile
from osteo_ui.store import WeighedStore

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from osteo_core.engine import Engine
    from osteo_core.heatmap import HeatMap
    from osteo_core.reading import Reading

ENGINES = 5  # every shipped bundle, some 400 MB together; fewer than four would thrash Compare
# Four tiles of two VGG19 networks at 224 px: 8 x 60 MB of activations, and a little room.
READINGS_BYTES = 600_000_000


def bundles() -> tuple[Bundle, ...]:
    """Return the trained networks on disk, three-class ones first, then ensembles of them.

    Unreadable ones are left out.
    """
    return _bundles(*_cards())[0]


def bundle_problems() -> tuple[str, ...]:
    """Return a sentence for each folder whose card cannot be read."""
    return _bundles(*_cards())[1]


def _cards() -> tuple[str, tuple[tuple[str, tuple[int, ...]], ...]]:
    folder = models_dir()
    return str(folder), tuple((str(found), _stamp_of(found)) for found in model_folders(folder))


def _stamp_of(folder: Path) -> tuple[int, ...]:
    """What changes when a card does; nothing where it cannot be asked."""
    stamp: list[int] = []
    for name in (CARD, ENSEMBLE):
        with contextlib.suppress(OSError, ValueError):
            status = (folder / name).stat()
            stamp += [status.st_mtime_ns, status.st_size, status.st_ino]
    return tuple(stamp)


@st.cache_resource(max_entries=4, show_spinner=False)
def _bundles(
    folder: str, cards: tuple[tuple[str, tuple[int, ...]], ...]
) -> tuple[tuple[Bundle, ...], tuple[str, ...]]:
    found, problems = [], []
    for path, _ in cards:
        try:
            found.append(load_bundle(path))
        except OsteoError as error:
            problems.append(f"{shown(Path(path).name)}: {error}")
    found.sort(key=_place)
    return tuple(found), tuple(problems)


def _place(which: Bundle) -> tuple[bool, int, bool, str]:
    """Where a network stands in lists: ensembles last, three classes before two."""
    kind, classes = which.card.architecture, which.card.classes
    return isinstance(which, EnsembleBundle), -len(classes), kind != "vgg19", which.name


def networks() -> tuple[Bundle, ...]:
    """Return the trained networks without the ensembles."""
    return tuple(found for found in bundles() if not isinstance(found, EnsembleBundle))


def bundle(name: str) -> Bundle | None:
    """Return the bundle of that name, or None."""
    return next((b for b in bundles() if b.name == name), None)


def predictions(which: Bundle) -> "pd.DataFrame":
    """Return a bundle's stored predictions; a copy, free to be changed."""
    return _predictions(which.name, which.digest, stamp(which), which)


def stamp(which: Bundle) -> int:
    """Return when a bundle's predictions were last written: part of the key of all made of them."""
    files = which.prediction_files()
    return sum(file_stamp(file) for file in files)


def file_stamp(file: Path) -> int:
    """Return when a file was last written; 0 where there is none, or it cannot be asked."""
    with contextlib.suppress(OSError, ValueError):
        return file.stat().st_mtime_ns
    return 0


@st.cache_data(max_entries=16, show_spinner=False)
def _predictions(name: str, digest: str, stamp: int, _bundle: Bundle) -> "pd.DataFrame":
    return _bundle.predictions()


def known_tile(which: Bundle, sha256: str) -> tuple[str, str] | None:
    """Return (true label, part of the split) of a tile the bundle's training met, or None."""
    return _known_tiles(which.name, which.digest, stamp(which), which).get(sha256)


@st.cache_resource(max_entries=16, show_spinner=False)
def _known_tiles(name: str, digest: str, stamp: int, _bundle: Bundle) -> dict[str, tuple[str, str]]:
    try:
        frame = predictions(_bundle)
    except OsteoError:  # a bundle without predictions knows no tile; the metrics page says why
        return {}
    return {
        str(row.tile): (str(row.label), str(row.split))
        for row in frame[["tile", "label", "split"]].itertuples(index=False)
    }


def engine_is_warm() -> bool:
    """Say whether TensorFlow is loaded, that is whether an answer will come at once."""
    return "tensorflow" in sys.modules


def engine(which: Bundle) -> "Engine":
    """Return a bundle made readable; built once and shared by all sessions.

    Raises:
        OsteoError: If the bundle cannot be opened.
    """
    if not engine_is_warm():
        time.sleep(0.15)  # importing holds the interpreter: let what is already drawn go out first
    return _engine(str(which.folder), which.digest)


@st.cache_resource(max_entries=ENGINES, show_spinner=False)
def _engine(folder: str, digest: str) -> "Engine":
    from osteo_core import open_model

    opened = open_model(folder)
    _keep_compiled()
    spare_collector()
    return opened


def spare_collector() -> None:
    """Let the garbage collector pass over what is there to stay.

    Streamlit collects after every run of a script, and looks once a second at a job. With all of
    TensorFlow's objects to go through, that is a third of a second each time in which no thread
    can do anything else. What was passed over and has become garbage since, such as a network that
    was put out of the cache, goes with the next call.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _keep_compiled() -> None:
    """Keep what TensorFlow has compiled from one run of a page to the next.

    Streamlit clears Keras's session after every run of a script or fragment, for those who build
    a network in each. That also throws away every compiled kernel and collects all garbage: the
    next answer of a network takes ten times as long. Here networks are built once.
    """
    import keras

    keras.backend.clear_session = lambda free_memory=True: None


@st.cache_resource(show_spinner=False)
def _readings() -> WeighedStore:
    return WeighedStore(READINGS_BYTES)


def reading(which: "Engine", tile: Tile) -> "Reading":
    """Return the one forward pass of a tile through an engine."""
    key = (which.digest, tile.sha256)
    return _readings().get(key, lambda: which.read(tile), lambda _: weight(which))


def has_reading(which: "Engine", tile: Tile) -> bool:
    """Say whether a tile's reading is at hand."""
    return _readings().has((which.digest, tile.sha256))


def weight(which: "Engine") -> int:
    """Bytes a reading grows to once every layer has been looked at, not what it starts with."""
    kinds = ("convolution", "depthwise convolution", "tokens", "dense", "pooling")
    return 4 * sum(prod(layer.shape) for layer in which.layers if layer.kind in kinds)


def heat_map(
    reading: "Reading",
    layer: str,
    target: str,
    method: str = "gradcam",
    against: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> "HeatMap":
    """Return a heat map of a reading; drawing it in other colours asks nothing of the network."""
    settings = tuple(sorted((parameters or {}).items()))
    key = (reading.engine_digest, reading.tile_sha256, method, layer, target, against, settings)
    return _heat_map(*key, reading)


@st.cache_data(max_entries=256, max_size="64MiB", show_spinner=False)
def _heat_map(
    bundle: str,
    tile: str,
    method: str,
    layer: str,
    target: str,
    against: str | None,
    settings: tuple[tuple[str, Any], ...],
    _reading: "Reading",
) -> "HeatMap":
    return _reading.heatmap(method, layer, target, against, dict(settings))


def contributions(reading: "Reading", layer: str, target: str) -> "NDArray[np.float32]":
    """Return each unit's share of a class score: gradient times activation, (units,)."""
    return _contributions(reading.engine_digest, reading.tile_sha256, layer, target, reading)


@st.cache_data(max_entries=512, max_size="16MiB", show_spinner=False)
def _contributions(
    bundle: str, tile: str, layer: str, target: str, _reading: "Reading"
) -> "NDArray[np.float32]":
    return _reading.contributions(layer, target)
