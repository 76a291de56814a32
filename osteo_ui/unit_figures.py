"""What is known of a unit over many tiles: its summary and its index, opened once."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core.cohorts.synthetic import examples
from osteo_core.errors import OsteoError
from osteo_ui import find_data, sources
from osteo_ui.selection import SHORT_ID, TileRef

if TYPE_CHECKING:
    from osteo_core.bundles import Bundle
    from osteo_core.unit_index import TopTile, UnitIndex, UnitSummary
    from osteo_core.units import Unit

COUNT = 12  # tiles in a row
INDEX = "gallery/index.json"  # in a bundle's folder


@dataclass(frozen=True)
class Best:
    """Tiles that drive a unit most, strongest first.

    Attributes:
        among: What they were chosen from, in words.
        tops: The tiles.
        refs: Their addresses, None where the picture is not at hand.
        note: More to say; "" for none.
    """

    among: str
    tops: tuple["TopTile", ...]
    refs: tuple[TileRef | None, ...]
    note: str = ""

    @property
    def pictured(self) -> "Best":
        """Those whose pictures are at hand."""
        here = [i for i, ref in enumerate(self.refs) if ref is not None]
        tops, refs = (tuple(one[i] for i in here) for one in (self.tops, self.refs))
        return Best(self.among, tops, refs, self.note)


def summary(bundle: "Bundle") -> "tuple[UnitSummary | None, str]":
    """Return figures of a network's units over many tiles, and a sentence on what is wrong."""
    found, problem = find_data.try_known(bundle)
    return (found.summary if found else None), problem


def _stamped(bundle: "Bundle", file: str) -> tuple[str, str, int]:
    """A bundle's folder with the time a file of it last changed, which makes a cache key."""
    path = bundle.folder / file
    return str(bundle.folder), bundle.digest, path.stat().st_mtime_ns if path.is_file() else 0


def cohort_index(bundle: "Bundle", cohort: str) -> "tuple[UnitIndex | None, str]":
    """Return the index of a cohort, if `osteo index` was run on it, or what is wrong with it."""
    if not cohort:
        return None, ""
    from osteo_core.unit_index import index_folder

    try:
        folder = index_folder(sources.cohort(cohort).folder, bundle.name)
        stamps = [file.stat().st_mtime_ns for file in sorted(folder.glob("*.json"))]
        if not stamps:
            return None, ""
        return _opened(str(folder), max(stamps), bundle.digest, sources.cohort_digest(cohort)), ""
    except (OsteoError, OSError) as error:
        return None, str(error)


@st.cache_resource(max_entries=4, show_spinner=False)
def _opened(folder: str, stamp: int, bundle: str, cohort: str) -> "UnitIndex":
    from osteo_core.unit_index import open_index

    index = open_index(Path(folder))
    index.check(bundle, cohort)
    return index


@st.cache_resource(max_entries=8, show_spinner=False)
def _gallery(folder: str, digest: str, stamp: int, _bundle: "Bundle") -> "UnitIndex | None":
    from osteo_core.unit_index import gallery_index

    return gallery_index(_bundle)


def of_cohort(bundle: "Bundle", cohort: str, unit: "Unit", by: str) -> Best | None:
    """Return the tiles of the cohort on view that drive a unit most; None without its index."""
    index, _ = cohort_index(bundle, cohort)
    if index is None:
        return None
    tops = index.top(unit, by, COUNT)
    refs = tuple(TileRef("cohort", top.sha256[:SHORT_ID]) for top in tops)
    return Best(f"the {len(index.card.tiles):,} tiles of the cohort", tops, refs)


def of_training(bundle: "Bundle", cohort: str, unit: "Unit", by: str) -> Best | None:
    """Return the training tiles that drive a unit most, pictured where the cohort has them."""
    found, _ = summary(bundle)
    if found is None:
        return None
    tops = found.figures(unit).top(by)[:COUNT]
    refs = tuple(_in_cohort(top.sha256, cohort) for top in tops)
    return Best(f"the {found.n_tiles:,} tiles of the {part(found.part)}", tops, refs)


def of_gallery(bundle: "Bundle", unit: "Unit", by: str) -> Best | None:
    """Return the shipped examples that drive a unit most; None where none were indexed."""
    try:
        index = _gallery(*_stamped(bundle, INDEX), bundle)
    except OsteoError:
        return None
    if index is None:
        return None
    tops = index.top(unit, by, COUNT)
    known = _examples()
    refs = tuple(known.get(top.sha256) for top in tops)
    return Best(f"the {len(index.card.tiles)} synthetic tiles of the gallery", tops, refs)


def part(name: str) -> str:
    """Return a part of a split in words."""
    return {"train": "training part", "all": "cohort"}.get(name, f"{name} part")


@st.cache_resource(max_entries=1, show_spinner=False)
def _examples() -> dict[str, TileRef]:
    return {
        hashlib.sha256(Path(e.path).read_bytes()).hexdigest(): TileRef("example", e.name)
        for e in examples()
    }


def _in_cohort(sha256: str, cohort: str) -> TileRef | None:
    ref = TileRef("cohort", sha256[:SHORT_ID])
    try:
        sources.entry(ref, cohort)
    except OsteoError:
        return None
    return ref
