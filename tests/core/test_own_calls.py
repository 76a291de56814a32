"""A two-stage ensemble whose call is not its most probable class, wherever calls are counted."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from osteo_core.cohorts.table import CohortTile
from osteo_core.errors import BundleError
from osteo_core.evaluate import compare, figures, read_part, tumour_view
from osteo_core.evaluate.calibration import expected_calibration_error, reliability
from osteo_core.evaluate.deciding import meter, prepare
from osteo_core.evaluate.decisions import Rule
from osteo_core.evaluate.differences import paired_differences
from osteo_core.evaluate.pair_tests import pair_tests
from osteo_core.evaluate.running import predict_unread
from osteo_core.report import cards, choosing, cohort, gather, scores
from osteo_core.report.gather import Said
from osteo_core.steps import finish
from tests.fake_bundles import CLASSES, sha
from tests.two_stages import CALLS, DEAD, LABELS, NT, SURE, VIABLE, P, predicted, write_stages

CALLED = predicted().assign(call=CALLS)
ORDER = predicted()["tile"].argsort()  # an ensemble's rows stand in the order of digests


@pytest.fixture
def stages(tmp_path):
    return write_stages(tmp_path)


@pytest.fixture
def part():
    return read_part(CALLED, "test", CLASSES)


@pytest.fixture
def compared():
    """The ensemble and a network with the same probabilities, which calls the most probable."""
    frames = {"stages": CALLED, "plain": predicted()}
    return compare(frames, dict.fromkeys(frames, CLASSES), "test")


def test_the_calls_are_those_of_the_ensemble(stages):
    out = stages.predictions()
    assert out[[f"p_{name}" for name in CLASSES]].to_numpy() == pytest.approx(P[ORDER])
    assert out["call"].tolist() == [CALLS[i] for i in ORDER]
    assert read_part(predicted(), "test", CLASSES).calls == [NT, NT, DEAD, NT]


def test_a_cohort_read_anew_keeps_the_calls(stages):
    def says(member, row):
        card = SimpleNamespace(classes=member.card.classes, input_size=(4, 4), preprocessing="none")
        network = lambda inputs, training: np.tile(row, (len(inputs), 1))  # noqa: E731
        return SimpleNamespace(card=card, network=lambda: network)

    rows = (P[0], P[0, 1:] / P[0, 1:].sum())
    fixed = replace(stages, parts=tuple(map(says, stages.parts, rows)))
    tile = CohortTile("a.jpg", VIABLE, "C", "S1", None, None, "a", "test")
    image = SimpleNamespace(pixels=np.zeros((8, 8, 3), np.uint8))
    frame = predict_unread(fixed, SimpleNamespace(load=lambda _: image), [tile]).frame
    assert frame[[f"p_{name}" for name in CLASSES]].to_numpy()[0] == pytest.approx(P[0])
    assert frame["call"].tolist() == [VIABLE]


def test_metrics_confusion_and_confidence(part):
    assert part.calls == CALLS
    assert part.confidence.tolist() == SURE
    metrics = part.metrics()
    assert metrics.accuracy == 0.75  # three others than by the highest probability
    assert metrics.confusion.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]
    assert metrics.per_class[2].recall == 1.0
    assert part.by_slide()["right"].tolist() == [1, 2]


def test_the_tumour_collapse(part):
    own = tumour_view(part.labels, P, CLASSES, part.calls)
    assert own.metrics.confusion.tolist() == [[1, 1], [0, 2]]
    assert (own.sensitivity, own.specificity) == (1.0, 0.5)
    assert own.n_differ == 0
    most_probable = tumour_view(part.labels, P, CLASSES)
    assert most_probable.metrics.confusion.tolist() == [[2, 0], [1, 1]]
    assert most_probable.n_differ == 2
    collapsed = figures.tumour_figures(part, count=20)
    assert collapsed.find("recall", "Tumour").value == 1.0
    assert collapsed.find("specificity", "Tumour").value == 0.5


def test_every_figure_with_an_interval(part):
    found = figures.figures(part, count=20)
    assert found.find("recall", VIABLE).value == 1.0
    assert found.find("precision", VIABLE).value == 0.5
    # bins (0.2, 0.3], (0.3, 0.4], (0.6, 0.7], (0.7, 0.8]: one tile each; only the first is wrong
    by_hand = (0.3 + 0.68 + 0.3 + 0.2) / 4
    assert found.find("calibration error").value == pytest.approx(by_hand)
    given = {"calls": part.calls}
    assert expected_calibration_error(LABELS, P, CLASSES, **given) == pytest.approx(by_hand)
    bins = reliability(LABELS, P, CLASSES, **given)
    assert [b.confidence for b in bins] == pytest.approx(sorted(SURE))
    assert [b.accuracy for b in bins] == [0.0, 1.0, 1.0, 1.0]


def test_comparison(compared):
    table = compared.between("stages", "plain").set_index("file").loc[["a.jpg", "d.jpg"]]
    assert table["stages call"].tolist() == [VIABLE, VIABLE]
    assert table["plain call"].tolist() == [NT, NT]
    assert table["stages p"].tolist() == [0.32, 0.3]  # of its own call
    assert table["plain p"].tolist() == [0.4, 0.45]
    assert table["stages right"].tolist() == [True, False]
    assert len(compared.disagreements()) == 2
    row = compared.pairs().iloc[0]
    assert (row["only first right"], row["only second right"]) == (1, 1)
    assert compared.call_matrix("stages", "plain").loc[VIABLE, NT] == 2
    told = compared.scores().set_index("network")[f"recall {VIABLE}"]
    assert told.to_dict() == {"stages": 1.0, "plain": 0.0}
    stages, plain = compared.parts.values()
    found = {d.name: d.difference for d in paired_differences(stages, plain, count=20)}
    assert found[f"recall {VIABLE}"] == 1.0
    assert found[f"recall {NT}"] == -0.5
    assert found["log loss"] == 0


def test_the_report(part, compared):
    assert scores.confusion_table(part).loc[NT, VIABLE] == 1
    assert scores.figure_table(figures.figures(part, count=20)).set_index("figure").loc[
        f"recall {VIABLE}", "value"
    ] == pytest.approx(1.0)
    assert "0.500" in scores._tumour(part)  # specificity; by the highest probability it is 1
    assert "1 tiles at 0.30: 0.00" in scores._reliability("stages", part)
    told = pair_tests(*compared.parts.values()).table()
    assert told["what it counts"].iloc[0] == "1 against 1 tile"
    said = Said(compared.parts, compared)
    names = [SimpleNamespace(name=name) for name in compared.parts]
    assert "Viable 0.30 ✕" in cohort.every_tile(said, names)
    assert next(choosing._errors("stages", part)) == (
        sha("d"),
        "stages is wrong and sure of it (30%).",
    )
    assert next(choosing._doubts("stages", part))[1] == "stages is least sure here (30%)."


def test_decisions_and_meters_without_a_rule(part):
    ready = prepare(CALLED, "test", CLASSES)
    calls = ready.calls(Rule())
    assert [CLASSES[i] for i in calls] == CALLS
    assert ready.curve(Rule()).chance == 0.25
    found = meter(ready, "slide", "C/S1")
    assert (found.n_dead, found.n_live) == (0, 1)
    assert meter(ready, "slide", "C/S1", prepare(predicted(), "test", CLASSES).called).n_live == 0


def test_a_report_gathers_the_calls_and_makes_no_card(stages):
    said = finish(gather.gather(gather.Request((stages, stages.parts[0]))))
    assert said.parts["stages"].calls == [CALLS[i] for i in ORDER]
    with pytest.raises(BundleError, match="puts others together"):
        cards.card_text(stages)
