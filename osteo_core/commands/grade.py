"""`osteo grade`: how far each method's heat maps can be trusted, on a sample of tiles."""

import csv
import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from osteo_core.commands.following import follow
from osteo_core.commands.options import Failures, model_options, open_chosen
from osteo_core.errors import CohortError
from osteo_core.files import atomic_write
from osteo_core.text import cell

if TYPE_CHECKING:
    from osteo_core.cohorts import Cohort, CohortTile
    from osteo_core.engine import Engine
    from osteo_core.grades.sampling import Graded, Sampled

_DEFAULT = "gradcam,gradcampp,hirescam,layercam,eigencam,saliency,gradient_x_input"


@click.command()
@model_options
@click.option(
    "--cohort",
    "cohort_dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that `osteo cohort import` wrote; the shipped examples when not given.",
)
@click.option("--methods", default=_DEFAULT, show_default=True, help="Names, by commas.")
@click.option(
    "--part",
    type=click.Choice(["train", "validation", "test", "all"]),
    default="test",
    show_default=True,
    help="Part of the split; of another cohort, test is every tile the network has never met.",
)
@click.option("--tiles", type=click.IntRange(1), help="How many, evenly of each class; else all.")
@click.option("--seed", default=0, show_default=True, help="Of the sample and of the grades.")
@click.option("--layer", help="Layer of every map; each method's own default when not given.")
@click.option(
    "--baseline",
    type=click.Choice(["blur", "mean", "white"]),
    default="blur",
    show_default=True,
    help="What stands where a place is taken away.",
)
@click.option("--points", default=5, show_default=True, help="Steps of each curve.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="CSV file."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def grade(
    model: str,
    classes: str | None,
    preprocessing: str | None,
    cohort_dir: Path | None,
    methods: str,
    part: str,
    tiles: int | None,
    seed: int,
    layer: str | None,
    baseline: Any,
    points: int,
    out: Path,
    as_json: bool,
) -> None:
    """Grade heat maps of the predicted class, and write one row a method.

    Means come with bootstrap 95 % intervals over tiles, which count each tile as independent;
    tiles of one slide are not, so the truth is less certain than that. Tiles that cannot be read
    are named on stderr and left out, and the exit status is 1.
    """
    from osteo_core.grades.sampling import grade_tiles, report, rows, sample
    from osteo_core.grades.settings import GradeSettings

    settings = GradeSettings(baseline=baseline, points=points, seed=seed)
    engine = open_chosen(model, classes, preprocessing)
    found = _examples(engine) if cohort_dir is None else _tiles(engine, cohort_dir, part)
    chosen = sample(found, tiles, seed)
    names = [name.strip() for name in methods.split(",") if name.strip()]
    with atomic_write(out, text=True) as stream:
        graded = follow("grades", grade_tiles(engine, chosen, names, layer, settings))
        told = report(engine, graded, settings, "examples" if cohort_dir is None else part)
        _write(stream, [{"model": engine.name, **row} for row in rows(told["methods"])])
    click.echo(json.dumps(told, indent=2, allow_nan=False) if as_json else _table(told, out))
    _finish(graded)


def _examples(engine: "Engine") -> "list[Sampled]":
    """The shipped examples of the network's classes, with their masks."""
    from osteo_core.cohorts.synthetic import examples
    from osteo_core.grades.masks import load_mask
    from osteo_core.grades.sampling import Sampled
    from osteo_core.tiles import load_tile

    def load(path: Path, mask: Path) -> Any:
        tile = load_tile(path)
        return tile, load_mask(mask, tile.shape[:2])

    return [
        Sampled(e.name, e.label, lambda e=e: load(e.path, e.mask_path))  # type: ignore[misc]
        for e in examples()
        if e.label in engine.classes
    ]


def _tiles(engine: "Engine", folder: Path, part: str) -> "list[Sampled]":
    from osteo_core.cohorts import read_cohort
    from osteo_core.grades.sampling import Sampled

    cohort = read_cohort(folder)
    tiles = [tile for tile in _part(engine, cohort, part) if tile.label in engine.classes]
    if not tiles:
        raise CohortError(
            f"Grading needs tiles of the classes {', '.join(engine.classes)} in the part {part}. "
            "Received: none."
        )
    return [
        Sampled(tile.file, tile.label, lambda tile=tile: (cohort.load(tile), None))  # type: ignore[misc]
        for tile in tiles
    ]


def _part(engine: "Engine", cohort: "Cohort", part: str) -> "list[CohortTile]":
    """Tiles by what they were in the network's training; of a file, by the cohort's split."""
    from osteo_core.bundles import load_bundle
    from osteo_core.evaluate.running import roles

    if engine.card is None:
        return list(cohort.part(part))
    met = load_bundle(engine.name).predictions()
    found = roles(cohort, met, engine.card.split.kind)
    return [t for t, role in zip(cohort.tiles, found, strict=True) if part in (role, "all")]


def _write(stream: IO[str], rows: list[dict[str, Any]]) -> None:
    writer = csv.DictWriter(stream, list(rows[0]) if rows else ["method"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)


def _table(told: dict[str, Any], out: Path) -> str:
    from osteo_core.grades.rule import CRITERIA

    shown = ("faithfulness", "edge_gap", "randomised_all", "stability_jpeg", "relevance_mass")
    head = f"{'method':<22}{'pass':>6}{'weak':>6}{'fail':>6}"
    head += "".join(f"{name:>9}" for name in CRITERIA)
    lines = [head + "".join(f"{name:>24}" for name in shown)]
    for name, row in told["methods"].items():
        badges = "".join(f"{row['badges'][badge]:>6.0%}" for badge in ("pass", "weak", "fail"))
        badges += "".join(f"{_yes(row['criteria'][name]):>9}" for name in CRITERIA)
        cells = "".join(f"{_cell(row['metrics'].get(metric)):>24}" for metric in shown)
        lines.append(f"{name:<22}{badges}{cells}")
    n = max((row["n_tiles"] for row in told["methods"].values()), default=0)
    note = "random, edges, weights, stable: maps that are better than random maps and than an edge "
    note += "detector's, depend on the weights, and are stable; of those where it can be told"
    what = f"{told['model']}, {told['part']}, {n} tiles"
    return "\n".join([what, *lines, note, f"{out}: all figures"])


def _yes(answers: dict[str, float]) -> str:
    known = 1 - answers.get("unknown", 0.0) if answers else 0.0
    return f"{answers['yes'] / known:.0%}" if known > 0 else "-"


def _cell(found: dict[str, float] | None) -> str:
    if found is None:
        return "-"
    return f"{found['mean']:z.2f} ({found['low']:z.2f}, {found['high']:z.2f})"


def _finish(graded: "Graded") -> None:
    failures = Failures()
    for name, error in graded.failures:
        failures.add(type(error)(f"left out {name}: {error}"))
    failures.finish()
