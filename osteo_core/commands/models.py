"""`osteo models`: what networks are there, and a plain Keras archive of one."""

import sys
from pathlib import Path

import click


@click.group(invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> None:
    """List the trained networks; `osteo models export` writes one as a Keras archive."""
    if context.invoked_subcommand is None:
        _list()


def _list() -> None:
    from osteo_core.bundles import list_bundles, models_dir
    from osteo_core.ensemble_bundles import list_ensembles, model_problems

    bundles, problems = list_bundles(), model_problems()
    if not bundles and not problems:
        click.echo(f"No trained network in {models_dir()}.", err=True)
        return
    width = max((len(bundle.name) for bundle in bundles), default=0)
    for bundle in bundles:
        card = bundle.card
        height, across = card.input_size
        classes = " | ".join(card.classes)
        click.echo(f"{bundle.name:<{width}}  {card.title}, {height} x {across} px: {classes}")
    for ensemble in list_ensembles():
        classes = " | ".join(ensemble.card.classes)
        click.echo(f"{ensemble.name:<{width}}  {ensemble.card.title}: {classes}")
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(int(bool(problems)))


@models.command()
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(name: str, file: Path) -> None:
    """Write the network NAME to FILE.keras, which `keras.models.load_model` opens by itself."""
    from osteo_core.bundles import export_bundle, load_bundle

    bundle = load_bundle(name)
    export_bundle(bundle, file)
    click.echo(
        f"{file}: input {bundle.card.preprocessing}, classes {', '.join(bundle.card.classes)}"
    )
