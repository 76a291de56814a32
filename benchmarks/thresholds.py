"""From a moved threshold to the last table redrawn: median and 95th percentile.

Run from the project's root: `.venv/bin/python -m benchmarks.thresholds`. It opens the page
Decisions of a shipped network under Streamlit's AppTest and moves the threshold of one class after
another. The time is that of a whole run of the script, every table and chart built and handed
over; the browser's painting is not in it. What is prepared once, with the first view, is not
counted: the page is warm, as it is when somebody moves a slider.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from itertools import cycle
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WARM = 3  # moves that are not counted


def measure(model: str, moves: int, seed: int = 0) -> dict[str, Any]:
    """Milliseconds of so many moves, over the classes in turn."""
    from osteo_core.bundles import load_bundle
    from tests.dashboard import open_page

    classes = load_bundle(model).card.classes
    link = {"model": model, "call": "thresholds", "refer": "60", "silent": "30"}
    at = open_page("decisions", link).run()
    values, times = random.Random(seed), []  # noqa: S311
    for name, _ in zip(cycle(classes), range(moves + WARM), strict=False):
        slider = next(s for s in at.slider if str(s.key).endswith(f"thresholds.{name}"))
        slider.set_value(values.choice([v for v in range(5, 96) if v != slider.value]))
        start = time.perf_counter()
        at.run()
        times.append(1000 * (time.perf_counter() - start))
        if at.exception:
            raise RuntimeError(f"the page failed: {at.exception[0].message}")
    counted = sorted(times[WARM:])
    return {
        "moves": len(counted),
        "median_ms": round(statistics.median(counted), 1),
        "p95_ms": round(counted[int(0.95 * (len(counted) - 1))], 1),
    }


def main() -> None:
    """Measure networks and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=["vgg19-multiclass"])
    parser.add_argument("--moves", type=int, default=60)
    given = parser.parse_args()
    print(json.dumps({name: measure(name, given.moves) for name in given.models}, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
