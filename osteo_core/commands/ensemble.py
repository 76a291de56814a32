"""`osteo ensemble ...`: several networks that answer as one."""

import sys
from pathlib import Path

import click

from osteo_core.commands.following import ticking
from osteo_core.errors import BundleError, CohortError
from osteo_core.files import atomic_write, locked


@click.group()
def ensemble() -> None:
    """Several networks that answer as one.

    An ensemble is a folder with ensemble.json; `osteo evaluate` and `osteo predict` take it as
    --model, and the Metrics, Compare and Decisions pages list it when it lies in models/.
    """


@ensemble.command()
@click.option(
    "--kind",
    type=click.Choice(["mean", "weighted", "vote", "two-stage"]),
    default="mean",
    show_default=True,
    help="two-stage: the first member says whether it is tumour, the second which.",
)
@click.option("--members", required=True, help="Names of two networks or more, by commas.")
@click.option(
    "--weights",
    help="Of a weighted mean, by commas; when not given, they are chosen on the validation part "
    "(lowest log loss).",
)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="models/NAME"
)
def make(kind: str, members: str, weights: str | None, out: Path) -> None:
    """Write an ensemble.

    Networks that know only some of the classes are coupled (Hastie and Tibshirani 1998); they must
    first have been run on the tiles of the other classes: `osteo ensemble complete`.
    """
    from osteo_core.bundles import CARD, load_bundle
    from osteo_core.ensemble_bundles import assemble, choose_weights, describe, write_ensemble

    if (out / CARD).exists():
        raise BundleError(f"Expected a folder of its own. Received: {out}, which is a network.")
    bundles = [load_bundle(name.strip()) for name in members.split(",") if name.strip()]
    if kind == "weighted" and weights is None:
        known, _ = choose_weights(bundles)
    else:
        known = describe(kind, bundles, _numbers(weights), "given" if weights else "")
    assemble(out, known, bundles).predictions()  # says no before anything is written
    with locked(out, "another command"):
        write_ensemble(out, known)
    told = ", ".join(f"{w:.3f} {m}" for w, m in zip(known.weights, known.members, strict=False))
    click.echo(f"{out}: {known.title}" + (f" ({told}; {known.chosen})" if told else ""))


@ensemble.command()
@click.option("--model", "name", required=True, help="A network that knows some classes only.")
@click.option(
    "--cohort",
    "cohort_dir",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The cohort it was trained on.",
)
def complete(name: str, cohort_dir: Path) -> None:
    """Run a network on its cohort's tiles of classes that it does not know.

    Nothing to score it on, but ensembles with networks of other classes need it. Writes
    beyond.csv into the bundle.
    """
    from osteo_core.bundles import BEYOND, load_bundle
    from osteo_core.cohorts import read_cohort
    from osteo_core.evaluate.running import predict_unread

    bundle, cohort = load_bundle(name), read_cohort(cohort_dir)
    known = [c for c in cohort.classes if c in bundle.card.classes]
    if cohort.with_classes(known).digest != bundle.card.split.cohort_digest:
        raise CohortError(
            f"Expected the cohort that {bundle.name} was trained on, with the same split. "
            f"Received: {cohort_dir}."
        )
    tiles = [tile for tile in cohort.tiles if tile.label not in bundle.card.classes]
    with atomic_write(bundle.folder / BEYOND, text=True) as stream:
        fresh = predict_unread(bundle, cohort, tiles, ticking("tiles"))
        fresh.frame.to_csv(stream, index=False)
    for file, sentence in fresh.failures:
        click.echo(f"{file}: {sentence}", err=True)
    click.echo(f"{bundle.folder / BEYOND}: {len(fresh.frame)} tiles")
    if fresh.failures:
        sys.exit(1)


def _numbers(text: str | None) -> list[float]:
    try:
        return [float(part) for part in text.split(",")] if text else []
    except ValueError:
        raise BundleError(f"Expected numbers by commas. Received: {text!r}.") from None
