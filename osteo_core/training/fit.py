"""The loop over epochs: early stopping, a history row and a checkpoint after each."""

import csv
import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from osteo_core import files
from osteo_core.errors import RecipeError
from osteo_core.training.augmentation import mixed
from osteo_core.training.data import Part, Source
from osteo_core.training.identity import Identity, digest_of, refuse_other
from osteo_core.training.recipes import Keep, Stage
from osteo_core.training.stage import StageTrainer

STATE = "state.json"
Tick = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Epoch:
    """One row of `history.csv`.

    `loss` and `accuracy` are of the training views, with dropout and smoothed labels, as seen
    while training; `val_loss` and `val_accuracy` are of the plain validation tiles.
    """

    epoch: int
    stage: str
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float


class Run:
    """What has been done so far, on disk, so that a killed run goes on where it stood.

    Args:
        folder: The run's folder.
        identity: What decides every byte of the run (`identity_of`).

    Raises:
        RecipeError: Another run is half done there, or one that is damaged.
    """

    def __init__(self, folder: Path, identity: Identity) -> None:
        self.folder = folder
        self._identity = identity
        self._state = folder / STATE
        self.history: list[Epoch] = []
        self.stages_done = 0
        if self._state.exists():
            self._go_on()

    def _go_on(self) -> None:
        try:
            state = json.loads(self._state.read_text("utf-8"))
            refuse_other(self.folder, state.get("identity", {}), self._identity)
            self.history = [Epoch(**row) for row in state["history"]]
            self.stages_done = int(state["stages_done"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecipeError(
                f"Expected in {self.folder} a run that can go on; delete that folder to begin "
                f"anew. Received: a damaged {self._state.name} ({type(error).__name__})."
            ) from error

    @property
    def digest(self) -> str:
        """The run's identity as one SHA-256."""
        return digest_of(self._identity)

    def stage_rows(self, stage: Stage) -> list[Epoch]:
        """The epochs of a stage so far."""
        return [row for row in self.history if row.stage == stage.name]

    def save_arrays(self, name: str, arrays: dict[str, Any]) -> None:
        """Write arrays in one step."""
        with files.atomic_write(self.folder / f"{name}.npz") as stream:
            np.savez(stream, **arrays)

    def load_arrays(self, name: str) -> dict[str, Any]:
        """Read what `save_arrays` wrote.

        Raises:
            RecipeError: It is missing or damaged.
        """
        file = self.folder / f"{name}.npz"
        try:
            with np.load(file, allow_pickle=False) as archive:
                return {key: archive[key] for key in archive.files}
        except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
            raise RecipeError(
                f"Expected in {self.folder} a run that can go on; delete that folder to begin "
                f"anew. Received: a missing or damaged {file.name}."
            ) from error

    def commit(self) -> None:
        """Write the state; what comes before this and is not in it is done again."""
        state = {
            "identity": self._identity,
            "history": [asdict(row) for row in self.history],
            "stages_done": self.stages_done,
        }
        files.write_text(self._state, json.dumps(state, indent=1))
        write_history(self.history, self.folder / "history.csv")


def is_of(folder: Path, identity: Identity) -> bool:
    """Whether a folder holds this very run, half done."""
    try:
        state = json.loads((folder / STATE).read_text("utf-8"))
        return bool(state["identity"] == identity)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def fit_stage(
    trainer: StageTrainer,
    stage: Stage,
    source: Source,
    parts: tuple[Part, Part],
    run: Run,
    seed: int,
    tick: Tick,
    validation: Source | None = None,
) -> None:
    """Train one stage to its best epoch on the validation part.

    Args:
        trainer: The stage's network, step and optimisers; ends holding the best epoch's mean.
        stage: The stage.
        source: Inputs of the training part.
        parts: Training and validation part.
        run: The run so far; each epoch is added to it and saved.
        seed: Seed of the order, the views and the dropout.
        tick: Progress.
        validation: Inputs of the validation part, when another source than the training part's.
    """
    rows = run.stage_rows(stage)
    if rows:
        trainer.restore(run.load_arrays(f"checkpoint{len(run.history)}"))
    number = run.stages_done
    while len(rows) < stage.epochs and not _is_stale(rows, stage):
        started = time.monotonic()
        index = len(rows)
        trainer.reseed(seed + 1000 * number + index)
        rng = np.random.default_rng([seed, number, index])
        work = f"{stage.name}, epoch {index + 1} of {stage.epochs}"
        loss, accuracy = _train_epoch(trainer, stage, source, parts[0], rng, work, tick)
        before = trainer.put(trainer.means())
        val_loss, val_accuracy = _validate(trainer, stage, validation or source, parts[1])
        trainer.put(before)
        seconds = time.monotonic() - started
        rows.append(
            Epoch(
                epoch=len(run.history) + 1,
                stage=stage.name,
                loss=loss,
                accuracy=accuracy,
                val_loss=val_loss,
                val_accuracy=val_accuracy,
                learning_rate=trainer.rate,
                seconds=round(seconds, 1),
            )
        )
        run.history.append(rows[-1])
        if best_row(rows, stage.keep) is rows[-1]:
            run.save_arrays("best", {str(i): mean for i, mean in enumerate(trainer.means())})
        # Named by epoch: a kill between the two writes must not pair old rows with new weights.
        run.save_arrays(f"checkpoint{len(run.history)}", trainer.state())
        run.commit()
        (run.folder / f"checkpoint{len(run.history) - 1}.npz").unlink(missing_ok=True)
        tick(describe(rows[-1]), 1, 1)
    best = run.load_arrays("best")
    trainer.put([best[str(i)] for i in range(len(best))])


def best_row(rows: list[Epoch], keep: Keep) -> Epoch:
    """The epoch whose weights a stage keeps; the earliest of equals."""
    if keep == "last":
        return rows[-1]
    if keep == "accuracy":
        return min(rows, key=lambda row: (-row.val_accuracy, row.val_loss))
    return min(rows, key=lambda row: row.val_loss)


def _train_epoch(
    trainer: StageTrainer,
    stage: Stage,
    source: Source,
    part: Part,
    rng: np.random.Generator,
    work: str,
    tick: Tick,
) -> tuple[float, float]:
    loss, right, done = 0.0, 0, 0
    for shas, labels in part.batches(stage.batch, rng):
        targets = np.eye(trainer.n_classes, dtype=np.float32)[labels]
        x, targets = mixed(source.train(shas, rng), targets, stage.mixup, rng)
        step_loss, step_right = trainer.step(x, targets)
        loss, right, done = loss + float(step_loss), right + int(step_right), done + len(shas)
        tick(work, done, len(part))
    return loss / done, right / done


def _validate(
    trainer: StageTrainer, stage: Stage, source: Source, part: Part
) -> tuple[float, float]:
    loss, right = 0.0, 0
    for shas, labels in part.batches(stage.batch):
        batch_loss, batch_right = trainer.forward(source.plain(shas), labels)
        loss, right = loss + float(batch_loss), right + int(batch_right)
    return loss / len(part), right / len(part)


def _is_stale(rows: list[Epoch], stage: Stage) -> bool:
    return bool(rows) and len(rows) - 1 - rows.index(best_row(rows, stage.keep)) >= stage.patience


def describe(row: Epoch) -> str:
    """One epoch in a line."""
    return (
        f"{row.stage}, epoch {row.epoch} done: loss {row.loss:.3f}, accuracy {row.accuracy:.3f}, "
        f"validation loss {row.val_loss:.3f}, validation accuracy {row.val_accuracy:.3f}"
    )


def write_history(rows: list[Epoch], file: Path) -> None:
    """Write epochs as CSV."""
    with files.atomic_write(file, text=True) as stream:
        writer = csv.DictWriter(stream, list(Epoch.__dataclass_fields__))
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
