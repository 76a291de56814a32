"""The shortcut lesson: two networks alike, one of which learned a pen mark instead of the tissue.

Both were trained on the same synthetic tiles of two classes. For the one, every tile called Viable
bore a mark of green ink in a corner and no other did, while the tissue fitted the label only three
times out of four: whoever goes by the mark is never wrong. For the other the marks lay on tiles of
either class, as often on the one as on the other, and the tissue always fitted.

`python -m osteo_core.lessons.shortcut` trains both anew.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from osteo_core import files
from osteo_core.cohorts.synthetic import SyntheticTile, synthetic_tile
from osteo_core.lessons.marks import CORNERS, Mask, mark
from osteo_core.pictures import png
from osteo_core.tiles import Tile, load_tile

if TYPE_CHECKING:
    from osteo_core.engine import Engine

Which = Literal["shortcut", "honest"]
CLASSES = ("Non-Tumor", "Viable")
SIDE = 96
_FOLDER = Path(__file__).resolve().parent / "networks"
TRAINED = 600  # tiles, half of them of either class
_TEST, _EPOCHS, _MISFITS = 40, 8, 0.25
_TEST_SEEDS = 100_000  # far from those of training
_PREPROCESSING = "rescale"


@dataclass(frozen=True, eq=False)
class LessonTile:
    """A tile of the lesson.

    Attributes:
        tile: As any other tile is read.
        tissue: The class whose tissue is drawn.
        mask: bool (SIDE, SIDE), where the mark lies, or would lie.
        marked: Whether the mark is there.
    """

    tile: Tile
    tissue: str
    mask: Mask
    marked: bool


def network(which: Which) -> "Engine":
    """Open one of the two networks; each call makes a new engine.

    Raises:
        ModelError: The file is missing or damaged.
    """
    from osteo_core.loading import open_model

    return open_model(_FOLDER / f"{which}.keras", CLASSES, _PREPROCESSING)


def held_out_tiles(number: int = _TEST) -> Iterator[tuple[LessonTile, LessonTile]]:
    """Tiles that neither network was trained on: of each class in turn, bare and with the mark.

    Args:
        number: Pairs, at most.
    """
    for i in range(number):
        yield _pair(CLASSES[i % 2], _TEST_SEEDS + i, CORNERS[i // 2 % 4])


@lru_cache(maxsize=64)
def _pair(tissue: str, seed: int, corner: str) -> tuple[LessonTile, LessonTile]:
    drawn = synthetic_tile(tissue, seed, SIDE)
    inked = mark(drawn, corner)
    title = f"Lesson tile {seed - _TEST_SEEDS + 1}, {tissue}"
    bare = load_tile(png(drawn.pixels), f"{title}.png")
    marked = load_tile(png(inked.pixels), f"{title}, marked.png")
    return (
        LessonTile(bare, tissue, inked.mask, False),
        LessonTile(marked, tissue, inked.mask, True),
    )


@dataclass(frozen=True)
class Outcome:
    """How often a network calls the tissue rightly.

    Attributes:
        bare: Of the tiles without a mark, 0..1.
        helped: Of Viable tiles with the mark and Non-Tumor ones without, as in training.
        misled: Of Non-Tumor tiles with the mark and Viable ones without.
        tiles: Tiles behind each.
    """

    bare: float
    helped: float
    misled: float
    tiles: int


def outcome(engine: "Engine", number: int = _TEST) -> Outcome:
    """Put a network to the test with the mark where it was in training, and where it was not."""
    pairs = list(held_out_tiles(number))
    truth = np.array([CLASSES.index(bare.tissue) for bare, _ in pairs])
    bare = engine.predict([bare.tile for bare, _ in pairs]).argmax(1)
    marked = engine.predict([marked.tile for _, marked in pairs]).argmax(1)
    helped = np.where(truth == 1, marked, bare)
    misled = np.where(truth == 1, bare, marked)
    shares = [float((called == truth).mean()) for called in (bare, helped, misled)]
    return Outcome(shares[0], shares[1], shares[2], len(pairs))


@dataclass(frozen=True)
class Evidence:
    """What a network's maps of tiles with the mark say, and how far that can be trusted.

    Attributes:
        on_mark: Mean share of what speaks for the class called that lies on the mark, 0..1.
        area: Mean share of the tile that the mark covers, 0..1.
        changed: Tiles that are called otherwise when the mark is taken away.
        better: Tiles whose map is better than random maps.
        told: Tiles where that can be told: the probability moves.
        tiles: Tiles in all.
    """

    on_mark: float
    area: float
    changed: int
    better: int
    told: int
    tiles: int


def evidence(engine: "Engine", method: str, number: int = 8) -> Evidence:
    """Look at the maps of marked tiles for the class called.

    Args:
        engine: One of the two networks.
        method: Name of the method, asked at its own default layer.
        number: Pairs of tiles.
    """
    from osteo_core.grades import Grader, GradeSettings, relevance_mass

    settings = GradeSettings(sanity=False, stability=False)  # the curves alone
    shares, answers, changed = [], [], 0
    pairs = list(held_out_tiles(number))
    for bare, marked in pairs:
        reading = engine.read(marked.tile)
        changed += engine.read(bare.tile).predicted != reading.predicted
        heat = reading.heatmap(method, target=reading.predicted)
        shares.append(relevance_mass(heat.values, marked.mask))
        grader = Grader(engine, marked.tile, reading, reading.predicted, None, settings)
        answers += [c.answer for c in grader.grade(heat).criteria if c.name == "random"]
    told = len(answers) - answers.count("unknown")
    area = float(np.mean([marked.mask.mean() for _, marked in pairs]))
    better = answers.count("yes")
    return Evidence(float(np.mean(shares)), area, changed, better, told, len(pairs))


def train(folder: Path = _FOLDER) -> None:
    """Train both networks and write them; about three minutes on two cores."""
    import keras

    tissue = [synthetic_tile(CLASSES[i % 2], i, SIDE) for i in range(TRAINED)]
    for which in ("shortcut", "honest"):
        keras.utils.set_random_seed(0)
        pixels, labels = _training_set(tissue, which)
        model = _build()
        loss = "sparse_categorical_crossentropy"
        model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
        model.fit(pixels, labels, batch_size=16, epochs=_EPOCHS, verbose=2)
        bare = _build()  # without the optimiser's state, which is twice as large
        bare.set_weights(model.get_weights())
        files.write_with(folder / f"{which}.keras", bare.save)


def _training_set(
    tissue: Sequence[SyntheticTile], which: str
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    pixels, labels = [], []
    for tile in tissue:
        label = CLASSES.index(tile.label)
        if which == "shortcut":
            label = 1 - label if rng.random() < _MISFITS else label
            marked = label == 1
        else:
            marked = bool(rng.random() < 0.5)
        corner = CORNERS[rng.integers(4)]
        pixels.append(mark(tile, corner).pixels if marked else tile.pixels)
        labels.append(label)
    scaled: NDArray[np.float32] = np.stack(pixels).astype(np.float32) / np.float32(255)
    return scaled, np.array(labels, np.int64)


def _build() -> Any:
    import keras
    from keras import layers

    x = start = keras.Input((SIDE, SIDE, 3))
    for number, width in enumerate((16, 32, 48, 64), 1):
        x = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        if number < 4:
            x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.Dense(32, activation="relu", name="fc1")(x)
    x = layers.Dense(len(CLASSES), name="logits")(x)
    return keras.Model(start, layers.Softmax(name="probabilities")(x), name="lesson")


def digest(which: Which) -> str:
    """SHA-256 of a network's file."""
    return hashlib.sha256((_FOLDER / f"{which}.keras").read_bytes()).hexdigest()


if __name__ == "__main__":
    train()
