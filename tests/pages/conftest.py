"""Two small networks on disk, a small cohort, and pages opened on them."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import pytest

from osteo_core.bundles import load_bundle, write_card
from osteo_core.cohorts.table import Cohort, CohortTile, write_cohort
from tests import dashboard
from tests.fake_bundles import CLASSES, fake_card, fake_history, fake_predictions
from tests.pages.compare_pages import FakeEngine, write_networks
from tests.toys import wake

SIDE = 32
NAMED_AS_IN_THE_PAPER = ("block1_conv1", "block1_conv2", "block5_conv4")
NAMED_OTHERWISE = ("early", "late")


def _base(names):
    def make(size, weights):
        import keras

        start = x = keras.Input((*size, 3))
        for i, name in enumerate(names):
            x = keras.layers.Conv2D(6 + 2 * i, 3, padding="same", activation="relu", name=name)(x)
            x = keras.layers.MaxPooling2D(name=f"pool{i}")(x)
        return keras.Model(start, x)

    return make


def _write(models, name, architecture, classes):
    from osteo_core.networks.build import Head, build_network
    from osteo_core.networks.weights import save_weights

    folder = models / name
    folder.mkdir()
    head = Head("avg", (12, 7), 0.5)
    network = wake(build_network(architecture, len(classes), (SIDE, SIDE), head), seed=len(name))
    logits = network.get_layer("logits")
    kernel, bias = logits.get_weights()
    kernel[:, 0] = 0  # nothing in the network speaks for the first class
    logits.set_weights([kernel, bias])
    digest = save_weights(network, folder / "weights.npz")
    card = fake_card(name, classes).model_dump()
    card |= {
        "title": f"Toy {name}",
        "architecture": architecture,
        "input_size": (SIDE, SIDE),
        "preprocessing": "rescale",
        "head": {"pooling": "avg", "units": (12, 7), "dropout": 0.5},
        "weights": [{"file": "weights.npz", "sha256": digest}],
    }
    write_card(folder, type(fake_card(name, classes)).model_validate(card))
    fake_predictions(classes, wrong=(0,)).to_csv(folder / "predictions.csv", index=False)
    fake_history().to_csv(folder / "history.csv", index=False)


@pytest.fixture(scope="module", autouse=True)
def spared():
    """Let the collector pass over what earlier files left, TensorFlow above all.

    Streamlit collects garbage after every run of a page: with all of that, over a second each.
    """
    from osteo_ui import services

    services.spare_collector()


@pytest.fixture(scope="session")
def toy_models(tmp_path_factory):
    """A folder of bundles: `toy` with layers named as in VGG19, `plain` with two classes."""
    from osteo_core.networks.build import BASES, Base

    models = tmp_path_factory.mktemp("models")
    for architecture, names in (("toy-vgg", NAMED_AS_IN_THE_PAPER), ("toy", NAMED_OTHERWISE)):
        BASES[architecture] = Base(_base(names), end=f"pool{len(names) - 1}")
    _write(models, "toy", "toy-vgg", CLASSES)
    _write(models, "plain", "toy", CLASSES[::2])
    return models


@pytest.fixture
def toy(toy_models, monkeypatch):
    """Make the toys the networks of the dashboard; returns the engine of `toy`."""
    monkeypatch.setenv("OSTEO_MODELS", str(toy_models))
    from osteo_ui import services

    return services.engine(load_bundle(toy_models / "toy"))


@pytest.fixture(scope="session")
def toy_cohort(tmp_path_factory):
    """Nine tiles of three classes and parts; the last one's image is missing."""
    import hashlib

    folder = tmp_path_factory.mktemp("cohort")
    rng = np.random.default_rng(5)
    tiles = []
    for i in range(9):
        file = folder / f"tile-{i}.png"
        cv2.imwrite(str(file), rng.integers(0, 255, (40, 48, 3), np.uint8))
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        label, part = CLASSES[i % 3], ("train", "validation", "test")[i // 3]
        case = f"Case-{1 + i % 2}"
        tiles.append(CohortTile(file.name, label, case, f"{case}-A{i}", i, i, digest, part, label))
    (folder / "tile-8.png").unlink()
    write_cohort(Cohort(folder, folder, tuple(tiles)))
    return folder


def _opened(page, **link):
    at = dashboard.open_page(page, link).run()
    assert not at.exception
    return at


@pytest.fixture
def open_page(toy):
    """Open a page by a link and run it."""

    return lambda page, **link: _opened(page, **{"model": "toy", **link})


@pytest.fixture
def metric_models(tmp_path, monkeypatch):
    """An empty folder for the dashboard's networks, none of which is ever opened."""
    from osteo_ui import services

    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    monkeypatch.setattr(services, "engine", dashboard.no_engine)
    return tmp_path


@pytest.fixture
def open_metrics(metric_models):
    """Open the metrics page with the networks written by then, and run it."""

    return partial(_opened, "metrics")


@pytest.fixture
def compare_models(tmp_path, monkeypatch):
    """Make the networks of `compare_pages` those of the dashboard; returns their folder."""
    from osteo_ui import services

    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    monkeypatch.setattr(services, "engine", FakeEngine)
    write_networks(tmp_path)
    return tmp_path


@pytest.fixture
def open_compare(compare_models):
    """Open the comparison page with these networks and run it."""

    return lambda *names, **link: _opened("compare", model=list(names), **link)


@pytest.fixture
def heat_pages(toy, monkeypatch):
    """Maps and grades apart from those of other tests; grades are quick, from `graded`.

    Streamlit collects garbage after every run, which takes a third of a second with TensorFlow
    loaded: it is made to pass over what is there.
    """
    from osteo_ui import heat_services, jobs, services
    from tests.pages.heat_pages import graded

    jobs._jobs.clear()
    services.spare_collector()
    monkeypatch.setattr(heat_services, "grade_steps", graded("weak"))
