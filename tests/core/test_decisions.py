"""From probabilities to calls: hand-made cases, and choosing thresholds."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from osteo_core.commands.decide import decide
from osteo_core.errors import BundleError
from osteo_core.evaluate.deciding import group_names, meter, prepare, rows_of
from osteo_core.evaluate.decisions import (
    Rule,
    call_by_costs,
    call_by_thresholds,
    choose_gate,
    choose_thresholds,
    mean_cost,
    miss_costs,
    two_stage_calls,
)
from tests.fake_bundles import CLASSES, fake_predictions, write_fake

P = np.array(
    [
        [0.60, 0.10, 0.30],  # Non-Tumor, with a meaningful Viable
        [0.40, 0.35, 0.25],  # Non-Tumor is likeliest, but tumour is likelier than none
        [0.10, 0.50, 0.40],
    ]
)


def names(numbers):
    return [CLASSES[i] for i in numbers]


def test_the_most_probable_class_and_equal_thresholds_are_one():
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1, 1, 1], 500)
    top = Rule().call(p, CLASSES)
    assert top.tolist() == p.argmax(axis=1).tolist()
    for t in (0.1, 0.5, 1.0):
        assert Rule("thresholds", (t, t, t)).call(p, CLASSES).tolist() == top.tolist()


def test_a_lower_threshold_calls_a_class_more_often():
    # 0.30 / 0.2 = 1.5 beats 0.60 / 0.5 = 1.2; 0.25 / 0.2 = 1.25 beats 0.40 / 0.5 = 0.8; and
    # 0.40 / 0.2 = 2 beats 0.50 / 0.5 = 1
    assert names(call_by_thresholds(P, (0.5, 0.5, 0.2))) == ["Viable"] * 3
    # 0.30 / 0.26 = 1.15 does not beat 1.2
    assert names(call_by_thresholds(P[:1], (0.5, 0.5, 0.26))) == ["Non-Tumor"]


@pytest.mark.parametrize("limit", [0.2, 0.35, 0.5, 0.9])
def test_two_classes_are_called_from_their_threshold_on(limit):
    viable = np.linspace(0, 1, 101)
    p = np.stack([1 - viable, viable], axis=1)
    called = call_by_thresholds(p, (1 - limit, limit)) == 1
    # at the threshold itself both are equal, and the class that comes first is called
    assert called.tolist() == (viable > limit + 1e-9).tolist()


def test_costs_by_hand():
    # row 0, missing Viable costs 5: Non-Tumor 0.1 + 5 x 0.3 = 1.6, Non-Viable 0.6 + 1.5 = 2.1,
    # Viable 0.6 + 0.1 = 0.7
    costs = miss_costs((1, 1, 5))
    assert costs.tolist() == [[0, 1, 1], [1, 0, 1], [5, 5, 0]]
    assert names(call_by_costs(P, costs)) == ["Viable"] * 3
    assert names(call_by_costs(P, miss_costs((1, 1, 1)))) == [
        "Non-Tumor",
        "Non-Tumor",
        "Non-Viable-Tumor",
    ]
    # any table: calling Viable what is not costs 10, so it is not worth the chance
    table = [[0, 1, 10], [1, 0, 10], [5, 5, 0]]
    assert names(call_by_costs(P, table))[0] == "Non-Tumor"  # 1.6 against 2.1 and 7.0


def test_costs_of_missing_are_thresholds_of_one_over_the_cost():
    p = np.random.default_rng(1).dirichlet([1, 1, 1], 400)
    by_costs = Rule("costs", costs=(1, 2, 5)).call(p, CLASSES)
    by_thresholds = Rule("thresholds", (1, 1 / 2, 1 / 5)).call(p, CLASSES)
    assert by_costs.tolist() == by_thresholds.tolist()


def test_two_stages_ask_for_tumour_first():
    assert two_stage_calls(P, CLASSES) == ["Non-Tumor", "Non-Viable-Tumor", "Non-Viable-Tumor"]
    assert two_stage_calls(P, CLASSES, gate=0.4)[0] == "Viable"  # 0.4 is enough, exactly
    assert two_stage_calls(P, CLASSES, gate=0.95) == ["Non-Tumor"] * 3
    assert two_stage_calls([[0.4, 0.6]], ("Non-Tumor", "Viable")) == ["Viable"]


@pytest.mark.parametrize(
    ("rule", "classes", "sentence"),
    [
        (Rule("thresholds", (0.5, 0.5)), CLASSES, "3 thresholds above 0"),
        (Rule("thresholds", (0.5, 0.5, 0.0)), CLASSES, "Received"),
        (Rule("costs", costs=(1, -1, 1)), CLASSES, "none negative"),
        (Rule("two-stage"), ("Non-Viable-Tumor", "Viable", "Other"), "Non-Tumor"),
    ],
)
def test_what_does_not_fit_is_said(rule, classes, sentence):
    with pytest.raises(ValueError, match=sentence):
        rule.call(P, classes)


def test_chosen_thresholds_cost_least_and_stay_near_a_half():
    truth = np.array([2, 2, 0, 0, 1])
    p = np.array([[0.6, 0.0, 0.4], [0.7, 0, 0.3], [0.9, 0, 0.1], [0.95, 0, 0.05], [0.1, 0.8, 0.1]])
    costs = miss_costs((1, 1, 5))
    before = mean_cost(truth, p.argmax(axis=1), costs)
    assert before == pytest.approx(2.0)  # two of five tiles missed, 5 each
    chosen = choose_thresholds(truth, p, costs)
    assert mean_cost(truth, call_by_thresholds(p, chosen), costs) == 0
    # Viable needs 0.3 / t > 0.7 / 0.5: the nearest to 0.5 are 0.5, 0.5 and 0.2, or as near as that
    assert np.abs(np.array(chosen) - 0.5).sum() == pytest.approx(0.3)
    assert choose_thresholds(truth[2:4], p[2:4], costs) == (0.5, 0.5, 0.5)


def test_a_chosen_gate_costs_least():
    truth = np.array([2, 0, 0])
    p = np.array([[0.7, 0.1, 0.2], [0.8, 0.1, 0.1], [0.9, 0.1, 0.0]])
    gate = choose_gate(truth, p, CLASSES, miss_costs((1, 1, 5)))
    assert gate == pytest.approx(0.30)  # the highest that still finds it
    assert choose_gate(truth[1:], p[1:], CLASSES, miss_costs((1, 1, 5))) == 0.5


def test_nothing_to_choose_on_is_said():
    with pytest.raises(ValueError, match="Received: 0 tiles"):
        choose_thresholds(np.zeros(0, int), np.zeros((0, 3)), miss_costs((1, 1, 1)))
    assert mean_cost(np.zeros(0, int), np.zeros(0, int), miss_costs((1, 1))) is None


def larger(n=30):
    """Predictions whose validation part is large enough to calibrate on."""
    frame = fake_predictions(CLASSES, (0, 4, 8))
    validation = frame[frame["split"] == "validation"]
    return frame, frame.loc[[*frame.index, *np.repeat(validation.index, n // 9)]].assign(
        tile=lambda f: [f"{tile}-{i}" for i, tile in enumerate(f["tile"])]
    )


def test_a_part_is_calibrated_on_validation_only():
    frame, more = larger()
    few = prepare(frame, "test", CLASSES)
    assert few.temperature is None
    assert "holds 9 labelled tiles, which is too few" in few.calibration
    ready, raw = prepare(more, "test", CLASSES), prepare(more, "test", CLASSES, calibrated=False)
    assert ready.temperature > 1  # a third of the calls at 0.9 is wrong
    assert "fitted on 36 validation tiles" in ready.calibration
    assert ready.part.probabilities.max() < raw.part.probabilities.max() == 0.9
    assert ready.called.tolist() == raw.called.tolist()
    without = more.copy()
    without.loc[without["split"] == "test", "label"] = "Viable"  # labels of test change nothing
    assert prepare(without, "test", CLASSES).temperature == ready.temperature


def test_slides_of_one_name_in_two_cases_are_two():
    frame = fake_predictions(CLASSES, ()).assign(slide="C21")
    ready = prepare(frame, "test", CLASSES)
    assert group_names(ready.part.table, "slide") == ["Case-3/C21", "Case-48/C21"]
    assert len(rows_of(ready.part.table, "slide", "Case-3/C21")) == 6
    assert ready.draws.shape == (2000, 2)
    assert meter(ready, "slide", "Case-3/C21").n == 6
    assert group_names(frame.assign(case="", slide=""), "case") == []


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path))
    write_fake(tmp_path, "three", wrong=(0, 1, 2))
    return tmp_path


@pytest.mark.usefixtures("models")
def test_the_command_says_what_becomes_of_the_tiles():
    def told(*arguments):
        done = CliRunner().invoke(decide, ["--model", "three", "--json", *arguments])
        if done.exception:
            raise done.exception
        return json.loads(done.stdout)

    plain = told()
    assert plain["error_without_asking"] == plain["error_in_the_rest"]["value"] == 0.25
    assert plain["referred"]["k"] == 0
    assert told("--below", "0.95")["referred"]["k"] == 12
    # every call is as sure as any other, so only a limit that keeps nothing would do
    with pytest.raises(BundleError, match="Received: none does"):
        told("--leave-error", "0.1")
    costly = told("--call", "costs", "--cost", "Viable=20")
    assert costly["rule"]["costs"] == {"Non-Tumor": 1, "Non-Viable-Tumor": 1, "Viable": 20}
    assert costly["viable_missed"] == 0  # 20 x 0.05 beats 0.9
    with pytest.raises(BundleError, match="Received: Dead"):
        told("--cost", "Dead=2")
    chosen = told("--call", "thresholds", "--choose")
    assert set(chosen["rule"]["thresholds"]) == set(CLASSES)
    text = CliRunner().invoke(decide, ["--model", "three"]).output
    assert "error in the rest 25.0% (8.9% to 53.2% by tile), 25.0% without asking" in text
