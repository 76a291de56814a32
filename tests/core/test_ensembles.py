"""Networks put together: coupling, votes, stages and weights, by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from osteo_core.errors import BundleError
from osteo_core.evaluate.coupling import coupled
from osteo_core.evaluate.ensembles import Ensemble
from tests.fake_bundles import CLASSES, fake_predictions

PAIRS = (CLASSES[:2], (CLASSES[0], CLASSES[2]), CLASSES[1:])
A = np.array([[0.8, 0.1, 0.1], [0.5, 0.3, 0.2]])
B = np.array([[0.2, 0.6, 0.2], [0.1, 0.2, 0.7]])


def three(kind, weights=(), n=2):
    members = tuple("abc"[:n])
    return Ensemble("e", "E", kind, members, (CLASSES,) * n, weights)


def test_mean_and_weighted_mean_by_hand():
    assert three("mean").combine([A, B]) == pytest.approx((A + B) / 2)
    weighted = three("weighted", (3, 1)).combine([A, B])
    assert weighted[0].tolist() == pytest.approx([0.65, 0.225, 0.125])
    assert three("weighted", (1, 0)).combine([A, B]) == pytest.approx(A)


def test_columns_go_by_name_not_by_place():
    turned = Ensemble("e", "E", "mean", ("a", "b"), (CLASSES, CLASSES[::-1]))
    assert turned.combine([A, A[:, ::-1]]) == pytest.approx(A)


def test_a_vote_counts_heads_and_the_mean_breaks_ties():
    c = np.array([[0.4, 0.35, 0.25], [0.3, 0.3, 0.4]])
    voted = three("vote", n=3).combine([A, B, c])
    assert voted.sum(axis=1) == pytest.approx([1, 1])
    assert voted.argmax(axis=1).tolist() == [0, 2]  # 2 against 1; 1 against 2
    assert voted[0] == pytest.approx([2 / 3, 1 / 3, 0], abs=2e-3)
    tied = three("vote").combine([A, B])  # one head each
    assert three("vote").calls(tied) == ["Non-Tumor", "Viable"]  # means 0.5, 0.35; 0.3, 0.45
    close = np.array([[0.5001, 0.4999, 0], [0.5001, 0.4999, 0], [0, 1, 0]])[:, None]
    assert three("vote", n=3).combine(list(close)).argmax() == 0  # a majority is not overturned


def test_coupling_pairs_that_agree_gives_back_what_they_came_from():
    p = np.random.default_rng(0).dirichlet([1, 1, 1], 40).clip(0.01)
    p /= p.sum(axis=1, keepdims=True)
    rows = [p[:, i] / p[:, i].sum(axis=1, keepdims=True) for i in ([0, 1], [0, 2], [1, 2])]
    pairwise = Ensemble("e", "E", "mean", ("a", "b", "c"), PAIRS)
    assert pairwise.combine(rows) == pytest.approx(p, abs=1e-6)


def test_coupling_is_the_most_likely_solution_that_scipy_finds():
    rows = [np.array([[0.9, 0.1]]), np.array([[0.3, 0.7]]), np.array([[0.6, 0.4]])]
    places = [[0, 1], [0, 2], [1, 2]]
    shares = np.array([0.5, 0.3, 0.2])

    def unlikely(logits):
        p = np.exp(logits) / np.exp(logits).sum()
        return -sum(
            s * (r[0] * np.log(p[i] / p[i].sum())).sum()
            for s, r, i in zip(shares, rows, places, strict=True)
        )

    best = minimize(unlikely, np.zeros(3)).x
    expected = np.exp(best) / np.exp(best).sum()
    assert coupled(rows, places, shares, 3)[0] == pytest.approx(expected, abs=1e-4)


def test_a_network_of_all_classes_joins_networks_of_two():
    mixed = Ensemble("e", "E", "mean", ("a", "b"), (CLASSES, CLASSES[1:]))
    p = np.array([[0.2, 0.5, 0.3]])
    agreed = mixed.combine([p, p[:, 1:] / 0.8])
    assert agreed == pytest.approx(p, abs=1e-6)
    sure = mixed.combine([p, np.array([[0.0, 1.0]])])[0]
    assert sure[2] > 0.3  # pulled towards Viable
    assert sure[0] == pytest.approx(0.2, abs=1e-6)  # the second says nothing of Non-Tumor


def test_two_stages_by_hand():
    stages = Ensemble("e", "E", "two-stage", ("a", "b"), (CLASSES, CLASSES[1:]))
    p = stages.combine([np.array([[0.4, 0.5, 0.1]]), np.array([[0.45, 0.55]])])
    assert p[0] == pytest.approx([0.4, 0.27, 0.33])
    assert stages.calls(p) == ["Viable"]  # although Non-Tumor alone is the most probable
    assert stages.calls(stages.combine([[[0.6, 0.4, 0.0]], [[0.0, 1.0]]])) == ["Non-Tumor"]
    of_three = Ensemble("e", "E", "two-stage", ("a", "b"), (CLASSES, CLASSES))
    assert of_three.combine([[[0.4, 0.5, 0.1]], [[1.0, 0.0, 0.0]]])[0] == pytest.approx(
        [0.4, 0.3, 0.3]
    )


@pytest.mark.parametrize(
    ("kind", "members", "knows", "weights", "sentence"),
    [
        ("median", ("a", "b"), (CLASSES,) * 2, (), "one of mean"),
        ("mean", ("a",), (CLASSES,), (), "two different networks"),
        ("mean", ("a", "a"), (CLASSES,) * 2, (), "two different networks"),
        ("mean", ("a", "b"), (CLASSES,), (), "classes of each"),
        ("weighted", ("a", "b"), (CLASSES,) * 2, (), "a weight for each"),
        ("weighted", ("a", "b"), (CLASSES,) * 2, (1, -1), "none negative"),
        ("weighted", ("a", "b"), (CLASSES,) * 2, (0, 0), "not all 0"),
        ("two-stage", ("a", "b", "c"), (CLASSES,) * 3, (), "one a stage"),
        ("two-stage", ("a", "b"), (CLASSES[1:], CLASSES), (), "first network that knows"),
        ("two-stage", ("a", "b"), (CLASSES, CLASSES[:2]), (), "second that knows"),
        ("mean", ("a", "b"), (("x", "y"), ("u", "v")), (), "hang together"),
    ],
)
def test_what_cannot_be_put_together_is_said(kind, members, knows, weights, sentence):
    with pytest.raises(BundleError, match=sentence) as error:
        Ensemble("e", "E", kind, members, knows, weights)
    assert "Received: " in str(error.value)


def noisy(seed, skill, n=200):
    rng = np.random.default_rng(seed)
    frame = fake_predictions(CLASSES, ())
    frame = pd.concat([frame] * (n // len(frame) + 1), ignore_index=True).head(n)
    frame["tile"] = [f"{i:03d}" for i in range(n)]
    truth = np.eye(3)[[CLASSES.index(label) for label in frame["label"]]]
    p = rng.dirichlet([1, 1, 1], n) * (1 - skill) + truth * skill
    frame[[f"p_{c}" for c in CLASSES]] = p
    return frame


def test_predictions_have_the_form_of_a_network():
    frames = {"a": noisy(0, 0.3), "b": noisy(1, 0.3).iloc[::-1].head(150)}
    out = three("mean").predictions(frames)
    assert list(out.columns) == list(frames["a"].columns)
    assert len(out) == 150  # the tiles that both were run on
    a, b = (frames[k].set_index("tile").loc[out["tile"]] for k in "ab")
    expected = (a["p_Viable"].to_numpy() + b["p_Viable"].to_numpy()) / 2
    assert out["p_Viable"].to_numpy() == pytest.approx(expected)


def test_a_tile_that_one_member_was_trained_on_is_not_new():
    one, other = noisy(0, 0.3, 4), noisy(1, 0.3, 4)
    one["split"] = ["test", "test", "validation", "test"]
    other["split"] = ["test", "train", "test", "validation"]
    out = three("mean").predictions({"a": one, "b": other})
    assert out["split"].tolist() == ["test", "train", "validation", "validation"]
    other.loc[0, "label"] = "Viable" if other.loc[0, "label"] != "Viable" else "Non-Tumor"
    with pytest.raises(BundleError, match="different labels on 1 of 4"):
        three("mean").predictions({"a": one, "b": other})


def test_weights_find_the_better_network():
    frames = {"a": noisy(0, 0.8), "b": noisy(1, 0.0)}
    fitted = three("mean").fitted(frames)
    assert fitted.weights[0] > 0.9
    assert sum(fitted.weights) == pytest.approx(1)
    assert fitted.loss < fitted.loss_equal
    same = three("mean").fitted({"a": noisy(0, 0.5), "b": noisy(0, 0.5)})
    assert same.loss == pytest.approx(same.loss_equal)
    with pytest.raises(BundleError, match=r"validation part\. Received: none"):
        three("mean").fitted({k: f[f["split"] == "test"] for k, f in frames.items()})
