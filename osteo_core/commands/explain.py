"""`osteo explain`: heat maps of tiles, as raw numbers and pictures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from osteo_core.commands.options import Failures, model_options, open_chosen
from osteo_core.pictures import overlay, png
from osteo_core.tiles import Tile

if TYPE_CHECKING:
    from osteo_core.heatmap import HeatMap


@click.command()
@model_options
@click.option("--method", default="gradcam", show_default=True, help="Which explanation.")
@click.option("--layer", help="Convolution layer; the network's last one when not given.")
@click.option("--target", help="Class to explain; the predicted one when not given.")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder."
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def explain(
    model: str,
    classes: str | None,
    preprocessing: str | None,
    method: str,
    layer: str | None,
    target: str | None,
    out: Path,
    paths: tuple[Path, ...],
) -> None:
    """Write <tile>.<method>.npz (raw float32), .png (over the tile) and manifest.json (last)."""
    engine = open_chosen(model, classes, preprocessing)
    failures = Failures()
    out.mkdir(parents=True, exist_ok=True)
    done: list[dict[str, Any]] = []
    for file, tile in failures.tiles(paths):
        heat = engine.read(tile).heatmap(method, layer=layer, target=target)
        stem = _free_stem(file.stem, {row["stem"] for row in done})
        heat.save(out / f"{stem}.{method}")
        _write_picture(out / f"{stem}.{method}.png", tile, heat)
        done.append({"stem": stem, "path": str(file), **heat.meta()})
    _write_manifest(out / "manifest.json", done, failures.count)
    click.echo(f"{len(done)} done, {failures.count} failed: {out}")
    failures.finish()


def _free_stem(stem: str, taken: set[str]) -> str:
    """Two folders may hold tiles of one name: the second is numbered instead of lost."""
    candidate, number = stem, 2
    while candidate in taken:
        candidate, number = f"{stem}-{number}", number + 1
    return candidate


def _write_picture(file: Path, tile: Tile, heat: "HeatMap") -> None:
    picture = overlay(
        tile.pixels, heat.values, colour_map="viridis", opacity=0.5, low=0.0, high=None
    )
    file.write_bytes(png(picture, text={"osteo": json.dumps(heat.meta(), sort_keys=True)}))


def _write_manifest(file: Path, done: list[dict[str, Any]], failed: int) -> None:
    manifest = {"schema_version": 1, "failed": failed, "maps": done}
    text = json.dumps(manifest, indent=2, sort_keys=True, allow_nan=False)
    partial = file.with_suffix(".partial")
    partial.write_text(text + "\n", "utf-8")
    partial.replace(file)
