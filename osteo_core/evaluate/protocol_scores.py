"""What a base is worth under each split protocol, and how far the protocols lie apart."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteo_core.cohorts.table import CohortTile
from osteo_core.errors import CohortError
from osteo_core.evaluate.bootstrap import (
    COUNT,
    Floats,
    Weights,
    percentile,
    ratio,
    totals,
)
from osteo_core.evaluate.heads import Features, fit_and_call
from osteo_core.evaluate.intervals import Interval, wilson
from osteo_core.evaluate.metrics import Metrics, evaluate
from osteo_core.evaluate.protocol_ground import Ground, Intervals, make_ground
from osteo_core.evaluate.protocols import PROTOCOLS, SEED, Protocol, Run, runs
from osteo_core.evaluate.scores import class_indices

_SAID = {
    "tile": "random tiles",
    "slide": "whole slides held out",
    "tissue": "slides of the same tissue held out together",
    "case": "whole cases held out",
}


@dataclass(frozen=True)
class RunScore:
    """One fit: its name, share right, tiles tested and tiles fitted to."""

    name: str
    accuracy: float
    n_tiles: int
    n_train: int


@dataclass(frozen=True, eq=False)
class ProtocolScore:
    """All test rows of one protocol, put together over its fits.

    Attributes:
        protocol: which.
        by_run: its fits, those that tested a tile.
        metrics: of all test rows; in draws a tile may stand in several.
        rows: (m,) the tile of each test row.
        right: (m,) whether it was called rightly.
        n_tiles: tiles that one pass over the protocol tests (of draws: one draw).
        n_slides: slides among the tested.
        n_cases: cases among the tested.
        intervals: of "accuracy" and "macro_f1", each by tile, by slide and by tissue.
        notes: what to know about it.
    """

    protocol: Protocol
    by_run: tuple[RunScore, ...]
    metrics: Metrics
    rows: npt.NDArray[np.intp]
    right: npt.NDArray[np.bool_]
    n_tiles: int
    n_slides: int
    n_cases: int
    intervals: Mapping[str, Intervals]
    notes: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        """Share of test rows called rightly."""
        return self.metrics.correct / self.metrics.n

    @property
    def interval(self) -> Interval:
        """Wilson's 95 % interval for as many tiles as one pass tests, taken as independent."""
        return wilson(round(self.accuracy * self.n_tiles), self.n_tiles)

    def drawn(self, weights: Weights) -> Floats:
        """The accuracy in each bootstrap draw over the cohort's tiles, (count,)."""
        n = weights.shape[1]
        hits = np.bincount(self.rows, self.right, n)
        called = np.bincount(self.rows, minlength=n)
        return ratio(totals(weights, hits), totals(weights, called))


@dataclass(frozen=True, eq=False)
class ProtocolTable:
    """The scores by protocol, why some could not be run, the gap in words, and the time."""

    scores: Mapping[str, ProtocolScore]
    skipped: Mapping[str, str]
    gap: str
    seconds: float


def run_protocols(
    features: Features,
    tiles: Sequence[CohortTile],
    classes: Sequence[str],
    names: Sequence[str] = tuple(PROTOCOLS),
    scored: npt.NDArray[np.bool_] | None = None,
    tissues: Sequence[str] | None = None,
    count: int = COUNT,
    seed: int = SEED,
) -> ProtocolTable:
    """Fit and score a head under each protocol on the same features.

    Args:
        features: float32 (n, 2c) of `frozen_features`.
        tiles: the n tiles.
        classes: their classes.
        names: keys of `PROTOCOLS`.
        scored: (n,) tiles that may be scored; all when not given.
        tissues: (n,) piece of tissue of each tile, of `cohorts.audit.tissue.tissue_of`; without it
            the protocol "tissue" is skipped.
        count: bootstrap draws.
        seed: of folds, draws and bootstrap.

    Raises:
        CohortError: no protocol can be run; the sentence is the first one's.
    """
    started = time.perf_counter()
    ground = make_ground(features, tiles, classes, scored, tissues, count, seed)
    scores, skipped = {}, {}
    for name in names:
        try:
            scores[name] = _score(PROTOCOLS[name], ground)
        except CohortError as error:
            skipped[name] = str(error)
    if not scores:
        raise CohortError(next(iter(skipped.values())))
    sentence = gap(scores, ground)
    return ProtocolTable(scores, skipped, sentence, time.perf_counter() - started)


def gap(scores: Mapping[str, ProtocolScore], ground: Ground) -> str:
    """Say in a sentence how far random tiles, slides and cases lie apart; "" with one of them.

    The interval is of the paired difference: the same tiles under the same resampled pieces of
    tissue, or slides where the pictures were not looked at.

    Args:
        scores: by protocol name.
        ground: says what is resampled.
    """
    known = [name for name in _SAID if name in scores]
    if len(known) < 2:
        return ""
    first, last = scores[known[0]], scores[known[-1]]
    points = 100 * (last.accuracy - first.accuracy)
    bounds = ""
    by = "slide" if ground.by_tissue is None else "tissue"
    weights = ground.by_slide if ground.by_tissue is None else ground.by_tissue
    if weights is not None:
        interval = percentile(100 * (last.drawn(weights) - first.drawn(weights)))
        bounds = f", 95 % by {by} {interval.low:+.1f} to {interval.high:+.1f}" if interval else ""
    listed = ", ".join(f"{scores[name].accuracy:.3f} with {_SAID[name]}" for name in known)
    return (
        f"The same features and the same kind of head score {listed}: from {_SAID[known[0]]} to "
        f"{_SAID[known[-1]]} the accuracy changes by {points:+.1f} points{bounds}."
    )


def _score(protocol: Protocol, ground: Ground) -> ProtocolScore:
    parts = list(_parts(protocol, ground))
    if not parts:
        raise CohortError("This protocol tests no tile that may be scored. Received: none.")
    rows = np.concatenate([test for _, test, _ in parts])
    probabilities = np.concatenate([found for _, _, found in parts])
    labels = np.asarray(ground.labels, object)[rows]
    metrics = evaluate(list(labels), probabilities, ground.classes)
    calls = probabilities.argmax(axis=1)
    truth = class_indices(list(labels), ground.classes)
    by_run = tuple(_run_score(run, test, found, ground) for run, test, found in parts)
    tested = [ground.tiles[row] for row in np.unique(rows)]
    intervals = ground.intervals(rows, truth, calls)
    whys = (f"{name.replace('_', ' ')}: {i.why}" for name, i in intervals.items() if i.why)
    return ProtocolScore(
        protocol=protocol,
        by_run=by_run,
        metrics=metrics,
        rows=rows,
        right=calls == truth,
        n_tiles=len(tested) if protocol.kind == "folds" else by_run[0].n_tiles,
        n_slides=len({tile.slide for tile in tested if tile.slide}),
        n_cases=len({tile.case for tile in tested if tile.case}),
        intervals=intervals,
        notes=(*_notes(protocol, by_run, ground), *metrics.notes, *whys, *ground.cautions),
    )


def _parts(
    protocol: Protocol, ground: Ground
) -> Iterator[tuple[Run, npt.NDArray[np.intp], Floats]]:
    """Each run that scores a tile, the rows it scores and their probabilities."""
    slides, cases = [t.slide for t in ground.tiles], [t.case for t in ground.tiles]
    labels = np.asarray(ground.labels, object)
    for run in runs(protocol, ground.labels, slides, cases, ground.tissues, ground.seed):
        test = run.test[ground.scored[run.test]]
        if not len(test):
            continue
        own = ground.inputs[run.train], list(labels[run.train])
        yield run, test, fit_and_call(*own, ground.classes, ground.inputs[test])


def _run_score(run: Run, test: npt.NDArray[np.intp], found: Floats, ground: Ground) -> RunScore:
    truth = class_indices([ground.tiles[row].label for row in test], ground.classes)
    share = float((found.argmax(axis=1) == truth).mean())
    return RunScore(run.name, share, len(test), len(run.train))


def _notes(protocol: Protocol, by_run: Sequence[RunScore], ground: Ground) -> Iterator[str]:
    low, high = (f(run.accuracy for run in by_run) for f in (min, max))
    if protocol.kind == "draws":
        yield (
            f"{len(by_run)} random draws of {by_run[0].n_tiles} test tiles each score "
            f"{low:.3f} to {high:.3f}: one draw, which is what a paper prints, could be any."
        )
    elif protocol.name == "case":
        each = ", ".join(f"{run.name} {run.accuracy:.3f}" for run in by_run)
        yield f"Each case scored by a head that met the other cases only: {each}."
    elif protocol.name == "slide" and ground.tissues is not None:
        slides, pieces = len({tile.slide for tile in ground.tiles}), len(set(ground.tissues))
        if pieces < slides:
            yield (
                f"Under slide: these are not new slides. By their pictures the {slides} slides are "
                f"{pieces} pieces of tissue under several names; tissue holds out the pieces."
            )
