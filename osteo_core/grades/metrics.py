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


def _area(name: str, title: str, question: str, direction: Direction) -> Metric:
    return Metric(name, title, question, direction, 0.0, 1.0, "mean probability", _RISE, _CURVE)


def _gap(name: str, title: str, question: str, paper: str, deviation: str) -> Metric:
    return Metric(
        name, title, question, "higher", -2.0, 2.0, "difference of areas", paper, deviation
    )


def _likeness(
    name: str, title: str, question: str, direction: Direction, paper: str, deviation: str
) -> Metric:
    """How alike two maps are: of a randomised network little, of a changed tile much."""
    return Metric(name, title, question, direction, -1.0, 1.0, "rank correlation", paper, deviation)


def _random(layers: str, title: str, question: str) -> Metric:
    question = f"How much is the map like that of {question}?"
    return _likeness(f"randomised_{layers}", title, question, "lower", _ADEBAYO, _RANDOM)


def _stable(change: str, title: str, question: str, paper: str = _ROBUST) -> Metric:
    question = f"Does the map stay the same {question}?"
    return _likeness(f"stability_{change}", title, question, "higher", paper, _SAME)


_ALL = (
    _area(
        "deletion",
        "Deletion area",
        "How high does the probability stay while the places of the map are taken away, the "
        "strongest first?",
        "lower",
    ),
    _area(
        "insertion",
        "Insertion area",
        "How high does the probability rise while the places of the map are laid on the baseline, "
        "the strongest first?",
        "higher",
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
    _gap(
        "random_gap",
        "Gap to random maps",
        "How far does the faithfulness lie above the mean of random maps?",
        "Tomsett et al. 2020, arXiv:1912.01451",
        "The random maps are coarse grids of noise, enlarged; the paper takes pixels at random.",
    ),
    _gap(
        "edge_gap",
        "Gap to an edge detector",
        "How far does the faithfulness lie above that of a map which only shows edges?",
        _ADEBAYO,
        "The paper compares by eye; here the edge map goes through the same curves.",
    ),
    _random("logits", "Logits randomised", "the same network with random logits"),
    _random("dense", "Dense layers randomised", "the same network with random dense layers"),
    _random(
        "block",
        "Last block randomised",
        "the same network when the last convolution block is random too",
    ),
    _random("all", "Everything randomised", "a network that never learnt anything"),
    _stable("shift", "Shifted by one pixel", "when the tile is shifted by one pixel"),
    _stable("jpeg", "Saved as JPEG 85", "when the tile is saved as a JPEG of quality 85"),
    _stable(
        "stain",
        "Stained slightly otherwise",
        "with 5 % more haematoxylin and 5 % less eosin",
        "Tellez et al. 2019, arXiv:1902.06543 (the change); " + _ROBUST,
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
