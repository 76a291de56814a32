"""Several networks on the same tiles: scores side by side and the tiles they disagree on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from osteo_core.evaluate.parts import LabelledPart, read_part

TILE_COLUMNS = ("tile", "file", "slide", "case", "label")


@dataclass(frozen=True, eq=False)
class Comparison:
    """The same tiles read by several networks: `parts` by name, rows in one common order."""

    part: str
    parts: Mapping[str, LabelledPart]
    notes: tuple[str, ...]

    @property
    def n_tiles(self) -> int:
        """Number of tiles that every network has a prediction for."""
        return next(iter(self.parts.values())).n_tiles

    @property
    def shared_classes(self) -> tuple[str, ...]:
        """Classes that every network knows, in the order of the first."""
        first, *others = [p.classes for p in self.parts.values()]
        return tuple(name for name in first if all(name in o for o in others))

    def scores(self) -> pd.DataFrame:
        """One row a network: accuracy, its Wilson 95 % bounds, means and each class's recall."""
        return pd.DataFrame([_score_row(name, part) for name, part in self.parts.items()])

    def pairs(self) -> pd.DataFrame:
        """One row a pair of networks: tiles that both, one or none of the two call rightly."""
        right = {
            name: np.asarray(p.calls, object) == np.asarray(p.labels, object)
            for name, p in self.parts.items()
        }
        return pd.DataFrame(
            [
                {
                    "first": a,
                    "second": b,
                    "both right": int((right[a] & right[b]).sum()),
                    "only first right": int((right[a] & ~right[b]).sum()),
                    "only second right": int((~right[a] & right[b]).sum()),
                    "both wrong": int((~right[a] & ~right[b]).sum()),
                }
                for a, b in combinations(self.parts, 2)
            ]
        )

    def call_matrix(self, first: str, second: str, label: str = "") -> pd.DataFrame:
        """Count tiles by the call of one network (rows) and of another (columns).

        Args:
            first: Name of a network.
            second: Name of another.
            label: Only tiles of this true class; "" counts all.

        Returns:
            int64, rows and columns the classes that the networks know, in their own orders.
        """
        table = self.between(first, second)
        chosen = table if not label else table[table["label"] == label]
        counts = pd.crosstab(chosen[f"{first} call"], chosen[f"{second} call"])
        rows, columns = (list(self.parts[name].classes) for name in (first, second))
        return counts.reindex(index=rows, columns=columns, fill_value=0).astype(np.int64)

    def between(self, first: str, second: str) -> pd.DataFrame:
        """List all common tiles with the calls of two networks, the widest apart first.

        Returns:
            Columns as `disagreements` has them, and "NAME right" (bool) for each of the two.
        """
        table = self._with_calls((first, second))
        for name in (first, second):
            table[f"{name} right"] = table[f"{name} call"] == table["label"]
        return _widest_first(table)

    def disagreements(self) -> pd.DataFrame:
        """List the tiles with more than one call among the networks, the widest apart first.

        Returns:
            Columns tile, file, slide, case, label, then for each network its call and that call's
            probability ("NAME call", "NAME p"), and "apart": the largest difference of one class's
            probability between two networks, 0 to 1 (a class a network does not know counts as 0).
        """
        table = self._with_calls(tuple(self.parts))
        calls = table[[f"{name} call" for name in self.parts]]
        return _widest_first(table[calls.nunique(axis=1) > 1])

    def _with_calls(self, names: Sequence[str]) -> pd.DataFrame:
        table = self.parts[names[0]].table[list(TILE_COLUMNS)].copy()
        for name in names:
            part = self.parts[name]
            table[f"{name} call"] = part.calls
            table[f"{name} p"] = part.confidence
        table["apart"] = _apart([self.parts[name] for name in names])
        return table


def compare(
    frames: Mapping[str, pd.DataFrame], classes: Mapping[str, Sequence[str]], part: str
) -> Comparison:
    """Line up the stored predictions of several networks on the tiles that all have in `part`.

    Args:
        frames: stored predictions by network name, as `Bundle.predictions()` gives them.
        classes: class names by network name.
        part: "train", "validation", "test" or "all".

    Raises:
        ValueError: with fewer than two networks.
        BundleError: when a frame lacks a column.
    """
    if len(frames) < 2:
        raise ValueError(f"Expected two networks or more. Received: {list(frames)}.")
    parts = {name: read_part(frame, part, classes[name]) for name, frame in frames.items()}
    tiles = [set(p.table["tile"]) for p in parts.values()]
    common = sorted(set.intersection(*tiles))
    lined_up = {name: _only(p, common) for name, p in parts.items()}
    return Comparison(part, lined_up, _notes(parts, len(common)))


def disagreements(
    frames: Mapping[str, pd.DataFrame],
    part: str,
    classes: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """List the tiles of `part` that the networks call differently; see `Comparison`.

    Without `classes` they are read off the columns `p_<class>` of each frame.
    """
    known = classes or {name: classes_of(frame) for name, frame in frames.items()}
    return compare(frames, known, part).disagreements()


def classes_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """Read the class names off the columns `p_<class>` of stored predictions."""
    return tuple(str(c)[2:] for c in frame.columns if str(c).startswith("p_"))


def _only(part: LabelledPart, tiles: Sequence[str]) -> LabelledPart:
    place = {tile: row for row, tile in enumerate(part.table["tile"])}
    rows = [place[tile] for tile in tiles]
    table = part.table.iloc[rows].reset_index(drop=True)
    return LabelledPart(part.part, part.classes, table, part.probabilities[rows], part.notes)


def _score_row(name: str, part: LabelledPart) -> dict[str, Any]:
    metrics = part.metrics()
    return {
        "network": name,
        "accuracy": metrics.accuracy,
        "95 % from": metrics.interval.low if metrics.interval else None,
        "95 % to": metrics.interval.high if metrics.interval else None,
        "macro F1": metrics.macro.f1,
        "weighted F1": metrics.weighted.f1,
        **{f"recall {s.name}": s.recall for s in metrics.per_class if s.support},
        "tiles": part.n_tiles,
        "slides": part.n_slides,
        "cases": part.n_cases,
    }


def _widest_first(table: pd.DataFrame) -> pd.DataFrame:
    order = ["apart", "file", "tile"]
    return table.sort_values(order, ascending=[False, True, True]).reset_index(drop=True)


def _apart(parts: Sequence[LabelledPart]) -> Any:
    names = sorted({name for p in parts for name in p.classes})
    stack = np.zeros((len(parts), parts[0].n_tiles, len(names)))  # (network, tile, class)
    for i, p in enumerate(parts):
        stack[i][:, [names.index(name) for name in p.classes]] = p.probabilities
    return np.ptp(stack, axis=0).max(axis=1, initial=0.0)


def _notes(parts: Mapping[str, LabelledPart], n_common: int) -> tuple[str, ...]:
    notes = []
    sets = {frozenset(p.classes) for p in parts.values()}
    if len(sets) > 1:
        shared = sorted(frozenset.intersection(*sets)) or ["none"]
        notes.append(
            "These networks do not know the same classes; they share "
            f"{', '.join(shared)}, and only tiles of shared classes can be set side by side. A "
            "network that knows more classes can also answer with one that the other never can."
        )
    sizes = {name: p.n_tiles for name, p in parts.items() if p.n_tiles != n_common}
    if sizes:
        listed = ", ".join(f"{name} {n}" for name, n in sizes.items())
        part = next(iter(parts.values())).part
        notes.append(
            f"{n_common} tiles are in the {part} part of all; on their own the networks have "
            f"{listed}."
        )
    return tuple(notes)
