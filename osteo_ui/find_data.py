"""What the Find page asks for: summaries, figures of tiles, rankings; nothing here draws.

Keys are digests and plain strings. Of a tile only a few numbers a unit are kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.errors import OsteoError
from osteo_core.explain import finding
from osteo_core.explain.finding import Ranking
from osteo_core.explain.spread import By, Spread
from osteo_core.tiles import Tile
from osteo_ui import services, sources, state

if TYPE_CHECKING:
    import pandas as pd

    from osteo_core.engine import Engine
    from osteo_core.reading import Reading
    from osteo_core.unit_index import UnitSummary

_PARTS = {"train": "training ", "validation": "validation ", "test": "test "}


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a network's units over labelled tiles.

    Attributes:
        key: Tells one such summary from another.
        summary: The figures.
    """

    key: tuple[str, ...]
    summary: "UnitSummary"

    @property
    def tiles(self) -> str:
        """The tiles in words: "919 training tiles"."""
        return f"{self.summary.n_tiles:,} {self.kind}"

    @property
    def kind(self) -> str:
        """The tiles without their number: "training tiles"."""
        return f"{_PARTS.get(self.summary.part, '')}tiles"


def known(bundle: Bundle) -> Known | None:
    """Return the summary that a bundle ships, else one of the cohort on view, if it is indexed.

    Raises:
        UnitIndexError: The file or the index is damaged, or of another network.
    """
    from osteo_core.unit_index.shipped import SUMMARY

    file = bundle.folder / SUMMARY
    stamp = str(file.stat().st_mtime_ns) if file.is_file() else ""
    shipped = _shipped(bundle.digest, str(file), stamp, bundle) if stamp else None
    if shipped is not None:
        return Known((bundle.digest, stamp), shipped)
    return _of_cohort(bundle, state.selection().cohort)


@st.cache_resource(max_entries=8, show_spinner=False)
def _shipped(digest: str, file: str, stamp: str, _bundle: Bundle) -> "UnitSummary | None":
    from osteo_core.unit_index import shipped_summary

    return shipped_summary(_bundle)


def _of_cohort(bundle: Bundle, cohort: str) -> Known | None:
    from osteo_core.unit_index import index_folder
    from osteo_core.unit_index.card import CARD

    if not cohort or not sources.may_be_named(cohort):
        return None
    folder = index_folder(sources.named_folder(cohort), bundle.name)
    if not (folder / CARD).is_file():
        return None
    key = (bundle.digest, str(folder), str((folder / CARD).stat().st_mtime_ns))
    return Known(key, _summed_up(*key))


@st.cache_resource(max_entries=2, show_spinner=False)
def _summed_up(digest: str, folder: str, stamp: str) -> "UnitSummary":
    from osteo_core.unit_index import open_index, summarise

    index = open_index(Path(folder))
    index.check(digest)
    parts = {tile.split for tile in index.card.tiles}
    return summarise(index, "train" if "train" in parts else "all")


def spread(found: Known | None, by: By, layer: str = "") -> Spread | None:
    """Return how the units' values lie over the tiles of a summary, if there is one."""
    return _spread(found.key, by, layer, found) if found else None


@st.cache_resource(max_entries=16, show_spinner=False)
def _spread(key: tuple[str, ...], by: By, layer: str, _found: Known) -> Spread:
    return Spread.of(_found.summary, by, layer or None)


def ranking(key: tuple[Any, ...], make: Callable[[], Ranking]) -> Ranking:
    """Return a ranking, made if it is not kept under its key."""
    return _ranking(key, make)


@st.cache_resource(max_entries=48, show_spinner=False)
def _ranking(key: tuple[Any, ...], _make: Callable[[], Ranking]) -> Ranking:
    return _make()


def dead_by_layer(found: Known) -> "pd.DataFrame":
    """Return how many units of each layer are dead."""
    return _dead_by_layer(found.key, found)


@st.cache_resource(max_entries=8, show_spinner=False)
def _dead_by_layer(key: tuple[str, ...], _found: Known) -> "pd.DataFrame":
    return finding.dead_by_layer(_found.summary)


def figures(engine: "Engine", tile: Tile, layer: str = "") -> "pd.DataFrame":
    """Return the figures of a tile's units, in one layer or in all.

    All layers are read in one pass of their own, which keeps every map for a moment: asked for one
    by one, each would compile a piece of the network (27 s for MobileNetV2's 54, once a server).
    """
    return _figures(engine.digest, tile.sha256, layer, engine, tile)


@st.cache_resource(max_entries=32, show_spinner=False)
def _figures(
    digest: str, sha256: str, layer: str, _engine: "Engine", _tile: Tile
) -> "pd.DataFrame":
    if layer:
        return finding.tile_figures(services.reading(_engine, _tile), (layer,))
    return finding.tile_figures(_engine.read(_tile, "convolutions"), _engine.unit_layers)


class Shares:
    """What every unit adds to every class score of one tile, layer by layer; for all sessions."""

    def __init__(self) -> None:
        self._kept: dict[str, npt.NDArray[np.float32]] = {}  # (units, classes)
        self._lock = Lock()

    def missing(self, layers: tuple[str, ...]) -> bool:
        """Whether some of the layers have not been worked out."""
        return any(layer not in self._kept for layer in layers)

    def gather(self, reading: "Reading", layers: tuple[str, ...]) -> Iterator[float]:
        """Work out what is missing, from the logits back; yields the share done, 0..1."""
        for done, layer in enumerate(reversed(layers), 1):
            with self._lock:
                if layer not in self._kept:
                    self._kept[layer] = reading.contributions_by_class(layer)
            yield done / len(layers)

    def of(self, layers: tuple[str, ...], target: int) -> npt.NDArray[np.float32]:
        """Return the contributions of the layers' units to one class, one after another."""
        return np.concatenate([self._kept[layer][:, target] for layer in layers])


@st.cache_resource(max_entries=32, show_spinner=False)
def shares(digest: str, sha256: str) -> Shares:
    """Return what is known of the contributions on a tile."""
    return Shares()


def unit_layers(bundle: Bundle, found: Known | None) -> dict[str, int]:
    """Return the layers that have units, with how many; asks the network only if it must.

    Raises:
        OsteoError: The network cannot be opened.
    """
    if found is not None:
        return {layer.name: layer.units for layer in found.summary.layers}
    engine = services.engine(bundle)
    return {name: engine.layer(name).n_units for name in engine.unit_layers}


def try_known(bundle: Bundle) -> tuple[Known | None, str]:
    """Return the summary, and a sentence where it cannot be read."""
    try:
        return known(bundle), ""
    except OsteoError as error:
        return None, str(error)
