"""Metrics by hand and against scikit-learn, and sentences where there is no number."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from osteo_core.errors import BundleError
from osteo_core.evaluate import (
    can_collapse,
    collapse_tumour,
    evaluate,
    evaluate_calls,
    from_predictions,
    learning_curves,
    read_part,
    roc_one_vs_rest,
    tumour_view,
)

CLASSES = ("Non-Tumor", "Non-Viable-Tumor", "Viable")
NT, NV, VI = CLASSES


def soft(calls, classes=CLASSES, peak=0.8):
    """Probabilities with `peak` on each call and the rest shared."""
    rest = (1 - peak) / (len(classes) - 1)
    return np.array([[peak if c == call else rest for c in classes] for call in calls])


def random_part(seed, n=200):
    draw = np.random.default_rng(seed)
    labels = list(draw.choice(CLASSES, n, p=[0.5, 0.2, 0.3]))
    probabilities = draw.dirichlet([1, 1, 1], n)
    probabilities[np.arange(n), [CLASSES.index(x) for x in labels]] += 0.4
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


def test_scores_by_hand():
    labels = [NT, NT, NT, NT, NV, NV, VI, VI, VI, VI]
    calls = [NT, NT, NT, NV, NV, VI, VI, VI, VI, NT]
    m = evaluate(labels, soft(calls), CLASSES)
    assert m.confusion.tolist() == [[3, 1, 0], [0, 1, 1], [1, 0, 3]]
    assert (m.n, m.correct, m.accuracy) == (10, 7, 0.7)
    assert m.interval.low == pytest.approx(0.3968, abs=5e-5)
    assert m.interval.high == pytest.approx(0.8922, abs=5e-5)
    nt, nv, vi = m.per_class
    assert (nt.precision, nt.recall, nt.f1, nt.support) == (0.75, 0.75, 0.75, 4)
    assert (nv.precision, nv.recall, nv.f1, nv.support) == (0.5, 0.5, 0.5, 2)
    assert (vi.precision, vi.recall, vi.f1, vi.support) == (0.75, 0.75, 0.75, 4)
    assert m.macro.f1 == pytest.approx(2 / 3)
    assert m.weighted.f1 == pytest.approx(0.7)
    assert m.row_shares[1].tolist() == [0, 0.5, 0.5]
    assert m.notes == ()


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_scikit_learn(seed):
    labels, probabilities = random_part(seed)
    m = evaluate(labels, probabilities, CLASSES)
    calls = np.array(CLASSES)[probabilities.argmax(axis=1)]
    assert m.accuracy == pytest.approx(sk.accuracy_score(labels, calls))
    assert m.confusion.tolist() == sk.confusion_matrix(labels, calls, labels=CLASSES).tolist()
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        labels, calls, labels=CLASSES
    )
    assert [s.precision for s in m.per_class] == pytest.approx(precision)
    assert [s.recall for s in m.per_class] == pytest.approx(recall)
    assert [s.f1 for s in m.per_class] == pytest.approx(f1)
    assert [s.support for s in m.per_class] == support.tolist()
    for mean, how in ((m.macro, "macro"), (m.weighted, "weighted")):
        theirs = sk.precision_recall_fscore_support(labels, calls, average=how)
        assert (mean.precision, mean.recall, mean.f1) == pytest.approx(theirs[:3])


def test_a_class_that_is_never_called():
    labels, calls = [NT, NV, VI, VI], [NT, NT, VI, VI]
    m = evaluate_calls(labels, calls, CLASSES)
    assert (m.per_class[1].precision, m.per_class[1].recall, m.per_class[1].f1) == (None, 0, 0)
    theirs = sk.f1_score(labels, calls, average="macro", zero_division=0)
    assert m.macro.f1 == pytest.approx(theirs)
    assert any("No tile was called Non-Viable-Tumor" in note for note in m.notes)


def test_a_class_that_does_not_occur_is_left_out_of_the_means():
    m = evaluate_calls([NT, NT, VI, VI], [NT, NV, VI, VI], CLASSES)
    assert (m.per_class[1].recall, m.per_class[1].precision) == (None, 0)
    assert m.macro.recall == pytest.approx(0.75)
    assert m.macro.support == 4
    assert any("No tile of this part is Non-Viable-Tumor" in note for note in m.notes)


def test_single_class_empty_and_constant_parts_give_sentences():
    single = evaluate_calls([VI, VI], [VI, NT], CLASSES)
    assert single.accuracy == 0.5
    assert "Non-Tumor or Non-Viable-Tumor" in single.notes[0]
    empty = evaluate([], np.zeros((0, 3)), CLASSES)
    assert (empty.accuracy, empty.interval, empty.macro.f1) == (None, None, None)
    assert empty.row_shares.tolist() == np.zeros((3, 3)).tolist()
    assert empty.notes == ("There is no labelled tile in this part, so nothing can be scored.",)
    constant = evaluate_calls([NT, NV, VI], [NT, NT, NT], CLASSES)
    assert any("Every tile got the same call" in note for note in constant.notes)


def test_ties_go_to_the_first_class_and_are_counted():
    m = evaluate([VI, VI], [[0.0, 0.5, 0.5], [0.1, 0.2, 0.7]], CLASSES)
    assert m.confusion[2].tolist() == [0, 1, 1]
    assert m.notes[-1].startswith("1 tile had two or more classes")


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [([NT], [[0.1, 0.2, 0.7]] * 2), ([NT], [[np.nan, 0, 1]]), (["Bone"], [[1, 0, 0]])],
)
def test_refuses_what_does_not_fit(labels, probabilities):
    with pytest.raises(ValueError, match="Received"):
        evaluate(labels, probabilities, CLASSES)


def test_roc_by_hand():
    """Positives 0.9, 0.4; negatives 0.6, 0.1: three of four pairs stand in the right order."""
    scores = np.array([0.9, 0.4, 0.6, 0.1])
    curve, other = roc_one_vs_rest(["a", "a", "b", "b"], np.stack([scores, 1 - scores], 1), "ab")
    assert curve.fpr.tolist() == [0, 0, 0.5, 0.5, 1]
    assert curve.tpr.tolist() == [0, 0.5, 0.5, 1, 1]
    assert curve.thresholds[1:].tolist() == [0.9, 0.6, 0.4, 0.1]
    assert curve.auc == other.auc == 0.75


@pytest.mark.parametrize("digits", [1, 8], ids=["with ties", "without"])
def test_roc_agrees_with_scikit_learn(digits):
    labels, probabilities = random_part(7)
    rounded = probabilities.round(digits)
    for i, curve in enumerate(roc_one_vs_rest(labels, rounded, CLASSES)):
        truth = np.array(labels) == CLASSES[i]
        fpr, tpr, _ = sk.roc_curve(truth, rounded[:, i], drop_intermediate=False)
        np.testing.assert_allclose(curve.fpr, fpr)
        np.testing.assert_allclose(curve.tpr, tpr)
        assert curve.auc == pytest.approx(sk.roc_auc_score(truth, rounded[:, i]))


def test_roc_without_a_curve_says_why():
    curves = roc_one_vs_rest([VI, VI], soft([VI, NT]), CLASSES)
    assert [c.auc for c in curves] == [None, None, None]
    assert "No tile of this part is Non-Tumor" in curves[0].note
    assert "Every tile of this part is Viable" in curves[2].note
    assert "no tile" in roc_one_vs_rest([], np.zeros((0, 3)), CLASSES)[0].note
    constant = roc_one_vs_rest([NT, VI], [[0.3, 0.3, 0.4]] * 2, CLASSES)[0]
    assert constant.auc == 0.5
    assert "no ranking" in constant.note


def test_tumour_collapse_by_hand():
    labels = [NT, NT, NV, VI, VI]
    # the last tile: no tumour leads, but dead and viable together outweigh it
    probabilities = [[0.9, 0.1, 0], [0.2, 0.8, 0], [0.1, 0.2, 0.7], [0, 0, 1], [0.4, 0.3, 0.3]]
    view = tumour_view(labels, probabilities, CLASSES)
    assert view.metrics.confusion.tolist() == [[1, 1], [1, 2]]
    assert (view.specificity, view.sensitivity) == (0.5, pytest.approx(2 / 3))
    assert view.n_differ == 1
    assert view.curve.auc == pytest.approx(5 / 6)
    merged, summed, names = collapse_tumour(labels, probabilities, CLASSES)
    assert merged == ["No tumour"] * 2 + ["Tumour"] * 3
    assert summed[4] == pytest.approx([0.4, 0.6])
    assert names == ("No tumour", "Tumour")


def test_collapse_of_the_wrong_classes():
    assert can_collapse((NT, VI))
    assert not can_collapse((NV, VI))
    assert not can_collapse(("a", "b"))
    assert not can_collapse((NT,))
    with pytest.raises(ValueError, match="Non-Tumor and at least one"):
        tumour_view([VI], [[0.1, 0.9]], (NV, VI))


def predictions(rows):
    table = pd.DataFrame(rows, columns=["tile", "slide", "case", "split", "label", "call"])
    shares = soft(table.pop("call"))
    table.insert(1, "file", table["tile"] + ".jpg")
    return table.assign(**{f"p_{c}": shares[:, i] for i, c in enumerate(CLASSES)})


def test_read_part_counts_what_stands_behind_it():
    frame = predictions(
        [
            ("a", "C21", "Case-3", "test", NT, NT),
            ("b", "C21", "Case-4", "test", NT, VI),  # the same code in another case: a slide more
            ("c", "C21", "Case-4", "test", VI, VI),
            ("c", "C21", "Case-4", "test", VI, VI),
            ("d", "C22", "Case-4", "test", "mixed", VI),
            ("e", "C23", "Case-4", "train", VI, VI),
        ]
    )
    part = read_part(frame, "test", CLASSES)
    assert (part.n_tiles, part.n_slides, part.n_cases) == (3, 2, 2)
    assert part.notes == (
        "1 tile left out: no label among this network's classes (mixed).",
        "1 tile left out: the same tile again.",
    )
    assert "3 tiles, 2 slides, 2 cases" in part.standing("slide")
    assert part.by_slide().to_numpy().tolist() == [
        ["Case-4", "C21", 2, 1, 0.5],
        ["Case-3", "C21", 1, 1, 1.0],
    ]
    assert from_predictions(frame, "test", CLASSES).accuracy == pytest.approx(2 / 3)
    assert read_part(frame, "all", CLASSES).n_tiles == 4


def test_standing_says_what_the_split_allows():
    frame = predictions([("a", "s", "c", "test", NT, NT), ("b", "s", "c", "train", NT, NT)])
    test = read_part(frame, "test", CLASSES)
    assert "no slide of this part was trained on" in test.standing("slide")
    assert "flatters" in test.standing("tile")
    assert "no patient" in test.standing("case")
    assert "remembers" in read_part(frame, "train", CLASSES).standing("slide")
    assert "no labelled tile" in read_part(frame, "validation", CLASSES).standing("slide")


def test_read_part_leaves_out_broken_rows_and_names_missing_columns():
    frame = predictions([("a", "s", "c", "test", NT, NT), ("b", "s", "c", "test", NT, VI)])
    frame.loc[1, "p_Viable"] = np.nan
    part = read_part(frame, "test", CLASSES)
    assert part.calls == [NT]
    assert "not a number" in part.notes[0]
    with pytest.raises(BundleError, match=r"p_Viable.*Received: tile"):
        read_part(frame.drop(columns="p_Viable"), "test", CLASSES)


def history(**columns):
    return pd.DataFrame({"loss": [3.0, 2, 1, 1], "val_loss": [2.0, 1, 1, 3], **columns})


def test_best_epoch_is_the_cards_or_the_first_lowest():
    table = history(epoch=[1, 2, 3, 4], stage="head")
    assert learning_curves(table).best_epoch == 2
    told = learning_curves(table, {"head": 3})
    assert (told.best_epoch, told.reason) == (3, "Epoch 3 was kept: the card names it.")
    assert learning_curves(table, {"head": 99}).best_epoch == 2
    assert learning_curves(table.iloc[:0]).best_epoch is None
    assert learning_curves(table.assign(val_loss=np.nan)).best_epoch is None


def test_epochs_that_start_anew_are_counted_on_and_the_last_stage_decides():
    table = history(epoch=[1, 2, 1, 2], stage=["head", "head", "base", "base"])
    table["val_loss"] = [0.1, 0.2, 0.6, 0.5]
    curves = learning_curves(table)
    assert curves.table["epoch"].tolist() == [1, 2, 3, 4]
    assert curves.stages == (("head", 1, 2), ("base", 3, 4))
    assert curves.best_epoch == 4
    assert learning_curves(table, {"head": 1, "base": 1}).best_epoch == 3
    numbered_through = table.assign(epoch=[1, 2, 3, 4])
    assert learning_curves(numbered_through, {"head": 1, "base": 3}).best_epoch == 3
