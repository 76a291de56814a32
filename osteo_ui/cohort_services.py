"""What the page Cohort asks for: the cohort on view, its audit as a job, calls of its tiles."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.cohorts.audit import Audit, OutOfFold, audit_steps
from osteo_core.cohorts.synthetic import GALLERY, examples
from osteo_core.cohorts.table import TABLE, Cohort, CohortTile, ordered_classes
from osteo_core.errors import OsteoError
from osteo_core.tiles import load_tile
from osteo_ui import drawn, jobs, metric_services, sources
from osteo_ui.jobs import JobState
from osteo_ui.selection import SHORT_ID, Selection, TileRef

EXAMPLES = "Synthetic examples"


@dataclass(frozen=True, eq=False)
class View:
    """The cohort on view.

    Attributes:
        cohort: The cohort.
        key: Names it with its present state; of digests and plain strings.
        name: What to call it.
        shipped: Whether it is the examples of the gallery.
    """

    cohort: Cohort
    key: str
    name: str
    shipped: bool = False

    def tile(self, file: str) -> CohortTile | None:
        """Return the tile of that file."""
        return _by_file(self.key, self).get(file)

    def ref(self, tile: CohortTile) -> TileRef:
        """Return a tile's address."""
        if self.shipped:
            return TileRef("example", tile.original_label)
        return TileRef("cohort", tile.sha256[:SHORT_ID])

    def png(self, tile: CohortTile, side: int) -> bytes | None:
        """Return a tile's picture of at most `side` px as PNG; None where it cannot be read."""
        try:
            path = self.cohort.path(tile)
            return drawn.thumbnail(str(path), path.stat().st_mtime_ns, side)
        except (OSError, OsteoError):
            return None


def view(selection: Selection) -> View:
    """Return the cohort whose folder the sidebar names, or the shipped examples.

    Raises:
        OsteoError: The folder holds no readable cohort.
    """
    if not selection.cohort:
        return _examples()
    cohort = sources.cohort(selection.cohort)
    stamp = (cohort.folder / TABLE).stat().st_mtime_ns
    key = f"{sources.cohort_digest(selection.cohort)}|{cohort.folder}|{stamp}"
    return View(cohort, key, Path(selection.cohort).name or selection.cohort)


@st.cache_resource(max_entries=1, show_spinner=False)
def _examples() -> View:
    tiles = []
    for example in examples():
        tile = load_tile(example.path)
        # A name in place of the label as the source wrote it: it leads back to the gallery.
        tiles.append(
            CohortTile(example.path.name, example.label, "Drawn", "Drawn by a program", None, None,
                       tile.sha256, "", example.name)
        )  # fmt: skip
    classes = ordered_classes(tile.label for tile in tiles)
    return View(
        Cohort(GALLERY, GALLERY, tuple(tiles), classes=classes), "examples", EXAMPLES, shipped=True
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _by_file(key: str, _view: View) -> dict[str, CohortTile]:
    return {tile.file: tile for tile in _view.cohort.tiles}


def audit_key(on_view: View) -> str:
    """Return the name of the audit among the jobs."""
    return f"audit|{on_view.key}"


def audit_job(on_view: View) -> JobState:
    """Ask for the audit of the cohort."""
    return jobs.ask(audit_key(on_view), partial(audit_steps, on_view.cohort))


def known_audit(on_view: View) -> Audit | None:
    """Return the audit if it is at hand; starts nothing."""
    state = jobs.look(audit_key(on_view))
    return state.result if state is not None and state.status == "done" else None


def out_of_fold(bundle: Bundle | None, on_view: View) -> OutOfFold:
    """Return the label suspects that a network's stored predictions tell."""
    from osteo_core.evaluate.out_of_fold import stored

    if bundle is None:
        return OutOfFold(note="Not run: there is no network.")
    try:
        return stored(bundle, on_view.cohort)
    except OsteoError as error:
        return OutOfFold(note=f"Not run: {error}")


def calls(bundle: Bundle | None, on_view: View) -> pd.DataFrame:
    """Return what a network's stored predictions say of the tiles.

    Returns:
        One row a tile of the cohort that the network has a prediction of: file (the index), call,
        p (of the call, 0..1) and met (the tile's part in the network's training).
    """
    columns = ["call", "p", "met"]
    if bundle is None:
        return pd.DataFrame(columns=columns)
    try:
        part = metric_services.labelled_part(bundle, "all")
    except OsteoError:  # the metrics page says what is wrong with them
        return pd.DataFrame(columns=columns)
    told = (part.calls, part.confidence, part.table["split"])
    table = pd.DataFrame(dict(zip(columns, told, strict=True))).set_index(part.table["tile"])
    own = {tile.sha256: tile.file for tile in on_view.cohort.tiles}
    known = table[table.index.isin(list(own))]
    return known.set_index(known.index.map(own))
