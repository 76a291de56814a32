"""Figures that papers on this collection printed, recomputed, and where they contradict themselves.

Nothing here is taken on trust: each sentence is made from counts, and says what does not add up.
"""

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.intervals import wilson
from osteo_core.evaluate.metrics import Metrics, evaluate_calls

CLASSES = ("Non-Tumor", "Non-Viable-Tumor", "Viable")
PAPER_003 = "Ahlawat et al., 'Introduction to Bone Tumor Prediction Using Deep Learning' (2025)"
PAPER_000 = "Mahmud et al., 'A Deep Learning Study on Osteosarcoma Detection' "
PAPER_001 = "Chu and Khan, 'Transfer learning and data augmentation in osteosarcoma'"


@dataclass(frozen=True)
class PrintedNetwork:
    """What paper 003 prints of one network.

    Attributes:
        name: the architecture.
        counts: its confusion matrix as told in words, rows the truth.
        accuracy: its accuracy beside the matrix.
        macro_f1: and macro F1.
        weighted_f1: and weighted F1.
        per_class: (precision, recall, F1) of each class.
        elsewhere: (accuracy, precision, recall, F1) in the same paper's section 4.5.1.
    """

    name: str
    counts: tuple[tuple[int, int, int], ...]
    accuracy: float
    macro_f1: float
    weighted_f1: float
    per_class: tuple[tuple[float, float, float], ...]
    elsewhere: tuple[float, float, float, float]

    def metrics(self) -> Metrics:
        """Score the printed matrix."""
        return scored(np.array(self.counts))


PRINTED = (
    PrintedNetwork(
        "ResNet50",
        ((83, 3, 5), (3, 37, 2), (4, 1, 39)),
        accuracy=0.90,
        macro_f1=0.89,
        weighted_f1=0.90,
        per_class=((0.92, 0.91, 0.92), (0.90, 0.88, 0.89), (0.85, 0.89, 0.87)),
        elsewhere=(0.942, 0.925, 0.931, 0.928),
    ),
    PrintedNetwork(
        "VGG19",
        ((81, 6, 4), (4, 33, 5), (16, 2, 26)),
        accuracy=0.79,
        macro_f1=0.77,
        weighted_f1=0.79,
        per_class=((0.80, 0.89, 0.84), (0.80, 0.79, 0.80), (0.74, 0.59, 0.66)),
        elsewhere=(0.918, 0.902, 0.905, 0.903),
    ),
)


def scored(counts: npt.NDArray[np.int64]) -> Metrics:
    """Score a confusion matrix of the three classes, rows the truth, columns the call."""
    cells = [(t, c) for t in range(3) for c in range(3) for _ in range(int(counts[t, c]))]
    return evaluate_calls([CLASSES[t] for t, _ in cells], [CLASSES[c] for _, c in cells], CLASSES)


def can_be_share(value: float, n: int, digits: int = 3) -> bool:
    """Say whether some count out of `n`, rounded, gives a printed share.

    Args:
        value: the share as printed, 0..1.
        n: how many there were.
        digits: decimals that the share was printed with.
    """
    half = 0.5 * 10.0**-digits + 1e-12
    return floor((value + half) * n) >= ceil((value - half) * n)


def printed_rows() -> list[dict[str, object]]:
    """One row a network and class of paper 003: what is printed and what its matrix gives."""
    rows: list[dict[str, object]] = []
    for network in PRINTED:
        metrics = network.metrics()
        for score, told in zip(metrics.per_class, network.per_class, strict=True):
            row: dict[str, object] = {"network": network.name, "class": score.name}
            found = (score.precision, score.recall, score.f1)
            for what, own, printed in zip(("precision", "recall", "F1"), found, told, strict=True):
                row |= {f"{what} printed": printed, f"{what} recomputed": own}
            rows.append({**row, "tiles": score.support})
    return rows


def contradictions() -> list[str]:
    """Say where the papers' own figures do not fit each other."""
    return [*_two_accuracies(), *_collection(), *_small_parts()]


def _two_accuracies() -> list[str]:
    said = []
    for network in PRINTED:
        metrics = network.metrics()
        interval = metrics.interval
        other = network.elsewhere[0]
        bounds = f"{interval.low:.3f} to {interval.high:.3f}" if interval else "none"
        cannot = (
            ""
            if can_be_share(other, metrics.n)
            else (f", and no count out of {metrics.n} tiles rounds to {other:.1%}")
        )
        said.append(
            f"{PAPER_003}: {network.name} has an accuracy of {other:.1%} in section 4.5.1 and of "
            f"{network.accuracy:.0%} in the analysis behind it. Its confusion matrix gives "
            f"{metrics.correct}/{metrics.n} = {metrics.accuracy:.3f} (95 % {bounds}){cannot}."
        )
    return said


def _collection() -> list[str]:
    n = PRINTED[0].metrics().n
    return [
        f"The same paper describes {2500 + 1800 + 2200:,} CT images in three classes; its matrices "
        f"hold {n} tiles, whose classes (non-tumour, non-viable, viable) are those of the "
        f"histology collection of 1,144 tiles, of which {n} are {n / 1144:.1%}."
    ]


def _small_parts() -> list[str]:
    first, second = wilson(62, 70), wilson(93, 102)
    return [
        f"{PAPER_000.strip()}: 88.57 % is 62 of the 70 test tiles, which is consistent with a true "
        f"share anywhere from {first.low:.1%} to {first.high:.1%} (Wilson, 95 %), even if tiles "
        "were independent.",
        f"{PAPER_001}: every accuracy of its table 1 is a count out of 102 tiles (91.18 % is "
        f"93 of 102: {second.low:.1%} to {second.high:.1%}), where a tenth of 1,144 would be 114; "
        "and the epoch was chosen on these same tiles.",
    ]
