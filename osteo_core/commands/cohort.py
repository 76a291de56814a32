"""`osteo cohort ...`: labelled tiles and their split."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from osteo_core.cohorts import ImportAccount, import_cohort
from osteo_core.cohorts.importing import MIXED_RULES
from osteo_core.cohorts.splits import SplitKind
from osteo_core.commands.audit import audit
from osteo_core.files import locked


@click.group("cohort")
def cohort() -> None:
    """Labelled tiles on disk and one split of them."""


cohort.add_command(audit)


@cohort.command("import")
@click.argument("src", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--to",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for cohort.csv and cohort.json.",
)
@click.option(
    "--mixed",
    type=click.Choice(MIXED_RULES),
    default="viable",
    show_default=True,
    help="Tiles labelled both viable and non-viable: count them as Viable, or drop them.",
)
@click.option(
    "--split",
    type=click.Choice(get_args(SplitKind)),
    help="What never crosses parts: slide unless SRC holds folders of parts (train, val, test), "
    "whose split is then kept (given). Most papers split by tile, which lets a network see the "
    "neighbours of its test tiles; by case is the honest question of a new patient.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="Of the split.")
@click.option(
    "--case-matters",
    is_flag=True,
    help="Keep class folders apart that differ in the case of letters only (Benign, benign).",
)
def import_(
    src: Path, to: Path, mixed: str, split: SplitKind | None, seed: int, case_matters: bool
) -> None:
    """Read SRC as it is: the public archive's folders, or one folder a class.

    Class folders may stand in folders of parts (train, val, test and their like): that split is
    kept. Names are trimmed and in one form of Unicode; classes that differ in the case of letters
    only are joined, which is told.

    Writes a table of labelled tiles with one split, 70/15/15 by tiles, stratified by class, and
    prints what was found, matched and left out. The images stay where they are.
    """
    with locked(to, "another `osteo cohort import`"):
        account = import_cohort(
            src, to, mixed=mixed, split=split, seed=seed, case_matters=case_matters
        )
    _print(account, to)
    if account.failed:
        raise SystemExit(1)


def _print(account: ImportAccount, to: Path) -> None:
    click.echo(account.text())
    click.echo(f"\nWritten to {to}.")
    for name, reason in account.failed:
        click.echo(f"{name}: {reason}", err=True)
