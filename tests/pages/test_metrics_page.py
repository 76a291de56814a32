"""The metrics page on bundles without weights: numbers, choices, and sentences where none are."""

import json
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from osteo_core.evaluate import read_part, wilson
from osteo_core.evaluate.calibration import fit_temperature
from osteo_ui import metric_confusion, services
from osteo_ui.metric_confusion import cell_tiles
from tests import dashboard
from tests.dashboard import APP, no_engine, url
from tests.fake_bundles import CLASSES, fake_predictions, write_fake

ROW = {
    "title": "tiles at random",
    "question": "new tiles",
    "source": "",
    "accuracy": 0.9,
    "accuracy_ci95": (0.8, 0.95),
    "accuracy_ci95_by_tile": (0.8, 0.95),
    "accuracy_ci95_by_slide": None,
    "macro_f1": 0.9,
    "macro_f1_ci95_by_tile": None,
    "macro_f1_ci95_by_slide": None,
    "n_tiles": 9,
    "n_slides": 4,
    "n_cases": 2,
    "recall": {"Viable": 0.9},
    "runs": [{"name": "fold 1", "accuracy": 0.9, "n_tiles": 9, "n_train": 40}],
    "notes": [],
}
REPORT = {
    "model": "three",
    "architecture": "vgg19",
    "base": {"kind": "ImageNet", "weights": "w.h5", "digest": "0", "sentence": "Untouched."},
    "head": "logistic regression",
    "cohort": {"digest": "0", "n_tiles": 9, "n_slides": 4, "n_cases": 2},
    "seed": 7,
    "protocols": {"tile": ROW, "case": ROW | {"accuracy": 0.5}},
    "skipped": {},
    "gap": "The accuracy falls by a lot.",
}


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    monkeypatch.setattr(services, "engine", no_engine)
    return tmp_path


@pytest.fixture
def open_page(models):
    def run(**link):
        at = dashboard.open_page("metrics", link).run()
        assert not at.exception
        return at

    return run


def figures(at):
    return {metric.label: metric.value for metric in at.metric}


def charts(at):
    return [chart.key or chart.proto.id for chart in at.get("plotly_chart")]


def table_with(at, *columns, without=""):
    found = [
        table.value
        for table in at.dataframe
        if set(columns) <= set(table.value) and without not in table.value
    ]
    return found[0] if found else pd.DataFrame()


def said(at):
    kinds = (at.info, at.error, at.success, at.caption, at.markdown)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def test_numbers_of_the_test_part(models, open_page):
    write_fake(models, "three", wrong=(0, 1, 2))
    at = open_page()
    values = figures(at)
    assert values["Macro F1"] == "0.750"
    assert (values["Tiles"], values["Slides"], values["Cases"]) == ("12", "6", "2")
    assert values["Precision"] == "0.875"  # tumour: 7 of 8 called so are
    assert values["Specificity"] == "0.750"
    assert "12 tiles, 6 slides, 2 cases" in said(at)
    assert "no slide of this part was trained on" in said(at)
    assert "Nobody et al." in said(at)
    assert "Epoch 5 was kept" in said(at)
    # Confusion and ROC, twice; precision and recall; reliability; all networks; learning curves.
    assert len(charts(at)) == 8
    tables = [table.value for table in at.dataframe]
    per_class = next(t for t in tables if "support" in t)
    assert per_class["class"].tolist() == [*CLASSES, "macro mean", "weighted mean"]
    assert per_class["recall"].tolist() == pytest.approx([0.75] * 5)


def test_every_figure_has_its_intervals(models, open_page):
    write_fake(models, "three", wrong=(0, 1, 2))
    at = open_page()
    table = table_with(at, "exact is").set_index(["figure", "class"])
    accuracy = table.loc[("accuracy", "all")]
    assert accuracy["value"] == 0.75
    assert accuracy["exact, from"] == pytest.approx(0.4677, abs=5e-5)
    assert accuracy["by slide, from"] <= 0.75 <= accuracy["by slide, to"]
    assert {"AUC", "average precision", "recall", "Brier score", "log loss"} <= {
        figure for figure, _ in table.index
    }
    told = next(metric for metric in at.metric if metric.label == "Accuracy")
    low, high = accuracy["by slide, from"], accuracy["by slide, to"]
    assert told.delta == f"{low:.1%} to {high:.1%}"
    assert "only 6 slides" in said(at)
    bare = [metric.label for metric in at.metric if not metric.delta]
    assert bare == ["Tiles", "Slides", "Cases"]
    by_slide = table_with(at, "right", "95 % from")
    assert by_slide["95 % from"].tolist() == pytest.approx(
        [wilson(k, n).low for k, n in zip(by_slide["right"], by_slide["tiles"], strict=True)]
    )


def test_a_cell_of_the_confusion_matrix_opens_its_tiles(models, open_page):
    write_fake(models, "three", wrong=(0, 1, 2))
    at = open_page()
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
    assert not table_with(open_page(confused="9,9"), "confidence").size


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


def test_a_probability_to_call_from(models, open_page):
    write_fake(models, "three", wrong=(0, 1, 2))
    at = open_page(point="95", **{"class": "Viable"})
    table = table_with(at, "figure", "95 % from", without="exact is").set_index("figure")
    assert table.loc["sensitivity", "value"] == 0.0  # nothing is surer than 0.9
    assert table.loc["specificity", "value"] == 1.0
    assert table["value"].isna().tolist() == [False, False, True]
    at.slider(key="widget.point").set_value(40).run()
    assert url(at)["point"] == ["40"]
    table = table_with(at, "figure", "95 % from", without="exact is").set_index("figure")
    assert table.loc["sensitivity", "value"] == 0.75
    assert table.loc["specificity", "95 % to"] == pytest.approx(wilson(7, 8).high)


def test_calibration_is_fitted_on_validation(models, open_page):
    write_fake(models, "three", wrong=(0, 1, 2))
    at = open_page()
    frame = fake_predictions(CLASSES, (0, 1, 2))
    known = read_part(frame, "validation", CLASSES)
    fitted = fit_temperature(known.labels, known.probabilities, CLASSES)
    assert f"Temperature {fitted.value:.2f}, fitted on the validation part" in said(at)
    table = table_with(at, "calibration error")
    assert table["calibration error"][0] == pytest.approx(0.9 - 0.75)  # all are sure by 0.9


def test_protocols_are_shown_where_they_were_run(models, open_page, tmp_path):
    folder = write_fake(models, "three")
    at = open_page()
    assert "No protocols were run" in said(at)
    report = json.dumps(REPORT)
    (folder / "protocols.json").write_text(report)
    at.run()
    assert "falls by a lot" in said(at)
    assert "9 tiles, 4 slides, 2 cases" in said(at)
    assert table_with(at, "what is held out")["accuracy"].tolist() == [0.9, 0.5]
    assert "chart.three.test.protocols" in charts(at)
    own = tmp_path / "own" / "protocols"
    own.mkdir(parents=True)
    (own / "three.json").write_text(report.replace("falls by a lot", "another gap"))
    assert "another gap" in said(open_page(cohort=str(own.parent)))
    (folder / "protocols.json").write_text("{")
    assert "protocols.json must be what" in said(at.run())


def test_all_networks_and_the_papers_stand_beside_each_other(models, open_page):
    write_fake(models, "three", wrong=(0, 1, 2))
    write_fake(models, "dead-or-alive", ("Non-Viable-Tumor", "Viable"))
    at = open_page()
    table = table_with(at, "network", "precision, 95 %")
    assert len(table) == 5
    assert set(table["network"]) == {"three", "dead-or-alive"}
    assert {"chart.forest.test", "chart.learning.all"} <= set(charts(at))
    assert "159/177 = 0.898" in said(at)
    assert "no count out of 177 tiles rounds to 94.2%" in said(at)
    assert len(table_with(at, "F1 recomputed")) == 6


def test_the_part_is_chosen_by_hand_and_by_link(models, open_page):
    write_fake(models, "three", wrong=(0, 1, 2))
    at = open_page()
    at.segmented_control(key="widget.part").select("train").run()
    assert figures(at)["Tiles"] == "24"
    assert url(at)["part"] == ["train"]
    assert "how well it remembers" in said(at)
    assert figures(open_page(part="validation"))["Tiles"] == "9"


def test_a_network_without_the_no_tumour_class_has_no_collapse(models, open_page):
    write_fake(models, "dead-or-alive", ("Non-Viable-Tumor", "Viable"))
    at = open_page()
    assert "whether there is tumour at all is not among its answers" in said(at)
    assert "Specificity" not in figures(at)
    assert not at.error


def test_a_part_of_one_class_and_an_empty_part_are_sentences(models, open_page):
    folder = write_fake(models, "three")
    frame = fake_predictions(CLASSES, (0,))
    kept = (frame["split"] == "train") | ((frame["split"] == "test") & (frame["label"] == "Viable"))
    frame[kept].to_csv(folder / "predictions.csv", index=False)
    at = open_page()
    assert "Every tile of this part is Viable" in said(at)
    assert "nan" not in said(at).lower()
    assert "nan" not in " ".join(figures(at).values()).lower()
    empty = open_page(part="validation")
    assert "no labelled tile of these classes. Choose another part" in said(empty)
    assert not empty.metric


def test_missing_files_are_sentences(models, open_page):
    folder = write_fake(models, "three")
    (folder / "history.csv").unlink()
    assert "history.csv" in said(open_page())
    (folder / "predictions.csv").unlink()
    at = open_page()
    assert "predictions.csv" in at.error[0].value
    assert "osteo train" in said(at)


def test_no_network_at_all(models, open_page):
    assert "No trained network was found" in said(open_page())


def test_changed_predictions_are_read_again(models, open_page):
    folder = write_fake(models, "three", wrong=(0, 1, 2))
    at = open_page()
    fake_predictions(CLASSES, ()).to_csv(folder / "predictions.csv", index=False)
    at.run()
    assert figures(at)["Macro F1"] == "1.000"


def test_the_page_needs_no_tensorflow(models):
    """In a process of its own: other tests may have imported it."""
    import subprocess

    write_fake(models, "three")
    code = (
        "import sys; from osteo_ui import services;"
        "from tests.dashboard import no_engine, open_page;"
        "services.engine = no_engine;"
        "at = open_page('metrics', {}).run();"
        "assert at.metric and not at.exception;"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, cwd=APP.parent
    )
    assert done.returncode == 0, done.stderr.decode()[-800:]
