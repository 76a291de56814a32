"""How the units of a fully connected layer answered: to tiles, or to the classes of a cohort."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Answers:
    """Activations of one layer.

    Attributes:
        values: (units,) by the name of a tile or class.
        dead: How many units were exactly 0 throughout, by where: a tile, or all of them.
        words: What the values are.
    """

    values: Mapping[str, Floats]
    dead: Mapping[str, int]
    words: str

    @property
    def first(self) -> str:
        """Name of the first series, the one that sorting goes by."""
        return next(iter(self.values))

    @property
    def units(self) -> int:
        """Number of units."""
        return int(self.values[self.first].size)

    def order(self, sort: str, shares: Floats | None = None) -> npt.NDArray[np.intp]:
        """Return the units by index, by activation in the first series, or by ``shares``."""
        if sort == "contribution" and shares is not None:
            return np.argsort(-shares, kind="stable")
        if sort == "activation":
            return np.argsort(-self.values[self.first], kind="stable")
        return np.arange(self.units)

    def table(self, shares: Floats | None = None) -> pd.DataFrame:
        """Return one row a unit: its value in each series and, if given, its contribution."""
        frame = pd.DataFrame({"Unit": np.arange(self.units), **self.values})
        if shares is not None:
            frame["Contribution"] = shares
        return frame


def of_tiles(activations: Mapping[str, Floats]) -> Answers:
    """Return the activations of tiles as answers, with the dead units of each and of all."""
    dead = {name: int((values == 0).sum()) for name, values in activations.items()}
    if len(activations) > 1:
        dead["all of them"] = int(np.all([v == 0 for v in activations.values()], axis=0).sum())
    return Answers(activations, dead, "activations on " + ", ".join(activations))
