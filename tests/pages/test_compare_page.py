"""The comparison page: choice of networks, calls and heat maps, scores, disagreements."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from osteo_core.cohorts.table import Cohort, CohortTile, write_cohort
from osteo_core.evaluate import compare
from osteo_core.heatmap import HeatMap
from osteo_ui import compare_tiles, metric_services, services
from osteo_ui.selection import Selection, TileRef
from tests import dashboard
from tests.dashboard import no_engine, url
from tests.fake_bundles import CLASSES, fake_predictions, sha, write_fake

BINARY = ("Non-Tumor", "Viable")


class FakeEngine:
    """Calls every tile Viable and looks at the upper left quarter."""

    def __init__(self, bundle):
        self.name, self.digest, self.classes = bundle.name, bundle.digest, bundle.card.classes
        self.conv_layers = ("early", "late") if len(self.classes) == 3 else ("other",)
        self.default_layer, self.layers = self.conv_layers[-1], ()
        self.unit_layers = self.conv_layers

    def read(self, tile, keep="stages"):
        probabilities = np.array([0.1, 0.2, 0.7][-len(self.classes) :], np.float32)

        def heatmap(method, layer=None, target=""):
            values = np.zeros((4, 4), np.float32)
            values[:2, :2] = 2.5
            if self.name == "other":
                values = np.rot90(values, 2)
            told = (method, layer, target, 1.25, 0.7, False, tile.sha256, tile.name)
            return HeatMap(values, *told, self.name, self.digest)

        return SimpleNamespace(
            classes=self.classes,
            probabilities=probabilities,
            predicted=self.classes[int(probabilities.argmax())],
            heatmap=heatmap,
            tile_sha256=tile.sha256,
            activation=lambda layer: tile.pixels[::64, ::64].astype(np.float32),
        )


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    write_fake(tmp_path, "three", wrong=(0, 1, 2))
    write_fake(tmp_path, "other", wrong=(3,))
    write_fake(tmp_path, "binary", BINARY, wrong=(0,))
    return tmp_path


@pytest.fixture
def open_page(models, monkeypatch):
    def run(*names, **link):
        monkeypatch.setattr(services, "engine", no_engine)
        at = dashboard.open_page("compare", {"model": list(names), **link})
        monkeypatch.setattr(services, "engine", FakeEngine)
        at.run()
        assert not at.exception
        return at

    return run


def said(at):
    kinds = (at.info, at.error, at.success, at.warning, at.caption, at.markdown)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def table_with(at, column):
    return next(table.value for table in at.dataframe if column in table.value)


def test_two_networks_side_by_side(open_page):
    at = open_page("three", "other")
    calls = table_with(at, "call")
    assert calls["network"].tolist() == ["three", "other"]
    assert calls["Viable"].tolist() == pytest.approx([0.7, 0.7])
    assert calls["call"].tolist() == ["Viable", "Viable"]
    assert len(at.get("plotly_chart")) == 3  # probabilities, accuracies, differences
    assert said(at).count("At `late`, its last convolution.") == 2
    scores = table_with(at, "accuracy")
    assert scores["accuracy"].tolist() == pytest.approx([9 / 12, 11 / 12])
    assert scores["tiles"].tolist() == [12, 12]
    pairs = table_with(at, "both right")
    assert pairs.loc[0, ["both right", "only first right", "both wrong"]].tolist() == [8, 1, 0]
    assert table_with(at, "apart")["file"].tolist() == [f"test-{i}.jpg" for i in range(4)]


def test_only_common_tiles_and_it_says_so(open_page):
    at = open_page("three", "binary")
    assert table_with(at, "accuracy")["tiles"].tolist() == [8, 8]
    assert "they share Non-Tumor, Viable" in said(at)
    calls = table_with(at, "call")
    assert np.isnan(calls.loc[1, "Non-Viable-Tumor"])  # a class it does not know has no number


def test_a_chosen_layer_is_used_where_it_exists(open_page):
    at = open_page("three", "binary", layer="early")
    assert "At `early`, as chosen." in said(at)
    assert "At `other`, its last convolution. It has no convolution early." in said(at)


def test_networks_without_a_common_class(models, open_page):
    write_fake(models, "a", ("Non-Viable-Tumor", "Viable"))
    write_fake(models, "b", ("Non-Tumor",))
    at = open_page("a", "b")
    assert "no labelled tile in common" in said(at)
    assert len(at.dataframe) == 1  # the calls on the tile on view are still there


def test_one_network_is_asked_for_another(open_page):
    at = open_page("three")
    assert "Choose a second network above" in said(at)
    next(b for b in at.button if "Compare with" in b.label).click().run()
    assert len(url(at)["model"]) == 2
    assert table_with(at, "accuracy") is not None


def test_a_single_network_on_disk(models, open_page):
    for name in ("other", "binary"):
        (models / name / "card.json").unlink()
    assert "Comparing needs two trained networks" in said(open_page("three"))


def test_a_network_without_predictions_is_a_sentence(models, open_page):
    (models / "other" / "predictions.csv").unlink()
    at = open_page("three", "other")
    assert "predictions.csv" in at.error[0].value
    assert table_with(at, "call") is not None


def test_networks_that_agree(models, open_page):
    write_fake(models, "twin", wrong=(3,))
    assert "call all 12 common tiles alike" in said(open_page("other", "twin"))


@pytest.fixture
def cohort(tmp_path, monkeypatch):
    folder = tmp_path / "cohort"
    tile = CohortTile("test-0.jpg", "Non-Tumor", "Case-48", "s", None, None, sha("test-0"), "test")
    write_cohort(Cohort(folder, folder, (tile,)))
    monkeypatch.setattr("osteo_ui.uploads.uploaded", dict)
    return folder


def test_a_tile_is_found_in_the_cohort_of_the_sidebar(cohort):
    ref = metric_services.tile_ref(Selection(cohort=str(cohort)), sha("test-0"))
    assert ref == TileRef("cohort", sha("test-0")[:12])
    assert metric_services.tile_ref(Selection(cohort=str(cohort)), sha("test-1")) is None
    assert metric_services.tile_ref(Selection(), sha("test-0")) is None


def test_choosing_a_row_puts_its_tile_on_view_or_says_how(cohort, monkeypatch):
    """Selections in tables cannot be simulated by AppTest: the callback is called directly."""
    frames = {"a": fake_predictions(CLASSES, (0,)), "b": fake_predictions(CLASSES, (1,))}
    table = compare(frames, dict.fromkeys("ab", CLASSES), "test").disagreements()
    changes, infos = {}, []
    state = SimpleNamespace(
        selection=lambda: Selection(cohort=str(cohort)), update=lambda **new: changes.update(new)
    )
    fake_st = SimpleNamespace(
        session_state={"key": SimpleNamespace(selection=SimpleNamespace(rows=[0]))},
        info=lambda text, icon: infos.append(text),
    )
    monkeypatch.setattr(compare_tiles, "state", state)
    monkeypatch.setattr(compare_tiles, "st", fake_st)
    compare_tiles.open_row(table, "key")
    assert changes == {"source": "cohort", "tiles": (TileRef("cohort", sha("test-0")[:12]),)}
    compare_tiles.say_where(table.iloc[1])
    assert "test-1.jpg" in infos[0]
    assert "osteo cohort import" in infos[0]


def test_a_link_opens_the_comparison(open_page):
    at = open_page("three", "other", part="train")
    assert url(at)["model"] == ["three", "other"]
    assert url(at)["part"] == ["train"]


def test_one_network_against_the_other(open_page):
    """`three` errs on the tiles 0, 1 and 2 of twelve, `other` on the tile 3."""
    at = open_page("three", "other")
    figures = table_with(at, "slides: 95 % to").set_index("figure")
    assert figures.loc["accuracy", "difference"] == pytest.approx(-2 / 12)
    low, high = figures.loc["accuracy", ["tiles: 95 % from", "tiles: 95 % to"]]
    assert -0.7 < low < -2 / 12 < high < 0.4
    tests = table_with(at, "what it counts").set_index("question")
    assert tests.loc["calls, by tile", "p"] == pytest.approx(2 * 5 / 16)
    assert tests.loc["calls, by tile", "what it counts"] == "1 against 3 tiles"
    assert tests.loc["calls, by slide", "p"] == pytest.approx(2 * 5 / 16)  # on four slides
    assert tests["p"].notna().all()


def test_a_cell_opens_its_tiles_and_a_second_press_closes_it(open_page):
    at = open_page("three", "other")
    cell = at.button(key="calls.1,0")  # three says Non-Viable-Tumor, other Non-Tumor: the tile 0
    assert cell.label.startswith("**1**")
    cell.click().run()
    assert url(at)["cell"] == ["1,0"]
    assert "three calls it Non-Viable-Tumor, other Non-Tumor: 1 tiles" in said(at)
    files = [table.value["file"].tolist() for table in at.dataframe if "apart" in table.value]
    assert ["test-0.jpg"] in files
    at.button(key="calls.1,0").click().run()
    assert "cell" not in url(at)


def test_tiles_that_only_one_calls_rightly_and_the_true_class(open_page):
    at = open_page("three", "other", cell="second")
    assert "Only other right: 3 tiles" in said(at)
    at.selectbox(key="widget.calls_of").select("Viable").run()
    assert "Only other right: 1 tiles" in said(at)
    assert at.button(key="calls.1,0").disabled  # no viable tile is called so


def test_a_cell_that_is_not_there_is_a_sentence(open_page):
    assert "This cell is not in the matrix: no tile." in said(
        open_page("three", "other", cell="9,9")
    )


def test_the_pair_is_chosen_among_three(open_page):
    at = open_page("three", "other", "binary", pair="1,2")
    tests = table_with(at, "what it counts")
    assert any("other" in column for column in table_with(at, "slides: 95 % to").columns)
    assert "three" not in table_with(at, "slides: 95 % to").columns
    assert len(tests) == 6  # calls, and the AUC of two classes, by tile and by slide
    at.selectbox(key="widget.pair").select("0,1").run()
    assert url(at)["pair"] == ["0,1"]
    assert "three" in table_with(at, "slides: 95 % to").columns


def until(at, words, runs=60):
    for _ in range(runs):
        if words in said(at):
            return at
        time.sleep(0.05)
        at.run()
    raise AssertionError(said(at))


def test_same_answer_different_reason(open_page):
    """Both call every tile Viable, the one by its upper left quarter, the other by the lower right.

    Of sixteen places four are 1 and twelve 0 in either map: rank correlation -1/3.
    """
    at = open_page("three", "other")
    assert "Rank correlation -0.33, mean difference 0.50" in said(at)  # of the tile on view
    next(b for b in at.button if b.label == "Compare their reasons").click().run()
    until(at, "The networks call 12 of 12 tiles alike")
    assert "12 are below 0" in said(at)
    assert any(
        e.proto.id.endswith("-strip.compare.three.other.test.reasons")
        for e in at.get("bidi_component")
    )
    assert table_with(at, "rank correlation")["rank correlation"].tolist() == pytest.approx(
        [-1 / 3] * 12
    )


def test_layer_by_layer(open_page):
    at = open_page("three", "other")
    next(b for b in at.button if b.label == "Compare their layers").click().run()
    until(at, "The two layers most alike are `early` and `early`: 1.00")
    table = table_with(at, "layer of three")
    assert table["late"].tolist() == pytest.approx([1, 1])
