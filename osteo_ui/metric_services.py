"""What the metrics and comparison pages ask for; none of it needs a network's weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import pandas as pd
import streamlit as st

from osteo_core.bundles import HISTORY, Bundle
from osteo_core.errors import OsteoError
from osteo_core.evaluate import (
    Comparison,
    LabelledPart,
    LearningCurves,
    Metrics,
    RocCurve,
    TumourView,
    can_collapse,
    compare,
    learning_curves,
    roc_one_vs_rest,
    tumour_view,
)
from osteo_core.evaluate.calibration import Temperature, fit_temperature
from osteo_core.evaluate.figures import Figures, figures
from osteo_core.evaluate.figures import tumour_figures as figures_of_tumour
from osteo_core.evaluate.protocol_report import FILE, FOLDER, ProtocolReport, read_report
from osteo_core.evaluate.stored import stored_part
from osteo_ui import services, sources
from osteo_ui.selection import SHORT_ID, Selection, TileRef

PARTS = {"test": "Test", "validation": "Validation", "train": "Training"}


@dataclass(frozen=True, eq=False)
class PartView:
    """All numbers of one network on one part; `tumour` is None where it cannot be asked."""

    part: LabelledPart
    metrics: Metrics
    curves: list[RocCurve]
    tumour: TumourView | None
    notes: tuple[str, ...]


def labelled_part(bundle: Bundle, part: str) -> LabelledPart:
    """Return the labelled tiles of a part with the network's stored probabilities.

    Raises:
        BundleError: If there are no usable predictions.
    """
    return stored_part(bundle, part, services.predictions(bundle))


def part_view(bundle: Bundle, part: str) -> PartView:
    """Score a network on a part of its split.

    Raises:
        BundleError: If there are no usable predictions.
    """
    labelled = labelled_part(bundle, part)
    scored = labelled.labels, labelled.probabilities, labelled.classes
    metrics = labelled.metrics()
    return PartView(
        part=labelled,
        metrics=metrics,
        curves=roc_one_vs_rest(*scored),
        tumour=tumour_view(*scored, labelled.calls) if can_collapse(labelled.classes) else None,
        notes=(*labelled.notes, *metrics.notes),
    )


def all_parts(part: str) -> dict[str, LabelledPart]:
    """Return the part of every network that has usable predictions, by name."""
    found = {}
    for bundle in services.bundles():
        try:
            found[bundle.name] = labelled_part(bundle, part)
        except OsteoError:  # its own page says why
            continue
    return found


def part_figures(bundle: Bundle, part: str) -> Figures:
    """Return every figure of a network on a part with its intervals; computed once.

    Raises:
        BundleError: If there are no usable predictions.
    """
    return _part_figures(str(bundle.folder), bundle.digest, services.stamp(bundle), part, bundle)


@st.cache_data(max_entries=64, show_spinner=False)
def _part_figures(folder: str, digest: str, stamp: int, part: str, _bundle: Bundle) -> Figures:
    return figures(labelled_part(_bundle, part))


def tumour_figures(bundle: Bundle, part: str) -> Figures:
    """Return the same for tumour or no tumour, of a network that can tell; computed once."""
    return _tumour_figures(str(bundle.folder), bundle.digest, services.stamp(bundle), part, bundle)


@st.cache_data(max_entries=64, show_spinner=False)
def _tumour_figures(folder: str, digest: str, stamp: int, part: str, _bundle: Bundle) -> Figures:
    return figures_of_tumour(labelled_part(_bundle, part))


def all_figures(part: str) -> dict[str, Figures]:
    """Return the figures of every network that has labelled tiles in the part, by name."""
    found = {}
    for bundle in services.bundles():
        try:
            known = part_figures(bundle, part)
        except OsteoError:  # its own page says why
            continue
        if known.rows:
            found[bundle.name] = known
    return found


def temperature(bundle: Bundle) -> Temperature:
    """Return the temperature that fits a network's validation part best.

    Raises:
        BundleError: If there are no usable predictions.
    """
    known = labelled_part(bundle, "validation")
    return fit_temperature(known.labels, known.probabilities, known.classes)


def protocol_report(bundle: Bundle, cohort: str) -> tuple[ProtocolReport | None, str]:
    """Return the protocol table of a network and where it comes from.

    That of the cohort in the sidebar goes before the one that the bundle was shipped with.

    Raises:
        BundleError: If a file is there and cannot be read.
    """
    if cohort and sources.may_be_named(cohort):
        found = read_report(sources.named_folder(cohort) / FOLDER / f"{bundle.name}.json")
        if found is not None:
            return found, "the cohort in the sidebar"
    return read_report(bundle.folder / FILE), "the cohort that the network was trained on"


def all_learning() -> dict[str, LearningCurves]:
    """Return the learning curves of every network that has a history, by name."""
    found = {}
    for bundle in services.networks():
        try:
            curves = learning(bundle)
        except OsteoError:  # its own page says why
            continue
        if len(curves.table):
            found[bundle.name] = curves
    return found


def learning(bundle: Bundle) -> LearningCurves:
    """Return a network's learning curves.

    Raises:
        BundleError: If there is no usable history.
    """
    stamp = services.file_stamp(bundle.folder / HISTORY)
    history = _history(str(bundle.folder), bundle.digest, stamp, bundle)
    return learning_curves(history, bundle.card.provenance.best_epochs)


@st.cache_data(max_entries=16, show_spinner=False)
def _history(folder: str, digest: str, stamp: int, _bundle: Bundle) -> pd.DataFrame:
    return _bundle.history()


def comparison(bundles: Sequence[Bundle], part: str) -> Comparison:
    """Line several networks up on the tiles that all have in a part.

    Raises:
        BundleError: If one has no usable predictions.
    """
    frames = {b.name: services.predictions(b) for b in bundles}
    return compare(frames, {b.name: b.card.classes for b in bundles}, part)


def all_classes(bundles: Sequence[Bundle]) -> list[str]:
    """Return the classes that any of the networks knows, in the order of the widest."""
    widest = sorted(bundles, key=lambda b: -len(b.card.classes))
    return list(dict.fromkeys(chain.from_iterable(b.card.classes for b in widest)))


def tile_ref(selection: Selection, sha256: str) -> TileRef | None:
    """Return the address of a tile among the uploads or in the cohort of the sidebar, or None."""
    from osteo_ui import sources
    from osteo_ui.uploads import uploaded

    ident = sha256[:SHORT_ID]
    if ident in uploaded():
        return TileRef("upload", ident, uploaded()[ident].name)
    ref = TileRef("cohort", ident)
    try:
        sources.entry(ref, selection.cohort)
    except OsteoError:
        return None
    return ref
