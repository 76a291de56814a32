"""The comparison page: choice of networks, calls and heat maps, scores, disagreements."""

from types import SimpleNamespace

import numpy as np
import pytest

from osteo_core.cohorts.table import Cohort, CohortTile, write_cohort
from osteo_core.evaluate import compare
from osteo_ui import compare_tiles, metric_services
from osteo_ui.selection import Selection, TileRef
from tests.dashboard import url
from tests.fake_bundles import CLASSES, fake_predictions, sha, write_fake
from tests.pages.looking import said, table_with


def test_two_networks_side_by_side(open_compare):
    at = open_compare("three", "other")
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


def test_only_common_tiles_and_it_says_so(open_compare):
    at = open_compare("three", "binary")
    assert table_with(at, "accuracy")["tiles"].tolist() == [8, 8]
    assert "they share Non-Tumor, Viable" in said(at)
    calls = table_with(at, "call")
    assert np.isnan(calls.loc[1, "Non-Viable-Tumor"])  # a class it does not know has no number


def test_a_chosen_layer_is_used_where_it_exists(open_compare):
    at = open_compare("three", "binary", layer="early")
    assert "At `early`, as chosen." in said(at)
    assert "At `other`, its last convolution. It has no convolution early." in said(at)


def test_networks_without_a_common_class(compare_models, open_compare):
    write_fake(compare_models, "a", ("Non-Viable-Tumor", "Viable"))
    write_fake(compare_models, "b", ("Non-Tumor", "Bone"))
    at = open_compare("a", "b")
    assert "no labelled tile in common" in said(at)
    assert len(at.dataframe) == 1  # the calls on the tile on view are still there


def test_one_network_is_asked_for_another(open_compare):
    at = open_compare("three")
    assert "Choose a second network above" in said(at)
    next(b for b in at.button if "Compare with" in b.label).click().run()
    assert len(url(at)["model"]) == 2
    assert table_with(at, "accuracy").size


def test_a_single_network_on_disk(compare_models, open_compare):
    for name in ("other", "binary"):
        (compare_models / name / "card.json").unlink()
    assert "Comparing needs two trained networks" in said(open_compare("three"))


def test_a_network_without_predictions_is_a_sentence(compare_models, open_compare):
    (compare_models / "other" / "predictions.csv").unlink()
    at = open_compare("three", "other")
    assert "predictions.csv" in at.error[0].value
    assert table_with(at, "call").size


def test_networks_that_agree(compare_models, open_compare):
    write_fake(compare_models, "twin", wrong=(3,))
    assert "call all 12 common tiles alike" in said(open_compare("other", "twin"))


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


def test_a_link_opens_the_comparison(open_compare):
    at = open_compare("three", "other", part="train")
    assert url(at)["model"] == ["three", "other"]
    assert url(at)["part"] == ["train"]
