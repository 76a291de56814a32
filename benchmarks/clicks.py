"""From a click on a unit to its last picture, in a real browser: median and 95th percentile.

Run from the project's root: `.venv/bin/python -m benchmarks.clicks`. It starts the dashboard as a
user does, opens the Unit page of a network at a tile that is read already, and clicks on units of
the layer's maps, drawn at random. The time runs from the click to the frame from which on the
card's heading names the unit and every picture of it has been loaded, as the browser's own clock
sees it. The effective field, which follows, is not waited for.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from tests.e2e.chromium import chromium
from tests.e2e.dashboard import Visitors
from tests.e2e.server import make_run

LAYERS = {
    "vgg19-multiclass": ("block3_conv1", "block4_conv2", "block5_conv1", "block5_conv4"),
    "mobilenetv2-multiclass": ("block_3_expand", "block_8_expand", "block_13_project", "Conv_1"),
}
# Waits for the next click and promises the milliseconds from it until the last picture is there.
# Known only once the script rests; the time is that of the frame from which on nothing was missing.
WATCH = """() => { window.painted = new Promise((done, fail) => {
    const app = document.querySelector('[data-testid=stApp]');
    const unit = () => [...document.querySelectorAll('[data-testid=stMain] h3')]
        .map(one => one.innerText.trim()).find(text => /^[^ ]+:[0-9]+$/.test(text));
    const loaded = () => [...document.images].every(one => one.complete && one.naturalWidth);
    const pictures = () => performance.getEntriesByType('resource')
        .filter(one => one.name.includes('/media/')).length;
    const before = unit();
    document.addEventListener('click', () => {
        const start = performance.now();
        let whole = null, n = pictures();
        const look = () => {
            const now = performance.now();
            if (now - start > 5000 && unit() === before) return done(null);
            if (now - start > 20000) return fail(new Error('no picture 20 s after a click'));
            const more = pictures() > n;
            n = pictures();
            if (unit() === before || !loaded()) whole = null;
            else if (whole === null || more) whole = now;
            if (whole === null || app.dataset.testScriptState === 'running')
                return requestAnimationFrame(look);
            done(whole - start);
        };
        requestAnimationFrame(look);
    }, { capture: true, once: true });
}); }"""


def measure(model: str, clicks: int, seed: int = 0) -> dict[str, Any]:
    """Milliseconds of so many clicks, over the layers of a network in turn."""
    rng = random.Random(seed)  # noqa: S311
    taken: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        make_run(Path(folder) / "log.txt") as server,
    ):
        visitor = Visitors(browser, server.url)(height=1000)
        for layer in LAYERS[model]:
            visitor.open("unit", model=model, layer=layer, unit=0)
            visitor.wait_until_drawn("unit")
            visitor.page.wait_for_load_state("networkidle")
            answers = filter(None, iter(lambda: _click(visitor, rng), False))
            taken += islice(answers, -(-clicks // len(LAYERS[model])))
    ordered = sorted(taken)
    return {
        "clicks": len(ordered),
        "median_ms": round(statistics.median(ordered)),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))]),
        "slowest_ms": round(ordered[-1]),
    }


def _click(visitor: Any, rng: random.Random) -> float | None:
    """Milliseconds; None where no unit is, or the one on view."""
    maps = visitor.units("All").locator("canvas").first
    visitor.page.wait_for_timeout(2500)  # the effective field of the last one has come
    maps.scroll_into_view_if_needed()
    box, seen = maps.bounding_box(), visitor.units("All").bounding_box()  # it may scroll
    height = min(box["height"], seen["height"])
    at = box["x"] + rng.random() * box["width"], box["y"] + rng.random() * height
    visitor.page.evaluate(WATCH)
    visitor.page.mouse.click(*at)
    taken: float | None = visitor.page.evaluate("window.painted")
    return taken


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="vgg19-multiclass", choices=list(LAYERS))
    parser.add_argument("--clicks", type=int, default=50)
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.model, chosen.clicks)))  # noqa: T201


if __name__ == "__main__":
    main()
