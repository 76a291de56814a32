"""`osteo index`: what every unit of a network does on every tile of a cohort."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from osteo_core.commands.options import Failures, model_options, open_chosen
from osteo_core.errors import UnitIndexError

if TYPE_CHECKING:
    from osteo_core.unit_index import Progress


@click.command()
@model_options
@click.option(
    "--cohort",
    "cohort_dir",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that `osteo cohort import` wrote.",
)
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the index; units/MODEL in the cohort's when not given.",
)
@click.option(
    "--ship",
    "is_shipped",
    is_flag=True,
    help="For maintainers: also write the training tiles' summary and the index of the examples "
    "into the bundle.",
)
def index(
    model: str,
    classes: str | None,
    preprocessing: str | None,
    cohort_dir: Path,
    to: Path | None,
    is_shipped: bool,
) -> None:
    """Write of every unit and tile the maximum, the place of it, and the mean.

    One pass over the cohort. A run that was killed goes on when the same command is given again,
    and ends in the same bytes. An index of another network or cohort is never written over. A
    tile that cannot be read is named on stderr and left out, and the exit status is 1.
    """
    from osteo_core.bundles import load_bundle
    from osteo_core.cohorts import read_cohort
    from osteo_core.unit_index import build_index, index_folder, open_index
    from osteo_core.unit_index.shipped import ship

    bundle = load_bundle(model) if is_shipped else None  # says no before hours of work
    cohort = read_cohort(cohort_dir)
    engine = open_chosen(model, classes, preprocessing)
    folder = to or index_folder(cohort_dir, engine.name)
    failures = Failures()
    _follow("tiles", build_index(engine, cohort, folder), failures)
    made = open_index(folder)
    click.echo(f"{folder}: {len(made.card.tiles)} tiles, {made.n_units} units, {_size(folder)}")
    if bundle is not None:
        _follow("examples", ship(engine, made, bundle.folder), failures)
        click.echo(f"{bundle.folder}: units.npz and gallery/")
    failures.finish()


def _follow(work: str, steps: "Iterable[Progress]", failures: Failures) -> None:
    from osteo_core.training.progress import Progress as Lines

    say = Lines(lambda line: click.echo(line, err=True))
    for step in steps:
        for one in step.left_out:
            failures.add(UnitIndexError(f"left out {one.file}: {one.reason}"))
        say(work, step.done, step.total)


def _size(folder: Path) -> str:
    total = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    return f"{total / 1e6:.1f} MB"
