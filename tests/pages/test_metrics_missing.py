"""The metrics page where something is missing: a sentence, never a NaN or a traceback."""

import subprocess
import sys

from tests.dashboard import APP
from tests.fake_bundles import CLASSES, fake_predictions, write_fake
from tests.pages.looking import figures, said


def test_a_network_without_the_no_tumour_class_has_no_collapse(metric_models, open_metrics):
    write_fake(metric_models, "dead-or-alive", ("Non-Viable-Tumor", "Viable"))
    at = open_metrics()
    assert "whether there is tumour at all is not among its answers" in said(at)
    assert "Specificity" not in figures(at)
    assert not at.error


def test_a_part_of_one_class_and_an_empty_part_are_sentences(metric_models, open_metrics):
    folder = write_fake(metric_models, "three")
    frame = fake_predictions(CLASSES, (0,))
    kept = (frame["split"] == "train") | ((frame["split"] == "test") & (frame["label"] == "Viable"))
    frame[kept].to_csv(folder / "predictions.csv", index=False)
    at = open_metrics()
    assert "Every tile of this part is Viable" in said(at)
    assert "nan" not in said(at).lower()
    assert "nan" not in " ".join(figures(at).values()).lower()
    empty = open_metrics(part="validation")
    assert "no labelled tile of these classes. Choose another part" in said(empty)
    assert not empty.metric


def test_missing_files_are_sentences(metric_models, open_metrics):
    folder = write_fake(metric_models, "three")
    (folder / "history.csv").unlink()
    assert "history.csv" in said(open_metrics())
    (folder / "predictions.csv").unlink()
    at = open_metrics()
    assert "predictions.csv" in at.error[0].value
    assert "osteo train" in said(at)


def test_no_network_at_all(metric_models, open_metrics):
    assert "No trained network was found" in said(open_metrics())


def test_changed_predictions_are_read_again(metric_models, open_metrics):
    folder = write_fake(metric_models, "three", wrong=(0, 1, 2))
    at = open_metrics()
    fake_predictions(CLASSES, ()).to_csv(folder / "predictions.csv", index=False)
    at.run()
    assert figures(at)["Macro F1"] == "1.000"


def test_the_page_needs_no_tensorflow(metric_models):
    """In a process of its own: other tests may have imported it."""
    write_fake(metric_models, "three")
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
