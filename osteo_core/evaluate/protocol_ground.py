"""What all split protocols of a cohort share: tiles, inputs of the heads, bootstrap draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteo_core.cohorts.table import CohortTile
from osteo_core.evaluate.bootstrap import Weights, caution, draws
from osteo_core.evaluate.heads import Features, head_inputs
from osteo_core.evaluate.intervals import Interval
from osteo_core.evaluate.resampled import accuracy_draws, confusion_draws, mean_f1_draws
from osteo_core.evaluate.spread import spread

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Intervals:
    """95 % intervals of one figure; None where nothing is resampled or the draws give none.

    Attributes:
        by_tile: of resampled tiles.
        by_slide: of resampled slides.
        by_tissue: of resampled pieces of tissue.
        why: why the draws give none, a sentence for each; "" where they do.
    """

    by_tile: Interval | None
    by_slide: Interval | None
    by_tissue: Interval | None
    why: str = ""


@dataclass(frozen=True, eq=False)
class Ground:
    """What all protocols of one cohort share.

    Attributes:
        tiles: (n,) the tiles.
        classes: their classes.
        inputs: (n, d) of `head_inputs`.
        scored: (n,) whether a tile may be scored.
        tissues: (n,) piece of tissue of each tile; None where the pictures were not looked at.
        by_tile: (count, n) resampled tiles.
        by_slide: resampled slides; None with one slide.
        by_tissue: resampled pieces of tissue; None with one, or where these are the slides.
        cautions: what few slides or pieces do to the intervals.
        seed: of folds, draws and bootstrap.
    """

    tiles: Sequence[CohortTile]
    classes: tuple[str, ...]
    inputs: Features
    scored: npt.NDArray[np.bool_]
    tissues: Sequence[str] | None
    by_tile: Weights
    by_slide: Weights | None
    by_tissue: Weights | None
    cautions: tuple[str, ...]
    seed: int

    @property
    def labels(self) -> list[str]:
        """(n,) class of each tile."""
        return [tile.label for tile in self.tiles]

    def intervals(self, rows: Rows, truth: Rows, calls: Rows) -> Mapping[str, Intervals]:
        """Intervals of "accuracy" and "macro_f1".

        Args:
            rows: (m,) tile of each test row.
            truth: (m,) index of its class.
            calls: (m,) index of the class called.
        """
        drawn = {"tile": self.by_tile, "slide": self.by_slide, "tissue": self.by_tissue}
        found: dict[str, list[tuple[Interval | None, str]]] = {"accuracy": [], "macro_f1": []}
        for by, weights in drawn.items():
            if weights is None:
                found = {name: [*kept, (None, "")] for name, kept in found.items()}
                continue
            confusion = confusion_draws(weights, truth, calls, len(self.classes), rows)
            found["accuracy"].append(spread(accuracy_draws(confusion), by))
            found["macro_f1"].append(spread(mean_f1_draws(confusion)[0], by))
        return {name: _intervals(kept) for name, kept in found.items()}


def _intervals(found: Sequence[tuple[Interval | None, str]]) -> Intervals:
    tile, slide, tissue = (interval for interval, _ in found)
    return Intervals(tile, slide, tissue, " ".join(why for _, why in found if why))


def make_ground(
    features: Features,
    tiles: Sequence[CohortTile],
    classes: Sequence[str],
    scored: npt.NDArray[np.bool_] | None,
    tissues: Sequence[str] | None,
    count: int,
    seed: int,
) -> Ground:
    """Prepare what all protocols share; arguments as of `run_protocols`."""
    n = len(tiles)
    slides = [tile.slide or f"tile {i}" for i, tile in enumerate(tiles)]
    tied = None
    if tissues is not None and len(set(tissues)) < len(set(slides)):
        tied = [tissue or f"tile {i}" for i, tissue in enumerate(tissues)]
    cautions = [caution(slides), caution(tied, "piece of tissue") if tied else ""]
    return Ground(
        tiles=tiles,
        classes=tuple(classes),
        inputs=head_inputs(features),
        scored=np.ones(n, bool) if scored is None else scored,
        tissues=tissues,
        by_tile=draws(None, n, count, seed).astype(np.float64),
        by_slide=_resampled(slides, count, seed),
        by_tissue=_resampled(tied, count, seed) if tied else None,
        cautions=tuple(filter(None, cautions)),
        seed=seed,
    )


def _resampled(groups: Sequence[str], count: int, seed: int) -> Weights | None:
    if len(set(groups)) < 2:
        return None
    return draws(groups, len(groups), count, seed).astype(np.float64)
