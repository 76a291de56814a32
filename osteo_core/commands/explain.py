"""`osteo explain`: heat maps of tiles, as raw numbers and pictures, and made again from either."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from osteo_core.commands.following import follow
from osteo_core.commands.options import Failures, any_model_options, open_chosen
from osteo_core.errors import ModelError, OsteoError
from osteo_core.files import staged, write_bytes, write_text
from osteo_core.pictures import limits, overlay, png
from osteo_core.tiles import Tile

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.explain.again import Saved
    from osteo_core.heatmap import HeatMap

OPACITY = 0.5
_MANIFEST = "manifest.json"


class Setting(click.ParamType[tuple[str, Any]]):
    """NAME=VALUE, a number where the value reads as one."""

    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        """Split and parse one."""
        name, equals, text = str(value).partition("=")
        if not (name and equals and text):
            self.fail(f"Expected NAME=VALUE. Received: {value!r}.", param, ctx)
        for kind in (int, float):
            try:
                return name, kind(text)
            except ValueError:
                continue
        return name, text


@click.command()
@any_model_options
@click.option(
    "--method",
    default="gradcam",
    show_default=True,
    help="Which explanation; `osteo methods` lists them.",
)
@click.option(
    "--layer",
    help="A layer with maps, or input. When not given: where the method starts, as `osteo methods` "
    "says; the last convolution for Grad-CAM and its kin.",
)
@click.option("--target", help="Class to explain; the predicted one when not given.")
@click.option("--against", help="Class to hold it against: why the one rather than the other.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    type=Setting(),
    help="Setting of the method; may be given several times.",
)
@click.option(
    "--from",
    "saved_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Make the map of this .png or .npz again and compare; its tile is looked for among PATHS "
    "and the shipped examples.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def explain(
    model: str | None,
    classes: str | None,
    preprocessing: str | None,
    method: str,
    layer: str | None,
    target: str | None,
    against: str | None,
    settings: tuple[tuple[str, Any], ...],
    saved_file: Path | None,
    out: Path | None,
    paths: tuple[Path, ...],
) -> None:
    """Write <tile>.<method>.npz (raw float32), .png (over the tile) and manifest.json (last).

    With --from, make a saved map again instead: exit status 0 if it is the same to the bit, 1 if
    not.
    """
    if saved_file is not None:
        _again(saved_file, (model, classes, preprocessing), out, paths)
        return
    for given, missing in ((model, "--model"), (out, "--out"), (paths, "PATHS")):
        if not given:
            raise click.UsageError(f"Expected {missing}. Received: none.")
    assert model is not None and out is not None  # noqa: S101, PT018 - for mypy: seen to above
    engine = open_chosen(model, classes, preprocessing)
    asked = {"layer": layer, "target": target, "against": against, "parameters": dict(settings)}
    _explain(engine, method, asked, out, paths)


def _explain(
    engine: "Engine", method: str, asked: dict[str, Any], out: Path, paths: tuple[Path, ...]
) -> None:
    failures = Failures()
    done: list[dict[str, Any]] = []
    with staged(out, last=_MANIFEST, what="another `osteo explain`") as beside:
        for file, tile in failures.tiles(paths):
            try:
                heat = _made(engine, file, tile, method, asked)
            except _OfThisTile as error:
                failures.add(error)
                continue
            stem = _free_stem(file.stem, {row["stem"] for row in done})
            _write(beside / f"{stem}.{method}", tile, heat)
            read = {"path": str(file), "decoding": list(tile.decoding)}
            done.append({"stem": stem, **read, **heat.meta()})
        _write_manifest(beside / _MANIFEST, done, failures.count, engine)
    click.echo(f"{len(done)} done, {failures.count} failed: {out}")
    failures.finish()


class _OfThisTile(OsteoError):
    """A network that fails on one tile; the others go on."""


def _made(
    engine: "Engine", file: Path, tile: Tile, method: str, asked: dict[str, Any]
) -> "HeatMap":
    try:
        reading = engine.read(tile)
    except ModelError as error:  # no answer to this tile
        raise _OfThisTile(str(error)) from error
    heat = follow(f"{file.name}, {method}", reading.heatmap_steps(method, **asked))
    numbers = [heat.target_logit, *heat.figures.values()]
    if not (np.isfinite(heat.values).all() and np.isfinite(numbers).all()):
        raise _OfThisTile(
            f"Expected a map of {file} by {method} that is numbers. Received: NaN or infinity; "
            "another layer or method may give one."
        )
    return heat


def _again(
    file: Path,
    model: tuple[str | None, str | None, str | None],
    out: Path | None,
    paths: tuple[Path, ...],
) -> None:
    from osteo_core.explain.again import again, compare, find_tile, read_saved

    saved = read_saved(file)
    tile = find_tile(saved, paths)
    engine = _network_of(saved, *model)
    heat = follow(f"{tile.name}, {saved.meta['method']}", again(saved, engine, tile))
    if out is not None:
        stem = f"{Path(tile.name).stem}.{heat.method}"
        with staged(out, last=f"{stem}.png", what="another `osteo explain`") as beside:
            _write(beside / stem, tile, heat)
    found = compare(saved, heat)
    click.echo(f"{file}: {found.sentence()}")
    raise SystemExit(0 if found.is_same else 1)


def _network_of(
    saved: "Saved", model: str | None, classes: str | None, preprocessing: str | None
) -> "Engine":
    from osteo_core.explain.again import find_network

    return open_chosen(model or find_network(saved), classes, preprocessing)


def _free_stem(stem: str, taken: set[str]) -> str:
    """Two folders may hold tiles of one name: the second is numbered instead of lost."""
    candidate, number = stem, 2
    while candidate in taken:
        candidate, number = f"{stem}-{number}", number + 1
    return candidate


def _write(stem: Path, tile: Tile, heat: "HeatMap") -> None:
    """Write STEM.npz, and STEM.png: signed maps diverge from 0, others begin there."""
    heat.save(stem)
    colours = "blue-red" if heat.signed else "viridis"
    low, high = limits(heat.values, "symmetric" if heat.signed else "max")
    low = low if heat.signed else 0.0
    picture = overlay(
        tile.pixels, heat.values, colour_map=colours, opacity=OPACITY, low=low, high=high
    )
    drawing = {"colours": colours, "low": low, "high": high, "opacity": OPACITY}
    file = stem.with_name(f"{stem.name}.png")
    write_bytes(file, png(picture, text=heat.png_text(drawing)), private=True)  # shows the tile


def _write_manifest(file: Path, done: list[dict[str, Any]], failed: int, engine: "Engine") -> None:
    said = {"output": engine.output, "softmax_added": engine.softmax_added}
    manifest = {"schema_version": 1, "failed": failed, **said, "maps": done}
    text = json.dumps(manifest, indent=2, sort_keys=True, allow_nan=False)
    write_text(file, text + "\n")
