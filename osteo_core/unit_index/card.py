"""What an index says of itself: whose units, which tiles, and how its numbers are scaled."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

FORMAT = 1
CARD = "index.json"
MAXIMUM, MEAN, PLACE = "maximum.npy", "mean.npy", "place.npy"
PLACES_A_SIDE = 256  # what one byte tells apart


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


Count = Annotated[int, Field(ge=1, le=1 << 31)]


class IndexedLayer(_Frozen):
    """A layer of an index.

    Attributes:
        name: The layer's name in the flat network.
        units: Channels or neurons.
        shape: Of its output for one tile: (height, width, units) or (units,).
        scale: A power of two: a stored number times it is the activation.
    """

    name: str
    units: Count
    shape: Annotated[tuple[Count, ...], Field(min_length=1, max_length=4)]
    scale: Annotated[float, Field(gt=0)] = 1.0

    @model_validator(mode="after")
    def _units_are_the_last_of_the_shape(self) -> Self:
        if self.shape[-1] != self.units:
            raise ValueError(f"{self.units} units of the shape {list(self.shape)}")
        return self

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns of its maps; None for a fully connected layer."""
        if len(self.shape) < 2:
            return None
        height, width = (*self.shape[:-1], 1)[:2]
        return height, width


def _different(classes: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(classes)) < len(classes):
        raise ValueError("two classes of one name")
    return classes


Classes = Annotated[tuple[str, ...], AfterValidator(_different)]


def _of_different_names(layers: tuple[IndexedLayer, ...]) -> tuple[IndexedLayer, ...]:
    if len({layer.name for layer in layers}) < len(layers):
        raise ValueError("two layers of one name")
    return layers


Layers = Annotated[
    tuple[IndexedLayer, ...], Field(min_length=1), AfterValidator(_of_different_names)
]


class IndexedTile(_Frozen):
    """A tile of an index; its place in the list is its column in the arrays.

    Attributes:
        sha256: Of the tile's file.
        label: Class that the cohort gives it.
        split: "train", "validation", "test" or "".
        name: Of the file, without its folder.
    """

    sha256: str
    label: str
    split: str
    name: str


class LeftOut(_Frozen):
    """A tile of the cohort that could not be read.

    Attributes:
        file: As the cohort writes it.
        reason: One sentence.
    """

    file: str
    reason: str


class IndexCard(_Frozen):
    """The content of `index.json`, which is written last: an index without it is unfinished.

    Attributes:
        format: Version of the layout.
        bundle: Name of the network.
        bundle_digest: Identity of its weights.
        cohort_digest: Identity of the cohort.
        classes: The network's classes where the cohort has them all, else the cohort's.
        layers: In the order of the network; the units of all, one after another, are the rows.
        tiles: In the order of the cohort.
        left_out: Tiles of the cohort that could not be read.
    """

    format: int = FORMAT
    bundle: str
    bundle_digest: str
    cohort_digest: str
    classes: Classes
    layers: Layers
    tiles: tuple[IndexedTile, ...]
    left_out: tuple[LeftOut, ...] = ()


def index_folder(cohort_folder: Path, bundle: str) -> Path:
    """Where the index of a cohort and a bundle lies unless told otherwise."""
    return cohort_folder / "units" / bundle
