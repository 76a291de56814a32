"""Stored predictions: one part of a split, its probabilities, and what stands behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from osteo_core.errors import BundleError
from osteo_core.evaluate.metrics import Metrics, evaluate, evaluate_calls, most_probable
from osteo_core.evaluate.scores import class_indices
from osteo_core.files import shown
from osteo_core.wording import count

CALL = "call"  # column of calls that are not simply the most probable class
KEY_COLUMNS = ("tile", "file", "slide", "case", "split", "label")

_SPLIT_MEANING = {
    "slide": "The split is grouped by slide: no slide of this part was trained on, if the "
    "slides' names hold (osteo cohort audit tells), but other slides of the same patients were, "
    "so a new patient may fare worse.",
    "case": "The split is grouped by case: no patient of this part was trained on.",
    "tile": "The split is by tile: neighbours from the same slides were trained on, so this "
    "number flatters the network.",
    "given": "The split is the one that the tiles came with: whether other tiles of these slides "
    "and patients were trained on is not known (osteo cohort audit tells more).",
}


@dataclass(frozen=True, eq=False)
class LabelledPart:
    """The labelled tiles of one part: `table` has one row a tile, `probabilities` is (n, k)."""

    part: str
    classes: tuple[str, ...]
    table: pd.DataFrame
    probabilities: npt.NDArray[np.float64]
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> list[str]:
        """True class of each tile."""
        return [str(label) for label in self.table["label"]]

    @property
    def calls(self) -> list[str]:
        """Class called for each tile: the most probable, of equals the first.

        An ensemble that calls otherwise (in two stages) has a column `call` and is taken at that.
        """
        if CALL in self.table:
            return [str(call) for call in self.table[CALL]]
        return most_probable(self.probabilities, self.classes)

    @property
    def confidence(self) -> npt.NDArray[np.float64]:
        """Probability of each tile's call, (n,); not the highest one where calls are made so."""
        called = class_indices(self.calls, self.classes)
        found: npt.NDArray[np.float64] = self.probabilities[np.arange(len(called)), called]
        return found

    @property
    def n_tiles(self) -> int:
        """Number of tiles."""
        return len(self.table)

    @property
    def n_slides(self) -> int:
        """Number of named slides; a slide code counts once for each case it occurs in."""
        named = self.table[self.table["slide"].fillna("") != ""]
        return int(named[["case", "slide"]].drop_duplicates().shape[0])

    @property
    def n_cases(self) -> int:
        """Number of named cases, which is patients."""
        return int(self.table["case"].replace("", np.nan).nunique())

    def by_slide(self) -> pd.DataFrame:
        """One row a slide, the worst first: case, slide, tiles, right, accuracy."""
        right = np.asarray(self.calls, object) == np.asarray(self.labels, object)
        rows = self.table[["case", "slide"]].assign(right=right.astype(int))
        table = (
            rows.groupby(["case", "slide"], dropna=False)["right"]
            .agg(tiles="size", right="sum")
            .reset_index()
        )
        table["accuracy"] = table["right"] / table["tiles"]
        order = ["accuracy", "case", "slide"]
        return table.sort_values(order).reset_index(drop=True)

    def metrics(self) -> Metrics:
        """Score the part."""
        if CALL in self.table:
            return evaluate_calls(self.labels, self.calls, self.classes)
        return evaluate(self.labels, self.probabilities, self.classes)

    def standing(self, protocol: str) -> str:
        """Say in plain words how much stands behind the numbers and what the split allows."""
        if not self.n_tiles:
            return f"The {self.part} part holds no labelled tile of these classes."
        counts = ", ".join(
            _known(n, noun)
            for n, noun in (
                (self.n_tiles, "tile"),
                (self.n_slides, "slide"),
                (self.n_cases, "case"),
            )
        )
        dependent = (
            f"Behind these numbers: {counts}. Tiles of one slide resemble each other, so there are "
            "fewer independent observations than tiles, and an interval that counts each tile as "
            "independent is narrower than the truth."
        )
        trained = "The network was fitted to these tiles: this says how well it remembers, not "
        seen = {
            "train": trained + "how well it works.",
            "validation": "Epochs were chosen on these tiles, so the numbers lean high.",
        }
        meaning = _SPLIT_MEANING.get(protocol, "") if self.part == "test" else ""
        return " ".join(filter(None, (dependent, seen.get(self.part, meaning))))


def read_part(frame: pd.DataFrame, part: str, classes: Sequence[str]) -> LabelledPart:
    """Take one part ("train", "validation", "test" or "all") out of stored predictions.

    Tiles without a label among `classes`, with a value that is not a number or listed twice are
    left out, and a note counts them.

    Raises:
        BundleError: when a column is missing.
    """
    columns = [f"p_{name}" for name in classes]
    missing = [c for c in (*KEY_COLUMNS, *columns) if c not in frame.columns]
    if missing:
        raise BundleError(
            f"Expected the columns {', '.join(missing)} in the stored predictions. "
            f"Received: {', '.join(map(str, frame.columns))}."
        )
    rows = frame if part == "all" else frame[frame["split"] == part]
    known = rows[rows["label"].isin(list(classes))]
    whole = known[np.isfinite(known[columns].to_numpy(np.float64)).all(axis=1)]
    once = whole.drop_duplicates("tile").reset_index(drop=True)
    strange = sorted(set(rows["label"].dropna().astype(str)) - set(classes) - {""})
    named = f" ({', '.join(map(shown, strange[:5]))}{', …' * (len(strange) > 5)})" * bool(strange)
    lost = (
        (len(rows) - len(known), f"no label among this network's classes{named}"),
        (len(known) - len(whole), "a probability that is not a number"),
        (len(whole) - len(once), "the same tile again"),
    )
    notes = tuple(f"{count(n, 'tile')} left out: {why}." for n, why in lost if n)
    return LabelledPart(part, tuple(classes), once, once[columns].to_numpy(np.float64), notes)


def from_predictions(frame: pd.DataFrame, part: str, classes: Sequence[str]) -> Metrics:
    """Score one part of stored predictions; `read_part` says what is left out."""
    return read_part(frame, part, classes).metrics()


def _known(n: int, noun: str) -> str:
    return count(n, noun) if n else f"an unknown number of {noun}s"
