"""`predictions.csv`, `beyond.csv` and `history.csv` of a bundle: read, checked, or refused by name.

A number that cannot be is never averaged away: one bad row is told with its line and its tile, and
nothing is scored until it is mended.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from osteo_core.errors import BundleError
from osteo_core.files import shown
from osteo_core.foreign import is_there, reading
from osteo_core.foreign.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("tile", "file", "slide", "case", "split", "label")
SPLITS = ("train", "validation", "test", "")  # the last of tiles that are not split
MOST_EPOCHS = 10_000_000
ROUNDING = 1e-4  # how far a row may sum from 1; six digits a class leave a hundredth of it
_CURVES = ("accuracy", "val_accuracy", "learning_rate", "seconds")


def read_predictions(folder: Path, name: str, classes: Sequence[str]) -> "pd.DataFrame":
    """Read what a network says of tiles.

    Args:
        folder: The bundle's.
        name: Of the file.
        classes: The network's.

    Returns:
        Columns `tile`, `file`, `slide`, `case`, `split`, `label` (text) and `p_<class>` (float64,
        0..1, each row summing to 1), one row a tile, no tile twice.

    Raises:
        BundleError: The file is missing or no such table, or a value in it cannot be.
    """
    probabilities = [f"p_{known}" for known in classes]
    table = _table(folder, name, KEYS, probabilities, exact=("file",))
    what = f"{name} of {folder.name}"
    _check_probabilities(table, probabilities, what)
    _check_rows(table, table["tile"] == "", what, "tile", "a tile's SHA-256")
    unknown = ~table["split"].isin(SPLITS)
    _check_rows(table, unknown, what, "split", "one of train, validation and test")
    _check_unique(table, what)
    return table[[*KEYS, *probabilities]]  # a column `call` would be taken for an ensemble's


def read_history(folder: Path, name: str) -> "pd.DataFrame":
    """Read learning curves, one row an epoch; every number in them is finite.

    Raises:
        BundleError: The file is missing or no such table.
    """
    needed, numbers = ("epoch", "stage", "loss", "val_loss"), ["epoch", "loss", "val_loss"]
    table = _table(folder, name, needed, numbers)
    more = [column for column in _CURVES if column in table]
    if more:
        table = _table(folder, name, needed, [*numbers, *more])
    odd = table["epoch"][(table["epoch"] % 1 != 0) | ~table["epoch"].between(0, MOST_EPOCHS)]
    if len(odd):
        raise BundleError(
            f"{name} of {folder.name} must count whole epochs. Received: {odd.iloc[0]:g}."
        )
    return table.astype({"epoch": "int64"})


def _table(
    folder: Path,
    name: str,
    columns: Sequence[str],
    numbers: Sequence[str],
    exact: Sequence[str] = (),
) -> "pd.DataFrame":
    if not is_there(folder / name):
        raise BundleError(f"{folder.name} must have a {name}. Received: no such file.")
    what = f"{name} of {folder.name}"
    with reading(what, BundleError, "a table of predictions"):
        return read_table(folder / name, columns=columns, numbers=numbers, exact=exact, name=what)


def _check_probabilities(table: "pd.DataFrame", columns: list[str], what: str) -> None:
    values = table[columns].to_numpy(np.float64)
    outside = (values < -ROUNDING) | (values > 1 + ROUNDING)
    if outside.any():
        row, column = map(int, np.argwhere(outside)[0])
        raise BundleError(
            f"Probabilities in {what} must lie in 0 to 1. Received: {values[row, column]:g} as "
            f"{shown(columns[column])} of {_named(table, row)}"
            f"{_others(int(outside.any(axis=1).sum()) - 1)}."
        )
    sums = values.sum(axis=1)
    off = np.abs(sums - 1) > ROUNDING
    if off.any():
        row = int(np.flatnonzero(off)[0])
        raise BundleError(
            f"Probabilities in each row of {what} must sum to 1. Received: {sums[row]:g} for "
            f"{_named(table, row)}{_others(int(off.sum()) - 1)}."
        )


def _check_rows(
    table: "pd.DataFrame", bad: "pd.Series[bool]", what: str, column: str, expected: str
) -> None:
    rows = np.flatnonzero(bad.to_numpy())
    if len(rows):
        row = int(rows[0])
        raise BundleError(
            f"The {column} of each row of {what} must be {expected}. Received: "
            f"{shown(table[column].iloc[row]) or 'nothing'!r} for {_named(table, row)}"
            f"{_others(len(rows) - 1)}."
        )


def _check_unique(table: "pd.DataFrame", what: str) -> None:
    again = table["tile"].duplicated().to_numpy()
    if again.any():
        row = int(np.flatnonzero(again)[0])
        first = int((table["tile"] == table["tile"].iloc[row]).to_numpy().argmax())
        raise BundleError(
            f"{what} must tell of each tile once. Received: {_named(table, row)} again, first in "
            f"row {first + 1}{_others(int(again.sum()) - 1)}."
        )


def _named(table: "pd.DataFrame", row: int) -> str:
    tile, file = table["tile"].iloc[row], table["file"].iloc[row]
    return f"row {row + 1} (tile {shown(tile[:12])}, {shown(file)})"


def _others(n: int) -> str:
    return "" if not n else f" and {n:,} more row{'s' * (n > 1)}"
