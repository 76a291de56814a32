"""What the keys of honest numbers measure; the clock is a counter of what was run."""

import pytest

from osteo_core.benchmark import honest
from osteo_core.bundles import list_bundles
from tests.fake_bundles import CLASSES, write_fake


def test_the_first_view_is_every_figure_of_every_bundle(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    for name in ("one", "two"):
        write_fake(tmp_path, name, CLASSES)
    seen = []
    real = honest.figures
    monkeypatch.setattr(honest, "figures", lambda part: seen.append(part.part) or real(part))
    honest.metrics_first_view_s.cache_clear()
    assert 0 < honest.metrics_first_view_s() < 30
    assert seen == ["test", "test"] == ["test"] * len(list_bundles())
    honest.metrics_first_view_s.cache_clear()


def test_the_ratio_scales_one_pass_to_all_tiles(monkeypatch):
    """A pass of 8 tiles takes 4 s, so one of 80 takes 40 s; heads take 10 s: 1.25."""
    import numpy as np

    from osteo_core.evaluate.frozen import FrozenFeatures

    fitted = []
    monkeypatch.setattr(honest, "frozen_base", lambda bundle, weights: None)
    monkeypatch.setattr(honest, "rolled_tiles", lambda folder, n: None)
    made = FrozenFeatures(
        values=np.random.default_rng(0).random((8, 6), np.float32),
        grey=np.zeros((8, 4, 4), np.uint8),
        tiles=(),
        failures=(),
    )
    monkeypatch.setattr(honest, "frozen_features", lambda *given: made)
    monkeypatch.setattr(honest, "run_protocols", lambda rows, *_, **__: fitted.append(len(rows)))

    def clock(job):
        before = len(fitted)
        job()
        return 10.0 if len(fitted) > before else 4.0

    monkeypatch.setattr(honest, "time_of", clock)
    assert honest.protocols_ratio(None, n=80, timed=8) == pytest.approx(1.25)
    assert fitted == [60, 80]
