"""One bad folder among models: its own sentence, and nobody else's trouble."""

import json
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from osteo_core.bundles import list_bundles, load_bundle
from osteo_core.commands.models import models as models_command
from osteo_core.commands.report import report as report_command
from osteo_core.ensemble_bundles import list_ensembles
from osteo_core.errors import BundleError
from osteo_core.evaluate.protocol_report import read_report
from osteo_core.model_folders import model_folders, weight_file
from osteo_core.networks.weights import load_weights
from tests.fake_bundles import write_fake


@pytest.fixture
def models(tmp_path, monkeypatch):
    folder = tmp_path / "models"
    write_fake(folder, "good")
    monkeypatch.setenv("OSTEO_MODELS", str(folder))
    return folder


def bad_card(models, content):
    folder = models / "bad"
    shutil.copytree(models / "good", folder)
    (folder / "card.json").write_bytes(content)
    return folder


def with_changes(**changes):
    def change(card):
        return {**card, **changes}

    return change


def with_change(*path, value):
    def change(card):
        inner = card
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        return card

    return change


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"card"',
        b"\xff\xfe\x00{",
        b"\0" * 1000,
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"name": "' + b"x" * (5 << 20) + b'"}',
        '{"title": "R\xe9seau"}'.encode("latin-1"),
    ],
    ids=range(11),
)
def test_a_card_that_is_no_json_of_ours_is_one_sentence(models, content):
    bad_card(models, content)
    assert [found.name for found in list_bundles()] == ["good"]
    with pytest.raises(BundleError, match="Received") as refused:
        load_bundle("bad")
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (with_changes(classes=[]), "at least 2"),
        (with_changes(classes=["A"]), "at least 2"),
        (with_changes(classes=["A", "A"]), "two classes of one name"),
        (with_changes(classes=["A", " A "]), "two classes of one name"),
        (with_changes(classes=["e\u0301", "\xe9"]), "two classes of one name"),
        (with_changes(classes=["", "B"]), "empty"),
        (with_changes(classes=["A", "b\nc"]), "cannot be printed"),
        (with_changes(classes=["x" * 100_000, "B"]), "at most 200"),
        (with_changes(classes=[f"c{i}" for i in range(201)]), "at most 200"),
        (with_changes(input_size=[-1, -1]), "greater than or equal to 1"),
        (with_changes(input_size=[0, 64]), "greater than or equal to 1"),
        (with_changes(input_size=[256.5, 256]), "integer"),
        (with_changes(title=""), "title"),
        (with_changes(title="T" * 1_000_000), "at most 300"),
        (with_changes(weights=[]), "at least 1"),
        (with_changes(schema_version=99), "schema_version"),
        (with_changes(weights=[{"file": "a", "sha256": "0"}]), "sha256"),
        (with_change("head", "dropout", value=2.0), "less than 1"),
        (with_change("head", "units", value=[4] * 200), "at most 100"),
        (with_change("split", "parts", value={"test": {"tiles": -1, "slides": 0, "cases": 0}}),
         "tiles"),
        (with_change("provenance", "seconds", value=-1e300), "seconds"),
        (with_change("recipe", "stages", value="x"), "no list of stages"),
        (with_change("recipe", "deviations", value=[1]), "no list of sentences"),
        (with_change("recipe", "source", value=5), "no text"),
        (lambda card: {k: v for k, v in card.items() if k != "split"}, "valid split"),
    ],
)  # fmt: skip
def test_a_card_that_cannot_be_is_one_sentence(models, change, told):
    card = json.loads((models / "good" / "card.json").read_text())
    bad_card(models, json.dumps(change(card)).encode())
    assert [found.name for found in list_bundles()] == ["good"]
    with pytest.raises(BundleError, match=r"card\.json of bad must have a valid") as refused:
        load_bundle("bad")
    assert told in str(refused.value)


@pytest.mark.parametrize("which", ["nan", "inf"])
def test_no_number_of_a_card_is_nan_or_infinite(models, which):
    text = (models / "good" / "card.json").read_text()
    word = {"nan": "NaN", "inf": "1e999"}[which]
    bad_card(models, text.replace('"dropout": 0.5', f'"dropout": {word}').encode())
    with pytest.raises(BundleError, match="Received"):
        load_bundle("bad")


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling", "loop", "device"])
@pytest.mark.parametrize("name", ["card.json", "ensemble.json"])
def test_what_is_no_file_is_one_sentence_at_once(models, kind, name):
    (models / "bad").mkdir()
    place = models / "bad" / name
    {
        "folder": place.mkdir,
        "pipe": lambda: os.mkfifo(place),
        "dangling": lambda: place.symlink_to("/nowhere"),
        "loop": lambda: place.symlink_to(name),
        "device": lambda: place.symlink_to("/dev/zero"),
    }[kind]()
    assert [found.name for found in list_bundles()] == ["good"]
    assert list_ensembles() == []
    with pytest.raises(BundleError, match=r"Received.*(folder|pipe|not exist|link|device)"):
        load_bundle("bad")


def test_a_name_that_is_no_text_hides_nobody(models):
    folder = bad_card(models, (models / "good" / "card.json").read_bytes())
    folder.rename(models / os.fsdecode(b"b\xffd"))
    assert [found.name for found in list_bundles()] == ["good"]
    with pytest.raises(BundleError, match="printable characters") as refused:
        load_bundle(model_folders(models)[0])
    str(refused.value).encode()


def test_what_is_being_written_is_not_listed(models):
    shutil.copytree(models / "good", models / ".partial-1")
    assert [found.name for found in list_bundles()] == ["good"]


def test_no_models_folder_is_an_empty_list(tmp_path, monkeypatch):
    for place in (tmp_path / "none", tmp_path / "file"):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("OSTEO_MODELS", str(place))
        assert list_bundles() == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"members": ["bad", "good"]}, "other models"),
        ({"members": ["../models/bad", "good"]}, "other models"),
        ({"members": ["../../../../etc", "good"]}, "other models"),
        ({"members": ["/etc", "good"]}, "other models"),
        ({"members": ["..", "good"]}, "other models"),
        ({"members": ["", "good"]}, "in neither"),
        ({"members": ["nope", "good"]}, "in neither"),
        ({"members": ["circle", "good"]}, "an ensemble itself"),
        ({"members": []}, "two different networks"),
        ({"members": ["good", "good"]}, "two different networks"),
        ({"members": ["good", "other"], "kind": "zzz"}, "Expected one of mean"),
        ({"members": ["good", "other"], "kind": "weighted", "weights": [1, -2]}, "weight for each"),
        ({"members": ["good", "other"], "kind": "weighted", "weights": [0, 0]}, "weight for each"),
        ({"members": ["good"] * 1000}, "at most 50"),
        ({"members": ["good", "broken"]}, "broken"),
        ({"members": "good"}, "valid members"),
        ({"title": "", "members": ["good", "other"]}, "valid title"),
    ],
)
def test_an_ensemble_that_cannot_be_is_one_sentence(models, content, told):
    write_fake(models, "other")
    (models / "broken").mkdir()
    (models / "broken" / "card.json").write_text("{")
    for name, members in (("bad", content), ("circle", {"members": ["bad", "good"]})):
        (models / name).mkdir()
        text = json.dumps({"title": "x", "kind": "mean", **members})
        (models / name / "ensemble.json").write_text(text)
    assert [found.name for found in list_bundles()] == ["good", "other"]
    assert list_ensembles() == []
    with pytest.raises(BundleError, match="bad") as refused:
        load_bundle("bad")
    assert told in str(refused.value)


def test_weights_lie_in_the_models_folders(models, tmp_path):
    good = models / "good"
    (tmp_path / "outside.npz").write_bytes(b"")
    assert weight_file(good, "base.npz") == good.resolve() / "base.npz"
    assert weight_file(good, "../other/base.npz") == models.resolve() / "other" / "base.npz"
    (good / "link.npz").symlink_to(tmp_path / "outside.npz")
    for told in ("/etc/passwd", "../../outside.npz", "../../../etc/passwd", "link.npz", "/dev/zero",
                 str(good / "base.npz"), "a\0b"):  # fmt: skip
        with pytest.raises(BundleError, match="Received") as refused:
            weight_file(good, told)
        assert "exist" not in str(refused.value)  # nothing is said of what is there


def test_a_models_folder_behind_a_link_finds_its_shared_base(models, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(models)
    found = weight_file(tmp_path / "link" / "good", "../other/base.npz")
    assert found == models.resolve() / "other" / "base.npz"


def test_weights_that_are_not_finite_are_named(tmp_path):
    variable = SimpleNamespace(name="kernel", shape=(2, 2), assign=lambda value: None)
    network = SimpleNamespace(layers=[SimpleNamespace(name="fc1", weights=[variable])])
    np.savez(tmp_path / "w.npz", **{"fc1/kernel": np.array([[1, np.nan], [np.inf, 2]], "f4")})
    with pytest.raises(BundleError, match=r"'fc1/kernel' must hold finite.*in 2 of 4 places"):
        load_weights(network, [tmp_path / "w.npz"])
    np.savez_compressed(tmp_path / "w.npz", **{"fc1/kernel": np.zeros((1 << 20, 2), "f4")})
    with pytest.raises(BundleError, match=r"w\.npz .arrays of 8,388,736 bytes"):
        load_weights(network, [tmp_path / "w.npz"])
    (tmp_path / "w.npz").write_bytes(b"PK junk")
    with pytest.raises(BundleError, match=r"Received: w\.npz"):
        load_weights(network, [tmp_path / "w.npz"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (with_changes(input_size=[20_000, 20_000]), "Input sides"),
        (with_changes(input_size=[10**9, 10**9]), "Input sides"),
        (with_changes(input_size=[31, 31]), "32"),
        (with_changes(architecture="resnet9000"), "Architecture"),
        (with_changes(preprocessing="eval"), "Preprocessing"),
        (with_change("head", "units", value=[10**9, 10**9]), "weights"),
        (with_change("head", "units", value=[0]), "one unit"),
        (with_change("head", "pooling", value="x"), "Pooling"),
    ],
)
def test_a_network_that_cannot_be_built_is_refused_before_it_is(models, change, told):
    card = json.loads((models / "good" / "card.json").read_text())
    folder = bad_card(models, json.dumps(change({**card, "weights": []})).encode())
    from osteo_core.networks.weights import sha256_of

    np.savez(folder / "head.npz", a=np.zeros(1, "f4"))
    weights = [{"file": "head.npz", "sha256": sha256_of(folder / "head.npz")}]
    (folder / "card.json").write_text(json.dumps(change({**card, "weights": weights})))
    with pytest.raises(BundleError, match=told):
        load_bundle("bad").network()


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b"\xff", b"[" * 200_000])
def test_a_table_of_protocols_that_is_none_is_one_sentence(tmp_path, content):
    assert read_report(tmp_path / "protocols.json") is None
    (tmp_path / "protocols.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"Received.*"):
        read_report(tmp_path / "protocols.json")


def test_the_command_lists_good_networks_and_names_a_bad_one(models):
    bad_card(models, b"\xff\xfe")
    done = CliRunner().invoke(models_command)
    assert done.exit_code == 1
    assert "Made-up good" in done.stdout
    assert done.stderr.startswith("bad: Expected")
    assert done.stderr.count("\n") == 1


def test_a_report_of_all_networks_leaves_a_bad_one_out_and_says_so(models, tmp_path):
    folder = bad_card(models, (models / "good" / "card.json").read_bytes())
    text = (folder / "predictions.csv").read_text()
    (folder / "predictions.csv").write_text(text.replace("0.9", "-5", 1))
    out = tmp_path / "report.html"
    done = CliRunner().invoke(report_command, ["--out", str(out)])
    assert done.exit_code == 1
    assert "left out bad: Probabilities" in done.stderr
    assert "good" in out.read_text()
