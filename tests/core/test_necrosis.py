"""The necrosis meter: hand-made cases, and the coverage of its intervals by simulation."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from osteo_core.commands.necrosis import necrosis as command
from osteo_core.evaluate.necrosis import DEAD_CLASS, LIVE_CLASS, fewest_flips, measure
from tests.fake_bundles import CLASSES, write_fake

SURE = np.eye(3)


def tiles(none, dead, live):
    return np.repeat(SURE, [none, dead, live], axis=0)


def test_certain_tiles_are_counted():
    found = measure(tiles(5, 8, 2), CLASSES)
    assert (found.n, found.n_dead, found.n_live) == (15, 8, 2)
    assert found.expected == found.by_calls == pytest.approx(0.8)
    assert found.distance == pytest.approx(-0.1)
    assert (found.these.low, found.these.high) == (0.8, 0.8)  # nothing is uncertain
    assert found.more.low < 0.8 < found.more.high  # but other tiles could have been picked
    assert found.leverage.tolist() == pytest.approx([0] * 15, abs=1e-9)
    assert "10.0 points below the 90 % line" in found.standing()


def test_expected_counts_by_hand():
    p = [[0.5, 0.4, 0.1], [0.0, 0.9, 0.1], [0.2, 0.2, 0.6]]
    found = measure(p, CLASSES)
    assert found.expected == pytest.approx(1.5 / 2.3)
    assert found.by_calls == 0.5  # the first is called Non-Tumor
    assert measure(p, CLASSES, calls=[DEAD_CLASS] * 3).by_calls == 1.0
    labels = [LIVE_CLASS, DEAD_CLASS, "Non-Tumor"]
    assert measure(p, CLASSES, labels=labels).truth == 0.5
    assert measure(p, CLASSES).truth is None


def test_leverage_is_the_spread_that_a_tile_brings():
    p = np.random.default_rng(0).dirichlet([1, 2, 1], 60)
    found = measure(p, CLASSES, count=20000)
    predicted = np.sqrt((found.leverage**2).sum())
    drawn = (found.these.high - found.these.low) / (2 * 1.96)
    assert predicted == pytest.approx(drawn, rel=0.05)
    coin, sure = measure([[0, 0.5, 0.5], [0, 1, 0], [0, 0, 1]], CLASSES).leverage[:2]
    assert coin == pytest.approx(0.5 / 3)  # a coin between 0 and 1 of three tumour tiles
    assert sure == pytest.approx(0)


def test_the_fewest_tiles_that_would_cross_the_line():
    calls = [DEAD_CLASS] * 8 + [LIVE_CLASS] * 2 + ["Non-Tumor"]
    dead = np.array([0.9] * 8 + [0.2, 0.4, 0.3])
    live = 1 - dead
    up = fewest_flips(dead, live, calls)  # 8 of 10; 9 of 10 is the line itself
    assert (up.tiles, up.to) == ((9,), DEAD_CLASS)
    assert up.plausibility == pytest.approx(0.4)
    all_dead = fewest_flips(dead[:10], live[:10], [DEAD_CLASS] * 10)
    assert (len(all_dead.tiles), all_dead.to) == (2, LIVE_CLASS)  # 9 of 10 is still above
    assert all_dead.tiles == (8, 9)
    assert fewest_flips(dead, live, ["Non-Tumor"] * 11) is None
    at_line = fewest_flips(dead[:10], live[:10], [DEAD_CLASS] * 9 + [LIVE_CLASS])
    assert len(at_line.tiles) == 1


@pytest.mark.parametrize("n_dead", range(1, 21))
def test_no_smaller_set_of_flips_crosses(n_dead):
    calls = [DEAD_CLASS] * n_dead + [LIVE_CLASS] * (20 - n_dead)
    flips = fewest_flips(np.full(20, 0.5), np.full(20, 0.5), calls)
    sign = 1 if flips.to == DEAD_CLASS else -1
    after = (n_dead + sign * len(flips.tiles)) / 20
    before_last = (n_dead + sign * (len(flips.tiles) - 1)) / 20
    good = n_dead / 20 >= 0.9
    assert (after >= 0.9) != good
    assert (before_last >= 0.9) == good


def simulated(rng, n=40):
    """Calibrated tiles: the class of each is drawn from its own probabilities."""
    p = rng.dirichlet([0.4, 1.6, 0.5], n)
    drawn = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1)
    return p, [CLASSES[i] for i in drawn]


def test_the_interval_of_these_tiles_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(7)
    hits = []
    for seed in range(400):
        p, labels = simulated(rng)
        found = measure(p, CLASSES, labels=labels, level=0.9, count=400, seed=seed)
        hits.append(found.these.low <= found.truth <= found.these.high)
    assert np.mean(hits) == pytest.approx(0.9, abs=0.035)  # 2.3 standard errors


def test_the_wider_interval_holds_the_share_of_all_tiles_there_are():
    """The share of the population that tiles are picked from; wider than needed, never narrower."""
    rng = np.random.default_rng(8)
    everything, labels = simulated(rng, 200_000)
    truth = labels.count(DEAD_CLASS) / (labels.count(DEAD_CLASS) + labels.count(LIVE_CLASS))
    hits = []
    for seed in range(300):
        p = everything[rng.integers(0, len(everything), 40)]
        more = measure(p, CLASSES, level=0.9, count=400, seed=seed).more
        hits.append(more.low <= truth <= more.high)
    assert 0.87 <= np.mean(hits) <= 1


def test_without_tumour_or_tiles_there_is_a_sentence():
    a_trace = np.tile([0.99, 0.005, 0.005], (20, 1))
    for p in (tiles(6, 0, 0), np.zeros((0, 3)), a_trace):
        found = measure(p, CLASSES)
        assert found.expected is found.by_calls is found.more is found.good is found.flips is None
        assert "hardly any tumour" in found.standing()
    with pytest.raises(ValueError, match="Non-Viable-Tumor and Viable"):
        measure([[0.5, 0.5]], ("Non-Tumor", "Viable"))


def test_the_same_seed_gives_the_same_interval():
    p = np.random.default_rng(1).dirichlet([1, 1, 1], 30)
    assert measure(p, CLASSES).more == measure(p, CLASSES).more


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    write_fake(tmp_path, "three", wrong=())
    shown = CliRunner().invoke(command, ["--model", "three", "--by", "case", "--json"])
    rows = json.loads(shown.stdout)["case"]
    assert set(rows) == {"Case-3", "Case-48"}
    # test tiles 1, 7 and 4, 10 are dead, 5, 11 and 2, 8 viable: half of each case
    assert rows["Case-3"]["share_by_labels"] == rows["Case-3"]["share_by_calls"] == 0.5
    low, high = rows["Case-3"]["ci95"]
    assert low < rows["Case-3"]["share"] < high
    text = CliRunner().invoke(command, ["--model", "three"]).output
    assert "Case-48-test-1" in text
    assert "Research only" in text
