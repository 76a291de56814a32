"""What several commands share: choosing a network, walking over tiles, reporting failures."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from osteo_core.errors import OsteoError, TileError
from osteo_core.tiles import IMAGE_SUFFIXES, Tile, image_files, load_tile

if TYPE_CHECKING:
    from osteo_core.engine import Engine

_Command = TypeVar("_Command", bound=Callable[..., Any])

_MODEL_HELP = "Bundle, its folder, or a .keras/.h5 file of your own."
_FILE_OPTIONS = (
    click.option(
        "--classes", help="For a file of your own: class names in output order, by commas."
    ),
    click.option("--preprocessing", help="For a file of your own: vgg19, mobilenetv2, rescale ..."),
)


def model_options(command: _Command) -> _Command:
    """Add --model, --classes and --preprocessing to a command."""
    return _with_model(command, required=True)


def any_model_options(command: _Command) -> _Command:
    """Add the same to a command that can do without a network."""
    return _with_model(command, required=False)


def _with_model(command: _Command, required: bool) -> _Command:
    for option in reversed(_FILE_OPTIONS):
        command = option(command)
    return click.option("--model", required=required, help=_MODEL_HELP)(command)


def open_chosen(model: str, classes: str | None, preprocessing: str | None) -> "Engine":
    """Open the network that the options name."""
    from osteo_core import open_model

    names = [name.strip() for name in classes.split(",")] if classes else None
    return open_model(model, classes=names, preprocessing=preprocessing)


def path_text(path: Path) -> str:
    """Return a path as text that UTF-8 can hold, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _pictures(path: Path) -> list[Path]:
    files = image_files([path])
    if not files:
        endings, name = ", ".join(IMAGE_SUFFIXES), path_text(path)
        raise TileError(f"Expected a folder with pictures ({endings}). Received: {name}, without.")
    return files


class Failures:
    """Inputs that could not be used: each named on stderr at once, counted for the exit status."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, error: OsteoError) -> None:
        """Name one."""
        self.count += 1
        click.echo(f"osteo: {error}", err=True)

    def tiles(self, paths: Sequence[Path]) -> Iterator[tuple[Path, Tile]]:
        """The readable tiles among files and folders, in order."""
        for path in paths:
            try:
                files = _pictures(path)
            except OsteoError as error:
                self.add(error)
                continue
            for file in files:
                try:
                    tile = load_tile(file)
                except OsteoError as error:
                    self.add(error)
                    continue
                if tile.decoding:
                    click.echo(f"osteo: {tile.name}: {'; '.join(tile.decoding)}.", err=True)
                yield file, tile

    def finish(self) -> None:
        """End the command with status 1 if anything failed."""
        if self.count:
            raise SystemExit(1)
