"""The pages take a two-stage ensemble at its own calls, not at its most probable class."""

from types import SimpleNamespace

import pytest

from osteo_ui import cohort_services, metric_confusion, metric_services
from tests.fake_bundles import CLASSES, sha
from tests.two_stages import CALLS, NT, SURE, VIABLE, write_stages


@pytest.fixture
def stages(tmp_path):
    return write_stages(tmp_path)


def test_the_metrics_and_the_tiles_behind_a_cell(stages):
    view = metric_services.part_view(stages, "test")
    assert view.metrics.confusion[0].tolist() == [1, 0, 1]
    assert view.tumour.specificity == 0.5
    assert view.tumour.n_differ == 0
    row, column = CLASSES.index(NT), CLASSES.index(VIABLE)
    tiles = metric_confusion.cell_tiles(view.part, row, column)
    assert tiles[["file", "call", "confidence"]].to_numpy().tolist() == [
        ["d.jpg", VIABLE, pytest.approx(0.3)]
    ]
    found = metric_services.part_figures(stages, "test")
    assert found.find("precision", VIABLE).value == 0.5
    recall = metric_services.tumour_figures(stages, "test").find("recall", "Tumour")
    assert recall.value == 1.0


def test_the_slide_map(stages):
    own = [SimpleNamespace(sha256=sha(name), file=f"{name}.jpg") for name in "abcd"]
    view = SimpleNamespace(cohort=SimpleNamespace(tiles=own))
    told = cohort_services.calls(stages, view).loc[[tile.file for tile in own]]
    assert told["call"].tolist() == CALLS
    assert told["p"].tolist() == pytest.approx(SURE)
    assert told["met"].tolist() == ["test"] * 4
