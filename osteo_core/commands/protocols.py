"""`osteo evaluate --cohort DIR --protocol ...`: the split protocols side by side."""

import contextlib
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from osteo_core.commands.following import ticking
from osteo_core.errors import BundleError, CohortError, FileError, RecipeError
from osteo_core.files import locked

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from osteo_core.bundles import Bundle
    from osteo_core.cohorts import Cohort
    from osteo_core.cohorts.table import CohortTile
    from osteo_core.evaluate.frozen import FrozenBase
    from osteo_core.evaluate.protocol_report import ProtocolReport

_UNTOUCHED = (
    "The base is as ImageNet left it and has met none of these tiles, so the protocols differ in "
    "nothing but their splits."
)


def protocols(
    bundle: "Bundle",
    folder: Path,
    wanted: str,
    weights: Path | None,
    own_base: bool,
    cache: Path | None,
    save: bool,
) -> tuple["ProtocolReport", int]:
    """Run protocols from one pass of the base and keep the result beside the cohort.

    Args:
        bundle: says architecture, input size, preprocessing and classes.
        folder: the cohort's.
        wanted: name of a protocol, or "all".
        weights: ImageNet weights; Keras' download when not given.
        own_base: use the bundle's tuned base instead.
        cache: folder of the kept features; below the cohort's when not given.
        save: also write the result into the bundle.

    Returns:
        The report, and the exit status: 1 when some tile could not be read, 2 when what was to be
        saved could not be written.
    """
    from osteo_core.cohorts import read_cohort
    from osteo_core.cohorts.audit.facts import Pictures
    from osteo_core.cohorts.audit.tissue import tied_slides, tissue_of
    from osteo_core.ensemble_bundles import EnsembleBundle
    from osteo_core.evaluate.frozen import frozen_features
    from osteo_core.evaluate.protocol_report import FILE, FOLDER, make_report
    from osteo_core.evaluate.protocol_scores import run_protocols
    from osteo_core.evaluate.protocols import PROTOCOLS

    if isinstance(bundle, EnsembleBundle):
        raise BundleError(
            "Expected one network, since protocols refit the head of one base. Received: "
            f"{bundle.name}, an ensemble of {', '.join(bundle.ensemble.members)}."
        )
    everything = read_cohort(folder)
    cohort = _known_classes(bundle, everything)
    base = _base(bundle, weights, own_base)
    started = time.perf_counter()
    # Over tiles of all classes, so that networks of fewer classes share the pass.
    kept = cache or folder / "features"
    with _held(kept):
        features = frozen_features(base, bundle, everything, kept, ticking("features"))
    seconds = time.perf_counter() - started
    for file, sentence in features.failures:
        click.echo(f"{file}: {sentence}", err=True)
    rows = [i for i, tile in enumerate(features.tiles) if tile.label in cohort.classes]
    tiles = tuple(features.tiles[i] for i in rows)
    tissues = tissue_of(tiles, tied_slides(Pictures(features.tiles, features.grey)))
    scored, sentence, more = _honest(bundle, base, cohort, tiles, tissues)
    names = tuple(PROTOCOLS) if wanted == "all" else (wanted,)
    table = run_protocols(features.values[rows], tiles, cohort.classes, names, scored, tissues)
    report = make_report(bundle, base, sentence, cohort, table, more, seconds)
    status = int(bool(features.failures))
    if wanted == "all":
        _keep(report, folder / FOLDER / f"{bundle.name}.json")
        if save and not _keep(report, bundle.folder / FILE):
            status = 2
    return report, status


@contextlib.contextmanager
def _held(cache: Path) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(cache, "another `osteo evaluate`"))
        except FileError as error:  # of the folder; what fails within has its own sentence
            raise CohortError(
                "Expected a folder for the features that can be written; give one by --cache DIR. "
                f"Received: {cache}. {error}"
            ) from error
        yield


def _keep(report: "ProtocolReport", file: Path) -> bool:
    from osteo_core.evaluate.protocol_report import write_report

    try:
        write_report(report, file)
    except FileError as error:  # the table is printed all the same
        click.echo(f"not kept in {file}: {error}", err=True)
        return False
    return True


def _known_classes(bundle: "Bundle", cohort: "Cohort") -> "Cohort":
    shared = [name for name in bundle.card.classes if name in cohort.classes]
    if len(shared) < 2:
        raise CohortError(
            f"{bundle.name} knows {', '.join(bundle.card.classes)}, so expected a cohort with two "
            f"of these. Received: {', '.join(cohort.classes)}."
        )
    known = cohort.with_classes(shared)
    if len(known.tiles) < len(cohort.tiles):
        gone = len(cohort.tiles) - len(known.tiles)
        click.echo(f"left out: {gone} tiles of classes the network lacks", err=True)
    return known


def _base(bundle: "Bundle", weights: Path | None, own_base: bool) -> "FrozenBase":
    """ImageNet's base where it can be had; else the bundle's own, and say so."""
    from osteo_core.evaluate.frozen import frozen_base

    if own_base:
        return frozen_base(bundle, None)
    if weights is not None:
        return frozen_base(bundle, weights)
    try:
        with redirect_stdout(sys.stderr):  # Keras tells of its download where the JSON goes
            return frozen_base(bundle, "imagenet")
    except RecipeError:
        click.echo(
            "Keras' ImageNet weights could not be downloaded, so the bundle's own base is used. "
            "Give --backbone-weights FILE for an untouched one.",
            err=True,
        )
        return frozen_base(bundle, None)


def _honest(
    bundle: "Bundle",
    base: "FrozenBase",
    cohort: "Cohort",
    tiles: tuple["CohortTile", ...],
    tissues: list[str],
) -> tuple["npt.NDArray[np.bool_] | None", str, dict[str, tuple[str, ...]]]:
    """Say which tiles may be scored, what to know of the base, and notes by protocol.

    A base that was tuned on a tile, or on another tile of its slide, knows it whatever the head
    is fitted to; such tiles are fitted to and never scored.
    """
    import numpy as np

    from osteo_core.evaluate.frozen import IMAGENET
    from osteo_core.evaluate.running import roles

    if base.kind == IMAGENET:
        return None, _UNTOUCHED, {}
    met = bundle.predictions()
    by_tile = dict(zip(cohort.tiles, roles(cohort, met, bundle.card.split.kind), strict=True))
    new = np.array([by_tile[tile] == "test" for tile in tiles])
    if not new.any():
        raise BundleError(
            f"{bundle.name}'s own base was tuned on this cohort, so comparing protocols with it "
            "needs tiles it never met: give --backbone-weights FILE (ImageNet weights of "
            f"{bundle.card.architecture} without its top). Received: none among {len(tiles)}."
        )
    sentence = (
        f"The base is {bundle.name}'s own, tuned on tiles of this kind. Only the {new.sum()} of "
        f"{len(tiles)} tiles that it never met, nor their slides, are scored. The gap between "
        "protocols is smaller than for an untouched base: give --backbone-weights FILE for that."
    )
    trained = set(met.loc[met["split"] != "test", "case"])
    shared = sorted({tile.case for tile in tiles if tile.case in trained})
    notes: dict[str, tuple[str, ...]] = {}
    if shared:
        told = "Not a figure for a new patient: the base was tuned on other slides of "
        notes["case"] = (f"{told}{', '.join(shared)}.",)
    pieces = np.array(tissues, object)
    if set(pieces[new]) & set(pieces[~new]):
        notes["tissue"] = (
            "Not a figure for new tissue: the base was tuned on the same tissue under the names of "
            "other slides.",
        )
    return new, sentence, notes
