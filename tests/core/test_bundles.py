import json

import keras
import numpy as np
import pytest

from osteo_core.bundles import (
    Card,
    HeadCard,
    PartSize,
    Provenance,
    SplitCard,
    WeightFile,
    export_bundle,
    list_bundles,
    load_bundle,
    write_card,
)
from osteo_core.errors import BundleError
from osteo_core.networks.build import Head, build_network
from osteo_core.networks.weights import load_weights, save_weights

HEAD = Head("avg", (6,), 0.1)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return build_network("mobilenetv2", 2, (32, 32), HEAD)


def make_bundle(folder, network, **changes):
    folder.mkdir(parents=True)
    digest = save_weights(network, folder / "weights.npz")
    fields = {
        "name": folder.name,
        "title": "Small",
        "architecture": "mobilenetv2",
        "classes": ("Non-Tumor", "Viable"),
        "input_size": (32, 32),
        "preprocessing": "mobilenetv2",
        "head": HeadCard(pooling="avg", units=(6,), dropout=0.1),
        "recipe": {"name": "small"},
        "split": SplitCard(
            kind="slide", fractions=(0.7, 0.15, 0.15), seed=7, cohort_digest="0", mixed="viable",
            parts={"test": PartSize(tiles=1, slides=1, cases=1)},
        ),
        "provenance": Provenance(
            trained_on="x", started_from="y", date="2026-01-01", seconds=1, best_epochs={}, seed=7
        ),
        "weights": (WeightFile(file="weights.npz", sha256=digest),),
        "versions": {},
    }  # fmt: skip
    write_card(folder, Card(**{**fields, **changes}))
    return load_bundle(folder)


@pytest.fixture(scope="module")
def bundle(network, tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("models") / "small", network)


def test_kernels_are_halved_and_vectors_are_not(bundle):
    with np.load(bundle.folder / "weights.npz") as stored:
        kinds = {stored[key].dtype.name for key in stored.files if stored[key].ndim > 1}
        vectors = {stored[key].dtype.name for key in stored.files if stored[key].ndim == 1}
    assert kinds == {"float16"}
    assert vectors == {"float32"}


def test_a_bundle_gives_its_network_back(bundle, network):
    again = bundle.network()
    for before, after in zip(network.weights, again.weights, strict=True):
        np.testing.assert_allclose(before.numpy(), after.numpy(), rtol=1e-3, atol=1e-6)


def test_an_export_opens_with_keras_alone(bundle, tmp_path):
    export_bundle(bundle, tmp_path / "plain.keras")
    opened = keras.models.load_model(tmp_path / "plain.keras")
    inputs = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(opened(inputs), bundle.network()(inputs), atol=1e-6)


def test_an_export_must_be_a_keras_archive(bundle, tmp_path):
    with pytest.raises(BundleError, match=r"must end in \.keras\. Received: 'plain\.h5'"):
        export_bundle(bundle, tmp_path / "plain.h5")


def test_altered_weights_are_refused(network, tmp_path):
    bundle = make_bundle(tmp_path / "altered", network)
    file = bundle.folder / "weights.npz"
    content = bytearray(file.read_bytes())
    content[-1000] ^= 1
    file.write_bytes(content)
    with pytest.raises(BundleError, match="must have the SHA-256"):
        bundle.network()


def test_missing_weights_are_named(network, tmp_path):
    bundle = make_bundle(tmp_path / "gone", network)
    (bundle.folder / "weights.npz").unlink()
    with pytest.raises(BundleError, match=r"needs its weights weights\.npz"):
        bundle.network()


def test_weights_of_another_network_are_refused(network, tmp_path):
    save_weights(network, tmp_path / "w.npz")
    other = build_network("mobilenetv2", 3, (32, 32), HEAD)
    with pytest.raises(BundleError, match=r"'logits/kernel' must have the shape \(6, 3\)"):
        load_weights(other, [tmp_path / "w.npz"])


def test_a_later_weight_file_wins(network, tmp_path):
    save_weights(network, tmp_path / "all.npz")
    other = build_network("mobilenetv2", 2, (32, 32), HEAD)
    save_weights(other, tmp_path / "logits.npz", ["logits"])
    load_weights(fresh := build_network("mobilenetv2", 2, (32, 32), HEAD),
                 [tmp_path / "all.npz", tmp_path / "logits.npz"])  # fmt: skip
    kernel = fresh.get_layer("logits").kernel.numpy()
    np.testing.assert_allclose(kernel, other.get_layer("logits").kernel, rtol=1e-3)


def test_identity_follows_weights_and_preprocessing(bundle, network, tmp_path):
    same = make_bundle(tmp_path / "same", network)
    other = make_bundle(tmp_path / "other", network, preprocessing="rescale")
    assert len({bundle.digest, same.digest, other.digest}) == 2
    assert bundle.digest == same.digest


def test_bundles_are_listed_and_an_unknown_one_names_them(bundle, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(bundle.folder.parent))
    assert [b.name for b in list_bundles()] == ["small"]
    with pytest.raises(BundleError, match=r"one of small, or a folder.*Received: 'big'"):
        load_bundle("big")


def test_a_broken_card_says_where(bundle, tmp_path):
    card = json.loads((bundle.folder / "card.json").read_text())
    del card["classes"]
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(BundleError, match="must have a valid classes"):
        load_bundle(tmp_path)


def test_missing_predictions_are_a_sentence(bundle):
    with pytest.raises(BundleError, match=r"must have a predictions\.csv"):
        bundle.predictions()


def test_one_bad_card_does_not_hide_the_others(network, tmp_path):
    make_bundle(tmp_path / "good", network)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "card.json").write_text("{")
    assert [b.name for b in list_bundles(tmp_path)] == ["good"]
