"""Agreement of heat maps: by hand on 2 x 2 maps, and against SciPy."""

import numpy as np
import pytest
from scipy import stats

from osteo_core.errors import ModelError
from osteo_core.explain.agreement import MOST_PLACES, agreement
from osteo_core.heatmap import HeatMap


def heat(values, signed=False, tile="t", empty_reason=None):
    return HeatMap(
        values=np.asarray(values, np.float32),
        method="m",
        layer="l",
        target="Viable",
        target_logit=1.0,
        target_probability=0.5,
        signed=signed,
        tile_sha256=tile,
        tile_name="t.png",
        bundle="b",
        bundle_digest="d",
        empty_reason=empty_reason,
    )


def test_two_maps_by_hand():
    # Shares of places that lie lower: 0, 1/3, 2/3, 1 and, the other way round, 1, 2/3, 1/3, 0.
    found = agreement({"up": heat([[1, 2], [3, 4]]), "down": heat([[40, 30], [20, 10]])})
    assert found.names == ("up", "down")
    assert found.consensus == pytest.approx(0.5)
    assert found.disagreement == pytest.approx(np.array([[1 / 2, 1 / 6], [1 / 6, 1 / 2]]))
    assert found.correlations == pytest.approx(np.array([[1, -1], [-1, 1]]))
    assert found.rank_correlation == pytest.approx(-1)
    assert found.consensus.dtype == found.disagreement.dtype == np.float32


def test_places_without_evidence_are_tied_at_the_bottom():
    found = agreement({"a": heat([[0, 0], [0, 5]]), "b": heat([[0, 0], [1, 5]])})
    assert found.consensus == pytest.approx(np.array([[0, 0], [1 / 3, 1]]))
    # Mean ranks 1, 1, 1, 3 (from 0) and 0.5, 0.5, 2, 3: r = 3 / sqrt(3 * 4.5).
    assert found.rank_correlation == pytest.approx(3 / np.sqrt(13.5))


def test_of_a_signed_map_the_positive_part_counts():
    found = agreement(
        {"signed": heat([[-9, -1], [0, 5]], signed=True), "b": heat([[0, 0], [0, 2]])}
    )
    assert found.rank_correlation == pytest.approx(1)


def test_scale_and_monotone_change_do_not_matter():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 7, 7))
    plain = agreement({"a": heat(a), "b": heat(b)})
    changed = agreement({"a": heat(1000 * a), "b": heat(np.exp(b))})
    assert (plain.consensus == changed.consensus).all()
    assert plain.rank_correlation == pytest.approx(changed.rank_correlation)


def test_pairs_agree_with_scipy():
    rng = np.random.default_rng(1)
    maps = [np.maximum(rng.normal(size=(6, 5)), 0).astype(np.float32) for _ in range(4)]
    found = agreement({str(i): heat(values) for i, values in enumerate(maps)})
    expected = stats.spearmanr([m.ravel() for m in maps], axis=1).statistic
    assert found.correlations == pytest.approx(expected)
    assert found.rank_correlation == pytest.approx(expected[np.triu_indices(4, 1)].mean())


def test_maps_without_an_order_are_left_out_and_named():
    found = agreement(
        {
            "good": heat([[0, 1], [2, 3]]),
            "flat": heat(np.ones((2, 2))),
            "empty": heat(np.zeros((2, 2)), empty_reason="Dead."),
            "against": heat(-np.eye(2), signed=True),
            "broken": heat([[np.nan, 1], [2, 3]]),
        }
    )
    assert found.names == ("good",)
    assert found.rank_correlation is None
    assert found.left_out == {
        "flat": "It has the same value everywhere.",
        "empty": "Dead.",
        "against": "Nothing in it speaks for Viable: it has no positive value.",
        "broken": "It has values that are not finite numbers.",
    }
    assert not found.disagreement.any()


def test_no_map_at_all():
    found = agreement({"flat": heat(np.zeros((3, 2)))})
    assert found.names == ()
    assert found.rank_correlation is None
    assert found.consensus.shape == (3, 2)
    assert agreement({}).correlations.shape == (0, 0)


def test_sizes_meet_at_the_largest_up_to_a_bound():
    rng = np.random.default_rng(2)
    small, large = heat(rng.random((4, 4))), heat(rng.random((224, 224)))
    assert agreement({"a": small, "b": heat(rng.random((8, 8)))}).consensus.shape == (8, 8)
    assert agreement({"a": small, "b": large}).consensus.shape == (MOST_PLACES, MOST_PLACES)


def test_the_same_picture_in_two_sizes_agrees():
    ramp = np.add.outer(np.arange(4), 2 * np.arange(4))
    fine = np.add.outer(np.arange(32), 2 * np.arange(32))
    found = agreement({"coarse": heat(ramp), "fine": heat(fine)})
    assert found.rank_correlation > 0.99


def test_another_tile_is_refused():
    with pytest.raises(ModelError, match="of 2 tiles"):
        agreement({"a": heat(np.eye(2)), "b": heat(np.eye(2), tile="other")})
