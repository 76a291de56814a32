"""One pass of a frozen base over a cohort: what every split protocol then shares.

A protocol differs from another only in which tiles the head is fitted to and which it is scored
on. The base does not change, so what it says of each tile is computed once and kept on disk.
"""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from osteo_core import files
from osteo_core.bundles import Bundle
from osteo_core.cohorts.audit.facts import grey_of
from osteo_core.cohorts.table import Cohort, CohortTile
from osteo_core.errors import CohortError, RecipeError, TileError
from osteo_core.files import shown
from osteo_core.foreign import plain_file, reading
from osteo_core.foreign.arrays import MOST_BYTES
from osteo_core.foreign.json_files import read_json
from osteo_core.heatmap import library_versions

if TYPE_CHECKING:
    from osteo_core.networks.preprocessing import Pixels

IMAGENET, OWN = "ImageNet", "own"
_FAILED, _GREY = "failed.json", "grey.npy"

Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class FrozenBase:
    """A convolution base that no head fit will change.

    Attributes:
        kind: "ImageNet" (no tile of any cohort was seen) or "own" (as tuned for the bundle).
        weights: what it was filled with: a file name, "imagenet" for Keras' download, or a bundle.
        digest: SHA-256 of these weights.
        model: a `keras.Model` from preprocessed input to (n, d): means and maxima of each channel.
    """

    kind: str
    weights: str
    digest: str
    model: Any


@dataclass(frozen=True, eq=False)
class FrozenFeatures:
    """Features of the readable tiles.

    Attributes:
        values: float32 (n, d).
        grey: uint8 (n, SIDE, SIDE), the tiles small and grey, of `cohorts.audit.facts.grey_of`:
            which slides show the same tissue is told from the same pass.
        tiles: the n tiles, in the cohort's order.
        failures: (file, sentence) of each tile that could not be read.
    """

    values: npt.NDArray[np.float32]
    grey: npt.NDArray[np.uint8]
    tiles: tuple[CohortTile, ...]
    failures: tuple[tuple[str, str], ...]


def frozen_base(bundle: Bundle, backbone_weights: Path | str | None) -> FrozenBase:
    """Build the base of a bundle's architecture, pooled.

    Args:
        bundle: says architecture and input size.
        backbone_weights: a weights file of the base without its top, "imagenet" for Keras' own
            download, or None for the bundle's own base.

    Raises:
        RecipeError: the weights cannot be read, are of another network or cannot be downloaded.
        BundleError: a weight file of the bundle is missing or altered.
    """
    from osteo_core.networks.build import BASES

    card = bundle.card
    if backbone_weights is None:
        network = bundle.network()
        end = network.get_layer(BASES[card.architecture].end).output
        return FrozenBase(OWN, bundle.name, bundle.digest, _pooled(network.input, end))
    try:
        base = _imagenet(card.architecture, card.input_size, backbone_weights)
    except Exception as error:  # Keras, h5py and urllib raise what they like
        raise RecipeError(
            f"Expected ImageNet weights of {card.architecture} without its top from "
            f"{backbone_weights}. Received: {str(error).splitlines()[0][:200]}"
        ) from error
    digest = hashlib.sha256(b"".join(w.tobytes() for w in base.get_weights())).hexdigest()
    return FrozenBase(
        IMAGENET, Path(backbone_weights).name, digest, _pooled(base.input, base.outputs[0])
    )


def _imagenet(architecture: str, size: tuple[int, int], weights: Path | str) -> Any:
    from osteo_core.networks.build import BASES

    download = "imagenet" if weights == "imagenet" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # ImageNet's 224 px is not our input size
        base = BASES[architecture].make(size, download)
    if download is None:
        base.load_weights(str(weights))
    return base


def _pooled(start: Any, end: Any) -> Any:
    import keras

    mean = keras.layers.GlobalAveragePooling2D()(end)
    top = keras.layers.GlobalMaxPooling2D()(end)
    return keras.Model(start, keras.layers.Concatenate()([mean, top]))


def frozen_features(
    base: FrozenBase,
    bundle: Bundle,
    cohort: Cohort,
    cache: Path,
    tick: Tick = lambda done, total: None,
) -> FrozenFeatures:
    """Run the base over a cohort, or read what an earlier run kept.

    Args:
        base: of `frozen_base`.
        bundle: says input size and preprocessing.
        cohort: the tiles.
        cache: folder of the kept features; one folder below it for each base and cohort.
        tick: receives how many of how many tiles are done.

    Raises:
        CohortError: no tile can be read.
    """
    from osteo_core.training.augmentation import Augmentation
    from osteo_core.training.features import build_features

    folder = cache / _key(base, bundle, cohort)
    pixels = _Pixels(cohort)
    kept = build_features(
        base.model,
        pixels,
        folder=folder,
        size=bundle.card.input_size,
        preprocessing=bundle.card.preprocessing,
        augmentation=Augmentation(),
        views=0,
        seed=0,
        tick=lambda _, done, total: tick(done, total),
    )
    failed = _failures(folder / _FAILED, pixels)
    grey = _grey(folder / _GREY, pixels)
    tiles = tuple(t for t in cohort.tiles if t.sha256 not in failed)
    if not tiles:
        raise CohortError(
            f"Expected readable tiles below {cohort.root}. Received: none of {len(cohort.tiles)}."
        )
    rows = [kept.rows[t.sha256] for t in tiles]
    return FrozenFeatures(
        kept.view(0)[rows].astype(np.float32),
        grey[rows],
        tiles,
        tuple((t.file, failed[t.sha256]) for t in cohort.tiles if t.sha256 in failed),
    )


def _key(base: FrozenBase, bundle: Bundle, cohort: Cohort) -> str:
    card = bundle.card
    lines = [base.digest, card.preprocessing, str(card.input_size), "mean and maximum"]
    lines += library_versions().values()
    lines += [tile.sha256 for tile in cohort.tiles]  # in the order of the rows
    return f"{card.architecture}-{hashlib.sha256('|'.join(lines).encode()).hexdigest()[:16]}"


def _failures(file: Path, pixels: "_Pixels") -> dict[str, str]:
    if not pixels.asked and file.is_file():
        return {key: str(why) for key, why in read_json(file).items()}
    for sha256 in pixels.keys() - pixels.grey.keys():  # killed between the features and this
        pixels[sha256]
    files.write_text(file, json.dumps(pixels.failed, indent=2) + "\n")
    return pixels.failed


def _grey(file: Path, pixels: "_Pixels") -> npt.NDArray[np.uint8]:
    if not pixels.asked and file.is_file():
        with reading(shown(file), CohortError, "what an earlier run kept; delete its folder"):
            with plain_file(file, MOST_BYTES) as stream:
                grey: npt.NDArray[np.uint8] = np.load(stream, allow_pickle=False)
            if grey.dtype != np.uint8 or len(grey) != len(pixels):
                raise ValueError(f"{grey.dtype} of shape {grey.shape} for {len(pixels)} tiles")
        return grey
    for sha256 in pixels.keys() - pixels.grey.keys():  # features of before there were grey tiles
        pixels[sha256]
    grey = np.stack([pixels.grey[sha256] for sha256 in pixels])
    with files.atomic_write(file, private=True) as stream:
        np.save(stream, grey)
    return grey


class _Pixels(Mapping[str, "Pixels"]):
    """The tiles' pixels by SHA-256, decoded one at a time: a cohort need not fit in memory."""

    def __init__(self, cohort: Cohort) -> None:
        self._cohort = cohort
        self._tiles = {tile.sha256: tile for tile in cohort.tiles}
        self.failed: dict[str, str] = {}
        self.grey: dict[str, npt.NDArray[np.uint8]] = {}
        self.asked = False

    def __getitem__(self, sha256: str) -> "Pixels":
        self.asked = True
        try:
            pixels = self._cohort.load(self._tiles[sha256]).pixels
        except TileError as error:
            self.failed[sha256] = str(error)
            pixels = np.zeros((8, 8, 3), np.uint8)  # its row is left out of the result
        self.grey[sha256] = grey_of(pixels)
        return pixels

    def __iter__(self) -> Iterator[str]:
        return iter(self._tiles)

    def __len__(self) -> int:
        return len(self._tiles)
