"""What a bundle carries: the summary of its training tiles, and the index of the twelve examples.

With both the neuron loop closes on a machine that has no cohort.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from osteo_core.files import writing
from osteo_core.unit_index.build import Progress, build_index, remove_index
from osteo_core.unit_index.card import CARD
from osteo_core.unit_index.index import UnitIndex, open_index
from osteo_core.unit_index.summary import UnitSummary, summarise
from osteo_core.unit_index.summary_file import read_summary, write_summary

if TYPE_CHECKING:
    from osteo_core.bundles import Bundle
    from osteo_core.cohorts.table import Cohort
    from osteo_core.engine import Engine

SUMMARY, GALLERY = "units.npz", "gallery"


def shipped_summary(bundle: "Bundle") -> UnitSummary | None:
    """The units of a bundle over its training tiles.

    Returns:
        None where the bundle carries none, or one of other weights than it has now.

    Raises:
        UnitIndexError: The file is damaged.
    """
    file = bundle.folder / SUMMARY
    if not file.is_file():
        return None
    summary = read_summary(file)
    return summary if summary.card.bundle_digest == bundle.digest else None


def gallery_index(bundle: "Bundle") -> UnitIndex | None:
    """The units of a bundle on the twelve examples.

    Returns:
        None where the bundle carries none, or one of other weights than it has now.

    Raises:
        UnitIndexError: The index is damaged.
    """
    folder = bundle.folder / GALLERY
    if not (folder / CARD).is_file():
        return None
    index = open_index(folder)
    return index if index.card.bundle_digest == bundle.digest else None


def gallery_cohort() -> "Cohort":
    """The twelve examples as a cohort that is not split."""
    from osteo_core.cohorts.synthetic import GALLERY as FOLDER
    from osteo_core.cohorts.synthetic import examples
    from osteo_core.cohorts.table import Cohort, CohortTile
    from osteo_core.networks.weights import sha256_of

    tiles = [
        CohortTile(
            file=example.path.name,
            label=example.label,
            case="synthetic",
            slide=example.path.stem,
            x=None,
            y=None,
            sha256=sha256_of(example.path),
            original_label=example.label,
        )
        for example in examples()
    ]
    return Cohort(FOLDER, FOLDER, tuple(sorted(tiles, key=lambda tile: tile.file)))


def ship(engine: "Engine", index: UnitIndex, folder: Path) -> Iterator[Progress]:
    """Write into a bundle's folder what it is to carry.

    Args:
        engine: The bundle's network.
        index: Of it and the cohort that it was trained on.
        folder: The bundle's.

    Yields:
        Progress over the examples.
    """
    index.check(engine.digest)
    write_summary(summarise(index, "train"), folder / SUMMARY)
    gallery, fresh = folder / GALLERY, folder / f".{GALLERY}.partial"
    remove_index(fresh)  # of a killed run
    yield from build_index(engine, gallery_cohort(), fresh)
    with writing(gallery):
        remove_index(gallery)
        fresh.rename(gallery)
