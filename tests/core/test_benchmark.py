"""`osteo bench`: its keys, its order, and its medians under a clock of our own."""

import io
import json

from click.testing import CliRunner
from PIL import Image

from osteo_core.benchmark import links, timing
from osteo_core.cli import osteo
from osteo_core.commands.bench import _table
from osteo_core.units import Unit
from tests.toys import engine_of, shaped

KEYS = {
    "forward_ms",
    "read_convs_ratio",
    "gradcam_ratio",
    "class_switch_ratio",
    "tf_keras_vis_gradcam_speedup",
    "tf_keras_vis_smoothgrad_speedup",
    "cams_ratio",
    "ten_graded_s",
    "ten_graded_forwards",
    "unit_link_p95_ms",
    "unit_prepare_ratio",
    "effective_field_ratio",
    "ablation_ratio",
    "scan_ratio",
    "index_ratio",
    "audit_s",
    "metrics_first_view_s",
    "pairs",
}


def test_bench_prints_one_json_object_or_a_table(monkeypatch):
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    monkeypatch.setattr("osteo_core.loading.open_model", {"small": engine}.__getitem__)
    monkeypatch.setattr("osteo_core.benchmark.links.link_p95_ms.__defaults__", (20, 0))
    monkeypatch.setattr("osteo_core.benchmark.audit.audit_s", lambda: 1.0)  # has its own test
    monkeypatch.setattr("osteo_core.benchmark.honest.metrics_first_view_s", lambda: 1.0)
    found = CliRunner().invoke(osteo, ["bench", "--model", "small", "--pairs", "1", "--json"])
    numbers = json.loads(found.stdout)["small"]
    assert set(numbers) == KEYS
    assert all(value > 0 for value in numbers.values())
    table = _table({"small": numbers})
    assert len(table.splitlines()) == 1 + len(KEYS)
    assert f"{numbers['gradcam_ratio']:.3g}" in table


def test_bench_without_a_three_class_bundle_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    found = CliRunner().invoke(osteo, ["bench"])
    assert "Expected a three-class bundle" in str(found.exception)


def test_a_ratio_is_the_median_of_pairs_in_turned_order(monkeypatch):
    """With a clock that only the jobs move, the ratio of two jobs is known."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    order = []

    def job(name, seconds):
        def run():
            order.append(name)
            now[0] += seconds

        return run

    pairs = list(timing.times(job("a", 2.0), timing.same(job("b", 5.0)), 3))
    assert pairs == [(2.0, 5.0)] * 3
    assert "".join(order[4:]) == "abbaab"  # behind the four that warm up


def test_a_click_gives_all_that_is_linked():
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    with links._linked(engine) as linked:
        card, drawn, strip, figures = linked.click(Unit("conv2", 3))
        assert card.unit == Unit("conv2", 3)
        assert drawn[:4] == strip[:4] == b"\x89PNG"
        assert Image.open(io.BytesIO(strip)).size == (12 * 112 + 11 * 4, 112)
        assert len(figures.selectivity) == 3
        neuron = linked.click(Unit("fc1", 0))
    assert neuron[1] == b""
    assert set(links.deep_layers(engine)) <= set(engine.unit_layers)
