"""Do two networks see alike: linear CKA of layers, and where the same answer comes from."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from osteo_core.errors import ModelError, OsteoError, TileError
from osteo_core.evaluate.reasons import Asked, Reason, Reasons, compare_maps, reasons_steps
from osteo_core.evaluate.similarity import (
    GRID,
    Similarity,
    layer_features,
    linear_cka,
    similarity_steps,
)
from osteo_core.heatmap import HeatMap

RNG = np.random.default_rng(11)
BOTH = pytest.mark.parametrize("debiased", [True, False])


@BOTH
def test_alike_with_itself_whatever_the_turning_scaling_and_shift(debiased):
    x = RNG.normal(size=(20, 6))
    assert linear_cka(x, x, debiased) == pytest.approx(1)
    turned = 3.5 * x @ ortho_group.rvs(6, random_state=0) + 7
    assert linear_cka(x, turned, debiased) == pytest.approx(1)
    y = RNG.normal(size=(20, 4))
    assert linear_cka(x, y, debiased) == pytest.approx(linear_cka(y, turned, debiased))


def test_not_blind_to_what_is_not_a_turning():
    x = RNG.normal(size=(50, 3))
    assert linear_cka(x, x * [10, 1, 1]) < 0.9


def test_by_hand():
    """One feature each: CKA is the squared correlation. x.y = 2, x.x = y.y = 4 (centred)."""
    x = np.array([[1.0], [1], [-1], [-1]])
    y = np.array([[1.0], [1], [-1], [-1]]) * [[1.0], [0], [0], [1]]  # 1, 0, 0, -1: centred
    assert linear_cka(x, y, debiased=False) == pytest.approx(4 / (4 * 2))


def test_plain_agrees_with_the_formula_of_kornblith():
    x, y = RNG.normal(size=(30, 5)), RNG.normal(size=(30, 8))
    a, b = x - x.mean(axis=0), y - y.mean(axis=0)
    expected = np.linalg.norm(b.T @ a) ** 2 / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b))
    assert linear_cka(x, y, debiased=False) == pytest.approx(expected)


def hsic(k, m):
    """Song and others' unbiased estimator, written out."""
    n, one = len(k), np.ones(len(k))
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    total = np.trace(k @ m) + (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
    return (total - 2 / (n - 2) * (one @ k @ m @ one)) / (n * (n - 3))


def test_debiased_agrees_with_the_formula_of_song():
    x = RNG.normal(size=(15, 5))
    y = x[:, :2] + RNG.normal(size=(15, 2))
    k, m = x @ x.T, y @ y.T
    assert linear_cka(x, y) == pytest.approx(hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m)))


def test_debiased_is_about_zero_where_plain_is_fooled():
    """Twelve tiles, a thousand unrelated features each."""
    found = [linear_cka(*RNG.normal(size=(2, 12, 1000))) for _ in range(20)]
    assert np.mean(found) == pytest.approx(0, abs=0.05)
    assert linear_cka(*RNG.normal(size=(2, 12, 1000)), debiased=False) > 0.8


def test_a_layer_that_says_the_same_of_all_and_too_few_tiles():
    assert np.isnan(linear_cka(np.ones((6, 3)), RNG.normal(size=(6, 2))))
    with pytest.raises(ValueError, match="at least 4"):
        linear_cka(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="same tiles"):
        linear_cka(np.ones((6, 2)), np.ones((5, 2)))


class FakeTile:
    def __init__(self, number):
        self.sha256, self.values = f"{number:064x}", np.random.default_rng(number).random(4)


class FakeReading:
    def __init__(self, engine, tile):
        self.engine, self.tile, self.tile_sha256 = engine, tile, tile.sha256
        self.predicted = engine.call(tile)

    def activation(self, layer):
        if layer == "dull":
            return np.ones((8, 8, 3), np.float32)
        sign = -1 if layer == "mirrored" else 1
        return (sign * self.tile.values).astype(np.float32)

    def heatmap(self, method, target):
        return heat(self.engine.where, self.engine.name, self.tile_sha256)


class FakeEngine:
    def __init__(self, name, layers=("plain",), call=lambda tile: "Viable", where=((1, 0), (0, 0))):
        self.name, self.digest, self.unit_layers = name, name * 8, layers
        self.call, self.where, self.reads = call, np.array(where, np.float32), 0

    def read(self, tile, keep="stages"):
        self.reads += 1
        return FakeReading(self, tile)


def heat(values, bundle="b", sha256="0"):
    values = np.asarray(values, np.float32)
    told = ("gradcam", "late", "Viable", 1.0, 0.7, False, sha256, "t.png")
    return HeatMap(values, *told, bundle, bundle * 8)


def run(steps):
    shares = []
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as end:
            assert all(0 <= share <= 1 for share in shares)
            assert shares == sorted(shares)
            return end.value


def broken():
    raise TileError("Expected an image. Received: nothing.")


def tiles(n):
    return [(f"{i}.png", lambda i=i: FakeTile(i)) for i in range(n)]


def test_maps_are_averaged_over_cells():
    class Reading:
        def activation(self, layer):
            return np.arange(49, dtype=np.float32).reshape(7, 7, 1)

    found = layer_features(Reading(), "any").reshape(GRID, GRID)
    whole = np.arange(49).reshape(7, 7)
    assert found[0, 0] == whole[:1, :1].mean()
    assert found[3, 3] == whole[5:, 5:].mean()
    assert found[1, 2] == whole[1:3, 3:5].mean()


def test_layers_of_two_networks():
    first, second = FakeEngine("a", ("plain", "dull")), FakeEngine("b", ("mirrored",))
    found = run(similarity_steps(first, second, [*tiles(6), ("bad.png", broken)]))
    assert found.values[0, 0] == pytest.approx(1)  # a mirroring is a turning
    assert np.isnan(found.values[1, 0])
    assert (found.n_tiles, found.failures[0][0]) == (6, "bad.png")
    assert found.closest() == ("plain", "mirrored", pytest.approx(1))
    assert found.table().columns.tolist() == ["layer of a", "mirrored"]
    nothing = Similarity("a", "b", ("x",), ("y",), np.array([[np.nan]]), 6)
    assert nothing.closest() is None
    with pytest.raises(ModelError, match="Received: 3"):
        run(similarity_steps(first, second, tiles(3)))


def test_the_same_map_in_other_units_is_the_same_reason():
    values = RNG.random((4, 4))
    difference, correlation, apart, note = compare_maps(heat(values), heat(100 * values))
    assert (correlation, apart, note) == (pytest.approx(1), pytest.approx(0, abs=1e-6), "")
    assert np.abs(difference).max() < 1e-6


def test_opposite_maps_by_hand():
    a, b = [[0, 1], [2, 4]], [[8, 4], [2, 0]]  # over their maxima: 0 .25 .5 1 and 1 .5 .25 0
    difference, correlation, apart, _ = compare_maps(heat(a), heat(b))
    assert difference.tolist() == [[-1, -0.25], [0.25, 1]]
    assert (correlation, apart) == (-1, 0.625)


def test_maps_of_other_sizes_meet_on_the_finer_grid():
    coarse, fine = heat(np.eye(2)), heat(np.eye(5)[:3])
    assert compare_maps(coarse, fine)[0].shape == (3, 5)


def test_an_empty_map_says_so_and_other_tiles_are_refused():
    found = compare_maps(heat(np.zeros((2, 2)), "quiet"), heat(np.eye(2)))
    assert found == (None, None, None, "The map of quiet shows nothing for Viable.")
    with pytest.raises(OsteoError, match="one tile"):
        compare_maps(heat(np.eye(2)), heat(np.eye(2), sha256="1"))


def asked(n):
    return [Asked(f"{i:064x}", f"{i}.png", lambda i=i: FakeTile(i)) for i in range(n)]


def test_a_cohort_sorted_by_how_little_the_reasons_have_in_common():
    first = FakeEngine("a")
    odd = FakeEngine("b", call=lambda t: "Viable" if int(t.sha256, 16) % 2 else "Non-Tumor")
    kept = {}
    wanted = [*asked(5), Asked("f", "bad.png", broken)]
    found = run(reasons_steps(first, odd, wanted, kept))
    assert [r.file for r in found.compared] == ["1.png", "3.png"]
    assert "call 2 of 5 tiles alike" in found.summary()
    assert found.failures[0][0] == "bad.png"
    run(reasons_steps(first, odd, wanted, kept))
    assert first.reads == 5  # nothing was read again
    assert list(found.table()["call"]) == ["Viable", "Viable"]


def test_least_alike_first_and_nothing_to_compare():
    found = [Reason(str(c), f"{c}", ("V", "V"), c, 0.1) for c in (0.5, -0.2, 0.9)]
    table = Reasons("a", "b", tuple(found)).table()
    assert table["rank correlation"].tolist() == [-0.2, 0.5, 0.9]
    assert "one is below 0" in Reasons("a", "b", tuple(found)).summary()
    none = Reasons("a", "b", (Reason("t", "t", ("V", "N")),))
    assert none.table().empty
    assert "None of these" in none.summary()
