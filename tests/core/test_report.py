"""The report as one HTML file: what is in it, what it never asks for, what it says when bare."""

import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from osteo_core.bundles import load_bundle
from osteo_core.cli import osteo
from osteo_core.cohorts.table import Cohort, CohortTile, write_cohort
from osteo_core.errors import BundleError, ModelError
from osteo_core.grades import Criterion
from osteo_core.heatmap import HeatMap
from osteo_core.report import Request, Wanted, make_report
from osteo_core.tiles import load_tile
from tests.fake_bundles import CLASSES, fake_predictions, write_fake

NASTY = "<script>alert(1)</script> & co.png"


class FakeEngine:
    """Calls every tile Viable and looks at the upper left quarter."""

    conv_layers = ("late",)

    def __init__(self, bundle):
        self.name, self.digest, self.classes = bundle.name, bundle.digest, bundle.card.classes

    def read(self, tile):
        def heatmap(method, layer=None, target=None):
            values = np.zeros((4, 4), np.float32)
            values[:2, :2] = 2.5
            told = (method, "late", target or "Viable", 1.25, 0.7, False, tile.sha256, tile.name)
            return HeatMap(values, *told, self.name, self.digest, parameters={"seed": 3})

        shares = np.array([0.1, 0.2, 0.7], np.float32)
        return SimpleNamespace(probabilities=shares, predicted="Viable", heatmap=heatmap)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two networks and the cohort of the twelve test tiles that they know."""
    models = tmp_path_factory.mktemp("models")
    root = tmp_path_factory.mktemp("cohort")
    rng = np.random.default_rng(0)
    digests, tiles = {}, []
    known = fake_predictions(CLASSES, ())
    for row in known[known["split"] == "test"].itertuples():
        file = NASTY.replace("/", "-") if row.file == "test-0.jpg" else row.file
        file = file.replace(".jpg", ".png")
        noise = rng.integers(60, 255, (40, 40, 3), np.uint8)
        cv2.imwrite(str(root / file), cv2.resize(noise, (64, 64)))
        digests[row.tile] = hashlib.sha256((root / file).read_bytes()).hexdigest()
        place = (None, None, digests[row.tile], "test", row.label)
        tiles.append(CohortTile(file, row.label, row.case, row.slide, *place))
    write_cohort(Cohort(root, root, tuple(tiles)))
    for name, wrong in (("three", (0, 1, 2)), ("other", (3,))):
        made = write_fake(models, name, wrong=wrong) / "predictions.csv"
        frame = fake_predictions(CLASSES, wrong)
        frame.assign(tile=frame["tile"].replace(digests)).to_csv(made, index=False)
    return SimpleNamespace(models=models, cohort=root, tiles=tuple(tiles))


def request_for(folder, *names, **changes):
    bundles = tuple(load_bundle(folder.models / name) for name in names)
    return Request(bundles, opener=FakeEngine, **changes)


def cohort_of(folder):
    return Cohort(folder.cohort, folder.cohort, folder.tiles)


@pytest.fixture(scope="module")
def made(folder):
    return make_report(request_for(folder, "three", "other", cohort=cohort_of(folder), pictures=4))


class Reader(HTMLParser):
    """Collects tags with their attributes and the text of headings and captions."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.text, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])

    def handle_data(self, data):
        self.text.append(data)

    def all(self, *names):
        return [attrs for tag, attrs in self.tags if tag in names]


@pytest.fixture(scope="module")
def read(made):
    return Reader(made.html)


def test_nothing_is_fetched_and_nothing_runs(made, read):
    assert not read.all("script", "iframe", "object", "embed")
    policy = next(a["content"] for a in read.all("meta") if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    links = [a[key] for tag, a in read.tags for key in ("src", "href") if key in a]
    assert all(link.startswith(("data:", "#")) for link in links)
    assert "url(" not in made.html
    assert "<script>alert" not in made.html
    assert "&lt;script&gt;alert(1)" in made.html  # a file name is text, whatever it says


def test_it_can_be_read_by_ear_and_by_keyboard(read):
    assert all(attrs.get("alt") for attrs in read.all("img"))
    assert all(attrs.get("aria-label") for attrs in read.all("svg"))
    assert len(read.all("table")) == len(read.all("caption")) > 10
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert len(read.ids) == len(set(read.ids))
    targets = [a["href"][1:] for a in read.all("a")]
    assert targets
    assert set(targets) <= set(read.ids)


def test_what_is_in_it(made, read):
    text = " ".join(read.text)
    for words in (
        "At a glance",
        "The protocol",
        "One against the other",
        "Made-up three",
        "The audit",
        "Every call",
        "Where this comes from",
        "McNemar, exact",
        "osteo report --models three,other",
    ):
        assert words in text
    assert "0.750" in text  # 9 of 12
    assert made.n_tiles == 12
    assert made.problems == ()


def test_each_picture_says_where_it_comes_from(folder, made, read):
    """Four tiles, each with the maps of two networks."""
    pictures = read.all("img")
    assert len(pictures) == made.n_pictures == 12
    shown = [i for i in read.ids if re.fullmatch(r"P\d+", i)]
    assert shown == [f"P{n}" for n in range(1, 13)]
    text = " ".join(read.text)
    assert "gradcam at late for Viable" in text
    assert "seed=3" in text
    assert sum(tile.sha256 in text for tile in folder.tiles) == 4


def test_telling_tiles_are_chosen(folder, read):
    """The tiles 0 to 3 are those on which the two networks part; no tile is shown twice."""
    titles = [t for t in read.text if t.endswith(".png")]
    assert "The networks disagree, by up to 0.85 in probability." in " ".join(read.text)
    assert any("test-1" in t for t in titles)


def test_tiles_that_were_trained_on_are_said_to_be(folder):
    made = make_report(request_for(folder, "three", part="all"))
    assert "Most of these tiles were trained on" in made.html


def test_without_a_cohort_only_what_is_on_view_is_shown(folder):
    path = folder.cohort / folder.tiles[1].file
    seen = Wanted("Mine", "On view.", "Viable", lambda: load_tile(path))
    made = make_report(request_for(folder, "three", on_view=(seen,), target="Viable"))
    assert made.n_pictures == 2
    assert "The audit" not in made.html
    assert "One against the other" not in made.html
    assert "Viable (70%, right)" in made.html


def test_a_tile_that_cannot_be_read_and_a_network_that_cannot_be_opened(folder):
    def broken(bundle):
        raise ModelError("Expected weights. Received: none.")

    bad = Wanted("Gone", "On view.", "", lambda: load_tile(folder.cohort / "gone.png"))
    made = make_report(replace(request_for(folder, "three"), on_view=(bad,), opener=broken))
    assert any(problem.startswith("Gone: ") for problem in made.problems)
    assert "Expected weights." in made.html


def test_a_failed_map_is_pale_and_says_so(folder):
    path = folder.cohort / folder.tiles[1].file
    seen = Wanted("Mine", "On view.", "", lambda: load_tile(path))
    asked = (Criterion("random", "no", "No."), Criterion("stable", "unknown", "Who knows."))
    grade = SimpleNamespace(badge="fail", reason="It is no better than random.", criteria=asked)
    asked = request_for(folder, "three", on_view=(seen,), known_grade=lambda heat: grade)
    made = make_report(asked)
    assert 'class="pale"' in made.html
    assert "✕ Fail" in made.html
    told = "(Better than random maps: no; Stable: cannot be told here.)"
    assert f"It is no better than random. {told}" in made.html


def test_a_part_without_tiles_is_a_sentence(folder, tmp_path):
    bundle = load_bundle(write_fake(tmp_path, "empty"))
    frame = bundle.predictions()
    frame[frame["split"] != "test"].to_csv(bundle.folder / "predictions.csv", index=False)
    made = make_report(Request((bundle,)))
    assert made.n_tiles == 0
    assert "The test part holds no labelled tile of these classes." in made.html
    assert not re.search(r"\bnan\b", made.html, re.IGNORECASE)
    with pytest.raises(BundleError, match="one network or more"):
        Request(())


def test_tiles_never_met_are_left_out_or_read(folder, monkeypatch):
    """A cohort with a tile more than the network knows."""
    new = replace(folder.tiles[0], file="new.png", sha256="f" * 64, slide="new slide", case="new")
    cohort = Cohort(folder.cohort, folder.cohort, (*folder.tiles, new))
    asked = request_for(folder, "three", cohort=cohort, pictures=0, audit=False, fresh=False)
    made = make_report(asked)
    assert "1 tiles of the cohort that three never met are left out" in made.html
    assert made.n_tiles == 12

    def predict(bundle, of, tiles):
        frame = bundle.predictions().iloc[:1].assign(tile=[t.sha256 for t in tiles])
        return SimpleNamespace(frame=frame, failures=())

    monkeypatch.setattr("osteo_core.report.gather.predict_unread", predict)
    assert make_report(replace(asked, fresh=True)).n_tiles == 13


def test_progress_only_grows(folder):
    from osteo_core.report import report_steps

    asked = request_for(folder, "three", "other", cohort=cohort_of(folder), pictures=2)
    shares = list(report_steps(asked))
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1


def test_a_card_says_what_must_be_said(folder):
    from osteo_core.report import card_text

    told = card_text(load_bundle(folder.models / "three"))
    for words in ("Not for diagnosis", "split by slide, not by tile", "| accuracy | 0.750 |"):
        assert words in told


@pytest.fixture
def run(folder, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(folder.models))
    return lambda *arguments: CliRunner().invoke(osteo, list(map(str, arguments)))


def test_the_command_writes_one_file(run, tmp_path):
    out = tmp_path / "deep" / "report.html"
    done = run("report", "--models", "three,other", "--out", out)
    assert done.exit_code == 0, done.output
    assert [file.name for file in out.parent.iterdir()] == ["report.html"]
    assert out.stat().st_mode & 0o777 == 0o600  # pictures of tiles are in it
    assert "12 tiles, 2 networks, 0 pictures" in done.output
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_command_writes_cards(run, folder):
    assert run("report", "--cards", "--models", "three").exit_code == 0
    assert (folder.models / "three" / "README.md").read_text(encoding="utf-8").startswith("# Made")
    assert run("report").exit_code == 2


def test_the_command_compares(run, tmp_path):
    out = tmp_path / "tiles.csv"
    done = run("compare", "--models", "three,other", "--out", out)
    assert done.exit_code == 0, done.output
    assert "McNemar, exact, 1 against 3 tiles, p 0.625" in done.output
    lines = out.read_text().splitlines()
    assert lines[0].endswith("apart,three right,other right")
    assert len(lines) == 13
    assert run("compare", "--models", "three").exit_code == 2
