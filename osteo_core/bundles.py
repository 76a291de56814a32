"""A trained network on disk: `models/<name>/` with its card, weights, predictions and history.

Nothing here imports TensorFlow until a network is asked for: metrics and lists of models are read
from plain files.
"""

import contextlib
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from osteo_core import files
from osteo_core.card_fields import SCHEMA, ClassNames, Count, Digest, Side, Text, Title, ToldRecipe
from osteo_core.errors import BundleError
from osteo_core.files import shown
from osteo_core.foreign import is_there, plain_file, reading
from osteo_core.foreign.arrays import MOST_BYTES
from osteo_core.model_folders import CARD as CARD
from osteo_core.model_folders import ENSEMBLE as ENSEMBLE
from osteo_core.model_folders import model_folders, read_content, weight_file
from osteo_core.model_folders import models_dir as models_dir
from osteo_core.prediction_file import read_history, read_predictions

if TYPE_CHECKING:
    import pandas as pd

PREDICTIONS = "predictions.csv"
HISTORY = "history.csv"
BEYOND = "beyond.csv"  # predictions for tiles of classes that the network does not know


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class WeightFile(_Frozen):
    """A weight file, relative to the bundle's folder; a base shared by bundles is stored once."""

    file: Text
    sha256: Digest


class PartSize(_Frozen):
    """How much stands behind one part of a split."""

    tiles: Count
    slides: Count
    cases: Count


class SplitCard(_Frozen):
    """The split a network was trained and tested under."""

    kind: Text
    fractions: tuple[float, float, float]
    seed: int
    cohort_digest: str
    parts: dict[str, PartSize]
    mixed: Text


class Provenance(_Frozen):
    """How a network came to be."""

    trained_on: Text
    started_from: Text
    date: Text
    seconds: float = Field(ge=0)
    best_epochs: dict[str, int]
    seed: int
    run: str = ""  # SHA-256 of what decided every byte (`training.identity`); none in older cards


class HeadCard(_Frozen):
    """What stands on the convolution base."""

    pooling: Text
    units: Annotated[tuple[int, ...], Field(max_length=100)]
    dropout: float = Field(ge=0, lt=1)


class Card(_Frozen):
    """What is known of a bundle; the content of `card.json`."""

    schema_version: Annotated[int, Field(ge=1, le=SCHEMA)] = 1
    name: Text
    title: Title
    architecture: Text
    classes: ClassNames
    input_size: tuple[Side, Side]
    preprocessing: Text
    head: HeadCard
    recipe: ToldRecipe
    split: SplitCard
    provenance: Provenance
    weights: Annotated[tuple[WeightFile, ...], Field(min_length=1, max_length=1000)]
    versions: dict[Text, Text]
    licence: Text = "unknown"
    intended_use: Text = "Research and teaching. Not for diagnosis."


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
            BundleError: The file is missing, lacks a column, or says what cannot be.
        """
        return read_predictions(self.folder, PREDICTIONS, self.card.classes)

    def beyond(self) -> "pd.DataFrame":
        """What the network says of its cohort's tiles of classes that it does not know.

        Nothing to score it on; ensembles need it. Columns as in `predictions()`; no rows when the
        network was not run on such tiles (`osteo ensemble complete`).

        Raises:
            BundleError: The file lacks a column, or says what cannot be.
        """
        if not is_there(self.folder / BEYOND):
            return self.predictions().iloc[:0]
        return read_predictions(self.folder, BEYOND, self.card.classes)

    def prediction_files(self) -> list[Path]:
        """The files that `predictions()` is read from; one may be missing."""
        return [self.folder / PREDICTIONS]

    def history(self) -> "pd.DataFrame":
        """The learning curves: one row an epoch (`training.fit.Epoch`)."""
        return read_history(self.folder, HISTORY)

    def network(self) -> Any:
        """Build the network and fill it with the stored weights.

        Returns:
            A flat `keras.Model` ending in `logits` and `probabilities`.

        Raises:
            BundleError: A weight file is missing, altered, or of another architecture.
        """
        from osteo_core.networks.build import Head, build_network
        from osteo_core.networks.preprocessing import check_preprocessing
        from osteo_core.networks.weights import load_weights

        card = self.card
        files = self.weight_files()
        with reading(self.name, BundleError, "a network that can be built as its card says"):
            check_preprocessing(card.preprocessing)
            head = Head(card.head.pooling, card.head.units, card.head.dropout)
            network = build_network(card.architecture, len(card.classes), card.input_size, head)
            load_weights(network, files)
        return network

    def weight_files(self) -> list[Path]:
        """The weight files, each checked against the card's digest.

        Raises:
            BundleError: A file is missing or altered, or lies outside the models' folders.
        """
        return [self._weight_file(weight) for weight in self.card.weights]

    def _weight_file(self, weight: WeightFile) -> Path:
        from osteo_core.networks.weights import sha256_of

        file, named = weight_file(self.folder, weight.file), f"{weight.file} of {self.name}"
        if not file.is_file():
            raise BundleError(f"{self.name} needs its weights {weight.file}. Received: none.")
        with reading(named, BundleError, "a weight file that can be read"):
            plain_file(file, MOST_BYTES).close()  # says no to what is too large to be digested
            digest = sha256_of(file)
        if digest != weight.sha256:
            raise BundleError(
                f"{weight.file} of {self.name} must have the SHA-256 {weight.sha256[:12]}… "
                f"of its card. Received: {digest[:12]}…"
            )
        return file


def list_bundles(folder: Path | None = None) -> list[Bundle]:
    """All readable bundles of a models folder, three-class networks first, then by name."""
    bundles = []
    for found in model_folders(folder or models_dir()):
        with contextlib.suppress(BundleError):  # one bad card must not hide the others
            if is_there(found / CARD):
                bundles.append(load_bundle(found))
    return sorted(
        bundles, key=lambda b: (-len(b.card.classes), b.card.architecture != "vgg19", b.name)
    )


def load_bundle(name_or_folder: str | Path) -> Bundle:
    """Open a bundle or an ensemble of bundles by name or folder; reads the card only.

    Raises:
        BundleError: No such bundle, or its card is not readable.
    """
    folder = find_folder(name_or_folder)
    if is_there(folder / ENSEMBLE):
        from osteo_core.ensemble_bundles import load_ensemble

        return load_ensemble(folder)
    return load_network(folder)


def find_folder(name_or_folder: str | Path) -> Path:
    """The folder of a model by its name or path.

    Raises:
        BundleError: None is there.
    """
    for folder in (Path(name_or_folder), models_dir() / str(name_or_folder)):
        if is_there(folder / CARD) or is_there(folder / ENSEMBLE):
            return folder
    known = [shown(folder.name) for folder in model_folders(models_dir())]
    raise BundleError(
        f"A bundle must be one of {', '.join(known) or 'none (models/ is empty)'}, or a folder "
        f"with a {CARD}. Received: {shown(name_or_folder)!r}."
    )


def load_network(folder: Path) -> Bundle:
    """Open the bundle of one network; reads the card only.

    Raises:
        BundleError: The card is not readable.
    """
    return Bundle(folder, read_content(folder, CARD, Card))


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
