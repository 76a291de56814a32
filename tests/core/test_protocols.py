"""Split protocols: who is held out, heads, scores with a known answer, and the kept report."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from osteo_core.cohorts.table import CohortTile
from osteo_core.errors import BundleError, CohortError
from osteo_core.evaluate.heads import STRENGTH, fit_and_call, head_inputs
from osteo_core.evaluate.intervals import wilson
from osteo_core.evaluate.protocol_report import read_report
from osteo_core.evaluate.protocol_scores import run_protocols
from osteo_core.evaluate.protocols import DRAWS, PROTOCOLS, runs
from tests.fake_bundles import CLASSES, sha


def tiles_of(n=120, slides=12, cases=3):
    """Slides of ten tiles; case by slide; classes in turn."""
    found = []
    for i in range(n):
        slide = i % slides
        case = f"Case-{slide % cases}"
        name = CLASSES[(i // slides) % 3]
        found.append(
            CohortTile(f"{i}.jpg", name, case, f"{case}-S{slide}", i, i, sha(str(i)), "", name)
        )
    return found


def columns(tiles):
    return [t.label for t in tiles], [t.slide for t in tiles], [t.case for t in tiles]


def features_of(tiles, signal=4.0, by_case=False, seed=0):
    """Nine means and nine maxima; the class shows in one of the first three, or where it does
    hangs on the case, so that a case that was not met cannot be read."""
    values = np.random.default_rng(seed).normal(3, 1, (len(tiles), 18))
    for row, tile in enumerate(tiles):
        case = int(tile.case[-1]) if by_case else 0
        values[row, 3 * case + CLASSES.index(tile.label)] += signal
    return values.astype(np.float32)


def test_each_tile_is_tested_once_under_folds():
    labels, slides, cases = columns(tiles_of())
    for name in ("tile", "slide", "case"):
        dealt = runs(PROTOCOLS[name], labels, slides, cases)
        tested = np.concatenate([run.test for run in dealt])
        assert sorted(tested) == list(range(120))
        for run in dealt:
            assert not set(run.train) & set(run.test)
            assert len(run.train) + len(run.test) == 120
    assert len(runs(PROTOCOLS["tile"], labels, slides, cases)) == 5


def test_slides_tissues_and_cases_are_held_out_whole():
    labels, slides, cases = columns(tiles_of())
    tissues = [str(int(slide.rpartition("S")[2]) // 2) for slide in slides]  # two slides each
    for name, groups in (("slide", slides), ("tissue", tissues), ("case", cases)):
        for run in runs(PROTOCOLS[name], labels, slides, cases, tissues):
            assert not {groups[i] for i in run.train} & {groups[i] for i in run.test}
    named = [run.name for run in runs(PROTOCOLS["case"], labels, slides, cases)]
    assert named == ["Case-0", "Case-1", "Case-2"]


@pytest.mark.parametrize(
    ("name", "n", "train", "test"),
    [("800/274/70", 1144, 800, 70), ("90/10", 1144, 1030, 114), ("70/30", 1000, 595, 300)],
)
def test_the_papers_draws_have_the_papers_sizes(name, n, train, test):
    dealt = runs(PROTOCOLS[name], ["Viable"] * n, [""] * n, [""] * n)
    assert len(dealt) == DRAWS
    for run in dealt:
        assert (len(run.train), len(run.test)) == (train, test)
        assert not set(run.train) & set(run.test)
    assert set(dealt[0].test) != set(dealt[1].test)


@pytest.mark.parametrize(
    ("name", "slides", "cases", "sentence"),
    [
        ("slide", ["a", "", "b"], ["", "", ""], "1 of 3 tiles without one"),
        ("case", ["a", "b", "c"], ["x", "x", "x"], "at least 2 cases. Received: 1"),
        ("90/10", ["a", "b", "c"], ["x", "y", "z"], "at least 10 tiles. Received: 3"),
        ("tissue", ["a", "b", "c"], ["x", "y", "z"], "features only"),
    ],
)
def test_what_cannot_be_dealt_out_is_a_sentence(name, slides, cases, sentence):
    with pytest.raises(CohortError, match=sentence):
        runs(PROTOCOLS[name], ["a", "b", "a"], slides, cases)


def test_tissue_that_is_the_slides_is_not_run_twice():
    labels, slides, cases = columns(tiles_of())
    with pytest.raises(CohortError, match=r"by slide\. Received: 12 slides"):
        runs(PROTOCOLS["tissue"], labels, slides, cases, slides)
    with pytest.raises(CohortError, match=r"at least 2 pieces of tissue\. Received: 1"):
        runs(PROTOCOLS["tissue"], labels, slides, cases, ["all"] * 120)


def test_a_head_on_turned_inputs_is_one_on_the_features_themselves():
    tiles = tiles_of()
    features, labels = features_of(tiles, signal=1.0), [t.label for t in tiles]
    halves = [h / np.linalg.norm(h, axis=1, keepdims=True) for h in np.split(features, 2, axis=1)]
    plain = LogisticRegression(C=STRENGTH, tol=1e-8, max_iter=5000)
    plain.fit(np.hstack(halves)[:90], labels[:90])
    inputs = head_inputs(features)
    found = fit_and_call(inputs[:90], labels[:90], CLASSES, inputs[90:])
    assert found == pytest.approx(
        plain.predict_proba(np.hstack(halves)[90:]), abs=0.03
    )  # both stop short of the optimum


def test_a_head_without_a_class_and_of_one_class():
    inputs = head_inputs(features_of(tiles_of(30)))
    two = fit_and_call(inputs[:6], ["Viable", "Non-Tumor"] * 3, CLASSES, inputs[6:8])
    assert (two[:, 1] == 0).all()
    assert two.sum(axis=1) == pytest.approx([1, 1])
    one = fit_and_call(inputs[:3], ["Viable"] * 3, CLASSES, inputs[3:5])
    assert one.tolist() == [[0, 0, 1], [0, 0, 1]]


def test_what_separates_everywhere_scores_one_under_every_protocol():
    tiles = tiles_of()
    table = run_protocols(features_of(tiles, signal=40), tiles, CLASSES, count=100)
    assert set(table.scores) == set(PROTOCOLS) - {"tissue"}
    assert "features only" in table.skipped["tissue"]
    for score in table.scores.values():
        assert score.accuracy == 1.0
        assert score.intervals["accuracy"].by_slide is None  # not "1.00 to 1.00"
        assert score.intervals["accuracy"].by_tissue is None
        assert score.interval.low < 1.0  # Wilson's never shrinks to a point
    assert "changes by +0.0 points" in table.gap


def test_what_hangs_on_the_case_falls_when_the_case_is_held_out():
    tiles = tiles_of(240, slides=24)
    values = features_of(tiles, signal=8, by_case=True)
    table = run_protocols(values, tiles, CLASSES, ("tile", "slide", "case"), count=200)
    tile, slide, case = (table.scores[n].accuracy for n in ("tile", "slide", "case"))
    assert min(tile, slide) > 0.85 > 0.5 > case
    assert f"{case:.3f} with whole cases held out" in table.gap
    assert f"{100 * (case - tile):+.1f} points" in table.gap
    note = table.scores["case"].notes[0]
    each = {run.name: run for run in table.scores["case"].by_run}
    assert all(f"{name} {run.accuracy:.3f}" in note for name, run in each.items())
    weighed = sum(run.accuracy * run.n_tiles for run in each.values()) / 240
    assert weighed == pytest.approx(case)


def test_what_hangs_on_the_tissue_falls_when_slides_that_share_it_are_held_out_together():
    """Six slides that are three pieces of tissue, each with its own sign of the class."""
    tiles = tiles_of(240, slides=6)
    values = features_of(tiles, signal=8, by_case=True)
    tissues = [tile.case for tile in tiles]  # the two slides of a case
    asked = ("slide", "tissue")
    table = run_protocols(values, tiles, CLASSES, asked, tissues=tissues, count=200)
    slide, tissue = (table.scores[name] for name in asked)
    assert slide.accuracy > 0.85 > 0.5 > tissue.accuracy
    assert "these are not new slides" in slide.notes[0]
    assert "the 6 slides are 3 pieces of tissue" in slide.notes[0]
    by = tissue.intervals["accuracy"]
    assert by.by_tissue.high - by.by_tissue.low > 0
    assert "With only 3 pieces of tissue" in "".join(tissue.notes)
    assert "95 % by tissue" in table.gap


def test_intervals_of_a_draw_are_for_the_tiles_of_one_draw():
    tiles = tiles_of(200, slides=20)
    table = run_protocols(features_of(tiles, signal=1.2), tiles, CLASSES, ("90/10",), count=100)
    score = table.scores["90/10"]
    assert (score.n_tiles, score.metrics.n) == (20, 20 * DRAWS)
    assert score.interval == wilson(round(20 * score.accuracy), 20)
    low, high = (f(run.accuracy for run in score.by_run) for f in (min, max))
    assert f"{low:.3f} to {high:.3f}" in score.notes[0]
    found = score.intervals["accuracy"]
    assert found.by_tile.low <= score.accuracy <= found.by_tile.high
    assert found.by_slide.low <= score.accuracy <= found.by_slide.high


def test_only_tiles_that_may_be_scored_are():
    tiles = tiles_of()
    scored = np.arange(120) < 30
    table = run_protocols(features_of(tiles), tiles, CLASSES, scored=scored, count=50)
    for name in ("tile", "slide", "case"):
        assert table.scores[name].n_tiles == 30
        assert set(table.scores[name].rows) == set(range(30))


def test_protocols_that_cannot_be_run_are_named_and_the_others_run():
    tiles = [CohortTile(**{**vars(t), "slide": "", "case": ""}) for t in tiles_of()]
    table = run_protocols(features_of(tiles_of()), tiles, CLASSES, count=50)
    assert set(table.skipped) == {"slide", "tissue", "case"}
    assert "needs the slide of every tile" in table.skipped["slide"]
    assert "tile" in table.scores
    assert table.gap == ""
    with pytest.raises(CohortError, match="needs the case of every tile"):
        run_protocols(features_of(tiles_of()), tiles, CLASSES, ("case",))


def test_a_damaged_report_is_a_sentence(tmp_path):
    assert read_report(tmp_path / "none.json") is None
    (tmp_path / "protocols.json").write_text('{"model": 3')
    with pytest.raises(BundleError, match=r"protocols\.json must be what"):
        read_report(tmp_path / "protocols.json")
