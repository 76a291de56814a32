"""`osteo predict`: class probabilities of tiles, as CSV."""

import csv
import sys
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
import numpy as np

from osteo_core.commands.options import Failures, model_options, open_chosen, path_text
from osteo_core.errors import ModelError
from osteo_core.files import atomic_write
from osteo_core.text import cell, path_cell

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.ensemble_reader import EnsembleReader


@click.command()
@model_options
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="CSV file to write.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def predict(
    model: str,
    classes: str | None,
    preprocessing: str | None,
    out: Path | None,
    paths: tuple[Path, ...],
) -> None:
    """Write one row a tile: path, model, predicted, p_<class>...

    The model may be an ensemble (`osteo ensemble`): all its members are asked.
    PATHS are files or folders. A file that cannot be read is named on stderr, the others are
    done, and the exit status is 1.
    """
    engine = _ensemble(model) or open_chosen(model, classes, preprocessing)
    failures = Failures()
    if out is None:
        _write(engine, failures, paths, sys.stdout)
    else:
        with atomic_write(out, text=True) as stream:
            _write(engine, failures, paths, stream)
    failures.finish()


_BATCH = 8


def _ensemble(model: str) -> "EnsembleReader | None":
    from osteo_core.bundles import ENSEMBLE, load_bundle, models_dir
    from osteo_core.ensemble_bundles import EnsembleBundle
    from osteo_core.ensemble_reader import open_reader

    if not any((folder / ENSEMBLE).is_file() for folder in (Path(model), models_dir() / model)):
        return None
    bundle = load_bundle(model)
    return open_reader(bundle) if isinstance(bundle, EnsembleBundle) else None


def _write(
    engine: "Engine | EnsembleReader",
    failures: Failures,
    paths: tuple[Path, ...],
    stream: IO[str],
) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["path", "model", "predicted", *(f"p_{name}" for name in engine.classes)])
    _say_output(engine)
    readable = failures.tiles(paths)
    while some := list(islice(readable, _BATCH)):
        rows = engine.predict(tile for _, tile in some)
        for (file, _), row, called in zip(some, rows, engine.calls(rows), strict=True):
            if not np.isfinite(row).all():
                failures.add(_unanswered(engine.name, file))
                continue
            said = path_cell(path_text(file)), cell(engine.name), cell(called)
            writer.writerow([*said, *(f"{p:.6f}" for p in row)])


def _unanswered(name: str, file: Path) -> ModelError:
    return ModelError(
        f"Expected probabilities of {file} from {name}. Received: NaN, so no row is written for it."
    )


def _say_output(engine: "Engine | EnsembleReader") -> None:
    """Tell once where the probabilities are not the file's own output."""
    if getattr(engine, "softmax_added", False):
        click.echo(f"osteo: {engine.name}: {engine.output}", err=True)  # type: ignore[union-attr]
