"""The confusion matrix of the metrics page: its cells open their tiles."""

from types import SimpleNamespace

import pytest

from osteo_core.evaluate import read_part
from osteo_ui import metric_confusion
from osteo_ui.metric_confusion import cell_tiles
from tests.dashboard import url
from tests.fake_bundles import CLASSES, fake_predictions, write_fake
from tests.pages.looking import said, table_with


def test_a_cell_of_the_confusion_matrix_opens_its_tiles(metric_models, open_metrics):
    write_fake(metric_models, "three", wrong=(0, 1, 2))
    at = open_metrics()
    cells = at.selectbox(key="widget.confusion_cell")
    assert cells.options[0] == "None"
    assert cells.options[1] == "Non-Tumor called Non-Viable-Tumor: 1 tile"  # mistakes first
    cells.select("0,1").run()
    assert url(at)["confused"] == ["0,1"]
    table = table_with(at, "confidence")
    assert table["file"].tolist() == ["test-0.jpg"]
    assert table["confidence"].tolist() == [0.9]
    assert "Non-Tumor called Non-Viable-Tumor: 1 tile" in said(at)
    at.selectbox(key="widget.confusion_cell").select("0,2").run()
    assert "Non-Tumor called Viable: no tile." in said(at)
    assert not table_with(at, "confidence").size
    assert not table_with(open_metrics(confused="9,9"), "confidence").size


def test_the_tiles_of_a_cell_come_the_surest_first():
    frame = fake_predictions(CLASSES, ())
    names = [f"p_{name}" for name in CLASSES]
    test = frame[frame["split"] == "test"].reset_index(drop=True)
    for i, sure in ((0, 0.6), (3, 0.8), (6, 0.7)):  # three of Non-Tumor called Viable
        test.loc[i, names] = [1 - sure, 0.0, sure]
    found = cell_tiles(read_part(test, "test", CLASSES), 0, 2)
    assert found["file"].tolist() == ["test-3.jpg", "test-6.jpg", "test-0.jpg"]
    assert found["p of the label"].tolist() == pytest.approx([0.2, 0.3, 0.4])


def test_a_click_on_a_cell_opens_it_and_another_closes_it(monkeypatch):
    now = {"confusion_cell": ""}
    fake = SimpleNamespace(
        selection=lambda: SimpleNamespace(**now), update=lambda **new: now.update(new)
    )
    monkeypatch.setattr(metric_confusion, "state", fake)
    points = [{"customdata": ["1,2", 4]}]
    chosen = SimpleNamespace(selection=SimpleNamespace(points=points))
    monkeypatch.setattr(metric_confusion.st, "session_state", {"key": chosen})
    metric_confusion._take("key")
    assert now["confusion_cell"] == "1,2"
    metric_confusion._take("key")
    assert now["confusion_cell"] == ""
