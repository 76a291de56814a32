"""What the comparison of two networks asks for: tests of stored predictions and two slow jobs."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.cohorts import synthetic
from osteo_core.errors import OsteoError
from osteo_core.evaluate import Comparison
from osteo_core.evaluate.bootstrap import caution, slide_groups
from osteo_core.evaluate.differences import Difference, paired_differences
from osteo_core.evaluate.pair_tests import PairTests, pair_tests
from osteo_core.evaluate.reasons import Asked, Reason, reasons_steps
from osteo_core.evaluate.similarity import similarity_steps
from osteo_core.tiles import load_tile
from osteo_ui import services, sources, state

if TYPE_CHECKING:
    from osteo_core.evaluate.reasons import Reasons
    from osteo_core.evaluate.similarity import Similarity

MOST_LAYER_TILES = 60  # more changes the third decimal of CKA, and costs seconds each
_KNOWN = 50_000  # reasons, about a kilobyte each


@dataclass(frozen=True, eq=False)
class PairView:
    """Two networks on the same labelled tiles."""

    differences: tuple[Difference, ...]
    tests: PairTests
    caution: str


@dataclass(frozen=True)
class TileSet:
    """Tiles that both networks are to read: their key among jobs, what they are, the tiles."""

    key: str
    words: str
    tiles: tuple[Asked, ...]


def pair_view(compared: Comparison, first: Bundle, second: Bundle) -> PairView:
    """Test two networks against each other on the tiles of a comparison."""
    names = tuple(compared.parts)
    key = (
        first.name,
        first.digest,
        services.stamp(first),
        second.name,
        second.digest,
        services.stamp(second),
    )
    return _pair_view(*key, compared.part, names, compared)


@st.cache_data(max_entries=64, show_spinner=False)
def _pair_view(
    first: str,
    digest: str,
    stamp: int,
    second: str,
    other_digest: str,
    other_stamp: int,
    part: str,
    names: tuple[str, ...],  # of all networks: the tiles are those that all have
    _compared: Comparison,
) -> PairView:
    a, b = _compared.parts[first], _compared.parts[second]
    told = caution(slide_groups(a.table))
    return PairView(paired_differences(a, b), pair_tests(a, b), told)


def tile_set(part: str) -> TileSet:
    """The tiles of a part of the cohort in the sidebar; without one, the shipped examples."""
    folder = state.selection().cohort
    try:
        cohort = sources.cohort(folder) if folder else None
    except OsteoError:  # the sidebar says why
        cohort = None
    tiles = cohort.part(part) if cohort else ()
    if cohort is None or not tiles:
        found = synthetic.examples()
        asked = [Asked(_sha(str(e.path)), e.path.name, partial(load_tile, e.path)) for e in found]
        return TileSet("examples", f"the {len(asked)} example tiles", tuple(asked))
    asked = [Asked(t.sha256, t.file, partial(cohort.load, t)) for t in tiles]
    words = f"the {len(asked)} tiles of the cohort's {part} part"
    return TileSet(f"{sources.cohort_digest(folder)}|{part}", words, tuple(asked))


@st.cache_data(show_spinner=False)
def _sha(path: str) -> str:
    return load_tile(path).sha256


def some(tiles: TileSet, most: int = MOST_LAYER_TILES) -> TileSet:
    """At most so many tiles, taken evenly from the list."""
    if len(tiles.tiles) <= most:
        return tiles
    chosen = np.linspace(0, len(tiles.tiles) - 1, most).round().astype(int)
    words = f"{most} tiles taken evenly from {tiles.words}"
    return TileSet(f"{tiles.key}|{most}", words, tuple(tiles.tiles[i] for i in chosen))


def reasons_key(first: Bundle, second: Bundle, tiles: TileSet) -> str:
    """Name the job that compares reasons."""
    return "|".join(("reasons", first.digest, second.digest, tiles.key))


def reasons(first: Bundle, second: Bundle, tiles: TileSet) -> Generator[float, None, "Reasons"]:
    """Compare Grad-CAMs tile by tile, in steps for a job; what is known is not computed again."""
    yield 0.0
    engines = services.engine(first), services.engine(second)
    known = _known()
    if len(known) > _KNOWN:
        known.clear()
    made = yield from reasons_steps(*engines, tiles.tiles, known)
    return made


@st.cache_resource(show_spinner=False)
def _known() -> dict[tuple[str, str, str], Reason]:
    return {}


def similarity_key(first: Bundle, second: Bundle, tiles: TileSet) -> str:
    """Name the job that compares layers."""
    return "|".join(("layers", first.digest, second.digest, tiles.key))


def similarity(
    first: Bundle, second: Bundle, tiles: TileSet
) -> Generator[float, None, "Similarity"]:
    """Compare layers, in steps for a job."""
    yield 0.0
    engines = services.engine(first), services.engine(second)
    made = yield from similarity_steps(*engines, [(t.file, t.load) for t in tiles.tiles])
    return made
