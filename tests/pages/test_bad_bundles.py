"""A models folder with one good network and many bad ones: each page stands for the good one."""

import json
import os
import shutil

import pytest

from tests.dashboard import PAGES, open_page
from tests.fake_bundles import write_fake
from tests.pages.looking import said

READABLE = {  # a good card, and one file beside it that is not
    "no-table": ("predictions.csv", None),
    "empty": ("predictions.csv", b""),
    "header": ("predictions.csv", b"tile,file,slide,case,split,label,p_Non-Tumor\n"),
    "binary": ("predictions.csv", bytes(range(256)) * 9),
    "negative": ("predictions.csv", (b"0.9", b"-5")),
    "nan": ("predictions.csv", (b"0.9", b"nan")),
    "huge": ("predictions.csv", (b"0.9", b"1e308")),
    "sum": ("predictions.csv", (b"0.9", b"0.7")),
    "ragged": ("predictions.csv", (b"0.9", b"0.9,0.9,0.9")),
    "labels": ("predictions.csv", (b",Viable,", b",Banana,")),
    "split": ("predictions.csv", (b",test,", b",<b>,")),
    "column": ("predictions.csv", (b"slide", b"slides")),
    "history": ("history.csv", b"\x93\x00"),
    "words": ("history.csv", (b"0.5", b"high")),
    "units": ("units.npz", b"PK junk"),
    "protocols": ("protocols.json", b"{"),
}
CARDS = {
    "utf": b"\xff\xfe\x00{",
    "deep": b"[" * 200_000,
    "size": (b"64", b"-1"),
    "one-class": (b'"Viable"', b'"Non-Tumor"'),
}
ENSEMBLES = {"self": ["self", "good"], "circle": ["self", "good"], "up": ["../../x", "good"]}
N_PROBLEMS = len(CARDS) + len(ENSEMBLES) + 2


@pytest.fixture
def crowd(metric_models):
    good = write_fake(metric_models, "good")
    for name, (file, change) in READABLE.items():
        folder = metric_models / f"bad-{name}"
        shutil.copytree(good, folder)
        _spoil(folder / file, change)
    for name, change in CARDS.items():
        folder = metric_models / f"bad-{name}"
        shutil.copytree(good, folder)
        _spoil(folder / "card.json", change)
    for name, members in ENSEMBLES.items():
        folder = metric_models / name
        folder.mkdir()
        told = {"title": name, "kind": "mean", "members": members}
        (folder / "ensemble.json").write_text(json.dumps(told))
    (metric_models / "pipe").mkdir()
    os.mkfifo(metric_models / "pipe" / "card.json")
    (metric_models / "folder" / "card.json").mkdir(parents=True)
    return metric_models


def _spoil(file, change):
    if change is None:
        file.unlink()
    else:
        data = change if isinstance(change, bytes) else file.read_bytes().replace(*change)
        assert not file.exists() or data != file.read_bytes()
        file.write_bytes(data)


def opened(page, model, **link):
    at = open_page(page, {"model": model, **link}).run()
    assert not at.exception, (page, model, at.exception)
    return at


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_for_the_good_one(crowd, page):
    at = opened(page, "good")
    quiet = [box for box in at.sidebar.expander if "cannot be opened" in box.label]
    assert [box.label for box in quiet] == [f"{N_PROBLEMS} models cannot be opened"]
    assert len(quiet[0].caption) == N_PROBLEMS
    assert not at.sidebar.warning


@pytest.mark.parametrize("name", READABLE)
def test_a_bad_file_is_that_networks_sentence(crowd, name):
    at = opened("metrics", f"bad-{name}")
    said_of_it = " ".join(one.value for one in [*at.error, *at.warning, *at.info]) + said(at)
    if name not in ("units", "history", "words"):
        assert f"bad-{name}" in said_of_it


@pytest.mark.parametrize("page", ["compare", "decisions", "cohort"])
def test_pages_of_stored_predictions_stand_for_a_bad_one(crowd, page):
    for name in ("negative", "binary", "no-table", "labels"):
        opened(page, f"bad-{name}")


def test_good_and_bad_beside_each_other_is_the_bad_ones_sentence(crowd):
    at = opened("compare", ["good", "bad-negative"])
    assert "-5" in " ".join(one.value for one in at.error)
