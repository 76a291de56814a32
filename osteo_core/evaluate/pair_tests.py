"""Every test of no difference between two networks on the same tiles, by tile and by slide."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from osteo_core.evaluate.bootstrap import slide_groups
from osteo_core.evaluate.paired import (
    AucDifference,
    McNemar,
    SlideTest,
    delong_test,
    mcnemar_exact,
    slide_test,
)
from osteo_core.evaluate.parts import LabelledPart
from osteo_core.wording import between, count, number

_SIGNED = "{:+.3f}"


@dataclass(frozen=True)
class PairTests:
    """Two networks on the same labelled tiles.

    Attributes:
        by_tile: McNemar's test of their calls.
        by_slide: Whole slides swapped between the two.
        aucs: DeLong's test for each class that both know, by tile and by slide.
    """

    by_tile: McNemar
    by_slide: SlideTest
    aucs: Mapping[str, tuple[AucDifference, AucDifference]]

    def table(self) -> pd.DataFrame:
        """One row a test: question, test, what it counts, p."""
        tiles, slides = self.by_tile, self.by_slide
        parted = f"{tiles.only_first} against {count(tiles.only_second, 'tile')}"
        decided = f"{slides.n_decided} of {count(slides.n_slides, 'slide')} decided"
        rows: list[tuple[str, str, str, float | None]] = [
            ("calls, by tile", "McNemar, exact", parted, tiles.p),
            ("calls, by slide", "swaps of slides, exact", decided, slides.p),
        ]
        for name, tests in self.aucs.items():
            for by, test in zip(("tile", "slide"), tests, strict=True):
                rows.append((f"AUC {name}, by {by}", "DeLong", _auc_words(test), test.p))
        return pd.DataFrame(rows, columns=["question", "test", "what it counts", "p"])


def pair_tests(first: LabelledPart, second: LabelledPart) -> PairTests:
    """Test two networks against each other.

    Args:
        first: The tiles with the first network's calls and probabilities.
        second: The same tiles in the same order with the second's.
    """
    pair, slides = (first, second), slide_groups(first.table)
    labels = np.asarray(first.labels, object)
    right_a, right_b = (np.asarray(one.calls, object) == labels for one in pair)
    aucs = {}
    for name in (c for c in first.classes if c in second.classes):
        truth = labels == name
        own, other = (one.probabilities[:, one.classes.index(name)] for one in pair)
        by_tile, by_slide = (delong_test(truth, own, other, by) for by in (None, slides))
        aucs[name] = by_tile, by_slide
    return PairTests(mcnemar_exact(right_a, right_b), slide_test(right_a, right_b, slides), aucs)


def _auc_words(test: AucDifference) -> str:
    if test.difference is None or test.interval is None:
        return test.note
    return f"{number(test.difference, _SIGNED)} (95 %: {between(test.interval, _SIGNED)})"
