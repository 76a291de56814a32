"""Calibration, Brier, log loss and thresholds: by hand, against scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

from osteo_core.evaluate import wilson
from osteo_core.evaluate.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability,
)
from osteo_core.evaluate.precision_recall import pr_one_vs_rest
from osteo_core.evaluate.scores import brier_terms, log_loss_terms, operating_point

TWO = ("a", "b")
THREE = ("a", "b", "c")


def too_sure(n=4000, factor=2.5, seed=1):
    """Labels drawn from softmax(z), told as softmax(factor z)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.2, (n, 3))
    drawn = (softmax(logits, axis=1).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return [THREE[i] for i in drawn], softmax(factor * logits, axis=1)


def test_the_temperature_that_was_put_in_is_found():
    labels, probabilities = too_sure()
    found = fit_temperature(labels, probabilities, THREE)
    assert found.value == pytest.approx(2.5, rel=0.07)
    assert found.nll_before == pytest.approx(sk.log_loss(labels, probabilities))
    cooled = found.apply(probabilities)
    assert found.nll_after == pytest.approx(sk.log_loss(labels, cooled))
    assert found.nll_after < found.nll_before
    assert (cooled.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    before = expected_calibration_error(labels, probabilities, THREE)
    after = expected_calibration_error(labels, cooled, THREE)
    assert after < 0.03 < 0.15 < before


def test_the_temperature_is_that_of_a_general_minimiser():
    labels, probabilities = too_sure(300, 0.6, seed=2)
    truth = [THREE.index(label) for label in labels]

    def nll(t):
        scaled = log_softmax(np.log(probabilities) / t[0], axis=1)
        return -scaled[np.arange(300), truth].mean()

    best = minimize(nll, [1.0], method="Nelder-Mead", options={"xatol": 1e-7}).x[0]
    assert fit_temperature(labels, probabilities, THREE).value == pytest.approx(best, rel=1e-3)


def test_what_cannot_be_fitted_is_a_sentence():
    nothing = fit_temperature([], np.zeros((0, 2)), TWO)
    assert (nothing.value, nothing.nll_before) == (1.0, None)
    assert "no labelled tile" in nothing.note
    all_right = fit_temperature(["a", "b"], [[0.9, 0.1], [0.2, 0.8]], TWO)
    assert "not to be trusted" in all_right.note
    assert all_right.nll_after <= all_right.nll_before
    flat = fit_temperature(["a", "b"], [[0.5, 0.5], [0.5, 0.5]], TWO)
    assert flat.value == 1.0
    assert "No temperature" in flat.note
    with pytest.raises(ValueError, match="Received: \\['z'\\]"):
        fit_temperature(["z"], [[0.5, 0.5]], TWO)


def test_stored_zeros_stay_finite():
    found = fit_temperature(["b", "a", "a"], [[1.0, 0.0], [1.0, 0.0], [0.9, 0.1]], TWO)
    assert np.isfinite(found.nll_before)
    assert np.isfinite(found.apply([[1.0, 0.0]])).all()
    assert log_loss_terms(["b"], [[1.0, 0.0]], TWO)[0] == pytest.approx(-np.log(5e-7))


def test_bins_and_error_by_hand():
    labels = ["a", "a", "b", "b", "a"]
    sure = np.array([0.95, 0.90, 0.85, 0.60, 0.60])  # of calling a
    probabilities = np.stack([sure, 1 - sure], axis=1)
    bins = reliability(labels, probabilities, TWO)
    assert [(round(b.low, 1), b.n, b.accuracy) for b in bins] == [
        (0.5, 2, 0.5),
        (0.8, 2, 0.5),
        (0.9, 1, 1.0),
    ]
    assert bins[1].confidence == pytest.approx(0.875)  # 0.90 belongs to the bin that it closes
    assert bins[1].interval == wilson(1, 2)
    by_hand = (2 * abs(0.6 - 0.5) + 2 * abs(0.875 - 0.5) + abs(0.95 - 1)) / 5
    assert expected_calibration_error(labels, probabilities, TWO) == pytest.approx(by_hand)
    assert expected_calibration_error([], np.zeros((0, 2)), TWO) is None


def test_bins_agree_with_scikit_learn():
    labels, probabilities = too_sure(500)
    right = np.array([THREE[i] for i in probabilities.argmax(axis=1)]) == labels
    shares, means = calibration_curve(right, probabilities.max(axis=1), n_bins=10)
    bins = reliability(labels, probabilities, THREE)
    assert [b.accuracy for b in bins] == pytest.approx(shares)
    assert [b.confidence for b in bins] == pytest.approx(means)


def test_brier_and_log_loss_agree_with_scikit_learn():
    labels, probabilities = too_sure(200)
    assert log_loss_terms(labels, probabilities, THREE).mean() == pytest.approx(
        sk.log_loss(labels, probabilities)
    )
    whole = sk.brier_score_loss(labels, probabilities, labels=THREE, scale_by_half=False)
    assert brier_terms(labels, probabilities, THREE).mean() == pytest.approx(whole)
    assert brier_terms(["a", "b"], [[1, 0], [1, 0]], TWO).tolist() == [0.0, 2.0]


def test_an_operating_point_by_hand_and_its_intervals_by_statsmodels():
    labels = ["a"] * 4 + ["b"] * 6
    score = [0.9, 0.8, 0.5, 0.2, 0.7, 0.5, 0.4, 0.3, 0.2, 0.1]
    probabilities = [[s, 1 - s] for s in score]
    point = operating_point(labels, probabilities, TWO, "a", 0.5)
    assert (point.sensitivity, point.specificity, point.precision) == (0.75, 4 / 6, 0.6)
    theirs = proportion_confint(4, 6, method="wilson")
    own = point.specificity_interval
    assert (own.low, own.high) == pytest.approx(theirs)
    assert operating_point(labels, probabilities, TWO, "a", 0.95).precision is None
    assert operating_point(["b"], [[0.1, 0.9]], TWO, "a", 0.5).sensitivity is None
    with pytest.raises(ValueError, match="Received: 'z'"):
        operating_point(labels, probabilities, TWO, "z", 0.5)


def test_precision_recall_curves_agree_with_scikit_learn():
    labels, probabilities = too_sure(120, seed=6)
    probabilities = probabilities.round(1)
    for i, curve in enumerate(pr_one_vs_rest(labels, probabilities, THREE)):
        own = [label == THREE[i] for label in labels]
        precision, recall, thresholds = sk.precision_recall_curve(own, probabilities[:, i])
        area = sk.average_precision_score(own, probabilities[:, i])
        assert curve.average_precision == pytest.approx(area)
        assert curve.share == pytest.approx(np.mean(own))
        assert curve.thresholds[1:] == pytest.approx(thresholds[::-1])
        assert curve.precision[1:] == pytest.approx(precision[:-1][::-1])
        assert curve.recall[1:] == pytest.approx(recall[:-1][::-1])
    one = pr_one_vs_rest(["a", "a"], [[0.7, 0.3], [0.6, 0.4]], TWO)
    assert one[0].note == "Every tile is a, so there is no curve."
    assert one[1].note == "No tile of this part is b, so there is no curve."
    assert [c.average_precision for c in one] == [None, None]
