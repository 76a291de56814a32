"""DeLong's interval against its definition, a published example, scikit-learn and simulation."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from osteo_core.evaluate.delong import auc_interval, placements


def scores(seed=0, m=23, n=41, digits=1):
    rng = np.random.default_rng(seed)
    return rng.normal(1, 1, m).round(digits), rng.normal(0, 1, n).round(digits)  # with ties


@pytest.mark.parametrize("seed", range(5))
def test_the_area_is_scikit_learns(seed):
    own, rest = scores(seed)
    found = placements(own, rest)
    truth = [1] * len(own) + [0] * len(rest)
    assert found.auc == pytest.approx(roc_auc_score(truth, np.concatenate([own, rest])))


def test_placements_are_the_shares_of_the_definition():
    own, rest = scores()
    won = (own[:, None] > rest) + 0.5 * (own[:, None] == rest)  # equation 2 of DeLong (1988)
    found = placements(own, rest)
    assert found.positive == pytest.approx(won.mean(axis=1))
    assert found.negative == pytest.approx(won.mean(axis=0))
    assert found.auc == pytest.approx(won.mean())
    variance = won.mean(axis=1).var(ddof=1) / 23 + won.mean(axis=0).var(ddof=1) / 41
    assert found.variance == pytest.approx(variance)


def test_a_published_example():
    """Nine scores of the example to yandexdataschool/roc_comparison: 0.8, 0.02875, 0.468 to 1."""
    own, rest = [0.32, 0.92, 0.79, 0.99], [0.21, 0.63, 0.35, 0.82, 0.04]
    found = placements(own, rest)
    assert found.auc == pytest.approx(0.8)
    assert found.variance == pytest.approx(0.02875)
    interval = auc_interval(own, rest)
    assert interval.low == pytest.approx(0.46767194, abs=1e-8)
    assert interval.high == 1.0


def test_no_interval_where_there_can_be_none():
    assert placements([], [0.2]) is None
    assert auc_interval([], [0.2]) is None
    assert auc_interval([0.5], [0.2, 0.7]) is None  # one tile has no variance
    assert auc_interval([0.8, 0.9], [0.1, 0.2]) is None  # a perfect ranking: a point
    assert auc_interval([0.5, 0.5], [0.5, 0.5]) is None


def test_the_interval_holds_its_level():
    """2 x 400 normal scores whose true area is 0.7602."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        interval = auc_interval(rng.normal(1, 1, 40), rng.normal(0, 1, 60))
        held += interval.low <= 0.76025 <= interval.high
    assert 0.92 <= held / 400 <= 0.98
