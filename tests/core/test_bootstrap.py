"""Resampling, held against SciPy, by hand and by simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from osteo_core.evaluate.bootstrap import (
    affordable,
    caution,
    draws,
    means,
    percentile,
    ratio,
    slide_groups,
    totals,
    unless_flat,
)
from osteo_core.evaluate.intervals import Interval


def test_every_draw_of_tiles_takes_n_tiles() -> None:
    weights = draws(None, 7, count=50, seed=3)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert weights.std() > 0


def test_every_draw_of_groups_takes_whole_groups() -> None:
    groups = ["a", "b", "a", "c", "b", "a"]
    weights = draws(groups, 6, count=200, seed=3)
    for name in "abc":
        member = [i for i, g in enumerate(groups) if g == name]
        assert (weights[:, member] == weights[:, member[:1]]).all()
    first = weights[:, [0, 1, 3]]
    assert (first.sum(axis=1) == 3).all()


def test_the_order_of_groups_does_not_matter_to_their_members() -> None:
    groups = ["s2", "s1", "s2", "s3"]
    order = [2, 3, 0, 1]
    straight = draws(groups, 4, count=20)
    assert (straight[:, order] == draws([groups[i] for i in order], 4, count=20)).all()


def test_the_same_seed_gives_the_same_draws_and_another_others() -> None:
    assert (draws(None, 9, 30, seed=1) == draws(None, 9, 30, seed=1)).all()
    assert (draws(None, 9, 30, seed=1) != draws(None, 9, 30, seed=2)).any()


def test_no_tile_gives_empty_draws() -> None:
    assert draws(None, 0, count=5).shape == (5, 0)
    assert draws([], 0, count=5).shape == (5, 0)
    assert np.isnan(means(draws(None, 0, 5), [])).all()


def test_groups_must_fit() -> None:
    with pytest.raises(ValueError, match="Received: 2 groups, n=3"):
        draws(["a", "b"], 3)


def test_a_slide_is_case_and_code_and_an_unknown_one_stands_alone() -> None:
    table = pd.DataFrame({"case": ["A", "B", "A", "A"], "slide": ["C21", "C21", None, ""]})
    groups = slide_groups(table)
    assert groups[:2] == ["A/C21", "B/C21"]
    assert len(set(groups)) == 4


def test_totals_and_means_by_hand() -> None:
    weights = np.array([[2, 0, 1], [0, 0, 3]], np.int32)
    columns = np.array([[1.0, 0.0], [5.0, 1.0], [4.0, 1.0]])
    assert totals(weights, columns).tolist() == [[6, 1], [12, 3]]
    assert means(weights, columns[:, 0]).tolist() == [2, 4]


def test_a_share_of_nothing_is_nan() -> None:
    found = ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    assert found[0] == 0.5
    assert np.isnan(found[1])


def test_percentile_of_known_values() -> None:
    interval = percentile(np.arange(101.0), 0.9)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((5.0, 95.0))


def test_percentile_leaves_undefined_draws_out_up_to_a_twentieth() -> None:
    values = np.append(np.arange(95.0), np.full(5, np.nan))
    interval = percentile(values, 0.9)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((4.7, 89.3))
    assert percentile(np.append(values, np.nan), 0.9) is None
    assert percentile(np.append(values, np.nan), 0.9, undefined=0.1) is not None
    assert percentile([]) is None
    assert percentile([np.nan], undefined=1.0) is None


def test_an_interval_of_no_width_gives_way() -> None:
    flat, wide = Interval(1.0, 1.0), Interval(0.9, 1.0)
    assert unless_flat(flat) is None
    assert unless_flat(flat, wide) is wide
    assert unless_flat(wide, flat) is wide
    assert unless_flat(None, wide) is None


def test_the_interval_of_a_mean_agrees_with_scipy() -> None:
    values = np.random.default_rng(5).gamma(2.0, size=60)
    ours = percentile(means(draws(None, 60, 20_000, seed=1), values))
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=2
    ).confidence_interval
    assert ours is not None
    assert ours.low == pytest.approx(theirs.low, abs=0.015)
    assert ours.high == pytest.approx(theirs.high, abs=0.015)


def test_the_spread_of_group_means_is_that_of_independent_groups() -> None:
    value = np.repeat([0.0, 1.0, 2.0, 3.0], 25)  # groups of 25 equal tiles
    groups = [f"s{int(v)}" for v in value]
    by_tile = means(draws(None, 100, 4000), value).std()
    by_slide = means(draws(groups, 100, 4000), value).std()
    spread = np.std([0, 1, 2, 3])
    assert by_tile == pytest.approx(spread / 10, rel=0.05)
    assert by_slide == pytest.approx(spread / 2, rel=0.05)


def test_intervals_by_slide_hold_where_those_by_tile_do_not() -> None:
    """Coverage: 300 cohorts of 20 slides of 10 tiles; slides differ in how hard they are."""
    rng = np.random.default_rng(11)
    groups = [f"s{i // 10}" for i in range(200)]
    by_tile, by_slide = draws(None, 200, 500, seed=1), draws(groups, 200, 500, seed=1)
    held = np.zeros(2)
    for _ in range(300):
        hardness = rng.beta(3.2, 0.8, 20).repeat(10)  # mean 0.8
        right = rng.random(200) < hardness
        for i, weights in enumerate((by_tile, by_slide)):
            interval = percentile(means(weights, right))
            assert interval is not None
            held[i] += interval.low <= 0.8 <= interval.high
    tile, slide = held / 300
    assert slide > 0.88
    assert tile < 0.80


def test_few_slides_are_told() -> None:
    assert "one slide" in caution(["a", "a"])
    assert "3 slides" in caution(["a", "b", "c"])
    assert caution([str(i) for i in range(12)]) == ""
    assert caution([]) == ""


def test_draws_of_many_tiles_are_fewer() -> None:
    assert affordable(2000, 135) == 2000
    assert affordable(2000, 40_000) == 500
    assert affordable(2000, 10**9) == 200
    assert affordable(50, 10**9) == 50
