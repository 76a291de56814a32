"""Wilson's interval against published values, scipy and its defining equation."""

from math import sqrt

import pytest
from scipy.stats import binomtest

from osteo_core.evaluate import wilson

# Newcombe (1998), Stat. Med. 17:857, table I, method 3.
PUBLISHED = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


@pytest.mark.parametrize(("k", "n", "low", "high"), PUBLISHED)
def test_published_values(k, n, low, high):
    interval = wilson(k, n)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@pytest.mark.parametrize(("k", "n", "level"), [(3, 7, 0.95), (0, 5, 0.9), (40, 41, 0.99)])
def test_agrees_with_scipy(k, n, level):
    theirs = binomtest(k, n).proportion_ci(level, method="wilson")
    ours = wilson(k, n, level)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert ours.level == level


def test_bounds_solve_the_score_equation():
    """Each bound p lies z standard errors *of p itself* from the observed share."""
    k, n, z = 17, 20, 1.959963984540054
    interval = wilson(k, n)
    for bound in (interval.low, interval.high):
        assert abs(k / n - bound) == pytest.approx(z * sqrt(bound * (1 - bound) / n))


@pytest.mark.parametrize("n", [1, 2, 30, 919])
def test_stays_within_0_and_1_and_mirrors(n):
    assert wilson(0, n).low == 0.0
    assert wilson(n, n).high == 1.0
    for k in range(0, n + 1, max(1, n // 7)):
        here, mirror = wilson(k, n), wilson(n - k, n)
        assert 0 <= here.low <= k / n <= here.high <= 1
        assert here.low == pytest.approx(1 - mirror.high, abs=1e-12)


@pytest.mark.parametrize(
    ("k", "n", "level"), [(1, 0, 0.95), (-1, 3, 0.95), (4, 3, 0.95), (1, 3, 1)]
)
def test_refuses_what_is_no_share(k, n, level):
    with pytest.raises(ValueError, match="Received"):
        wilson(k, n, level)
