"""What the rule of the badge rests on: the figures of a few hundred graded maps, and its counts.

    osteo cohort import ARCHIVE --to cohort
    .venv/bin/python -m benchmarks.grade_rule measure maps.jsonl --cohort cohort
    .venv/bin/python -m benchmarks.grade_rule table maps.jsonl

`measure` grades ten methods on test tiles of both three-class networks (those that `osteo grade
--tiles N` draws) and the lesson's five on all its tiles, one JSON object a map, and goes on where
it stopped. It takes about an hour on two idle cores; `--networks` and `--tiles` choose less.
`table` needs no network: it prints the tables of docs/grades.md from such a file.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.grades.masks import Mask
    from osteo_core.tiles import Tile

LESSON_METHODS = ["gradcam", "hirescam", "eigencam", "gradient_x_input", "integrated_gradients"]
METHODS = [
    *("gradcam", "gradcampp", "hirescam", "layercam", "scorecam_fast", "eigencam"),
    *("saliency", "gradient_x_input", "smoothgrad", "integrated_gradients"),
]
TILES = {"vgg19-multiclass": 8, "mobilenetv2-multiclass": 12}
LESSONS = {"lesson-shortcut": "shortcut", "lesson-honest": "honest"}
LESSON_TILES = 8  # each bare and with the mark
# Random maps beyond a grade's own, to tell how often one passes for a good map; VGG19's are slow.
MORE_RANDOM = 12


@dataclass(frozen=True)
class Case:
    """A tile to be graded on, and what is known of it."""

    name: str
    label: str
    tile: Tile
    mask: Mask | None = None
    kind: str = ""


def measure(out: Path, cohort: Path | None, networks: list[str], tiles: int | None) -> None:
    """Grade what is not in the file yet; every tile's maps are written when they are done."""
    done = {(row["network"], row["tile"]) for row in rows_of(out)} if out.exists() else set()
    for network in networks:
        engine, cases = _opened(network, cohort, tiles)
        methods = LESSON_METHODS if network in LESSONS else METHODS
        for case in cases:
            if (network, case.name) in done:
                continue
            start = time.perf_counter()
            found = [{"network": network, **row} for row in _graded(engine, case, methods)]
            with out.open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps(row) + "\n" for row in found)
            print(network, case.name, f"{time.perf_counter() - start:.0f} s", flush=True)  # noqa: T201


def rows_of(file: Path) -> list[dict[str, Any]]:
    """The rows of a file of measurements, maps and random maps."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _opened(network: str, cohort: Path | None, tiles: int | None) -> tuple[Engine, Iterator[Case]]:
    from osteo_core import open_model
    from osteo_core.lessons import shortcut

    if network in LESSONS:
        which = LESSONS[network]
        return shortcut.network(which), _lesson(tiles or LESSON_TILES)  # type: ignore[arg-type]
    if cohort is None:
        raise SystemExit("The three-class networks need --cohort.")
    engine = open_model(network)
    return engine, _drawn(engine, cohort, tiles or TILES[network])


def _lesson(number: int) -> Iterator[Case]:
    from osteo_core.lessons import shortcut

    for pair in shortcut.held_out_tiles(number):
        for one in pair:
            kind = "marked" if one.marked else "bare"
            yield Case(one.tile.name, one.tissue, one.tile, one.mask, kind)


def _drawn(engine: Engine, folder: Path, number: int) -> Iterator[Case]:
    from osteo_core.commands.grade import _tiles
    from osteo_core.grades.sampling import sample

    for one in sample(_tiles(engine, folder, "test"), number, seed=0):
        tile, mask = one.load()
        yield Case(one.name, one.label, tile, mask)


def _graded(engine: Engine, case: Case, methods: list[str]) -> Iterator[dict[str, Any]]:
    from osteo_core.grades import Grader

    reading = engine.read(case.tile)
    grader = Grader(engine, case.tile, reading, reading.predicted)
    common = {"tile": case.name, "label": case.label, "kind": case.kind}
    common |= {"predicted": reading.predicted, "probability": float(max(reading.probabilities))}
    for method in methods:
        heat = reading.heatmap(method)
        yield {**common, "method": method, **grader.grade(heat, case.mask).meta()}
    more = 0 if engine.name.startswith("vgg19") else MORE_RANDOM
    yield {**common, "method": "", "more_randoms": _more_randoms(grader, more)}


def _more_randoms(grader: Any, number: int) -> list[float]:
    """Faithfulness of further random maps."""
    from osteo_core.grades.faithfulness import Bench, random_map
    from osteo_core.steps import finish

    settings, size = grader.settings, grader.engine.input_size
    bench = Bench.of(grader.reading, grader.target, grader.against, settings)
    maps = [random_map(size, settings, settings.random_maps + i) for i in range(number)]
    return [finish(bench.curves(grader._order(values))).score for values in maps]


def main() -> None:
    """Measure, or print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["measure", "table"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--cohort", type=Path)
    parser.add_argument("--networks", nargs="*", default=[*LESSONS, *TILES])
    parser.add_argument("--tiles", type=int)
    given = parser.parse_args()
    if given.what == "measure":
        measure(given.file, given.cohort, given.networks, given.tiles)
    else:
        from benchmarks.grade_tables import tables

        for line in tables(rows_of(given.file)):
            print(line)  # noqa: T201


if __name__ == "__main__":
    main()
