"""What explaining costs, as ratios to the plain forward pass, measured in interleaved pairs.

A ratio of two times taken one after the other holds on any machine and under any load that
lasts longer than a pair; a time in milliseconds does not.
"""

import statistics
from typing import TYPE_CHECKING

from osteo_core.benchmark.timing import Report, noise_tile, plain_forward, times

if TYPE_CHECKING:
    from osteo_core.bundles import Bundle
    from osteo_core.engine import Engine

__all__ = ["measure"]


def measure(
    engine: "Engine",
    pairs: int = 15,
    report: Report = lambda _: None,
    bundle: "Bundle | None" = None,
) -> dict[str, float]:
    """Measure one network.

    Args:
        engine: The network.
        pairs: Pairs of (forward pass, job) for each job; 15 or more.
        report: Told the name of each measurement before it starts.
        bundle: The network's bundle, if it comes from one.

    Returns:
        `forward_ms`, the median time of the plain compiled forward pass, batch of one; the medians
        over pairs of job / forward for every job of `maps.ratios`, `units.ratios` and
        `heatmaps.ratios`; `tf_keras_vis_gradcam_speedup` and `tf_keras_vis_smoothgrad_speedup`,
        the medians over pairs of tf-keras-vis / ours, both from a tile to the raw map (Grad-CAM of
        the last convolution) for the predicted class; `ten_graded_s` and `ten_graded_forwards`
        of `grades`, measured once; `unit_link_p95_ms` and `index_ratio` of `units`; `audit_s` of
        `audit` and `metrics_first_view_s` of `honest`, which no network has a part in;
        `protocols_ratio` of `honest`, where there is a bundle; and `pairs`.
    """
    from osteo_core.benchmark import audit, grades, heatmaps, honest, links, maps, units

    tile = noise_tile()
    forward = plain_forward(engine, tile)
    forward_times: list[float] = []
    measured: dict[str, float] = {}
    jobs_of = {
        **maps.ratios(engine, tile),
        **units.ratios(engine, tile),
        **heatmaps.ratios(engine, tile),
    }
    for name, jobs in jobs_of.items():
        report(name)
        found = list(times(forward, jobs, pairs))
        measured[name] = statistics.median(job / base for base, job in found)
        forward_times += [base for base, _ in found]
    report("tf_keras_vis_gradcam_speedup")
    measured["tf_keras_vis_gradcam_speedup"] = maps.library_speedup(engine, tile, pairs)
    report("tf_keras_vis_smoothgrad_speedup")
    speedup = heatmaps.smoothgrad_speedup(engine, tile, pairs)
    measured["tf_keras_vis_smoothgrad_speedup"] = speedup
    measured |= grades.ten_graded(engine, forward, report)
    report("unit_link_p95_ms")
    measured["unit_link_p95_ms"] = links.link_p95_ms(engine)
    report("index_ratio")
    measured["index_ratio"] = units.index_ratio(engine, pairs)
    report("audit_s")
    measured["audit_s"] = audit.audit_s()
    report("metrics_first_view_s")
    measured["metrics_first_view_s"] = honest.metrics_first_view_s()
    if bundle is not None:
        report("protocols_ratio")
        measured["protocols_ratio"] = honest.protocols_ratio(bundle)
    forward_ms = 1000 * statistics.median(forward_times)
    return {"forward_ms": forward_ms, **measured, "pairs": pairs}
