"""A trained network on disk: `models/<name>/` with its card, weights, predictions and history.

Nothing here imports TensorFlow until a network is asked for: metrics and lists of models are read
from plain files.
"""

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from osteo_core import files
from osteo_core.errors import BundleError

if TYPE_CHECKING:
    import pandas as pd

CARD = "card.json"
PREDICTIONS = "predictions.csv"
HISTORY = "history.csv"
BEYOND = "beyond.csv"  # predictions for tiles of classes that the network does not know
ENSEMBLE = "ensemble.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class WeightFile(_Frozen):
    """A weight file, relative to the bundle's folder; a base shared by bundles is stored once."""

    file: str
    sha256: str


class PartSize(_Frozen):
    """How much stands behind one part of a split."""

    tiles: int
    slides: int
    cases: int


class SplitCard(_Frozen):
    """The split a network was trained and tested under."""

    kind: str
    fractions: tuple[float, float, float]
    seed: int
    cohort_digest: str
    parts: dict[str, PartSize]
    mixed: str


class Provenance(_Frozen):
    """How a network came to be."""

    trained_on: str
    started_from: str
    date: str
    seconds: float
    best_epochs: dict[str, int]
    seed: int


class HeadCard(_Frozen):
    """What stands on the convolution base."""

    pooling: str
    units: tuple[int, ...]
    dropout: float


class Card(_Frozen):
    """What is known of a bundle; the content of `card.json`."""

    schema_version: int = 1
    name: str
    title: str
    architecture: str
    classes: tuple[str, ...]
    input_size: tuple[int, int]
    preprocessing: str
    head: HeadCard
    recipe: dict[str, Any]
    split: SplitCard
    provenance: Provenance
    weights: tuple[WeightFile, ...]
    versions: dict[str, str]
    licence: str = "unknown"
    intended_use: str = "Research and teaching. Not for diagnosis."


@dataclass(frozen=True)
class Bundle:
    """A trained network on disk.

    Attributes:
        folder: The bundle's folder.
        card: Its card.
    """

    folder: Path
    card: Card

    @property
    def name(self) -> str:
        """The bundle's name, which is its folder's."""
        return self.folder.name

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the digests of the weight files and the preprocessing: the identity."""
        parts = [self.card.preprocessing, *(weight.sha256 for weight in self.card.weights)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def predictions(self) -> "pd.DataFrame":
        """What the network says of every tile of its cohort.

        Returns:
            Columns `tile` (SHA-256), `file`, `slide`, `case`, `split`, `label`, and `p_<class>`
            (0..1) for each class of the card.

        Raises:
            BundleError: The file is missing or lacks a column.
        """
        needed = ["tile", "file", "slide", "case", "split", "label"]
        return self._table(PREDICTIONS, needed + [f"p_{name}" for name in self.card.classes])

    def beyond(self) -> "pd.DataFrame":
        """What the network says of its cohort's tiles of classes that it does not know.

        Nothing to score it on; ensembles need it. Columns as in `predictions()`; no rows when the
        network was not run on such tiles (`osteo ensemble complete`).

        Raises:
            BundleError: The file lacks a column.
        """
        if not (self.folder / BEYOND).is_file():
            return self.predictions().iloc[:0]
        needed = ["tile", "file", "slide", "case", "split", "label"]
        return self._table(BEYOND, needed + [f"p_{name}" for name in self.card.classes])

    def prediction_files(self) -> list[Path]:
        """The files that `predictions()` is read from; one may be missing."""
        return [self.folder / PREDICTIONS]

    def history(self) -> "pd.DataFrame":
        """The learning curves: one row an epoch (`training.fit.Epoch`)."""
        return self._table(HISTORY, ["epoch", "stage", "loss", "val_loss"])

    def network(self) -> Any:
        """Build the network and fill it with the stored weights.

        Returns:
            A flat `keras.Model` ending in `logits` and `probabilities`.

        Raises:
            BundleError: A weight file is missing, altered, or of another architecture.
        """
        from osteo_core.networks.build import Head, build_network
        from osteo_core.networks.weights import load_weights

        card = self.card
        head = Head(card.head.pooling, card.head.units, card.head.dropout)
        network = build_network(card.architecture, len(card.classes), card.input_size, head)
        load_weights(network, self.weight_files())
        return network

    def weight_files(self) -> list[Path]:
        """The weight files, each checked against the card's digest.

        Raises:
            BundleError: A file is missing or altered.
        """
        from osteo_core.networks.weights import sha256_of

        files = [self.folder / weight.file for weight in self.card.weights]
        for file, weight in zip(files, self.card.weights, strict=True):
            if not file.is_file():
                raise BundleError(f"{self.name} needs its weights {weight.file}. Received: none.")
            digest = sha256_of(file)
            if digest != weight.sha256:
                raise BundleError(
                    f"{weight.file} of {self.name} must have the SHA-256 {weight.sha256[:12]}… "
                    f"of its card. Received: {digest[:12]}…"
                )
        return files

    def _table(self, name: str, columns: list[str]) -> "pd.DataFrame":
        import pandas as pd

        file = self.folder / name
        if not file.is_file():
            raise BundleError(f"{self.name} must have a {name}. Received: no such file.")
        table = pd.read_csv(file, dtype={"tile": str, "slide": str, "case": str})
        missing = [column for column in columns if column not in table.columns]
        if missing:
            raise BundleError(
                f"{name} of {self.name} must have the columns {', '.join(columns)}. "
                f"Received: none named {', '.join(missing)}."
            )
        return table


def models_dir() -> Path:
    """Where bundles are looked for: `$OSTEO_MODELS`, or `models/` beside the package."""
    chosen = os.environ.get("OSTEO_MODELS")
    return Path(chosen) if chosen else Path(__file__).resolve().parent.parent / "models"


def list_bundles(folder: Path | None = None) -> list[Bundle]:
    """All readable bundles of a models folder, three-class networks first, then by name."""
    folder = folder or models_dir()
    cards = sorted(folder.glob(f"*/{CARD}"))
    bundles = []
    for card in cards:
        with contextlib.suppress(BundleError):  # one bad card must not hide the others
            bundles.append(load_bundle(card.parent))
    return sorted(
        bundles, key=lambda b: (-len(b.card.classes), b.card.architecture != "vgg19", b.name)
    )


def load_bundle(name_or_folder: str | Path) -> Bundle:
    """Open a bundle or an ensemble of bundles by name or folder; reads the card only.

    Raises:
        BundleError: No such bundle, or its card is not readable.
    """
    folder = Path(name_or_folder)
    if not any((folder / name).is_file() for name in (CARD, ENSEMBLE)):
        folder = models_dir() / str(name_or_folder)
    if (folder / ENSEMBLE).is_file():
        from osteo_core.ensemble_bundles import load_ensemble

        return load_ensemble(folder)
    card = folder / CARD
    if not card.is_file():
        known = ", ".join(sorted(path.parent.name for path in models_dir().glob(f"*/{CARD}")))
        raise BundleError(
            f"A bundle must be one of {known or 'none (models/ is empty)'}, or a folder with a "
            f"{CARD}. Received: {str(name_or_folder)!r}."
        )
    try:
        return Bundle(folder, Card.model_validate_json(card.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BundleError(
            f"{CARD} of {folder.name} must have a valid {where or 'JSON content'}. "
            f"Received: {first['msg']}."
        ) from error


def write_card(folder: Path, card: Card) -> None:
    """Write a bundle's card."""
    text = json.dumps(card.model_dump(mode="json"), indent=2, ensure_ascii=False)
    files.write_text(folder / CARD, text + "\n")


def export_bundle(bundle: Bundle, file: Path) -> None:
    """Write a plain Keras archive that `keras.models.load_model` opens by itself.

    Args:
        bundle: The bundle.
        file: Ends in `.keras`. The network expects preprocessed input; the card says how.

    Raises:
        BundleError: Another suffix, or a weight file is missing or altered.
    """
    if file.suffix != ".keras":
        raise BundleError(f"The archive's name must end in .keras. Received: {file.name!r}.")
    files.write_with(file, bundle.network().save)
