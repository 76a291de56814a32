"""Labelled tiles: the archive's layout, class folders, synthetic tiles, and one split of them."""

from importlib import import_module
from typing import TYPE_CHECKING

from osteo_core.cohorts.importing import ImportAccount, import_cohort
from osteo_core.cohorts.splits import PARTS, SplitProtocol, split_tiles
from osteo_core.cohorts.table import (
    CLASSES,
    Cohort,
    CohortTile,
    read_cohort,
    split_cohort,
    write_cohort,
)

if TYPE_CHECKING:
    from osteo_core.cohorts.synthetic import Example, SyntheticTile, examples, synthetic_tile
else:
    _SYNTHETIC = ("Example", "SyntheticTile", "examples", "synthetic_tile")

    def __getattr__(name: str) -> object:
        # On first use, so that `python -m osteo_core.cohorts.synthetic` is not imported twice.
        if name not in _SYNTHETIC:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("osteo_core.cohorts.synthetic"), name)


__all__ = [
    "CLASSES",
    "PARTS",
    "Cohort",
    "CohortTile",
    "Example",
    "ImportAccount",
    "SplitProtocol",
    "SyntheticTile",
    "examples",
    "import_cohort",
    "read_cohort",
    "split_cohort",
    "split_tiles",
    "synthetic_tile",
    "write_cohort",
]
