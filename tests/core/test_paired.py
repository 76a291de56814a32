"""Two networks on the same tiles: McNemar, the test by slide, DeLong, bootstrap differences."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap, permutation_test
from sklearn.metrics import f1_score, log_loss, roc_auc_score

from osteo_core.evaluate.differences import paired_differences, table
from osteo_core.evaluate.paired import delong_test, mcnemar_exact, slide_test
from osteo_core.evaluate.parts import LabelledPart

CLASSES = ("Non-Tumor", "Non-Viable-Tumor", "Viable")
RNG = np.random.default_rng(3)


def flags(both, only_a, only_b, neither):
    a = [True] * (both + only_a) + [False] * (only_b + neither)
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
    return np.array(a), np.array(b)


def test_mcnemar_by_hand():
    found = mcnemar_exact(*flags(10, 5, 1, 3))
    assert (found.only_first, found.only_second) == (5, 1)
    assert found.p == pytest.approx(2 * (1 + 6) / 64)  # at most 1 head of 6 coins, both ends
    assert mcnemar_exact(*flags(4, 0, 0, 2)).p == 1.0
    assert mcnemar_exact(*flags(0, 3, 3, 0)).p == 1.0


@pytest.mark.parametrize("counts", [(50, 12, 4, 9), (3, 0, 7, 1), (800, 40, 61, 18)])
def test_mcnemar_agrees_with_statsmodels(counts):
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    both, a, b, neither = counts
    theirs = tables.mcnemar([[both, a], [b, neither]], exact=True)
    assert mcnemar_exact(*flags(*counts)).p == pytest.approx(theirs.pvalue)


def test_the_test_by_slide_by_hand():
    a = np.array([1, 1, 1, 1, 0, 1], bool)
    b = np.array([0, 0, 1, 0, 1, 1], bool)
    slides = ["s1", "s1", "s1", "s2", "s3", "s4"]  # nets 2, 1, -1, 0: sum 2
    found = slide_test(a, b, slides)
    sums = [x * 2 + y + z for x, y, z in product((1, -1), repeat=3)]
    assert found.p == pytest.approx(np.mean(np.abs(sums) >= 2))
    assert (found.n_slides, found.n_decided, found.least_p) == (4, 3, 0.25)


def test_the_test_by_slide_agrees_with_scipy():
    right = RNG.random((2, 60)) < [[0.9], [0.7]]
    slides = [f"s{i}" for i in RNG.integers(0, 9, 60)]
    nets = pd.DataFrame(right.T.astype(int)).groupby(slides).sum()
    theirs = permutation_test(
        (nets[0], nets[1]),
        lambda x, y, axis: np.abs((x - y).sum(axis=axis)),
        permutation_type="samples",
        alternative="greater",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert slide_test(*right, slides).p == pytest.approx(theirs.pvalue)


def test_with_a_tile_a_slide_it_is_mcnemar():
    a, b = flags(10, 9, 3, 2)
    assert slide_test(a, b, [str(i) for i in range(len(a))]).p == pytest.approx(
        mcnemar_exact(a, b).p
    )


def test_networks_that_never_part():
    found = slide_test([True, False], [True, False], ["a", "b"])
    assert (found.p, found.n_decided, found.least_p) == (1.0, 0, 1.0)


def scored(n=80, ties=True):
    truth = RNG.random(n) < 0.4
    a, b = (truth * shift + RNG.normal(size=n) for shift in (1.2, 0.7))
    return (truth, a.round(1), b.round(1)) if ties else (truth, a, b)


def test_aucs_agree_with_scikit_learn():
    truth, a, b = scored()
    found = delong_test(truth, a, b)
    assert found.first == pytest.approx(roc_auc_score(truth, a))
    assert found.second == pytest.approx(roc_auc_score(truth, b))


def test_delong_by_its_definition():
    """The covariance matrix of the paper, from all pairs of tiles."""
    truth, *scores = scored(40)
    hits, rest = zip(*[_by_pairs(truth, s) for s in scores], strict=True)
    s10, s01 = np.cov(np.stack(hits)), np.cov(np.stack(rest))
    covariance = s10 / truth.sum() + s01 / (~truth).sum()
    contrast = np.array([1, -1])
    spread = np.sqrt(contrast @ covariance @ contrast)
    found = delong_test(truth, *scores)
    assert found.interval.high - found.difference == pytest.approx(1.959964 * spread, rel=1e-6)


def _by_pairs(truth, scores):
    hits, rest = scores[truth], scores[~truth]
    wins = (hits[:, None] > rest) + (hits[:, None] == rest) / 2
    return wins.mean(axis=1), wins.mean(axis=0)


def test_a_tile_a_slide_is_delong():
    data = scored()
    ones = [str(i) for i in range(len(data[0]))]
    assert delong_test(*data, ones).p == pytest.approx(delong_test(*data).p)


def test_tiles_that_repeat_within_a_slide_add_nothing():
    """Each tile thrice on its slide: by tile it looks surer, by slide it does not."""
    truth, a, b = scored(60, ties=False)
    thrice = [np.repeat(values, 3) for values in (truth, a, b)]
    slides = np.repeat([str(i) for i in range(60)], 3).tolist()
    once, by_tile = delong_test(truth, a, b), delong_test(*thrice)
    assert by_tile.p < once.p
    assert delong_test(*thrice, slides).p == pytest.approx(once.p)


def test_what_cannot_be_tested_says_why():
    assert delong_test([True, True], [0.1, 0.2], [0.3, 0.4]).note.startswith("All tiles are of one")
    few = delong_test([True, False, False], [0.9, 0.1, 0.3], [0.2, 0.1, 0.3])
    assert (few.first, few.second, few.interval, few.p) == (1.0, 0.5, None, None)
    assert few.note
    same = delong_test([1, 1, 0, 0], [4, 2, 3, 1], [4, 2, 3, 1])
    assert (same.p, same.interval.low, same.interval.high) == (1.0, 0, 0)
    certain = delong_test([1, 1, 0, 0], [4, 3, 2, 1], [1, 2, 3, 4])
    assert (certain.difference, certain.p) == (1.0, None)
    assert "does not vary" in certain.note
    with pytest.raises(ValueError, match="finite"):
        delong_test([1, 0], [np.nan, 1], [0, 1])


def test_delong_holds_its_level():
    """Two equally good networks whose scores are correlated, 400 times over."""
    rng, n = np.random.default_rng(0), 120
    truth = np.arange(n) < 50
    ps = []
    for _ in range(400):
        common = truth + rng.normal(size=n)
        ps.append(delong_test(truth, *(common + rng.normal(size=(2, n)))).p)
    assert np.mean(np.array(ps) < 0.05) == pytest.approx(0.05, abs=0.03)


def part(probabilities, labels, slides, classes=CLASSES):
    frame = pd.DataFrame({"tile": range(len(labels)), "label": labels, "slide": slides})
    return LabelledPart("test", classes, frame.assign(case="C"), np.asarray(probabilities))


@pytest.fixture
def pair():
    n = 60
    labels = [CLASSES[i % 3] for i in range(n)]
    slides = [f"s{i // 6}" for i in range(n)]
    ones = np.eye(3)[[i % 3 for i in range(n)]]
    noisy = [RNG.dirichlet(np.ones(3), n) + weight * ones for weight in (0.6, 0.3)]
    return [part(p / p.sum(axis=1, keepdims=True), labels, slides) for p in noisy]


def test_figures_agree_with_scikit_learn(pair):
    found = {d.name: d for d in paired_differences(*pair, count=10)}
    for which, one in (("first", pair[0]), ("second", pair[1])):
        truth = np.array(one.labels)
        f1 = f1_score(truth, one.calls, average="macro")
        assert getattr(found["macro F1"], which) == pytest.approx(f1)
        auc = roc_auc_score(truth == "Viable", one.probabilities[:, 2])
        assert getattr(found["AUC Viable"], which) == pytest.approx(auc)
        accuracy = np.mean(truth == np.array(one.calls))
        assert getattr(found["accuracy"], which) == pytest.approx(accuracy)
        loss = log_loss(truth, one.probabilities, labels=CLASSES)
        assert getattr(found["log loss"], which) == pytest.approx(loss)
        squares = ((one.probabilities - np.eye(3)[np.arange(60) % 3]) ** 2).sum(axis=1).mean()
        assert getattr(found["Brier score"], which) == pytest.approx(squares)


def test_intervals_agree_with_scipy(pair):
    found = paired_differences(*pair, count=8000)[0]
    right = [np.array(p.labels) == np.array(p.calls) for p in pair]
    theirs = bootstrap(
        right, _gap, paired=True, n_resamples=8000, method="percentile", random_state=1
    ).confidence_interval
    ours = found.by_tile
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)
    slides = np.stack([r.reshape(10, 6).mean(axis=1) for r in right])
    theirs = bootstrap(
        slides, _gap, paired=True, n_resamples=8000, method="percentile", random_state=1
    ).confidence_interval
    ours = found.by_slide
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def _gap(a, b, axis=-1):
    return a.mean(axis=axis) - b.mean(axis=axis)


def test_a_network_against_itself_is_no_difference(pair):
    for d in paired_differences(pair[0], pair[0], count=200):
        assert (d.difference, d.by_tile.low, d.by_tile.high, d.by_slide.high) == (0, 0, 0, 0)


def test_networks_of_other_classes_share_only_what_both_know(pair):
    first = pair[0]
    rows = [i for i, label in enumerate(first.labels) if label != CLASSES[1]]
    labels = [first.labels[i] for i in rows]
    slides = list(first.table["slide"].iloc[rows])
    three = part(first.probabilities[rows], labels, slides)
    two = part(first.probabilities[rows][:, [2, 0]], labels, slides, ("Viable", "Non-Tumor"))
    names = [d.name for d in paired_differences(three, two, count=50)]
    assert "recall Non-Viable-Tumor" not in names
    assert {"AUC Non-Tumor", "AUC Viable", "recall Viable"} <= set(names)
    by_name = {d.name: d for d in paired_differences(three, two, count=50)}
    assert by_name["AUC Viable"].difference == pytest.approx(0)


def test_few_tiles_give_no_nan():
    one = part(np.eye(3)[[0]], [CLASSES[0]], ["s"])
    frame = table(paired_differences(one, one, count=50), "a", "b")
    assert frame["figure"].tolist() == [
        "accuracy",
        "macro F1",
        "recall Non-Tumor",
        "Brier score",
        "log loss",
    ]
    assert not frame.drop(columns=["slides: 95 % from", "slides: 95 % to"]).isna().any().any()
    nothing = part(np.zeros((0, 3)), [], [])
    assert paired_differences(nothing, nothing) == ()
    with pytest.raises(ValueError, match="same tiles"):
        paired_differences(one, nothing)
