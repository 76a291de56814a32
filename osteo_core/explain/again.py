"""Make a saved heat map again from what its file says of it, and tell whether it is the same."""

import hashlib
import json
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from osteo_core.bundles import list_bundles
from osteo_core.errors import OsteoError
from osteo_core.files import shown
from osteo_core.foreign import plain_file, reading
from osteo_core.heatmap import MOST_BYTES, PNG_KEY, HeatMap, load_heatmap
from osteo_core.tiles import Tile, image_files, load_tile

if TYPE_CHECKING:
    from osteo_core.engine import Engine

_NEEDED = ("method", "layer", "target", "tile_sha256", "bundle", "bundle_digest")


@dataclass(frozen=True, eq=False)
class Saved:
    """A heat map as a file tells of it.

    Attributes:
        name: The file's name.
        meta: `HeatMap.meta` of the map.
        values: Its values, float32 (h, w), not writeable; None for a picture, which has none.
    """

    name: str
    meta: Mapping[str, Any]
    values: npt.NDArray[np.float32] | None

    @property
    def digest(self) -> str | None:
        """SHA-256 of the values; None in files that were written before it was kept."""
        kept: str | None = self.meta.get("values_sha256")
        return kept


@dataclass(frozen=True)
class Comparison:
    """A map made again, beside the saved one.

    Attributes:
        is_same: Whether the values are the same to the bit; None where the file cannot tell.
        difference: The largest difference of two values; None where the file has none, or another
            number of them.
        share: The same as a share of the largest saved value, 0 and up.
        versions: Libraries of another version than then: name to then and now.
    """

    is_same: bool | None
    difference: float | None
    share: float | None
    versions: Mapping[str, tuple[str, str]]

    def sentence(self) -> str:
        """What came out, for a person."""
        if self.is_same:
            return "the same to the bit"
        if self.is_same is None:
            return "made again, but the file does not say what its values were"
        if self.difference is None:
            said = "not the same, and the file does not say by how much"
        else:
            said = f"not the same: values differ by up to {self.difference:.3g}"
            said += f" ({self.share:.2g} of the largest)" if self.share is not None else ""
        changed = [f"{name} {then}, now {now}" for name, (then, now) in self.versions.items()]
        return f"{said}; made with {', '.join(changed)}" if changed else said


def read_saved(file: str | Path) -> Saved:
    """Read what a file says of its heat map.

    Args:
        file: An .npz or .png that the dashboard or `osteo explain` wrote.

    Raises:
        OsteoError: Another file.
    """
    file = Path(file)
    if file.suffix.lower() == ".png":
        return Saved(file.name, _checked(_png_meta(file), file), None)
    heat = load_heatmap(file)
    return Saved(file.name, heat.meta(), heat.values)


def _png_meta(file: Path) -> Any:
    from PIL import Image

    with (
        reading(shown(file.name), OsteoError, "a PNG of a heat map"),
        plain_file(file, MOST_BYTES) as stream,
        Image.open(stream, formats=["PNG"]) as picture,
    ):
        picture.load()  # text may stand behind the pixels
        return json.loads(picture.info.get(PNG_KEY, "null"))


def _checked(meta: Any, file: Path) -> dict[str, Any]:
    if not isinstance(meta, dict) or not all(isinstance(meta.get(name), str) for name in _NEEDED):
        raise OsteoError(
            "Expected a PNG of one heat map, as the dashboard and osteo explain write it. "
            f"Received: {file.name}, which does not say how it was made."
        )
    return meta


def find_tile(saved: Saved, paths: Iterable[str | Path] = ()) -> Tile:
    """Find the tile of a saved map by its SHA-256.

    Args:
        saved: The map.
        paths: Files and folders to look in; the shipped examples are looked through after them.

    Raises:
        OsteoError: It is not there.
    """
    from osteo_core.cohorts.synthetic import examples

    wanted = saved.meta["tile_sha256"]
    for file in [*image_files(paths), *(Path(example.path) for example in examples())]:
        if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == wanted:
            return load_tile(file)
    raise OsteoError(
        f"Expected the tile {saved.meta.get('tile_name', '')} among the files and folders given. "
        f"Received: none whose SHA-256 is {wanted[:12]}…, nor is it an example."
    )


def find_network(saved: Saved) -> str:
    """Find the bundle of a saved map: the one of its name, or another of the same weights.

    Returns:
        What `open_model` takes.

    Raises:
        OsteoError: No bundle has these weights.
    """
    wanted, name = saved.meta["bundle_digest"], saved.meta["bundle"]
    same = [bundle for bundle in list_bundles() if bundle.digest == wanted]
    same.sort(key=lambda bundle: bundle.name != name)
    if same:
        return str(same[0].folder)
    raise OsteoError(
        f"Expected the network {name} with the digest {wanted[:12]}… among the bundles, or named "
        "with --model. Received: none with this digest."
    )


def again(saved: Saved, engine: "Engine", tile: Tile) -> Generator[float, None, HeatMap]:
    """Make a saved map again; yields the share done, 0..1.

    Raises:
        OsteoError: Another network or tile, or a method, layer or class that is not there, at the
            first step.
    """
    meta = saved.meta
    if engine.digest != meta["bundle_digest"]:
        raise OsteoError(
            f"Expected the network whose digest is {meta['bundle_digest'][:12]}…. "
            f"Received: {engine.name}, {engine.digest[:12]}…"
        )
    if tile.sha256 != meta["tile_sha256"]:
        raise OsteoError(
            f"Expected the tile whose SHA-256 is {meta['tile_sha256'][:12]}…. "
            f"Received: {tile.name}, {tile.short_id}…"
        )
    parameters = dict(meta.get("parameters") or {})
    reading = engine.read(tile)
    for layer, units in parameters.pop("without", {}).items():
        reading = reading.without(layer, units)
    made = yield from reading.heatmap_steps(
        meta["method"], meta["layer"], meta["target"], meta.get("against"), parameters
    )
    return made


def compare(saved: Saved, heat: HeatMap) -> Comparison:
    """Hold a map made again against the saved one."""
    then = saved.meta.get("versions") or {}
    versions = {
        name: (str(then[name]), now)
        for name, now in heat.versions.items()
        if name in then and str(then[name]) != now
    }
    if saved.values is None:
        is_same = None if saved.digest is None else saved.digest == heat.values_sha256
        return Comparison(is_same, None, None, versions)
    if saved.values.shape != heat.values.shape:
        return Comparison(False, None, None, versions)
    if saved.values.tobytes() == heat.values.tobytes():
        return Comparison(True, 0.0, 0.0, versions)
    difference = float(np.abs(saved.values - heat.values).max())
    largest = float(np.abs(saved.values).max())
    return Comparison(False, difference, difference / largest if largest else None, versions)
