"""Hostile names in every place, on every page: no link, picture, formula or colour of them."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from osteo_core.bundles import load_bundle, write_card
from osteo_core.cohorts.table import Cohort, CohortTile, write_cohort
from tests import dashboard
from tests.fake_bundles import CLASSES, fake_card, fake_history, fake_predictions
from tests.pages import conftest
from tests.seen import check

MARK = "q7x"


def hostile(place: str, slash: str = "") -> str:
    """A name with something of each kind of markup; `slash` where a name may have one."""
    address = f"http:{slash}{slash}127.0.0.1:9{slash}{place}.png"
    return f"![{MARK}]({address}) :red[{place}] `{place}` $x^2$ *{place}* <b>{place}<img src=x>"


NAMES = tuple(hostile(f"class{i}") for i in range(3))
LAYERS = tuple(f"{MARK}.layer{i}_--__b__" for i in range(2))  # TensorFlow allows no more
PIECES = [" ".join(f"![{MARK}]({address}".split()) for address in ("http:127", "http://127")]
PIECES += [f"{MARK}.layer", f"[{MARK}]", "![q"]
MODELS = tuple(hostile(f"model{i}") for i in range(2))


def _write(models, name):
    conftest._write(models, name, "toy-hostile", NAMES)
    folder = models / name
    card = fake_card(name, NAMES).model_dump() | json.loads((folder / "card.json").read_text())
    card |= {"title": hostile(f"title {name}", "/")[:250], "licence": hostile("licence", "/")}
    card["recipe"] = {
        "source": hostile("source", "/"),
        "deviations": [hostile("deviation", "/")],
        "augmentation": {hostile("key"): hostile("value")},
    }
    write_card(folder, type(fake_card(name, NAMES)).model_validate(card))
    table = fake_predictions(CLASSES, wrong=(0, 1))
    to = dict(zip(CLASSES, NAMES, strict=True))
    table = table.assign(label=table["label"].map(to), **_columns(table))
    table.rename(columns={f"p_{a}": f"p_{b}" for a, b in to.items()}).to_csv(
        folder / "predictions.csv", index=False
    )
    fake_history().assign(stage=hostile("stage")).to_csv(folder / "history.csv", index=False)


def _columns(table):
    return {
        "slide": [hostile(f"slide {name}") for name in table["slide"]],
        "case": [hostile(f"case {name}") for name in table["case"]],
        "file": [hostile(name) for name in table["file"]],
    }


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    from osteo_core.networks.build import BASES, Base

    BASES["toy-hostile"] = Base(conftest._base(LAYERS), end="pool1")
    folder = tmp_path_factory.mktemp("models")
    for name in MODELS:
        _write(folder, name)
    return folder


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Six tiles whose files, labels, cases and slides are all hostile; one is a copy."""
    import hashlib

    folder = tmp_path_factory.mktemp("cohorts") / hostile("cohort")
    folder.mkdir()
    rng, tiles = np.random.default_rng(5), []
    for i in range(6):
        file = folder / f"{hostile(f'file{i}')}.png"
        pixels = rng.integers(0, 255, (40, 48, 3), np.uint8)
        if i == 5:
            pixels = cv2.imread(str(folder / tiles[0].file))
            pixels[0, 0] = 0
        file.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        part = ("train", "test")[i % 2]
        told = NAMES[i % 3], hostile(f"case{i % 2}"), hostile(f"slide{i % 2}")
        tiles.append(CohortTile(file.name, *told, 40 * i, i, digest, part, told[0]))
    write_cohort(Cohort(folder, folder, tuple(tiles), classes=NAMES))
    return folder


@pytest.fixture
def dashboard_of(models, monkeypatch):
    from osteo_ui import services

    monkeypatch.setenv("OSTEO_MODELS", str(models))
    services.engine(load_bundle(models / MODELS[0]))


@pytest.mark.parametrize("page", dashboard.PAGES)
def test_names_from_files_are_letters(page, dashboard_of, cohort):
    from osteo_ui import sources

    tiles = [entry.ref.encode() for entry in sources.entries("cohort", str(cohort))[:2]]
    link = {
        "model": list(MODELS),
        "source": "cohort",
        "cohort": str(cohort),
        "tile": tiles,
        "layer": LAYERS[0],
        "class": NAMES[1],
        "versus": NAMES[2],
        "confused": "0,1",
        "find": "tiles",
        "audit": "classes",
        "call": "costs",
        "cell": "0,1",
        "mark": f"{LAYERS[0]}:1",
        "beside": "layers",
    }
    assert check(dashboard.open_page(page, link).run(), MARK, PIECES) > 3


@pytest.mark.parametrize("page", dashboard.PAGES)
def test_what_a_link_says_is_letters(page, dashboard_of):
    foreign = hostile("link", "/")
    link = {
        "model": [MODELS[0], foreign],
        "tile": [f"upload:0123456789ab:{foreign}", "example:Synthetic Viable 1"],
        "cohort": foreign,
        **dict.fromkeys(("layer", "dense", "class", "versus", "against", "meanof"), foreign),
        **dict.fromkeys(("method", "meter", "slide", "of", "in", "with", "order"), foreign),
        **dict.fromkeys(("row", "column", "set", "threshold"), foreign),
        **dict.fromkeys(("off", "mark"), f"{foreign}:1"),
        "valuesof": f"upload:0123456789ab:{foreign}",
        "find": "classes",
    }
    assert check(dashboard.open_page(page, link).run(), MARK, PIECES) > 3
    link |= {"source": "cohort", "tile": ["cohort:0123456789ab"], "panel": "off", "series": "means"}
    assert check(dashboard.open_page(page, link).run(), MARK, PIECES) > 3
