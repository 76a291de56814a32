"""Figures of weighted tiles: each draw against scikit-learn on the tiles written out."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from osteo_core.evaluate import from_predictions, read_part, tumour_view, wilson
from osteo_core.evaluate.bootstrap import draws
from osteo_core.evaluate.figures import figures, tumour_figures
from osteo_core.evaluate.resampled import (
    accuracy_draws,
    area_draws,
    auc_draws,
    class_draws,
    confusion_draws,
    mean_f1_draws,
)
from tests.fake_bundles import CLASSES, fake_predictions


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 60)
    probabilities = rng.dirichlet([1, 1, 1], 60).round(1) + 0.3 * np.eye(3)[truth]
    weights = draws(None, 60, count=12, seed=2)
    return truth, probabilities / probabilities.sum(axis=1, keepdims=True), weights


def written_out(weights, *columns):
    return [[np.repeat(column, taken, axis=0) for column in columns] for taken in weights]


def test_confusion_and_what_is_read_off_it(sample):
    truth, probabilities, weights = sample
    calls = probabilities.argmax(axis=1)
    confusion = confusion_draws(weights, truth, calls, 3)
    per_class, (macro, weighted) = class_draws(confusion), mean_f1_draws(confusion)
    for i, (own, called) in enumerate(written_out(weights, truth, calls)):
        assert confusion[i] == pytest.approx(sk.confusion_matrix(own, called, labels=[0, 1, 2]))
        assert accuracy_draws(confusion)[i] == pytest.approx(sk.accuracy_score(own, called))
        p, r, f, _ = sk.precision_recall_fscore_support(own, called, labels=[0, 1, 2])
        assert per_class["precision"][i] == pytest.approx(p)
        assert per_class["recall"][i] == pytest.approx(r)
        assert per_class["f1"][i] == pytest.approx(f)
        others = [sk.recall_score(own != k, called != k) for k in range(3)]
        assert per_class["specificity"][i] == pytest.approx(others)
        assert macro[i] == pytest.approx(f.mean())
        assert weighted[i] == pytest.approx(sk.f1_score(own, called, average="weighted"))


@pytest.mark.parametrize("ties", [True, False])
def test_areas(sample, ties):
    truth, probabilities, weights = sample
    score = probabilities[:, 1] + (0 if ties else np.linspace(0, 1e-3, 60))
    assert (len(np.unique(score)) < 60) == ties
    auc, precision = area_draws(weights, truth == 1, score)
    for i, (own, drawn) in enumerate(written_out(weights, truth == 1, score)):
        assert auc[i] == pytest.approx(sk.roc_auc_score(own, drawn))
        assert precision[i] == pytest.approx(sk.average_precision_score(own, drawn))


def test_a_draw_without_a_class_is_nan_there_and_the_mean_leaves_it_out():
    weights = np.array([[1, 1, 0], [0, 0, 2]], np.int32)
    confusion = confusion_draws(weights, np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    assert np.isnan(class_draws(confusion)["recall"][0, 1])
    assert mean_f1_draws(confusion)[0] == pytest.approx([2 / 3, 1.0])
    assert np.isnan(auc_draws(weights, np.array([True, True, False]), np.arange(3.0))).all()


def test_tiles_called_several_times_or_never():
    weights = np.array([[2, 1, 5]], np.int32)
    rows = np.array([0, 0, 1])  # the first tile twice, the third never
    confusion = confusion_draws(weights, np.array([0, 0, 1]), np.array([0, 1, 1]), 2, rows)
    assert confusion[0].tolist() == [[2, 2], [0, 1]]


def test_every_figure_of_a_part_lies_in_its_intervals_and_is_the_metrics_own():
    frame = fake_predictions(CLASSES, (0, 1, 2))
    part = read_part(frame, "test", CLASSES)
    found, metrics = figures(part, count=500), from_predictions(frame, "test", CLASSES)
    accuracy = found.find("accuracy")
    assert accuracy.value == metrics.accuracy == 0.75
    assert (accuracy.exact, accuracy.exact_by) == (wilson(9, 12), "Wilson")
    assert found.find("macro F1").value == pytest.approx(metrics.macro.f1)
    assert found.find("recall", "Viable").value == metrics.per_class[2].recall
    assert found.find("specificity", "Viable").value == pytest.approx(7 / 8)
    assert len(found.rows) == 8 + 6 * 3
    for figure in found.rows:
        for interval in (figure.by_tile, figure.by_slide, figure.exact):
            assert interval is None or interval.low <= figure.value <= interval.high
    assert any("6 slides" in note for note in found.notes)


def test_figures_against_scikit_learn():
    rng = np.random.default_rng(9)
    shares = rng.dirichlet([2, 2, 2], 80)
    labels = [CLASSES[rng.choice(3, p=p)] for p in shares]
    frame = pd.DataFrame(
        {"tile": [str(i) for i in range(80)], "file": "", "slide": "s", "case": "c"}
        | {"split": "test", "label": labels}
        | {f"p_{name}": shares[:, i] for i, name in enumerate(CLASSES)}
    )
    found = figures(read_part(frame, "test", CLASSES), count=50)
    assert found.find("log loss").value == pytest.approx(sk.log_loss(labels, shares))
    assert found.find("Brier score").value == pytest.approx(
        sk.brier_score_loss(labels, shares, labels=CLASSES, scale_by_half=False)
    )
    for i, name in enumerate(CLASSES):
        own = np.array(labels) == name
        assert found.find("AUC", name).value == pytest.approx(sk.roc_auc_score(own, shares[:, i]))
        assert found.find("average precision", name).value == pytest.approx(
            sk.average_precision_score(own, shares[:, i])
        )
    assert found.find("accuracy").by_slide is None  # all of one slide
    assert "one slide" in found.notes[0]


def test_tumour_figures_are_those_of_the_collapsed_calls():
    frame = fake_predictions(CLASSES, (0, 1, 2))
    # 0.4 no tumour, 0.3 dead, 0.3 viable: called no tumour, though tumour is likelier in sum.
    frame.loc[frame["tile"] == frame["tile"].iloc[-1], [f"p_{n}" for n in CLASSES]] = 0.4, 0.3, 0.3
    part = read_part(frame, "test", CLASSES)
    view = tumour_view(part.labels, part.probabilities, CLASSES)
    found = tumour_figures(part, count=200)
    assert view.n_differ == 1
    for name, value in (
        ("precision", view.metrics.per_class[1].precision),
        ("recall", view.sensitivity),
        ("specificity", view.specificity),
        ("AUC", view.curve.auc),
    ):
        assert found.find(name, "Tumour").value == pytest.approx(value)
    assert found.find("accuracy").value == view.metrics.accuracy
    recall = found.find("recall", "Tumour")
    assert recall.by_slide.low <= recall.value <= recall.by_slide.high


def test_a_part_of_one_class_and_an_empty_one():
    frame = fake_predictions(CLASSES, (0,))
    one = frame[(frame["split"] == "test") & (frame["label"] == "Viable")]
    found = figures(read_part(one, "test", CLASSES), count=100)
    assert found.find("AUC", "Viable").value is None
    assert found.find("recall", "Non-Tumor").value is None
    assert any("Not defined on these tiles: " in note for note in found.notes)
    assert all(f.value is None or np.isfinite(f.value) for f in found.rows)
    empty = figures(read_part(frame.iloc[:0], "test", CLASSES))
    assert empty.rows == ()
    assert "no labelled tile" in empty.notes[0]
