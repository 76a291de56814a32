"""The unit index: what every unit of a network does on every tile of a cohort.

`build_index` makes it in one pass, `open_index` maps it into memory, `summarise` draws from it what
needs no pictures, and the bundles ship such summaries with the index of the twelve examples.
"""

from osteo_core.unit_index.build import Progress, build_index, remove_index
from osteo_core.unit_index.card import IndexCard, IndexedLayer, IndexedTile, LeftOut, index_folder
from osteo_core.unit_index.index import TopTile, UnitIndex, open_index
from osteo_core.unit_index.shipped import gallery_cohort, gallery_index, shipped_summary
from osteo_core.unit_index.summary import UnitFigures, UnitSummary, summarise
from osteo_core.unit_index.summary_file import read_summary, write_summary

__all__ = [
    "IndexCard",
    "IndexedLayer",
    "IndexedTile",
    "LeftOut",
    "Progress",
    "TopTile",
    "UnitFigures",
    "UnitIndex",
    "UnitSummary",
    "build_index",
    "gallery_cohort",
    "gallery_index",
    "index_folder",
    "open_index",
    "read_summary",
    "remove_index",
    "shipped_summary",
    "summarise",
    "write_summary",
]
