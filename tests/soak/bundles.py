"""Damaged models: each is its own sentence, what is read is right, the good one stays listed."""

from __future__ import annotations

import hashlib
import json
import os
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from osteo_core.bundles import Bundle, list_bundles, load_bundle
from osteo_core.ensemble_bundles import EnsembleBundle, list_ensembles, model_problems
from osteo_core.errors import BundleError
from osteo_core.evaluate.figures import figures
from osteo_core.evaluate.protocol_report import read_report
from osteo_core.evaluate.stored import stored_part
from osteo_core.networks.weights import load_weights
from tests.fake_bundles import CLASSES, PROTOCOL_ROW, PROTOCOLS, write_fake
from tests.soak._damage import damage_file

REPORT = PROTOCOLS | {
    "protocols": {"tile": PROTOCOL_ROW | {"recall": {"Viable": 0.5, "Non-Tumor": None}}}
}
FILES = ("card.json", "predictions.csv", "history.csv", "protocols.json", "head.npz", "beyond.csv")
KERNEL = np.arange(12, dtype=np.float16).reshape(4, 3)


def trial(seed: int, folder: Path) -> None:
    """Damage one or two files of a model or an ensemble, then ask everything of it."""
    rng = random.Random(seed)
    models = folder / "models"
    right = _write(models)
    os.environ["OSTEO_MODELS"] = str(models)
    if rng.random() < 0.2:
        damage_file(models / "both" / "ensemble.json", rng)
    else:
        for name in rng.sample(FILES, 1 + (rng.random() < 0.3)):
            damage_file(models / "bad" / name, rng)
        if rng.random() < 0.5:
            _own_digests(models / "bad")
    assert "good" in [found.name for found in list_bundles()]
    model_problems()
    list_ensembles()
    for name in ("bad", "both"):
        _ask(models / name, right, _may_say_no(lambda name=name: load_bundle(name)))


def _write(models: Path) -> pd.DataFrame:
    """A good model, one to be damaged, and an ensemble of both; what the second says."""
    write_fake(models, "good")
    bad = write_fake(models, "bad", wrong=(0, 2))
    np.savez(bad / "head.npz", **{"fc1/kernel": KERNEL, "fc1/bias": KERNEL[:, 0].astype("f4")})
    (bad / "protocols.json").write_text(json.dumps(REPORT))
    text = (bad / "predictions.csv").read_text()
    (bad / "beyond.csv").write_text("".join(text.splitlines(keepends=True)[:4]))
    _own_digests(bad)
    (models / "both").mkdir()
    told = {"title": "Both", "kind": "mean", "members": ["good", "bad"]}
    (models / "both" / "ensemble.json").write_text(json.dumps(told))
    return pd.read_csv(bad / "predictions.csv").set_index("tile")


def _own_digests(folder: Path) -> None:
    """Let the card vouch for the weights as they are now."""
    if not all((folder / name).is_file() for name in ("card.json", "head.npz")):
        return
    try:
        card = json.loads((folder / "card.json").read_text("utf-8"))
        digest = hashlib.sha256((folder / "head.npz").read_bytes()).hexdigest()
        card["weights"] = [{"file": "head.npz", "sha256": digest}]
    except (OSError, ValueError, TypeError, RecursionError):
        return
    (folder / "card.json").write_text(json.dumps(card), "utf-8")


def _may_say_no(do):
    try:
        return do()
    except BundleError as refused:
        text = str(refused)
        assert "Received" in text, text
        assert text.isprintable(), text
        assert len(text) < 2000, len(text)
        text.encode()
        return None


def _ask(folder: Path, right: pd.DataFrame, bundle: Bundle | None) -> None:
    if bundle is None:
        return
    assert len(set(bundle.card.classes)) == len(bundle.card.classes) >= 2
    ensemble = isinstance(bundle, EnsembleBundle)
    said = _may_say_no(bundle.predictions)
    if said is not None:
        _check(said, bundle)
        if not ensemble and set(bundle.card.classes) == set(CLASSES):
            _unchanged(said, right)
        part = stored_part(bundle, "test", said)
        found = figures(part, count=40)
        assert all(f.value is None or np.isfinite(f.value) for f in found.rows)
        size = None if ensemble else bundle.card.split.parts.get("test")
        expected = size.tiles if size else 0
        assert part.n_tiles >= expected or part.notes, "tiles are missing and nobody said so"
    _may_say_no(bundle.beyond)
    _may_say_no(bundle.weight_files)
    _may_say_no(lambda: read_report(folder / "protocols.json"))
    if not ensemble:
        history = _may_say_no(bundle.history)
        assert history is None or np.isfinite(history[["epoch", "loss", "val_loss"]]).all().all()
        _may_say_no(lambda: _weights(bundle))


def _check(said: pd.DataFrame, bundle: Bundle) -> None:
    values = said[[f"p_{name}" for name in bundle.card.classes]].to_numpy(float)
    assert np.isfinite(values).all()
    assert ((values > -2e-4) & (values < 1 + 2e-4)).all()
    assert np.abs(values.sum(axis=1) - 1).max(initial=0) < 2e-4
    assert said["tile"].is_unique


def _unchanged(said: pd.DataFrame, right: pd.DataFrame) -> None:
    """Of tiles whose name is left: the same values, and the same label or one that is no class."""
    there = said[said["tile"].isin(right.index)].set_index("tile")
    before = right.loc[there.index]
    for name in CLASSES:
        moved = np.abs(there[f"p_{name}"].to_numpy(float) - before[f"p_{name}"].to_numpy(float))
        assert moved.max(initial=0) < 2e-4, f"p_{name} moved by {moved.max()}"
    known = there["label"].isin(CLASSES)
    assert (there["label"][known] == before["label"][known]).all()


def _weights(bundle: Bundle) -> None:
    """What the product does with a bundle's weights, without building a network."""
    kept = {}

    def variable(name, shape):
        return SimpleNamespace(
            name=name, shape=shape, assign=lambda value: kept.__setitem__(name, value)
        )

    weights = [variable("kernel", (4, 3)), variable("bias", (4,))]
    network = SimpleNamespace(layers=[SimpleNamespace(name="fc1", weights=weights)])
    load_weights(network, bundle.weight_files())
    np.testing.assert_array_equal(kept["kernel"], KERNEL.astype(np.float32))
    np.testing.assert_array_equal(kept["bias"], KERNEL[:, 0].astype(np.float32))
