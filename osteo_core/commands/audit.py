"""`osteo cohort audit`: what would make the numbers of a cohort look better than they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from osteo_core.errors import BundleError

if TYPE_CHECKING:
    from osteo_core.cohorts.audit import Audit, OutOfFold
    from osteo_core.cohorts.table import Cohort

_BATCH = 8  # tiles between two reports of progress


@click.command("audit")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--tile-size",
    type=float,
    help="Side of a tile in px of the slide. Found out from tiles that overlap if not given.",
)
@click.option(
    "--model",
    help="Network whose stored predictions tell label suspects; the first that fits if not given.",
)
@click.option(
    "--suspects",
    is_flag=True,
    help="Tell label suspects of all tiles: a logistic regression on the frozen base of --model, "
    "cross-validated. Takes one pass of the network over the cohort, kept in DIR/features.",
)
@click.option(
    "--backbone-weights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For --suspects: ImageNet weights of the base, which has then met none of the tiles.",
)
def audit(
    folder: Path,
    as_json: bool,
    tile_size: float | None,
    model: str | None,
    suspects: bool,
    backbone_weights: Path | None,
) -> None:
    """Look for what flatters a network scored on the cohort in DIR.

    Tiles that overlap or nearly repeat, across the parts of the split or with different labels;
    nearly white tiles; classes that hang on one case or slide; stain by case; label suspects.
    """
    from osteo_core.cohorts import read_cohort
    from osteo_core.cohorts.audit import audit_steps, text
    from osteo_core.commands.following import follow

    if backbone_weights and not suspects:
        raise click.UsageError("--backbone-weights is for --suspects.")
    cohort = read_cohort(folder)
    found = follow("Audit", audit_steps(cohort, tile_size))
    found = found.with_out_of_fold(
        _fitted(cohort, found, model, backbone_weights) if suspects else _stored(cohort, model)
    )
    click.echo(found.to_json() if as_json else text(found))
    for file, reason in found.unread:
        click.echo(f"osteo: {file}: {reason}", err=True)
    if found.unread:
        raise SystemExit(1)


def _stored(cohort: Cohort, model: str | None) -> OutOfFold:
    from osteo_core.bundles import load_bundle
    from osteo_core.evaluate.out_of_fold import first_stored, stored

    return stored(load_bundle(model), cohort) if model else first_stored(cohort)


def _fitted(cohort: Cohort, found: Audit, model: str | None, weights: Path | None) -> OutOfFold:
    from osteo_core.bundles import list_bundles, load_bundle
    from osteo_core.evaluate.out_of_fold import fitted

    names = [model] if model else [b.name for b in list_bundles()]
    if not names:
        raise BundleError("Expected a network for --suspects. Received: none in models/.")
    return fitted(load_bundle(names[0]), cohort, found, weights, _tell)


def _tell(done: int, total: int) -> None:
    """Say on stderr, some ten times, how far the pass of the network is."""
    if done * 10 // total > (done - _BATCH) * 10 // total:
        click.echo(f"Features: {done} of {total} tiles", err=True)
