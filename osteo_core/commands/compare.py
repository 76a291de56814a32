"""`osteo compare`: two networks, tile by tile: what each calls it, and where each one looks."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from osteo_core.commands.following import follow
from osteo_core.commands.options import Failures
from osteo_core.errors import BundleError, CohortError, TileError
from osteo_core.files import atomic_write
from osteo_core.text import table_for_people

if TYPE_CHECKING:
    import pandas as pd

    from osteo_core.evaluate.comparison import Comparison
    from osteo_core.evaluate.reasons import Reasons


@click.command()
@click.option("--models", required=True, help="Names of two networks, by a comma.")
@click.option(
    "--cohort",
    "cohort_dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that `osteo cohort import` wrote: both networks then read its tiles.",
)
@click.option(
    "--part",
    type=click.Choice(["train", "validation", "test", "all"]),
    default="test",
    show_default=True,
    help="Part of the split.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="CSV, a row a tile.")
def compare(models: str, cohort_dir: Path | None, part: str, out: Path | None) -> None:
    """Compare two networks on the same labelled tiles.

    Prints differences with 95 % bootstrap intervals and tests of no difference, by tile and by
    slide. With --cohort and --out also how far their Grad-CAMs for a common call agree: the rank
    correlation of the two maps, and their mean difference.
    """
    first, second, compared = _compared(models, part)
    if not compared.n_tiles:
        raise BundleError(
            f"Expected a labelled tile that {first} and {second} both have in the part {part}. "
            "Received: none."
        )
    click.echo(_told(compared, first, second))
    if out is None:
        return
    failures = Failures()
    with atomic_write(out, text=True) as stream:
        table = compared.between(first, second)
        if cohort_dir is not None:
            table = _with_reasons(table, _reasons(first, second, cohort_dir, part), failures)
        table_for_people(table).to_csv(stream, index=False, lineterminator="\n")
    click.echo(f"{out}: {len(table)} tiles")
    failures.finish()


def _with_reasons(table: "pd.DataFrame", reasons: "Reasons", failures: Failures) -> "pd.DataFrame":
    click.echo(reasons.summary())
    told = reasons.table().drop(columns=["file", "call"])
    for file, why in reasons.failures:
        failures.add(TileError(f"left out {file}: {why}"))
    return table.merge(told, on="tile", how="left").sort_values("rank correlation")


def _compared(models: str, part: str) -> "tuple[str, str, Comparison]":
    from osteo_core.bundles import load_bundle
    from osteo_core.evaluate.comparison import compare as line_up

    names = list(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))
    if len(names) != 2:
        raise click.UsageError(f"Expected two different networks. Received: {models!r}.")
    bundles = {name: load_bundle(name) for name in names}
    frames = {name: bundle.predictions() for name, bundle in bundles.items()}
    classes = {name: bundle.card.classes for name, bundle in bundles.items()}
    return names[0], names[1], line_up(frames, classes, part)


def _reasons(first: str, second: str, folder: Path, part: str) -> "Reasons":
    from functools import partial

    from osteo_core import open_model
    from osteo_core.cohorts import read_cohort
    from osteo_core.evaluate.reasons import Asked, reasons_steps

    cohort = read_cohort(folder)
    tiles = [Asked(t.sha256, t.file, partial(cohort.load, t)) for t in cohort.part(part)]
    if not tiles:
        raise CohortError(f"Expected tiles in the cohort's part {part}. Received: none.")
    return follow("compare", reasons_steps(open_model(first), open_model(second), tiles))


def _told(compared: "Comparison", first: str, second: str) -> str:
    from osteo_core.evaluate.differences import paired_differences
    from osteo_core.evaluate.pair_tests import pair_tests
    from osteo_core.wording import between

    lines = [f"{first} less {second}, {compared.part} part, {compared.n_tiles} tiles", ""]
    lines.append(f"{'':<26}{'first':>8}{'second':>8}{'less':>8}   {'by tile':<18}   by slide")
    signed, pair = "{:+.3f}", (compared.parts[first], compared.parts[second])
    for d in paired_differences(*pair):
        intervals = f"{between(d.by_tile, signed):<18}   {between(d.by_slide, signed)}"
        lines.append(
            f"{d.name:<26}{d.first:>8.3f}{d.second:>8.3f}{d.difference:>+8.3f}   {intervals}"
        )
    return "\n".join([*lines, "", *_tests(pair_tests(*pair).table()), *compared.notes])


def _tests(table: "pd.DataFrame") -> list[str]:
    rows = []
    for question, test, counted, p in table.itertuples(index=False, name=None):
        told = "-" if p is None or p != p else f"{p:.3g}"
        rows.append(f"{question}: {test}, {counted}, p {told}")
    return rows
