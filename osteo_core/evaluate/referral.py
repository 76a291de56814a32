"""Which tiles a person should look at, and how wrong the rest is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.bootstrap import percentile, ratio, unless_flat
from osteo_core.evaluate.collapse import NO_TUMOUR_CLASS
from osteo_core.evaluate.decisions import Floats, Numbers, mean_cost
from osteo_core.evaluate.intervals import Interval, wilson

WATCHED_CLASS = "Viable"
REASONS = ("kept", "unsure", "silent Viable", "unsure and silent Viable")  # by number
REFERRED = "to a person"
_ROUNDING = 1e-12

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ReferralRule:
    """When a tile goes to a person.

    Args:
        below: a tile whose highest probability is below this is referred; 0 refers none.
        viable_above: a tile called Non-Tumor with a probability of Viable above this is referred;
            1 refers none.

    Reference:
        C. K. Chow (1970), IEEE Trans. Inf. Theory 16:41, for the first; the second is what the
        ResNet50 and VGG19 comparison in IJSREM 9(4), 2025 recommends, which gives no figure.
    """

    below: float = 0.0
    viable_above: float = 1.0

    def reasons(
        self, probabilities: npt.ArrayLike, calls: Numbers, classes: Sequence[str]
    ) -> Numbers:
        """Say for each tile why it is referred, as a number of `REASONS`; 0 is kept.

        Args:
            probabilities: (n, k), columns in the order of `classes`.
            calls: number of the class called, (n,).
            classes: the k class names. Without Non-Tumor or Viable the second rule refers none.
        """
        values = np.asarray(probabilities, np.float64).reshape(-1, len(classes))
        unsure = values.max(axis=1, initial=0.0) < self.below
        hidden = silent(values, calls, classes, self.viable_above)
        numbers: Numbers = unsure.astype(np.intp) + 2 * hidden.astype(np.intp)
        return numbers


def silent(values: Floats, calls: Numbers, classes: Sequence[str], above: float) -> Booleans:
    """Say which tiles are called Non-Tumor with a probability of Viable above a limit, (n,)."""
    if NO_TUMOUR_CLASS not in classes or WATCHED_CLASS not in classes:
        return np.zeros(len(values), bool)
    called_none = calls == list(classes).index(NO_TUMOUR_CLASS)
    found: Booleans = called_none & (values[:, list(classes).index(WATCHED_CLASS)] > above)
    return found


@dataclass(frozen=True, eq=False)
class Decided:
    """What became of labelled tiles: `truth`, `calls` and `reasons` are numbers, (n,) each."""

    classes: tuple[str, ...]
    truth: Numbers
    calls: Numbers
    reasons: Numbers

    @property
    def kept(self) -> Booleans:
        """Which tiles the network calls by itself, (n,)."""
        kept: Booleans = self.reasons == 0
        return kept

    @property
    def right(self) -> Booleans:
        """Which calls are right, kept or not, (n,)."""
        right: Booleans = self.calls == self.truth
        return right

    @property
    def n(self) -> int:
        """Number of tiles."""
        return len(self.truth)

    @property
    def n_referred(self) -> int:
        """Number of tiles that go to a person."""
        return int((~self.kept).sum())

    @property
    def n_errors(self) -> int:
        """Number of wrong calls among the tiles that are kept."""
        return int((self.kept & ~self.right).sum())

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """Count tiles by true class (row) and call (column), the last column `REFERRED`."""
        k = len(self.classes)
        column = np.where(self.kept, self.calls, k)
        flat = np.bincount(self.truth * (k + 1) + column, minlength=k * (k + 1))
        return flat.reshape(k, k + 1)

    def missed(self, name: str = WATCHED_CLASS) -> int:
        """Number of tiles of a class that are kept and called otherwise."""
        if name not in self.classes:
            return 0
        return int((self.kept & ~self.right & (self.truth == self.classes.index(name))).sum())

    def per_class(self) -> list[dict[str, Any]]:
        """One row a class: tiles, referred, kept, then precision and recall among the kept.

        `found or referred` is the share of the class's tiles that are not called otherwise.
        """
        counts = self.confusion
        return [_class_row(name, counts, i) for i, name in enumerate(self.classes)]

    def referral_counts(self) -> list[dict[str, Any]]:
        """One row a reason: tiles of each class, and how many of them were called wrongly."""
        rows = []
        for number, reason in enumerate(REASONS):
            these = self.reasons == number
            of_class = np.bincount(self.truth[these], minlength=len(self.classes))
            rows.append(
                {
                    "reason": reason,
                    "tiles": int(these.sum()),
                    "called wrongly": int((these & ~self.right).sum()),
                    **dict(zip(self.classes, of_class.tolist(), strict=True)),
                }
            )
        return rows

    def figures(self, draws: Floats, slides: Numbers, costs: npt.ArrayLike) -> "Figures":
        """The key figures, with intervals by slide.

        Args:
            draws: how often each slide is taken in each bootstrap draw, (count, slides).
            slides: number of each tile's slide, (n,). Tiles are summed by slide first, so that a
                moved threshold costs no product over all tiles.
            costs: (k, k), row the true class, column the call.
        """
        kept = self.kept
        columns = np.stack([np.ones(self.n, bool), ~kept, kept & ~self.right], axis=1)
        of_slide = np.zeros((draws.shape[1], 3))  # tiles, referred, wrong among the kept
        np.add.at(of_slide, slides, columns)
        sums = draws @ of_slide
        n_kept, left = int(kept.sum()), sums[:, 0] - sums[:, 1]
        return Figures(
            referred=_share(self.n_referred, self.n, ratio(sums[:, 1], sums[:, 0])),
            error=_share(self.n_errors, n_kept, ratio(sums[:, 2], left)),
            cost=mean_cost(self.truth[kept], self.calls[kept], costs),
        )


@dataclass(frozen=True)
class Share:
    """`k` of `n`, with Wilson's interval (tiles independent) and one by slide; None: undefined."""

    k: int
    n: int
    tiles: Interval | None
    slides: Interval | None

    @property
    def value(self) -> float | None:
        """The share, 0 to 1."""
        return self.k / self.n if self.n else None


@dataclass(frozen=True)
class Figures:
    """Share referred, share of errors among the kept, and the mean cost of a kept call."""

    referred: Share
    error: Share
    cost: float | None


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """Error left against the share kept, from the surest tile on.

    `coverage` and `risk` are (m,), one value for each distinct confidence, that is for each place
    where a limit can cut; `limits` (m,) is the lowest confidence kept there.
    `area` is the mean risk over 1, 2, ... n tiles kept (ties broken at random, in the mean);
    `best` is the same if all errors were the least sure, `chance` if confidence said nothing.
    """

    coverage: Floats
    risk: Floats
    limits: Floats
    area: float | None
    best: float | None
    chance: float | None


def risk_coverage(
    right: npt.ArrayLike, confidence: npt.ArrayLike, always_out: npt.ArrayLike | None = None
) -> RiskCoverage:
    """Trace the risk-coverage curve.

    Args:
        right: (n,) whether each call is right.
        confidence: (n,) the surer the higher.
        always_out: (n,) tiles that another rule refers whatever the confidence; the coverage then
            ends below 1.

    Reference:
        R. El-Yaniv, Y. Wiener (2010), JMLR 11:1605; area as AURC in Y. Geifman, G. Uziel,
        R. El-Yaniv (2019), ICLR. Deviation: tiles of equal confidence leave together.
    """
    wrong, sure = ~np.asarray(right, bool), np.asarray(confidence, np.float64)
    n = len(wrong)
    kept = np.ones(n, bool) if always_out is None else ~np.asarray(always_out, bool)
    wrong, sure = wrong[kept], sure[kept]
    if not len(wrong):
        nothing = np.zeros(0)
        return RiskCoverage(nothing, nothing, nothing, None, None, None)
    order = np.argsort(-sure, kind="stable")
    errors, ranked = np.cumsum(wrong[order]), sure[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    sizes, m = ends + 1, len(wrong)
    in_between = np.interp(np.arange(1, m + 1), np.append(0, sizes), np.append(0, errors[ends]))
    steps = np.arange(1, m + 1)
    return RiskCoverage(
        coverage=sizes / n,
        risk=errors[ends] / sizes,
        limits=ranked[ends],
        area=float((in_between / steps).mean()),
        best=float((np.maximum(steps - (m - errors[-1]), 0) / steps).mean()),
        chance=float(errors[-1] / m),
    )


def choose_below(curve: RiskCoverage, target: float, step: float = 0.01) -> float | None:
    """Find the lowest limit that leaves an error of at most `target` among the kept.

    Args:
        curve: of the validation part.
        target: the error that may be left, 0 to 1.
        step: between two limits that are tried, from 0 to 1.

    Returns:
        A limit for `ReferralRule.below`, or None when no limit that keeps a tile reaches it.
    """
    for limit in np.arange(round(1 / step) + 1) * step:
        kept = int((curve.limits >= limit).sum())
        if kept and curve.risk[kept - 1] <= target + _ROUNDING:
            return round(float(limit), 6)
    return None


def _class_row(name: str, counts: npt.NDArray[np.int64], i: int) -> dict[str, Any]:
    tiles, referred, hit = int(counts[i].sum()), int(counts[i, -1]), int(counts[i, i])
    called = int(counts[:, i].sum())
    return {
        "class": name,
        "tiles": tiles,
        REFERRED: referred,
        "kept": tiles - referred,
        "missed": tiles - referred - hit,
        "precision": hit / called if called else None,
        "recall": hit / (tiles - referred) if tiles > referred else None,
        "found or referred": (hit + referred) / tiles if tiles else None,
    }


def _share(k: int, n: int, drawn: Floats) -> Share:
    return Share(k, n, wilson(k, n) if n else None, unless_flat(percentile(drawn)) if n else None)
