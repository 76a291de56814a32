"""Bundles without a network: a card, predictions and a history, enough for every metric."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from osteo_core.bundles import Card, write_card

CLASSES = ("Non-Tumor", "Non-Viable-Tumor", "Viable")
PARTS = {"train": 24, "validation": 9, "test": 12}  # tiles


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write_fake(
    models: Path, name: str, classes: tuple[str, ...] = CLASSES, wrong: tuple[int, ...] = (0,)
) -> Path:
    """Write a bundle; of each part the tiles numbered in `wrong` are called one class on."""
    folder = models / name
    folder.mkdir(parents=True)
    write_card(folder, fake_card(name, classes))
    fake_predictions(classes, wrong).to_csv(folder / "predictions.csv", index=False)
    fake_history().to_csv(folder / "history.csv", index=False)
    return folder


def fake_predictions(classes: tuple[str, ...], wrong: tuple[int, ...]) -> pd.DataFrame:
    rows = []
    for part, n in PARTS.items():
        for i in range(n):
            label = CLASSES[i % 3]
            if label not in classes:
                continue
            case = "Case-3" if i % 2 else "Case-48"
            called = (classes.index(label) + (i in wrong)) % len(classes)
            rest = 0.1 / max(1, len(classes) - 1)
            shares = [0.9 if k == called else rest for k in range(len(classes))]
            key = f"{part}-{i}"
            rows.append(
                [sha(key), f"{key}.jpg", f"{case}-{part}-{i % 3}", case, part, label, *shares]
            )
    columns = ["tile", "file", "slide", "case", "split", "label"]
    return pd.DataFrame(rows, columns=columns + [f"p_{c}" for c in classes])


def fake_history() -> pd.DataFrame:
    stages = ["head"] * 3 + ["all layers"] * 3
    return pd.DataFrame(
        {
            "epoch": range(1, 7),
            "stage": stages,
            "loss": [1.0, 0.8, 0.7, 0.6, 0.5, 0.4],
            "accuracy": [0.5, 0.6, 0.7, 0.8, 0.85, 0.9],
            "val_loss": [0.9, 0.8, 0.75, 0.6, 0.4, 0.5],
            "val_accuracy": [0.55, 0.6, 0.7, 0.8, 0.9, 0.85],
            "learning_rate": 1e-3,
            "seconds": 3.0,
        }
    )


def fake_card(name: str, classes: tuple[str, ...]) -> Card:
    tiles = {p: sum(CLASSES[i % 3] in classes for i in range(n)) for p, n in PARTS.items()}
    return Card.model_validate(
        {
            "name": name,
            "title": f"Made-up {name}",
            "architecture": "vgg19",
            "classes": classes,
            "input_size": (64, 64),
            "preprocessing": "vgg19",
            "head": {"pooling": "avg", "units": (8,), "dropout": 0.5},
            "recipe": {
                "name": name,
                "source": "Nobody et al., 'A paper'",
                "deviations": ["split by slide, not by tile", "fewer epochs"],
                "augmentation": {"rotation": 15.0, "zoom": 1.2},
                "stages": [
                    {"name": "head", "epochs": 3, "head_rate": 1e-3},
                    {"name": "all layers", "epochs": 3, "head_rate": 1e-4, "base_rate": 1e-5},
                ],
            },
            "split": {
                "kind": "slide",
                "fractions": (0.7, 0.15, 0.15),
                "seed": 7,
                "cohort_digest": sha("cohort"),
                "parts": {p: {"tiles": n, "slides": 6, "cases": 2} for p, n in tiles.items()},
                "mixed": "viable",
            },
            "provenance": {
                "trained_on": "made-up tiles",
                "started_from": "nothing",
                "date": "2026-01-01",
                "seconds": 18,
                "best_epochs": {"head": 3, "all layers": 5},
                "seed": 7,
            },
            "weights": [{"file": "head.npz", "sha256": sha(name)}],
            "versions": {"python": "3.11", "keras": "3.15.1"},
        }
    )


# protocols.json of such a network
PROTOCOL_ROW = {
    "title": "tiles at random",
    "question": "new tiles",
    "source": "",
    "accuracy": 0.9,
    "accuracy_ci95": (0.8, 0.95),
    "accuracy_ci95_by_tile": (0.8, 0.95),
    "accuracy_ci95_by_slide": None,
    "macro_f1": 0.9,
    "macro_f1_ci95_by_tile": None,
    "macro_f1_ci95_by_slide": None,
    "n_tiles": 9,
    "n_slides": 4,
    "n_cases": 2,
    "recall": {"Viable": 0.9},
    "runs": [{"name": "fold 1", "accuracy": 0.9, "n_tiles": 9, "n_train": 40}],
    "notes": [],
}
PROTOCOLS = {
    "model": "three",
    "architecture": "vgg19",
    "base": {"kind": "ImageNet", "weights": "w.h5", "digest": "0", "sentence": "Untouched."},
    "head": "logistic regression",
    "cohort": {"digest": "0", "n_tiles": 9, "n_slides": 4, "n_cases": 2},
    "seed": 7,
    "protocols": {"tile": PROTOCOL_ROW},
    "skipped": {},
    "gap": "",
}
