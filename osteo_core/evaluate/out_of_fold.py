"""Label suspects: tiles that a network calls differently which was not trained on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from osteo_core.bundles import Bundle, list_bundles
from osteo_core.cohorts.audit import Audit, OutOfFold, disagreements, held_out
from osteo_core.cohorts.table import Cohort, CohortTile
from osteo_core.errors import BundleError, CohortError

FEATURES = "features"  # below the cohort's folder
_FOLDS = 5
_STRENGTH = 0.01  # inverse of the penalty: two thousand features of some hundred tiles

Tick = Callable[[int, int], None]


def stored(bundle: Bundle, cohort: Cohort) -> OutOfFold:
    """Ask a network's stored predictions of the tiles that it was not trained on.

    Raises:
        BundleError: The bundle has no usable predictions.
    """
    frame = held_out(bundle.predictions(), cohort, bundle.card.classes)
    if frame.empty:
        return OutOfFold(note=f"Not run: {bundle.name} has no stored prediction of these tiles.")
    found = disagreements(frame, bundle.card.classes)
    note = (
        f"{len(found)} of {len(frame)} tiles that {bundle.name} was not fitted to are called "
        "differently with confidence. The other tiles were not asked; --suspects asks all."
    )
    return OutOfFold(f"stored predictions of {bundle.name}", len(frame), found, note)


def first_stored(cohort: Cohort, folder: Path | None = None) -> OutOfFold:
    """Ask the first network that knows all classes and has predictions of these tiles."""
    for bundle in list_bundles(folder):
        if set(cohort.classes) <= set(bundle.card.classes):
            try:
                found = stored(bundle, cohort)
            except BundleError:  # one bundle without predictions must not hide the others
                continue
            if found.tiles:
                return found
    return OutOfFold(note="Not run: no network here has stored predictions of these tiles.")


def fitted(
    bundle: Bundle,
    cohort: Cohort,
    audit: Audit,
    backbone_weights: Path | None = None,
    tick: Tick = lambda done, total: None,
) -> OutOfFold:
    """Ask a cross-validated logistic regression on the frozen base of a network, for all tiles.

    Tiles that share tissue, by name or by picture, stay in one fold: each tile is called by a
    regression that has seen nothing of it.

    Args:
        bundle: Says the architecture, input size and preprocessing.
        cohort: The tiles.
        audit: Of the cohort; says which tiles share tissue.
        backbone_weights: ImageNet weights of the base; None takes the bundle's own base, which
            may have been tuned on some of these tiles.
        tick: Receives how many of how many tiles went through the base.

    Raises:
        CohortError: Fewer than two classes, or no tile can be read.
        RecipeError: The weights are not those of the base.
    """
    from osteo_core.evaluate.frozen import OWN, frozen_base, frozen_features

    base = frozen_base(bundle, backbone_weights)
    features = frozen_features(base, bundle, cohort, cohort.folder / FEATURES, tick)
    tiles, classes = features.tiles, cohort.classes
    if len({tile.label for tile in tiles}) < 2:
        raise CohortError("Expected tiles of two or more classes. Received: one class.")
    probabilities = cross_validated(features.values, tiles, tied_groups(tiles, audit), classes)
    frame = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in classes])
    frame.insert(0, "label", [tile.label for tile in tiles])
    frame.insert(0, "file", [tile.file for tile in tiles])
    found = disagreements(frame, classes)
    note = (
        f"{len(found)} of {len(tiles)} tiles are called differently with confidence by a logistic "
        f"regression on the {base.kind} base of {bundle.card.architecture} that saw neither the "
        "tile nor one that shares tissue with it."
    )
    if base.kind == OWN:
        note += " The base itself may have been tuned on some of these tiles."
    return OutOfFold(f"frozen base of {bundle.name}", len(tiles), found, note)


def tied_groups(tiles: Sequence[CohortTile], audit: Audit) -> npt.NDArray[np.intp]:
    """Group of each tile; tiles that share tissue, through others too, are in one group."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    row = {tile.file: i for i, tile in enumerate(tiles)}
    pairs = [(p.a, p.b) for p in (*audit.leaks, *audit.pairs, *audit.unnamed)]
    ends = np.array([(row[a], row[b]) for a, b in pairs if a in row and b in row], np.intp)
    a, b = ends.reshape(-1, 2).T
    ties = coo_array((np.ones(len(a)), (a, b)), shape=(len(tiles),) * 2)
    groups: npt.NDArray[np.intp] = connected_components(ties, directed=False)[1]
    return groups


def cross_validated(
    values: npt.NDArray[np.float32],
    tiles: Sequence[CohortTile],
    groups: npt.NDArray[np.intp],
    classes: Sequence[str],
) -> npt.NDArray[np.float64]:
    """Class probabilities of each tile from the folds that it is not in; (n, classes)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels = np.array([tile.label for tile in tiles])
    probabilities = np.zeros((len(tiles), len(classes)))
    folds = StratifiedGroupKFold(
        min(_FOLDS, len(set(groups.tolist()))), shuffle=True, random_state=0
    )
    for train, test in folds.split(values, labels, groups):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=500))
        model.fit(values[train], labels[train])
        columns = [list(classes).index(name) for name in model.classes_]
        probabilities[np.ix_(test, columns)] = model.predict_proba(values[test])
    return probabilities
