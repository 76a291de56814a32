"""The metrics page on bundles without weights: numbers, choices, and sentences where none are."""

import sys

import pytest

from osteo_ui import services
from tests import dashboard
from tests.dashboard import APP, no_engine, url
from tests.fake_bundles import CLASSES, fake_predictions, write_fake


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
    assert len(charts(at)) == 6  # confusion and ROC, twice; all networks; learning curves
    tables = [table.value for table in at.dataframe]
    per_class = next(t for t in tables if "support" in t)
    assert per_class["class"].tolist() == [*CLASSES, "macro mean", "weighted mean"]
    assert per_class["recall"].tolist() == pytest.approx([0.75] * 5)


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
