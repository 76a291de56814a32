"""Ensembles on disk: `models/<name>/ensemble.json` names networks and how they answer as one.

An `EnsembleBundle` stands wherever a bundle is scored or asked for probabilities. What needs one
network's layers (maps, units) says so and names the members.
"""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from osteo_core import files
from osteo_core.bundles import (
    BEYOND,
    Bundle,
    Card,
    HeadCard,
    Provenance,
    WeightFile,
    load_bundle,
    load_network,
)
from osteo_core.card_fields import SCHEMA, Text, Title
from osteo_core.errors import BundleError
from osteo_core.evaluate.coupling import FittedWeights
from osteo_core.evaluate.ensembles import Ensemble
from osteo_core.files import shown
from osteo_core.foreign import is_there
from osteo_core.model_folders import CARD, ENSEMBLE, model_folders, models_dir, read_content
from osteo_core.wording import listed

if TYPE_CHECKING:
    import pandas as pd

MOST_MEMBERS = 50
KIND_WORDS = {
    "mean": "mean of",
    "weighted": "weighted mean of",
    "vote": "vote of",
    "two-stage": "two stages:",
}


class EnsembleCard(BaseModel):
    """The content of `ensemble.json`."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    schema_version: Annotated[int, Field(ge=1, le=SCHEMA)] = 1
    title: Title
    kind: Text
    members: Annotated[tuple[Text, ...], Field(max_length=MOST_MEMBERS)]
    weights: Annotated[tuple[float, ...], Field(max_length=MOST_MEMBERS)] = ()
    chosen: Text = ""  # how weights were come by
    date: Text = ""


@dataclass(frozen=True)
class EnsembleBundle(Bundle):
    """Several bundles that answer as one.

    Attributes:
        ensemble: How they are put together.
        parts: The members, in the ensemble's order.
    """

    ensemble: Ensemble
    parts: tuple[Bundle, ...]

    @property
    def name(self) -> str:
        """The ensemble's name, which is its folder's when it has one."""
        return self.ensemble.name

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the members' identities and how they are put together."""
        how = json.dumps([self.ensemble.kind, list(self.ensemble.weights)])
        lines = [how, *(member.digest for member in self.parts)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def predictions(self) -> "pd.DataFrame":
        """What the ensemble says of the tiles that all its members were run on.

        Raises:
            BundleError: A member's predictions are missing or do not reach far enough.
        """
        return self.ensemble.predictions({m.name: everything_said(m) for m in self.parts})

    def beyond(self) -> "pd.DataFrame":
        """Nothing: an ensemble knows every class of its members."""
        return self.predictions().iloc[:0]

    def prediction_files(self) -> list[Path]:
        """The files of all members."""
        files = [file for member in self.parts for file in member.prediction_files()]
        return files + [member.folder / BEYOND for member in self.parts]

    def history(self) -> "pd.DataFrame":
        """None: only the members were trained.

        Raises:
            BundleError: Always.
        """
        raise BundleError(
            f"Expected a network that was trained, for its learning curves. Received: {self.name}, "
            f"which puts {listed(self.ensemble.members)} together; each has its own."
        )

    def network(self) -> Any:
        """None: an ensemble has no layers of its own.

        Raises:
            BundleError: Always, with the members' names.
        """
        raise BundleError(
            "Expected one network, since maps and units belong to one. Received: "
            f"{self.name}, an ensemble of {listed(self.ensemble.members)}; choose one of these."
        )

    def weight_files(self) -> list[Path]:
        """The members' weight files, each checked."""
        return [file for member in self.parts for file in member.weight_files()]


def everything_said(member: Bundle) -> "pd.DataFrame":
    """A network's predictions for the tiles of its own classes and of others, in one table."""
    import pandas as pd

    own, beyond = member.predictions(), member.beyond()
    return pd.concat([own, beyond], ignore_index=True) if len(beyond) else own


def list_ensembles(folder: Path | None = None) -> list[EnsembleBundle]:
    """All readable ensembles of a models folder, by name."""
    found = []
    for place in model_folders(folder or models_dir()):
        with contextlib.suppress(BundleError):  # one bad file must not hide the others
            if is_there(place / ENSEMBLE):
                found.append(load_ensemble(place))
    return found


def model_problems(folder: Path | None = None) -> list[str]:
    """A sentence for each model of a models folder that cannot be opened."""
    problems = []
    for place in model_folders(folder or models_dir()):
        try:
            load_bundle(place)
        except BundleError as error:
            problems.append(f"{shown(place.name)}: {error}")
    return problems


def load_ensemble(folder: Path) -> EnsembleBundle:
    """Open an ensemble; its members lie beside it, or in `models/`.

    Raises:
        BundleError: The file is not readable, or a member is missing, damaged, or no network.
    """
    known = read_content(folder, ENSEMBLE, EnsembleCard)
    try:
        return assemble(folder, known, [_member(folder, name) for name in known.members])
    except BundleError as error:
        raise BundleError(f"{ENSEMBLE} of {folder.name}: {error}") from error


def assemble(folder: Path, known: EnsembleCard, members: Sequence[Bundle]) -> EnsembleBundle:
    """Put bundles together without writing anything; `folder` gives the name.

    Raises:
        BundleError: These cannot be put together, or one is an ensemble itself.
    """
    nested = [member.name for member in members if isinstance(member, EnsembleBundle)]
    if nested:
        raise BundleError(
            f"Expected networks as members of an ensemble. Received: {listed(nested)}, "
            "an ensemble itself."
        )
    ensemble = Ensemble(
        name=folder.name,
        title=known.title,
        kind=known.kind,
        members=tuple(member.name for member in members),
        knows=tuple(member.card.classes for member in members),
        weights=known.weights if known.kind == "weighted" else (),
    )
    card = _card(ensemble, known, members)
    return EnsembleBundle(folder, card, ensemble=ensemble, parts=tuple(members))


def write_ensemble(folder: Path, known: EnsembleCard) -> None:
    """Write an ensemble's file."""
    files.write_text(folder / ENSEMBLE, as_text(known))


def as_text(known: EnsembleCard) -> str:
    """The content of an ensemble's file."""
    return json.dumps(known.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def describe(
    kind: str, members: Sequence[Bundle], weights: Sequence[float] = (), chosen: str = ""
) -> EnsembleCard:
    """Make the content of a new ensemble's file, dated today."""
    named = ", then ".join if kind == "two-stage" else " and ".join
    title = f"{KIND_WORDS.get(kind, kind)} {named([m.name for m in members])}"
    return EnsembleCard(
        title=title[0].upper() + title[1:],
        kind=kind,
        members=tuple(member.name for member in members),
        weights=tuple(round(float(w), 6) for w in weights),
        chosen=chosen,
        date=datetime.now(UTC).date().isoformat(),
    )


def choose_weights(members: Sequence[Bundle]) -> tuple[EnsembleCard, FittedWeights]:
    """Describe a weighted mean whose weights are chosen on the validation part.

    Raises:
        BundleError: The members cannot be put together, or have no common validation tiles.
    """
    ensemble = assemble(Path("unnamed"), describe("mean", members), members).ensemble
    found = ensemble.fitted({member.name: everything_said(member) for member in members})
    chosen = (
        f"lowest log loss on {found.n_tiles} validation tiles: {found.loss:.4f}, with equal "
        f"weights {found.loss_equal:.4f}"
    )
    return describe("weighted", members, found.weights, chosen), found


def _member(folder: Path, name: str) -> Bundle:
    """A network beside the ensemble or in `models/`; never a path, and never another ensemble."""
    if name in (".", "..") or set(name) & set("/\\\0") or name == folder.name:
        raise BundleError(
            f"Members of {folder.name} must be names of other models. Received: {shown(name)}."
        )
    places = [place / name for place in (folder.parent, models_dir())]
    found = next((place for place in places if place.is_dir()), places[-1])
    if is_there(found / ENSEMBLE):
        raise BundleError(
            f"Expected networks as members of an ensemble. Received: {shown(name)}, "
            "an ensemble itself."
        )
    if not is_there(found / CARD):
        raise BundleError(
            f"Expected the members of {folder.name} in {shown(folder.parent)} or in "
            f"{shown(models_dir())}. Received: {shown(name)}, which is in neither."
        )
    return load_network(found)


def _card(ensemble: Ensemble, known: EnsembleCard, members: Sequence[Bundle]) -> Card:
    """A card for who shows one: classes, split and recipe in words; the rest is the members'."""
    widest = max(members, key=lambda m: len(m.card.classes)).card
    return Card(
        name=ensemble.name,
        title=ensemble.title,
        architecture="ensemble",
        classes=ensemble.classes,
        input_size=members[0].card.input_size,
        preprocessing="each member's own",
        head=HeadCard(pooling="none", units=(), dropout=0.0),
        recipe={
            "name": ensemble.name,
            "source": f"no paper: {ensemble.title}",
            "kind": ensemble.kind,
            "members": list(ensemble.members),
            **({"weights": list(ensemble.weights), "weights from": known.chosen}
               if ensemble.weights else {}),
        },
        split=widest.split,
        provenance=Provenance(
            trained_on="nothing of its own",
            started_from=listed(ensemble.members),
            date=known.date,
            seconds=0.0,
            best_epochs={},
            seed=widest.split.seed,
        ),
        weights=tuple(
            WeightFile(file=f"../{member.name}/{weight.file}", sha256=weight.sha256)
            for member in members
            for weight in member.card.weights
        ),
        versions={},
    )  # fmt: skip
