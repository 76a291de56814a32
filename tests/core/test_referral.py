"""Which tiles go to a person: hand-made cases and the risk-coverage curve."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from osteo_core.evaluate.bootstrap import draws
from osteo_core.evaluate.decisions import miss_costs
from osteo_core.evaluate.intervals import wilson
from osteo_core.evaluate.referral import (
    REASONS,
    Decided,
    ReferralRule,
    choose_below,
    risk_coverage,
)
from tests.fake_bundles import CLASSES

P = np.array(
    [
        [0.90, 0.05, 0.05],  # kept, right
        [0.75, 0.00, 0.25],  # sure, but silently Viable: it is
        [0.50, 0.25, 0.25],  # both
        [0.10, 0.50, 0.40],  # unsure
        [0.05, 0.05, 0.90],  # kept, wrong: it is Non-Viable
        [0.80, 0.00, 0.20],  # exactly at the limit: kept, right
    ]
)
TRUTH = np.array([0, 2, 0, 1, 1, 0])
CALLS = P.argmax(axis=1)
COSTS = miss_costs((1, 1, 5))
RULE = ReferralRule(below=0.6, viable_above=0.2)


def decided(rule=RULE):
    return Decided(CLASSES, TRUTH, CALLS, rule.reasons(P, CALLS, CLASSES))


def test_reasons_by_hand():
    assert [REASONS[i] for i in decided().reasons] == [
        "kept",
        "silent Viable",
        "unsure and silent Viable",
        "unsure",
        "kept",
        "kept",
    ]
    assert decided(ReferralRule()).n_referred == 0
    without = ReferralRule(0.6, 0.2).reasons(P[:, :2], CALLS * 0, CLASSES[:2])
    assert set(without) <= {0, 1}  # a network without Viable cannot be silent about it


def test_the_silent_viable_rule_goes_by_the_call_not_by_the_highest_probability():
    p, called = np.array([[0.6, 0.1, 0.3]]), np.array([2])  # Viable by its threshold
    assert ReferralRule(0.0, 0.2).reasons(p, called, CLASSES).tolist() == [0]


def test_counts_by_hand():
    found = decided()
    assert (found.n, found.n_referred, found.n_errors) == (6, 3, 1)
    assert found.confusion.tolist() == [[2, 0, 0, 1], [0, 0, 1, 1], [0, 0, 0, 1]]
    assert found.missed("Viable") == 0
    assert found.missed("Non-Viable-Tumor") == 1
    rows = {row["class"]: row for row in found.per_class()}
    assert rows["Non-Tumor"]["found or referred"] == 1
    assert rows["Non-Viable-Tumor"]["recall"] == 0
    assert rows["Non-Viable-Tumor"]["precision"] is None
    assert rows["Viable"]["recall"] is None  # its only tile went to a person
    assert rows["Viable"]["precision"] == 0
    counts = found.referral_counts()
    assert [row["tiles"] for row in counts] == [3, 1, 1, 1]
    assert [row["called wrongly"] for row in counts] == [1, 0, 1, 0]
    assert counts[2]["Viable"] == 1


def test_without_a_rule_the_counts_are_the_confusion_matrix():
    found = decided(ReferralRule())
    expected = confusion_matrix(TRUTH, CALLS, labels=range(3))
    assert found.confusion[:, :3].tolist() == expected.tolist()
    assert found.missed("Viable") == 1


def test_figures_with_intervals():
    slides = np.array([0, 0, 1, 1, 2, 2])
    figures = decided().figures(draws(None, 3).astype(float), slides, COSTS)
    assert figures.referred.value == 0.5
    assert figures.error.value == pytest.approx(1 / 3)
    assert figures.error.tiles == wilson(1, 3)
    assert figures.referred.slides.low >= 0
    # slide a: 1 of 2 referred, b: 2 of 2, c: 0 of 2; three draws of slide b alone refer all
    assert (figures.referred.slides.low, figures.referred.slides.high) == (0.0, 1.0)
    assert figures.cost == pytest.approx(1 / 3)  # one Non-Viable missed among three kept


def test_intervals_by_slide_are_those_of_draws_of_whole_slides():
    rng = np.random.default_rng(4)
    slides = rng.integers(0, 6, 80)
    truth, calls = rng.integers(0, 3, 80), rng.integers(0, 3, 80)
    found = Decided(CLASSES, truth, calls, rng.integers(0, 2, 80))
    by_slide = draws(None, 6).astype(float)
    figures = found.figures(by_slide, slides, COSTS)
    weights = by_slide[:, slides]  # (2000, n)
    wrong = (weights * (found.kept & ~found.right)).sum(axis=1)
    expected = np.quantile(wrong / (weights * found.kept).sum(axis=1), [0.025, 0.975])
    assert [figures.error.slides.low, figures.error.slides.high] == pytest.approx(expected)


def test_all_referred_and_no_tile_leave_no_nan():
    everything = decided(ReferralRule(below=1.0))
    figures = everything.figures(draws(None, 6).astype(float), np.arange(6), COSTS)
    assert figures.error.value is None
    assert figures.error.tiles is None
    assert figures.cost is None
    nothing = Decided(CLASSES, TRUTH[:0], CALLS[:0], CALLS[:0])
    figures = nothing.figures(draws(None, 0).astype(float), np.arange(0), COSTS)
    assert figures.referred.value is None
    assert nothing.per_class()[0]["found or referred"] is None


def test_the_curve_by_hand():
    curve = risk_coverage([True, True, False, True], [0.9, 0.8, 0.7, 0.6])
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert curve.risk.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 4])
    assert curve.limits.tolist() == [0.9, 0.8, 0.7, 0.6]
    assert curve.area == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    assert curve.best == pytest.approx((0 + 0 + 0 + 1 / 4) / 4)
    assert curve.chance == 0.25


def test_tiles_of_equal_confidence_leave_together_and_count_in_the_mean():
    curve = risk_coverage([True, False, True, False], [0.9, 0.5, 0.5, 0.5])
    assert curve.coverage.tolist() == [0.25, 1]
    assert curve.risk.tolist() == [0, 0.5]
    rng = np.random.default_rng(0)
    broken = [
        risk_coverage([True, *rng.permutation([False, True, False])], [0.9, 0.5, 0.4, 0.3]).area
        for _ in range(4000)
    ]
    assert curve.area == pytest.approx(np.mean(broken), abs=0.005)


def test_the_curve_of_a_rule_passes_through_the_rule():
    rng = np.random.default_rng(3)
    p = rng.dirichlet([0.6, 0.6, 0.6], 300)
    truth = np.array([rng.choice(3, p=row) for row in p])
    calls, rule = p.argmax(axis=1), ReferralRule(0.7, 0.1)
    found = Decided(CLASSES, truth, calls, rule.reasons(p, calls, CLASSES))
    silent = ReferralRule(0.0, 0.1).reasons(p, calls, CLASSES) > 0
    curve = risk_coverage(calls == truth, p.max(axis=1), silent)
    at = (curve.limits >= 0.7).sum() - 1
    assert curve.coverage[at] == pytest.approx(found.kept.mean())
    assert curve.risk[at] == pytest.approx((calls != truth)[found.kept].mean())
    assert curve.coverage[-1] == pytest.approx(1 - silent.mean())


def test_confidence_that_says_nothing_gives_the_plain_error():
    flat = risk_coverage([True, False, True, False], [0.5] * 4)
    assert flat.area == pytest.approx(flat.chance)
    empty = risk_coverage([True, False], [0.9, 0.8], [True, True])
    assert (empty.area, len(empty.coverage)) == (None, 0)


def test_the_chosen_limit_is_the_lowest_that_reaches_the_target():
    curve = risk_coverage([True, False, True, False], [0.95, 0.805, 0.7, 0.555])
    assert choose_below(curve, 0.0) == pytest.approx(0.81)
    assert choose_below(curve, 0.34) == pytest.approx(0.56)  # 1 of 3
    assert choose_below(curve, 0.5) == 0.0
    assert choose_below(risk_coverage([False], [0.9]), 0.1) is None
