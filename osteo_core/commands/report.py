"""`osteo report`: networks, cohort, audit and maps as one HTML file; and the networks' cards."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from osteo_core.commands.following import follow
from osteo_core.errors import BundleError
from osteo_core.files import atomic_write

if TYPE_CHECKING:
    from osteo_core.bundles import Bundle
    from osteo_core.cohorts import Cohort
    from osteo_core.report import Report, Request


@click.command()
@click.option("--models", help="Names of networks, by commas; all when not given.")
@click.option(
    "--cohort",
    "cohort_dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that `osteo cohort import` wrote: adds its tiles and its audit.",
)
@click.option(
    "--part",
    type=click.Choice(["train", "validation", "test", "all"]),
    default="test",
    show_default=True,
    help="Part of the split to score.",
)
@click.option(
    "--tiles",
    "pictures",
    type=click.IntRange(0, 200),
    default=12,
    show_default=True,
    help="Most tiles of the cohort to show, with a map of each network.",
)
@click.option(
    "--graded",
    type=click.IntRange(0, 500),
    default=0,
    show_default=True,
    help="Most maps to grade; each takes seconds.",
)
@click.option("--method", default="gradcam", show_default=True, help="Method of the maps.")
@click.option("--audit/--no-audit", default=True, help="Whether to audit the cohort.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="HTML file.")
@click.option("--cards", is_flag=True, help="Write each network's README.md into its folder.")
def report(
    models: str | None,
    cohort_dir: Path | None,
    part: str,
    pictures: int,
    graded: int,
    method: str,
    audit: bool,
    out: Path | None,
    cards: bool,
) -> None:
    """Write a report as one HTML file that needs no network and no other file.

    It holds the scores with their intervals, the comparison, chosen tiles with heat maps, the
    audit and where everything comes from. Pictures of your cohort are in it: share it only as you
    may share them. Tiles that cannot be read are named, and the exit status is 1.
    """
    from osteo_core.explain import find_method
    from osteo_core.report import Request

    if out is None and not cards:
        raise click.UsageError("Expected --out FILE.html, or --cards. Received: neither.")
    bundles, left_out = _bundles(models)
    for problem in left_out:
        click.echo(f"osteo: left out {problem}", err=True)
    if cards:
        _cards(bundles)
    if out is None:
        raise SystemExit(int(bool(left_out)))
    find_method(method)  # says what there is, before the work begins
    request = Request(
        bundles,
        part,
        _cohort(cohort_dir),
        method=method,
        pictures=pictures,
        graded=graded,
        audit=audit,
    )
    _write(request, out)
    if left_out:
        raise SystemExit(1)


def _bundles(models: str | None) -> "tuple[tuple[Bundle, ...], list[str]]":
    """The networks asked for; of all of a folder, those that can be read, and why others cannot."""
    from osteo_core.bundles import list_bundles, load_bundle, models_dir
    from osteo_core.ensemble_bundles import model_problems

    if models is not None:
        names = [name.strip() for name in models.split(",") if name.strip()]
        return tuple(load_bundle(name) for name in dict.fromkeys(names)), []
    found, left_out = [], model_problems()
    for bundle in list_bundles():
        try:
            bundle.predictions()
            found.append(bundle)
        except BundleError as error:  # one bad network must not take the others' report
            left_out.append(f"{bundle.name}: {error}")
    if not found:
        told = " ".join(left_out) or "none."
        raise BundleError(f"Expected a trained network in {models_dir()}. Received: {told}")
    return tuple(found), left_out


def _cohort(folder: Path | None) -> "Cohort | None":
    from osteo_core.cohorts import read_cohort

    return None if folder is None else read_cohort(folder)


def _cards(bundles: "tuple[Bundle, ...]") -> None:
    from osteo_core.report import write_card_text

    for bundle in bundles:
        click.echo(write_card_text(bundle))


def _write(request: "Request", out: Path) -> None:
    from osteo_core.report import report_steps

    with atomic_write(out, text=True, private=True) as stream:  # pictures of tiles are in it
        made: Report = follow("report", report_steps(request))
        stream.write(made.html)
    for problem in made.problems:
        click.echo(f"osteo: {problem}", err=True)
    size = out.stat().st_size / 1e6
    click.echo(
        f"{out}: {made.n_tiles} tiles, {len(request.bundles)} networks, {made.n_pictures} "
        f"pictures, {size:.1f} MB"
    )
    if made.problems:
        raise SystemExit(1)
