"""Split protocols: which tiles a head is fitted to and which it is scored on.

Four questions of growing honesty (new tiles of known slides, new slides by their names, new tissue
by what the pictures show, new patients) and the three splits that the papers on this subject
print their figures for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from osteo_core.errors import CohortError

FOLDS = 5
DRAWS = 8  # of each paper's random split: one draw, which is what a paper has, says little
SEED = 7

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Protocol:
    """How tiles are dealt out.

    Attributes:
        name: as `osteo evaluate --protocol` and the JSON call it.
        title: in a few words.
        question: what a figure under it answers.
        kind: "folds" (each tile is tested once) or "draws" (random splits, tiles mixed).
        fractions: of draws, the shares of training, validation and test.
        source: the paper that printed figures for it; "" for none.
    """

    name: str
    title: str
    question: str
    kind: Literal["folds", "draws"] = "folds"
    fractions: tuple[float, float, float] = (0.0, 0.0, 0.0)
    source: str = ""


@dataclass(frozen=True, eq=False)
class Run:
    """One fit: rows to fit to, rows to score, and what it is called ("fold 1", a case's name)."""

    name: str
    train: Rows
    test: Rows


_MIXED = "new tiles of slides that were trained on"
PROTOCOLS = {
    p.name: p
    for p in (
        Protocol("tile", f"tiles at random, {FOLDS} folds", _MIXED),
        Protocol("slide", f"whole slides held out, {FOLDS} folds", "new slides of known patients"),
        Protocol(
            "tissue",
            f"slides that show the same tissue held out together, up to {FOLDS} folds",
            "new tissue, whatever the slides are called",
        ),
        Protocol("case", "whole cases held out, each once", "a new patient"),
        Protocol(
            "800/274/70",
            "tiles at random, 800 / 274 / 70 of 1144",
            _MIXED,
            "draws",
            (800 / 1144, 274 / 1144, 70 / 1144),
            "Mahmud et al., three classes: 0.886 on 70 test tiles",
        ),
        Protocol(
            "90/10",
            "tiles at random, 90 / 10",
            _MIXED,
            "draws",
            (0.9, 0.0, 0.1),
            "Chu and Khan: 0.912 on the 10 % that also chose the epoch",
        ),
        Protocol(
            "70/30",
            "tiles at random, 30 % test, 85 / 15 of the rest",
            _MIXED,
            "draws",
            (0.7 * 0.85, 0.7 * 0.15, 0.3),
            "the bone-scan study of DenseNet121, ResNet50 and VGG19: 0.83 on scintigrams",
        ),
    )
}


def runs(
    protocol: Protocol,
    labels: Sequence[str],
    slides: Sequence[str],
    cases: Sequence[str],
    tissues: Sequence[str] | None = None,
    seed: int = SEED,
) -> list[Run]:
    """Deal tiles out.

    Folds are stratified by class; whole slides as far as that goes. Draws are as the papers made
    them: plain random, not stratified. A validation share is set aside and not used, since the
    head has nothing to choose.

    Args:
        protocol: one of `PROTOCOLS`.
        labels: class of each tile.
        slides: slide of each tile, "" where unknown.
        cases: case of each tile, "" where unknown.
        tissues: piece of tissue of each tile, of `cohorts.audit.tissue.tissue_of`; None where the
            pictures were not looked at.
        seed: of folds and draws.

    Raises:
        CohortError: too few tiles, slides or cases; the sentence says which.
    """
    if protocol.kind == "draws":
        return _draws(protocol, len(labels), seed)
    if protocol.name == "case":
        return _each_held_out(cases)
    if protocol.name == "slide":
        return _groups(labels, slides, "slide", seed)
    if protocol.name == "tissue":
        return _groups(labels, _other_than(slides, tissues), "piece of tissue", seed)
    return _tiles(labels, seed)


def _tiles(labels: Sequence[str], seed: int) -> list[Run]:
    from sklearn.model_selection import KFold, StratifiedKFold

    _require(len(labels), 2, "tiles")
    fewest = int(np.unique(labels, return_counts=True)[1].min())
    n = min(FOLDS, len(labels))
    folds = (StratifiedKFold if fewest >= n else KFold)(n, shuffle=True, random_state=seed)
    return _named(folds.split(np.zeros(len(labels)), labels))


def _groups(labels: Sequence[str], groups: Sequence[str], what: str, seed: int) -> list[Run]:
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    _known(groups, what)
    n = min(FOLDS, len(set(groups)))
    _require(len(set(groups)), 2, f"{what}s" if what == "slide" else "pieces of tissue")
    fewest = int(np.unique(labels, return_counts=True)[1].min())
    if fewest >= n:
        folds = StratifiedGroupKFold(n, shuffle=True, random_state=seed)
    else:
        folds = GroupKFold(n, shuffle=True, random_state=seed)
    return _named(folds.split(np.zeros(len(labels)), labels, groups))


def _other_than(slides: Sequence[str], tissues: Sequence[str] | None) -> Sequence[str]:
    if tissues is None:
        raise CohortError(
            "Holding out by tissue needs tiles whose pictures were held against each other. "
            "Received: features only."
        )
    if len(set(tissues)) == len(set(slides)):
        raise CohortError(
            "No two slides were found to show the same tissue, so holding out by tissue is holding "
            f"out by slide. Received: {len(set(slides))} slides."
        )
    return tissues


def _each_held_out(cases: Sequence[str]) -> list[Run]:
    _known(cases, "case")
    names = sorted(set(cases))
    _require(len(names), 2, "cases")
    own = np.asarray(cases, object)
    return [Run(name, np.flatnonzero(own != name), np.flatnonzero(own == name)) for name in names]


def _draws(protocol: Protocol, n: int, seed: int) -> list[Run]:
    train, _, test = protocol.fractions
    n_test, n_train = max(1, round(test * n)), round(train * n)
    _require(n, 10, "tiles")
    found = []
    for draw in range(DRAWS):
        order = np.random.default_rng([seed, draw]).permutation(n)
        rows = np.sort(order[n_test : n_test + n_train]), np.sort(order[:n_test])
        found.append(Run(f"draw {draw + 1}", *rows))
    return found


def _named(folds: Iterable[tuple[Rows, Rows]]) -> list[Run]:
    return [Run(f"fold {i}", train, test) for i, (train, test) in enumerate(folds, start=1)]


def _known(groups: Sequence[str], what: str) -> None:
    unknown = sum(not name for name in groups)
    if unknown:
        raise CohortError(
            f"Holding out by {what} needs the {what} of every tile. Received: {unknown} of "
            f"{len(groups)} tiles without one."
        )


def _require(n: int, fewest: int, what: str) -> None:
    if n < fewest:
        raise CohortError(f"This protocol needs at least {fewest} {what}. Received: {n}.")
