"""Deletion and insertion: what the network says while places are taken away or laid on.

Every curve is read in the network's own input space, after preprocessing and at its own size.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.explain.baselines import baseline
from osteo_core.explain.method import INPUT
from osteo_core.grades.settings import Baseline, GradeSettings

if TYPE_CHECKING:
    from osteo_core.networks.tail import Tail
    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]
Order = npt.NDArray[np.int64]  # (height, width): 0 for the strongest place
Made = TypeVar("Made")
Work = Generator[float, None, Made]  # yields the forward passes of the step just done

_DENSER = 1.3  # power that moves the steps of a curve towards its start, where it bends most
_BLUR = 0.25  # Gaussian's standard deviation, in cells of the random maps' grid


@dataclass(frozen=True, eq=False)
class Curve:
    """The probability of the class while a tile is changed step by step.

    Attributes:
        baseline: What stands where a place is taken away.
        fractions: float64 (n,), share of the pixels changed, 0..1.
        values: float64 (n,), probability of the class; for a contrast the sigmoid of the
            difference of the two logits.
    """

    baseline: Baseline
    fractions: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve by the trapezoid rule, 0..1: the mean probability."""
        return float(np.trapezoid(self.values, self.fractions))


@dataclass(frozen=True, eq=False)
class Curves:
    """Both curves of one order of places."""

    deletion: Curve
    insertion: Curve

    @property
    def score(self) -> float:
        """Insertion area less deletion area, -1..1; higher is better."""
        return self.insertion.area - self.deletion.area


def fractions(points: int) -> npt.NDArray[np.float64]:
    """The shares of pixels at which a curve is read, 0 and 1 among them; (points + 1,).

    They lie closer at the start: `(i / points) ** 1.3`.
    """
    shares: npt.NDArray[np.float64] = (np.arange(points + 1) / points) ** _DENSER
    return shares


def places_in_order(values: Values, size: tuple[int, int], settings: GradeSettings) -> Order:
    """Put the pixels of the input in the order of a map, the strongest first.

    The map is enlarged bilinearly to the input and blurred by a quarter of a random map's cell.
    Without that, a map with fine grain would take scattered pixels away, and a network is thrown
    by the speckle itself, whether those pixels matter or not. Equal values are put in the order of
    a random map of the same coarseness, for the same reason.

    Args:
        values: float32 (h, w); what is not a finite number counts as the lowest.
        size: (height, width) of the input.
        settings: Coarseness and seed.

    Returns:
        int64 (height, width), each number 0..height * width - 1 once.
    """
    height, width = size
    lowest = values[np.isfinite(values)].min(initial=np.float32(0))
    clean = np.where(np.isfinite(values), values, lowest).astype(np.float32)
    large = cv2.resize(clean, (width, height), interpolation=cv2.INTER_LINEAR)
    smooth = cv2.GaussianBlur(large, (0, 0), _BLUR * min(size) / settings.cells)
    ties = random_map(size, settings, number=-1)
    order = np.empty(height * width, np.int64)
    order[np.lexsort((-ties.ravel(), -smooth.ravel()))] = np.arange(height * width)
    return order.reshape(size)


def random_map(size: tuple[int, int], settings: GradeSettings, number: int) -> Values:
    """A coarse grid of noise, enlarged as a layer's map is; float32 (height, width), 0..1.

    Args:
        size: (height, width).
        settings: Cells of the grid, and the seed.
        number: Which of the seed's maps.
    """
    random = np.random.default_rng([settings.seed, number + 1])
    coarse = random.random((settings.cells, settings.cells), np.float32)
    enlarged: Values = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_LINEAR)
    return enlarged


def edge_map(pixels: npt.NDArray[np.uint8], settings: GradeSettings) -> Values:
    """What an edge detector sees: the size of Sobel's gradient of the grey tile, blurred.

    Args:
        pixels: uint8 RGB (height, width, 3).
        settings: The blur is a Gaussian of half a random map's cell.

    Returns:
        float32 (height, width), at least 0.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *way, ksize=3) for way in ((1, 0), (0, 1)))
    sigma = 0.5 * min(grey.shape) / settings.cells
    blurred: Values = cv2.GaussianBlur(np.hypot(across, down), (0, 0), sigma)
    return blurred


def extremes(curves: Iterable[Curve]) -> tuple[float, float]:
    """The lowest and the highest probability on some curves."""
    values = np.concatenate([curve.values for curve in curves])
    return float(values.min()), float(values.max())


def best_score(curves: Curves, low: float, high: float) -> float:
    """The score of the best order of places that there could be.

    Its deletion falls to the lowest probability at the first step, its insertion rises to the
    highest; both ends are every order's.

    Args:
        curves: Of any order of places on the tile.
        low: The lowest probability that was seen on the tile.
        high: The highest.
    """
    deletion, insertion = (np.array(c.values) for c in (curves.deletion, curves.insertion))
    deletion[1:-1], insertion[1:-1] = low, high
    return float(np.trapezoid(insertion - deletion, curves.deletion.fractions))


@dataclass(frozen=True, eq=False)
class Bench:
    """The tile, its baseline, and the network that reads mixtures of the two.

    Attributes:
        tail: The whole network.
        probability: Turns class scores (n, classes) into the probability asked about, (n,).
        nothing: float32 (height, width, 3), the baseline, preprocessed.
        settings: Baseline and points.
        ends: Probability of the tile and of the baseline.
    """

    tail: "Tail"
    probability: Callable[[Values], npt.NDArray[np.float64]]
    nothing: Values
    settings: GradeSettings
    ends: tuple[float, float]

    @classmethod
    def of(
        cls, reading: "Reading", target: str, against: str | None, settings: GradeSettings
    ) -> "Bench":
        """Prepare the curves of a tile and a class; the baseline is read once."""
        tail = reading.tail(INPUT)
        nothing = baseline(reading, INPUT, settings.baseline)

        def probability(scores: Values) -> npt.NDArray[np.float64]:
            if against is None:
                shares = np.asarray(tail.activations.pieces.probabilities(scores), np.float64)
                return shares[:, reading.class_index(target)]
            apart = scores.astype(np.float64) @ reading.direction(target, against)
            return np.asarray(1 / (1 + np.exp(-apart)))

        tile = float(probability(reading.logits[None])[0])
        bare = float(probability(tail.scores(nothing[None]))[0])
        return cls(tail, probability, nothing, settings, (tile, bare))

    def curves(self, order: Order) -> Work[Curves]:
        """Read both curves of an order of places.

        Args:
            order: See `places_in_order`.

        Returns:
            The curves; deletion starts at the tile, insertion at the baseline.
        """
        shares = fractions(self.settings.points)
        inner = [(order < round(share * order.size))[..., None] for share in shares[1:-1]]
        start, nothing = self.tail.start, self.nothing
        # One version at a time is made, of (points - 1) deletions and then as many insertions.
        versions = [(chosen, nothing, start) for chosen in inner]
        versions += [(chosen, start, nothing) for chosen in inner]
        read: list[float] = []
        for first in range(0, len(versions), self.tail.rows):
            some = versions[first : first + self.tail.rows]
            batch = np.stack([np.where(*version) for version in some])
            read += self.probability(self.tail.scores(batch)).tolist()
            yield float(len(some))
        tile, bare = self.ends
        deleted, inserted = read[: len(inner)], read[len(inner) :]
        name = self.settings.baseline
        return Curves(
            Curve(name, shares, np.array([tile, *deleted, bare])),
            Curve(name, shares, np.array([bare, *inserted, tile])),
        )
