"""What heat maps are graded by: each metric with its direction, range and paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from osteo_core.errors import ModelError

Direction = Literal["higher", "lower"]

_RISE = "Petsiuk et al. 2018, arXiv:1806.07421"
_ADEBAYO = "Adebayo et al. 2018, arXiv:1810.03292"
_ROBUST = "Alvarez-Melis and Jaakkola 2018, arXiv:1806.08049"
_CURVE = (
    "The baseline can be chosen; the map is first blurred to the coarseness of the references, so "
    "that no map gains by taking scattered pixels away."
)
_RANDOM = (
    "Kernels are drawn anew from a uniform distribution of variance 1 / fan-in, and offsets and "
    "normalisation are reset, instead of by each layer's own initialiser."
)
_SAME = (
    "A fixed small change and the rank correlation, where the paper takes the worst case of a "
    "ratio of distances."
)


@dataclass(frozen=True)
class Metric:
    """One figure of a grade.

    Attributes:
        name: Key in `Grade.figures`.
        title: How it is written.
        question: What it answers, as a question.
        direction: What is better.
        low: Least value it can have.
        high: Greatest value it can have.
        unit: What it is counted in.
        paper: Where it was published.
        deviation: Where this differs from the paper; "" if nowhere.
    """

    name: str
    title: str
    question: str
    direction: Direction
    low: float
    high: float
    unit: str
    paper: str
    deviation: str = ""


_ALL = (
    Metric(
        "deletion",
        "Deletion area",
        "How high does the probability stay while the places of the map are taken away, the "
        "strongest first?",
        "lower",
        0.0,
        1.0,
        "mean probability",
        _RISE,
        _CURVE,
    ),
    Metric(
        "insertion",
        "Insertion area",
        "How high does the probability rise while the places of the map are laid on the baseline, "
        "the strongest first?",
        "higher",
        0.0,
        1.0,
        "mean probability",
        _RISE,
        _CURVE,
    ),
    Metric(
        "faithfulness",
        "Faithfulness",
        "How far does the insertion area lie above the deletion area?",
        "higher",
        -1.0,
        1.0,
        "difference of areas",
        _RISE,
        "The paper tells the two areas apart; their difference weighs both alike.",
    ),
    Metric(
        "random_gap",
        "Gap to random maps",
        "How far does the faithfulness lie above the mean of random maps?",
        "higher",
        -2.0,
        2.0,
        "difference of areas",
        "Tomsett et al. 2020, arXiv:1912.01451",
        "The random maps are coarse grids of noise, enlarged; the paper takes pixels at random.",
    ),
    Metric(
        "edge_gap",
        "Gap to an edge detector",
        "How far does the faithfulness lie above that of a map which only shows edges?",
        "higher",
        -2.0,
        2.0,
        "difference of areas",
        _ADEBAYO,
        "The paper compares by eye; here the edge map goes through the same curves.",
    ),
    Metric(
        "randomised_logits",
        "Logits randomised",
        "How much is the map like that of the same network with random logits?",
        "lower",
        -1.0,
        1.0,
        "rank correlation",
        _ADEBAYO,
        _RANDOM,
    ),
    Metric(
        "randomised_dense",
        "Dense layers randomised",
        "How much is the map like that of the same network with random dense layers?",
        "lower",
        -1.0,
        1.0,
        "rank correlation",
        _ADEBAYO,
        _RANDOM,
    ),
    Metric(
        "randomised_block",
        "Last block randomised",
        "How much is the map like that of the same network when the last convolution block is "
        "random too?",
        "lower",
        -1.0,
        1.0,
        "rank correlation",
        _ADEBAYO,
        _RANDOM,
    ),
    Metric(
        "randomised_all",
        "Everything randomised",
        "How much is the map like that of a network that never learnt anything?",
        "lower",
        -1.0,
        1.0,
        "rank correlation",
        _ADEBAYO,
        _RANDOM,
    ),
    Metric(
        "stability_shift",
        "Shifted by one pixel",
        "Does the map stay the same when the tile is shifted by one pixel?",
        "higher",
        -1.0,
        1.0,
        "rank correlation",
        _ROBUST,
        _SAME,
    ),
    Metric(
        "stability_jpeg",
        "Saved as JPEG 85",
        "Does the map stay the same when the tile is saved as a JPEG of quality 85?",
        "higher",
        -1.0,
        1.0,
        "rank correlation",
        _ROBUST,
        _SAME,
    ),
    Metric(
        "stability_stain",
        "Stained slightly otherwise",
        "Does the map stay the same with 5 % more haematoxylin and 5 % less eosin?",
        "higher",
        -1.0,
        1.0,
        "rank correlation",
        "Tellez et al. 2019, arXiv:1902.06543 (the change); " + _ROBUST,
        _SAME,
    ),
    Metric(
        "pointing_game",
        "Pointing game",
        "Does the map's strongest place lie inside the mask?",
        "higher",
        0.0,
        1.0,
        "1 for a hit",
        "Zhang et al. 2016, arXiv:1608.00507",
        "No margin around the mask; the paper allows 15 pixels.",
    ),
    Metric(
        "relevance_mass",
        "Relevance mass",
        "What share of the map's positive values lies inside the mask?",
        "higher",
        0.0,
        1.0,
        "share",
        "Arras et al. 2022, arXiv:2003.07258",
    ),
)


def metrics() -> Mapping[str, Metric]:
    """Every metric by name, in the order in which they are shown."""
    return {metric.name: metric for metric in _ALL}


def find_metric(name: str) -> Metric:
    """Look a metric up.

    Raises:
        ModelError: No such metric.
    """
    known = metrics()
    if name not in known:
        raise ModelError(f"Expected a metric: {', '.join(known)}. Received: {name!r}.")
    return known[name]
