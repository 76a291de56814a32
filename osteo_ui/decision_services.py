"""What the decisions page asks for; all from stored predictions, no network is opened.

What does not hang on a threshold is kept: the calibrated part with its bootstrap draws, the
meters, the ensembles. A moved threshold then costs some array operations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.ensemble_bundles import (
    EnsembleBundle,
    EnsembleCard,
    assemble,
    choose_weights,
    describe,
)
from osteo_core.errors import BundleError
from osteo_core.evaluate.deciding import Prepared, meter, prepare, rows_of
from osteo_core.evaluate.decisions import Numbers
from osteo_core.evaluate.necrosis import Necrosis
from osteo_ui import metric_services, services
from osteo_ui.selection import Selection

UNNAMED = "ensemble"  # what one is called before it is a folder


def on_view(selection: Selection, bundle: Bundle) -> Bundle:
    """Return what decisions are taken with: the network on view, or networks put together.

    Raises:
        BundleError: If the networks cannot be put together.
    """
    if selection.mix == "none":
        return bundle
    return mixture(selection.mix, members(selection, bundle))


def members(selection: Selection, bundle: Bundle) -> list[Bundle]:
    """Return the networks to be put together: those of the link, or two that know all classes."""
    found = {network.name: network for network in services.networks()}
    chosen = [found[name] for name in selection.mixed if name in found]
    if chosen:
        return chosen
    first = [bundle] if bundle.name in found else []
    alike = sorted(found.values(), key=lambda b: -len(b.card.classes))
    return [*first, *(b for b in alike if b not in first)][:2]


def mixture(kind: str, chosen: Sequence[Bundle]) -> EnsembleBundle:
    """Put networks together; weights of a weighted mean come from the validation part.

    Raises:
        BundleError: If they cannot be put together, or were not run on the same tiles.
    """
    return assemble(Path(UNNAMED), file_of(kind, chosen), chosen)


def file_of(kind: str, chosen: Sequence[Bundle]) -> EnsembleCard:
    """Return the content of ensemble.json for these networks."""
    if kind != "weighted" or len(chosen) < 2:
        return describe(kind, chosen)
    return _weighted(tuple(b.digest for b in chosen), _stamps(chosen), tuple(chosen))


@st.cache_resource(max_entries=16, show_spinner=False)
def _weighted(
    digests: tuple[str, ...], stamps: tuple[int, ...], _chosen: tuple[Bundle, ...]
) -> EnsembleCard:
    return choose_weights(_chosen)[0]


def _stamps(bundles: Sequence[Bundle]) -> tuple[int, ...]:
    return tuple(
        services.file_stamp(file) for bundle in bundles for file in bundle.prediction_files()
    )


def scores(made: EnsembleBundle, part: str) -> pd.DataFrame:
    """Return an ensemble beside its members, one row each.

    Raises:
        BundleError: If there are no usable predictions.
    """
    return _scores(made.digest, _stamps([made]), part, made)


@st.cache_data(max_entries=32, show_spinner=False)
def _scores(digest: str, stamps: tuple[int, ...], part: str, _made: EnsembleBundle) -> pd.DataFrame:
    rows = []
    for bundle in (_made, *_made.parts):
        labelled = metric_services.labelled_part(bundle, part)
        metrics, names = labelled.metrics(), ", ".join(bundle.card.classes)
        interval = metrics.interval
        rows.append(
            {
                "network": "the ensemble" if bundle is _made else bundle.name,
                "classes": names,
                "accuracy": metrics.accuracy,
                "95 % from": interval.low if interval else None,
                "95 % to": interval.high if interval else None,
                "macro F1": metrics.macro.f1,
                "tiles": labelled.n_tiles,
            }
        )
    return pd.DataFrame(rows)


def prepared(bundle: Bundle, part: str, calibrated: bool) -> Prepared:
    """Return a part ready to be decided on. Shared by all sessions: not to be changed.

    Raises:
        BundleError: If there are no usable predictions.
    """
    return _prepared(bundle.name, bundle.digest, _stamps([bundle]), part, calibrated, bundle)


@st.cache_resource(max_entries=32, show_spinner=False)
def _prepared(
    name: str, digest: str, stamps: tuple[int, ...], part: str, calibrated: bool, _bundle: Bundle
) -> Prepared:
    found = prepare(services.predictions(_bundle), part, _bundle.card.classes, calibrated)
    if not found.part.n_tiles and part == "all":
        raise BundleError(f"Expected labelled tiles of {_bundle.name}. Received: none.")
    return found


@dataclass(frozen=True, eq=False)
class Meter:
    """The meter of one slide or case, and its tiles, those first that could move it."""

    found: Necrosis
    tiles: pd.DataFrame


def necrosis(bundle: Bundle, ready: Prepared, by: str, name: str, calls: Numbers) -> Meter:
    """Return the meter of a slide or case under the calls of the rule on view."""
    key = (bundle.digest, _stamps([bundle]), ready.part.part, ready.temperature)
    return _necrosis(key, by, name, calls.astype(np.int8).tobytes(), ready, calls)


@st.cache_resource(max_entries=256, show_spinner=False)
def _necrosis(
    key: tuple[object, ...], by: str, name: str, called: bytes, _ready: Prepared, _calls: Numbers
) -> Meter:
    found = meter(_ready, by, name, _calls)
    return Meter(found, _moving(_ready, found, rows_of(_ready.part.table, by, name), _calls))


def _moving(ready: Prepared, found: Necrosis, rows: Numbers, calls: Numbers) -> pd.DataFrame:
    classes, crossing = ready.part.classes, set(found.flips.tiles if found.flips else ())
    table = ready.part.table.iloc[rows][["tile", "file", "label"]].reset_index(drop=True)
    table["would cross"] = [i in crossing for i in range(len(table))]
    table["moves it by"] = found.leverage
    table["called"] = [classes[i] for i in calls[rows]]
    values = pd.DataFrame(ready.part.probabilities[rows], columns=[f"p {c}" for c in classes])
    order = ["would cross", "moves it by"]
    return table.join(values).sort_values(order, ascending=False, kind="stable")
