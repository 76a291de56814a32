"""The metrics page on bundles without weights: numbers, and choices by hand and by link."""

import json

import pytest

from osteo_core.evaluate import read_part, wilson
from osteo_core.evaluate.calibration import fit_temperature
from osteo_ui import services
from tests import dashboard
from tests.dashboard import no_engine, url
from tests.fake_bundles import CLASSES, PROTOCOL_ROW, PROTOCOLS, fake_predictions, write_fake
from tests.pages.looking import figures, said, table_with

REPORT = PROTOCOLS | {
    "protocols": {"tile": PROTOCOL_ROW, "case": PROTOCOL_ROW | {"accuracy": 0.5}},
    "gap": "The accuracy falls by a lot.",
}


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """The page on a network that errs on the tiles 0, 1 and 2; for tests that only look at it."""
    models = tmp_path_factory.mktemp("models")
    write_fake(models, "three", wrong=(0, 1, 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSTEO_MODELS", str(models))
        patch.setattr(services, "engine", no_engine)
        at = dashboard.open_page("metrics", {}).run()
    assert not at.exception
    return at


def charts(at):
    return [chart.key or chart.proto.id for chart in at.get("plotly_chart")]


def test_numbers_of_the_test_part(three):
    values = figures(three)
    assert values["Macro F1"] == "0.750"
    assert (values["Tiles"], values["Slides"], values["Cases"]) == ("12", "6", "2")
    assert values["Precision"] == "0.875"  # tumour: 7 of 8 called so are
    assert values["Specificity"] == "0.750"
    assert "12 tiles, 6 slides, 2 cases" in said(three)
    assert "no slide of this part was trained on" in said(three)
    assert "Nobody et al." in said(three)
    assert "Epoch 5 was kept" in said(three)
    # Confusion and ROC, twice; precision and recall; reliability; all networks; learning curves.
    assert len(charts(three)) == 8
    tables = [table.value for table in three.dataframe]
    per_class = next(t for t in tables if "F1" in t and len(t) == 5)
    assert per_class["class"].tolist() == [*CLASSES, "macro mean", "weighted mean"]
    assert per_class["recall"].tolist() == pytest.approx([0.75] * 5)


def test_every_figure_has_its_intervals(three):
    table = table_with(three, "exact is").set_index(["figure", "class"])
    accuracy = table.loc[("accuracy", "all")]
    assert accuracy["value"] == 0.75
    assert accuracy["exact, from"] == pytest.approx(0.4677, abs=5e-5)
    assert accuracy["by slide, from"] <= 0.75 <= accuracy["by slide, to"]
    assert {"AUC", "average precision", "recall", "Brier score", "log loss"} <= {
        figure for figure, _ in table.index
    }
    told = next(metric for metric in three.metric if metric.label == "Accuracy")
    low, high = accuracy["by slide, from"], accuracy["by slide, to"]
    assert told.delta == f"{low:.1%} to {high:.1%}"
    assert "only 6 slides" in said(three)
    bare = [metric.label for metric in three.metric if not metric.delta]
    assert bare == ["Tiles", "Slides", "Cases"]
    by_slide = table_with(three, "right", "95 % from")
    assert by_slide["95 % from"].tolist() == pytest.approx(
        [wilson(k, n).low for k, n in zip(by_slide["right"], by_slide["tiles"], strict=True)]
    )


def test_a_probability_to_call_from(metric_models, open_metrics):
    write_fake(metric_models, "three", wrong=(0, 1, 2))
    at = open_metrics(point="95", **{"class": "Viable"})
    table = table_with(at, "figure", "95 % from", without="exact is").set_index("figure")
    assert table.loc["sensitivity", "value"] == 0.0  # nothing is surer than 0.9
    assert table.loc["specificity", "value"] == 1.0
    assert table["value"].isna().tolist() == [False, False, True]
    at.slider(key="widget.point").set_value(40).run()
    assert url(at)["point"] == ["40"]
    table = table_with(at, "figure", "95 % from", without="exact is").set_index("figure")
    assert table.loc["sensitivity", "value"] == 0.75
    assert table.loc["specificity", "95 % to"] == pytest.approx(wilson(7, 8).high)


def test_calibration_is_fitted_on_validation(three):
    frame = fake_predictions(CLASSES, (0, 1, 2))
    known = read_part(frame, "validation", CLASSES)
    fitted = fit_temperature(known.labels, known.probabilities, CLASSES)
    assert f"Temperature {fitted.value:.2f}, fitted on the validation part" in said(three)
    table = table_with(three, "calibration error")
    assert table["calibration error"][0] == pytest.approx(0.9 - 0.75)  # all are sure by 0.9


def test_protocols_are_shown_where_they_were_run(metric_models, open_metrics, tmp_path):
    folder = write_fake(metric_models, "three")
    at = open_metrics()
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
    assert "another gap" in said(open_metrics(cohort=str(own.parent)))
    (folder / "protocols.json").write_text("{")
    assert "protocols.json must be what" in said(at.run())


def test_all_networks_and_the_papers_stand_beside_each_other(metric_models, open_metrics):
    write_fake(metric_models, "three", wrong=(0, 1, 2))
    write_fake(metric_models, "dead-or-alive", ("Non-Viable-Tumor", "Viable"))
    at = open_metrics()
    table = table_with(at, "network", "precision, 95 %")
    assert len(table) == 5
    assert set(table["network"]) == {"three", "dead-or-alive"}
    assert {"chart.forest.test", "chart.learning.all"} <= set(charts(at))
    assert "159/177 = 0.898" in said(at)
    assert "no count out of 177 tiles rounds to 94.2%" in said(at)
    assert len(table_with(at, "F1 recomputed")) == 6


def test_the_part_is_chosen_by_hand_and_by_link(metric_models, open_metrics):
    write_fake(metric_models, "three", wrong=(0, 1, 2))
    at = open_metrics()
    at.segmented_control(key="widget.part").select("train").run()
    assert figures(at)["Tiles"] == "24"
    assert url(at)["part"] == ["train"]
    assert "how well it remembers" in said(at)
    assert figures(open_metrics(part="validation"))["Tiles"] == "9"
