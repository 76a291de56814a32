"""What ten graded heat maps of one tile cost."""

import statistics
from typing import TYPE_CHECKING

from osteo_core.benchmark.timing import Job, Report, time_of
from osteo_core.tiles import load_tile

if TYPE_CHECKING:
    from osteo_core.engine import Engine

TEN = (
    "gradcam",
    "gradcampp",
    "hirescam",
    "layercam",
    "scorecam_fast",
    "eigencam",
    "saliency",
    "gradient_x_input",
    "smoothgrad",
    "integrated_gradients",
)
_EXAMPLE = -1  # a viable tumour
_FORWARDS = 3  # timed before each map, so that the load of the moment counts in both


def ten_graded(engine: "Engine", forward: Job, report: Report = lambda _: None) -> dict[str, float]:
    """Make and grade ten maps of a shipped tile at default settings, compiling included.

    Not of noise, on which many maps are empty and cost nothing to grade.

    Args:
        engine: The network.
        forward: The plain forward pass, warm.
        report: Told the name of the measurement.

    Returns:
        `ten_graded_s`, seconds from a tile to ten graded maps, and `ten_graded_forwards`, the same
        in forward passes, each map against passes timed just before and just behind it.
    """
    from osteo_core.cohorts.synthetic import examples
    from osteo_core.grades import Grader

    tile = load_tile(examples()[_EXAMPLE].path)
    report("ten_graded_s")
    forward()
    passes = [_median(forward)]
    times: list[float] = []
    reading = engine.read(tile)
    grader = Grader(engine, tile, reading, reading.predicted)
    for name in TEN:
        times.append(time_of(lambda name=name: grader.grade(reading.heatmap(name))))  # type: ignore[misc]
        passes.append(_median(forward))
    around = zip(times, passes, passes[1:], strict=False)
    return {
        "ten_graded_s": sum(times),
        "ten_graded_forwards": sum(2 * own / (before + after) for own, before, after in around),
    }


def _median(forward: Job) -> float:
    return statistics.median(time_of(forward) for _ in range(_FORWARDS))
