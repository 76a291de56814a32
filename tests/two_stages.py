"""A two-stage ensemble that calls two of its four tiles otherwise than the most probable class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from osteo_core.bundles import load_bundle
from osteo_core.ensemble_bundles import EnsembleBundle, describe, write_ensemble
from tests.fake_bundles import CLASSES, sha, write_fake

NT, DEAD, VIABLE = CLASSES
P = np.array([[0.4, 0.28, 0.32], [0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.45, 0.25, 0.3]])
LABELS = [VIABLE, NT, DEAD, NT]
CALLS = [VIABLE, NT, DEAD, VIABLE]  # tumour in sum; the most probable are NT, NT, DEAD, NT
SURE = [0.32, 0.8, 0.7, 0.3]  # probability of these calls


def predicted(classes: tuple[str, ...] = CLASSES) -> pd.DataFrame:
    """Predictions of the four tiles by a network of these classes; no calls of its own."""
    shares = P[:, [CLASSES.index(name) for name in classes]]
    shares = shares / shares.sum(axis=1, keepdims=True)
    return pd.DataFrame(
        {
            "tile": [sha(name) for name in "abcd"],
            "file": [f"{name}.jpg" for name in "abcd"],
            "slide": ["S1", "S1", "S2", "S2"],
            "case": "C",
            "split": "test",
            "label": LABELS,
            **{f"p_{name}": shares[:, i] for i, name in enumerate(classes)},
        }
    )


def write_stages(models: Path) -> EnsembleBundle:
    """Write networks "first" and "second" and the ensemble "stages" of both."""
    for name, classes in (("first", CLASSES), ("second", CLASSES[1:])):
        folder, frame = write_fake(models, name, classes), predicted(classes)
        known = frame["label"].isin(classes)
        frame[known].to_csv(folder / "predictions.csv", index=False)
        frame[~known].to_csv(folder / "beyond.csv", index=False)
    members = [load_bundle(models / name) for name in ("first", "second")]
    write_ensemble(models / "stages", describe("two-stage", members))
    return load_bundle(models / "stages")
