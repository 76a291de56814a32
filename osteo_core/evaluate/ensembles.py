"""Several networks as one: what they are asked together and what they answer.

`Ensemble.predictions` has the form of `predictions.csv`, so whatever scores a network scores an
ensemble. `osteo_core.ensemble_bundles` keeps them on disk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from osteo_core.cohorts.table import ordered_classes
from osteo_core.errors import BundleError
from osteo_core.evaluate.collapse import NO_TUMOUR_CLASS, TUMOUR_CLASSES, can_collapse
from osteo_core.evaluate.coupling import FittedWeights, chained, coupled, fit_weights, votes
from osteo_core.evaluate.decisions import GATE, two_stage_calls
from osteo_core.evaluate.metrics import most_probable
from osteo_core.evaluate.parts import CALL, KEY_COLUMNS

KINDS = ("mean", "weighted", "vote", "two-stage")
_SEEN = ("train", "validation", "test")  # the first that any member says holds for all

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ensemble:
    """How several networks answer as one.

    Args:
        name: What to call it.
        title: The same in words.
        kind: "mean", "weighted" (needs `weights`), "vote", or "two-stage": the first member says
            how probable tumour is, the second which tumour.
        members: Names of two networks or more; of two for "two-stage".
        knows: The classes of each member, in the order of its outputs.
        weights: Of each member, not negative; scaled to sum to 1.

    Raises:
        BundleError: These networks cannot be put together in this way.
    """

    name: str
    title: str
    kind: str
    members: tuple[str, ...]
    knows: tuple[tuple[str, ...], ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BundleError(f"Expected one of {', '.join(KINDS)}. Received: {self.kind!r}.")
        if len(self.members) < 2 or len(set(self.members)) < len(self.members):
            raise BundleError(
                "Expected two different networks or more. "
                f"Received: {', '.join(self.members) or 'none'}."
            )
        if len(self.knows) != len(self.members):
            raise BundleError(
                f"Expected the classes of each of {len(self.members)} networks. "
                f"Received: of {len(self.knows)}."
            )
        self._check_two_stage() if self.kind == "two-stage" else self._check_connected()
        if self.kind == "weighted":
            self._check_weights()

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class that a member knows; the collection's first and in their order."""
        return ordered_classes(name for known in self.knows for name in known)

    @property
    def shares(self) -> Floats:
        """Weight of each member in the mean, float64 (members,), sum 1."""
        weights = self.weights if self.kind == "weighted" else [1.0] * len(self.members)
        values = np.asarray(weights, np.float64)
        total: Floats = values / values.sum()
        return total

    def combine(self, probabilities: Sequence[npt.ArrayLike]) -> Floats:
        """Put the members' probabilities of the same tiles together.

        Args:
            probabilities: Of each member (n, its classes), 0 to 1.

        Returns:
            float64 (n, classes), rows sum to 1, columns in the order of `classes`. Of a vote: the
            share of votes, and a thousandth of the coupled mean, which decides ties and never
            turns a majority. Of two stages: the chain rule, P(tumour) P(which | tumour).

        Raises:
            BundleError: Shapes do not fit.
        """
        rows = [np.asarray(p, np.float64).reshape(-1, len(k)) for p, k in self._with(probabilities)]
        if len({len(r) for r in rows}) > 1:
            raise BundleError(
                "Expected as many tiles from each network. "
                f"Received: {', '.join(str(len(r)) for r in rows)}."
            )
        if self.kind == "two-stage":
            return chained(rows[0], self.knows[0], rows[1], self.knows[1], self.classes)
        mean = coupled(rows, self._places(), self.shares, len(self.classes))
        return votes(rows, self._places(), mean) if self.kind == "vote" else mean

    def fitted(self, frames: Mapping[str, pd.DataFrame], part: str = "validation") -> FittedWeights:
        """Find weights of the members under which the labels of a part are most likely.

        Args:
            frames: As for `predictions`.
            part: One that no member was trained on and that nothing is reported on.

        Raises:
            BundleError: There is no labelled tile that all were run on, or as for `predictions`.
        """
        lined = self._lined_up(frames)
        there = [
            met == part and label in self.classes
            for met, label in zip(_met(lined), lined[0]["label"], strict=True)
        ]
        if not any(there):
            raise BundleError(f"Expected labelled tiles in the {part} part. Received: none.")
        rows = self._values([table[there] for table in lined])
        truth = np.array([self.classes.index(label) for label in lined[0]["label"][there]])
        return fit_weights(truth, rows, self._places(), len(self.classes))

    def calls(self, combined: Floats) -> list[str]:
        """The call of each tile, from what `combine` returned.

        Two stages: tumour from `GATE` on, and then the more probable one, even where Non-Tumor
        alone is more probable than either; else the most probable class.
        """
        if self.kind != "two-stage":
            return most_probable(combined, self.classes)
        return two_stage_calls(combined, self.classes, GATE)

    def predictions(self, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """What the ensemble says of the tiles that all members were run on.

        Args:
            frames: The members' predictions by name, as `Bundle.predictions()` gives them, with
                the tiles of classes that a member does not know added.

        Returns:
            The columns of `predictions.csv`, and `call` where calls are not simply the most
            probable class. A tile that any member was trained on counts as trained on.

        Raises:
            BundleError: A member is missing, was never run on the tiles of a class that others
                know, or two members have different labels for a tile.
        """
        lined = self._lined_up(frames)
        out = lined[0][[column for column in KEY_COLUMNS if column != "tile"]].copy()
        out["split"] = _met(lined)
        out[[f"p_{name}" for name in self.classes]] = self.combine(self._values(lined))
        return self.with_calls(out.rename_axis("tile").reset_index())

    def with_calls(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the column `call` to predictions where calls are not simply the most probable."""
        if self.kind != "two-stage":
            return frame
        values = frame[[f"p_{name}" for name in self.classes]].to_numpy(np.float64)
        return frame.assign(**{CALL: self.calls(values)})

    def _lined_up(self, frames: Mapping[str, pd.DataFrame]) -> list[pd.DataFrame]:
        """The members' rows of the tiles that all were run on, in one order."""
        tables = [self._frame(frames, i) for i in range(len(self.members))]
        common = sorted(set.intersection(*(set(table.index) for table in tables)))
        lined = [table.loc[common] for table in tables]
        _check_labels(lined, self.members)
        return lined

    def _values(self, tables: Sequence[pd.DataFrame]) -> list[Floats]:
        pairs = zip(tables, self.knows, strict=True)
        return [t[[f"p_{name}" for name in known]].to_numpy(np.float64) for t, known in pairs]

    def _places(self) -> list[list[int]]:
        return [[self.classes.index(name) for name in known] for known in self.knows]

    def _with(self, probabilities: Sequence[npt.ArrayLike]) -> list[tuple[Any, tuple[str, ...]]]:
        if len(probabilities) != len(self.members):
            raise BundleError(
                f"Expected the probabilities of {len(self.members)} networks. "
                f"Received: of {len(probabilities)}."
            )
        return list(zip(probabilities, self.knows, strict=True))

    def _frame(self, frames: Mapping[str, pd.DataFrame], i: int) -> pd.DataFrame:
        name = self.members[i]
        if name not in frames:
            raise BundleError(f"Expected the predictions of {name}. Received: none.")
        table = frames[name].drop_duplicates("tile").set_index("tile")
        unknown = set(self.classes) - set(self.knows[i])
        there = {label for f in frames.values() for label in f["label"].unique()}
        never = sorted((unknown & there) - set(table["label"]))
        if never:
            raise BundleError(
                f"{name} does not know {' or '.join(never)} and has not been run on such tiles, so "
                "the ensemble would be scored on easier ones only. Expected them from `osteo "
                f"ensemble complete --model {name} --cohort DIR`. Received: none."
            )
        return table

    def _check_two_stage(self) -> None:
        if len(self.members) != 2:
            raise BundleError(
                "Expected two networks, one a stage: tumour or not, then which. "
                f"Received: {', '.join(self.members)}."
            )
        if not can_collapse(self.knows[0]) or not set(TUMOUR_CLASSES) <= set(self.knows[1]):
            raise BundleError(
                f"Expected a first network that knows {NO_TUMOUR_CLASS} and a tumour class and no "
                f"other, and a second that knows {' and '.join(TUMOUR_CLASSES)}. "
                f"Received: {self.members[0]} ({', '.join(self.knows[0])}), "
                f"{self.members[1]} ({', '.join(self.knows[1])})."
            )

    def _check_connected(self) -> None:
        reached, rest = set(self.knows[0]), [set(k) for k in self.knows[1:]]
        while joined := [k for k in rest if k & reached]:
            reached = reached.union(*joined)
            rest = [k for k in rest if not k & reached]
        if rest:
            raise BundleError(
                "Expected networks that hang together by classes they share. Received: "
                f"{', '.join(sorted(reached))} on the one side, "
                f"{', '.join(sorted(set().union(*rest)))} on the other."
            )

    def _check_weights(self) -> None:
        values = np.asarray(self.weights, np.float64)
        good = len(values) == len(self.members) and np.isfinite(values).all()
        if not good or (values < 0).any() or values.sum() <= 0:
            raise BundleError(
                f"Expected a weight for each of {len(self.members)} networks, none negative and "
                f"not all 0. Received: {list(self.weights)}."
            )


def _met(tables: Sequence[pd.DataFrame]) -> list[str]:
    """The part of each tile: what any member was trained on is not new to the ensemble."""
    rows = zip(*(table["split"].astype(str) for table in tables), strict=True)
    return [next((part for part in _SEEN if part in row), row[0]) for row in rows]


def _check_labels(tables: Sequence[pd.DataFrame], members: Sequence[str]) -> None:
    for (a, one), (b, other) in pairwise(zip(members, tables, strict=True)):
        differ = int((one["label"] != other["label"]).sum())
        if differ:
            raise BundleError(
                f"Expected networks trained on the same labels. Received: {a} and {b}, with "
                f"different labels on {differ} of {len(one)} tiles."
            )
