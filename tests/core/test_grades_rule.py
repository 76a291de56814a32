"""The rule of the badge, by hand, and what holds of it whatever the figures are."""

import re
from itertools import product

import numpy as np
import pytest

from osteo_core.grades import BADGES, CRITERIA, RULE
from osteo_core.grades.faithfulness import Curve, Curves, best_score, extremes
from osteo_core.grades.rule import (
    ANSWERS,
    FORGETS,
    MARGIN,
    MOVES,
    SHAKY,
    STABLE,
    STABLE_REDUCED,
    SURVIVES,
    judge,
)

GOOD = {
    "faithfulness": 0.4,
    "randomised_all": 0.1,
    "stability_shift": 0.95,
    "stability_jpeg": 0.9,
    "stability_stain": 0.97,
}
EDGES, RANDOMS = 0.2, (0.1, 0.0)
RANK = {badge: -i for i, badge in enumerate(BADGES)}  # pass is the highest


def judged(edges=EDGES, randoms=RANDOMS, figures=GOOD, **change):
    asked = {name: change.pop(name) for name in ("moves", "is_reduced", "best") if name in change}
    return judge({**figures, **change}, edges, randoms, **asked)


def answers(verdict):
    return {one.name: one.answer for one in verdict.criteria}


def said(verdict, name):
    return next(one.sentence for one in verdict.criteria if one.name == name)


def test_a_good_map_passes_and_each_question_is_answered_with_its_figures():
    verdict = judged()
    assert verdict.badge == "pass"
    assert answers(verdict) == dict.fromkeys(CRITERIA, "yes")
    assert verdict.reasons == (
        "It is more faithful than every random map (0.40 against 0.10 at best; 0.02 apart is "
        "asked for).",
        "It is more faithful than an edge detector's map (0.40 against 0.20; 0.02 apart is asked "
        "for).",
        "A network with random weights gives another map (correlation 0.10; below 0.5 is asked "
        "for).",
        "It stays the same under small changes of the tile (correlation 0.90 at least; 0.8 or more "
        "is asked for).",
    )


@pytest.mark.parametrize(
    ("change", "badge", "name", "answer", "sentence"),
    [
        # 0.06 lies 0.01 above the mean of 0.1 and 0.0
        ({"faithfulness": 0.06}, "fail", "random", "no", "0.06 against 0.05 on average"),
        ({"faithfulness": -0.3}, "fail", "random", "no", "-0.30 against 0.05 on average"),
        # 0.11 lies 0.06 above the mean and 0.01 above one of them
        ({"faithfulness": 0.11}, "weak", "random", "partly", "1 of 2 is as faithful (0.10 at best"),
        ({"edges": 0.39}, "pass", "edges", "partly", "as faithful as an edge detector's map (0.40"),
        ({"edges": 0.41}, "pass", "edges", "partly", "0.40 against 0.41"),
        ({"edges": 0.85}, "weak", "edges", "no", "less faithful than an edge detector's map (0.40"),
        ({"randomised_all": FORGETS}, "weak", "weights", "partly", "rather like it"),
        ({"randomised_all": SURVIVES + 0.01}, "fail", "weights", "no", "nearly the same"),
        ({"randomised_all": -0.9}, "pass", "weights", "yes", "-0.90"),
        ({"stability_jpeg": STABLE - 0.01}, "weak", "stable", "partly", "JPEG of quality 85"),
        ({"stability_shift": SHAKY - 0.01}, "weak", "stable", "no", "one pixel (correlation 0.49"),
        ({"stability_stain": 0.75, "is_reduced": True}, "pass", "stable", "yes", "0.7 or more is"),
        ({"stability_stain": 0.69, "is_reduced": True}, "weak", "stable", "partly", "0.69; 0.7 or"),
    ],
)
def test_what_one_figure_changes(change, badge, name, answer, sentence):
    verdict = judged(**change)
    assert (verdict.badge, answers(verdict)[name]) == (badge, answer)
    assert sentence in said(verdict, name)
    if badge != "pass":
        assert sentence in " ".join(verdict.reasons)


def test_an_edge_detector_that_is_nearly_perfect_fails_no_map():
    """0.41 against 0.02 at random: told, and weak, but no failure."""
    verdict = judged(edges=0.86, randoms=(0.02, 0.0, 0.02, 0.04), faithfulness=0.41)
    assert verdict.badge == "weak"
    assert answers(verdict)["random"] == "yes"
    assert verdict.reasons == (
        "It is less faithful than an edge detector's map (0.41 against 0.86; 0.02 apart is asked "
        "for).",
    )


def test_a_map_as_good_as_any_can_be_passes_beside_a_lucky_random_map():
    lucky = {"randoms": (0.87, -0.14, 0.58, -0.32), "edges": 0.87}
    assert judged(**lucky, faithfulness=0.87, best=0.877).badge == "pass"
    assert "(0.87 of 0.88)" in judged(**lucky, faithfulness=0.87, best=0.877).reasons[0]
    assert judged(**lucky, faithfulness=0.80, best=0.877).badge == "weak"
    assert judged(**lucky, faithfulness=0.87).badge == "weak"


def test_where_the_curves_cannot_tell_the_map_is_weak_unless_random_weights_give_it():
    flat = judged(moves=0.05)
    assert flat.badge == "weak"
    assert answers(flat) == {
        "random": "unknown", "edges": "unknown", "weights": "yes", "stable": "yes",
    }  # fmt: skip
    assert len(flat.reasons) == 1  # once, not for each of the two
    assert "moves by 0.05" in flat.reasons[0]
    assert judged(moves=0.05, randomised_all=0.9).badge == "fail"
    assert judged(moves=MOVES).badge == "pass"


def test_checks_that_were_not_made_are_passed_over():
    bare = judged(figures={"faithfulness": 0.4})
    assert bare.badge == "pass"
    assert list(answers(bare)) == ["random", "edges"]


def test_an_empty_map_fails():
    verdict = judge({}, float("nan"), (), "All is zero.")
    assert (verdict.badge, verdict.criteria) == ("fail", ())
    assert verdict.reasons == ("The map is empty. All is zero.",)


def test_more_faithful_is_never_worse():
    rng = np.random.default_rng(0)
    for _ in range(400):
        asked = {
            "edges": rng.uniform(-0.5, 0.9),
            "randoms": tuple(rng.uniform(-0.5, 0.9, 4)),
            "best": rng.uniform(0.5, 1.0),
            "moves": rng.choice([0.05, 0.9]),
            "randomised_all": rng.uniform(-1, 1),
            "stability_jpeg": rng.uniform(0, 1),
        }
        scores = np.sort(rng.uniform(-0.6, asked["best"], 12))
        ranks = [RANK[judged(**asked, faithfulness=score).badge] for score in scores]
        assert ranks == sorted(ranks)


def test_less_stable_or_less_dependent_on_the_weights_is_never_better():
    for name, values in (
        ("randomised_all", np.linspace(-1, 1, 41)),
        ("stability_jpeg", np.linspace(1, -1, 41)),
    ):
        ranks = [RANK[judged(**{name: value}).badge] for value in values]
        assert ranks == sorted(ranks, reverse=True)


_MARGINS = {
    "random": (MARGIN, MOVES),
    "edges": (MARGIN, MOVES),
    "weights": (FORGETS,),
    "stable": (STABLE, STABLE_REDUCED),
}


def test_every_sentence_has_its_figures_and_the_margin_and_none_contradicts_them():
    rng, seen = np.random.default_rng(1), set()
    for _ in range(1500):
        near = rng.choice([0.0, MARGIN, -MARGIN]) + rng.normal(0, 0.004)
        score, alike = rng.uniform(-0.2, 0.8), rng.uniform(0.45, 0.75)
        verdict = judged(
            edges=score - near,
            randoms=(score - near, rng.uniform(-0.5, 0.2)),
            faithfulness=score,
            randomised_all=alike,
            stability_jpeg=rng.uniform(0.4, 1),
            moves=rng.choice([0.0996, 0.9]),
            best=rng.choice([score + 0.01, 1.0]),
        )
        assert verdict.reasons
        assert set(verdict.reasons) <= {one.sentence for one in verdict.criteria}
        for one in verdict.criteria:
            seen.add((one.name, one.answer))
            assert one.answer in ANSWERS
            numbers = [float(n) for n in re.findall(r"-?\d+\.\d+", one.sentence)]
            assert set(numbers) & set(_MARGINS[one.name])
            assert len(numbers) >= 2
            if one.name == "edges" and one.answer != "unknown":
                gap = round(numbers[0] - numbers[1], 6)
                shown = "yes" if gap >= MARGIN else "partly" if gap > -MARGIN else "no"
                assert shown == one.answer, one.sentence
            if one.name == "weights":
                shown = "yes" if numbers[0] < FORGETS else "partly"
                shown = "no" if numbers[0] > SURVIVES else shown
                assert shown == one.answer, one.sentence
    asked = set(product(("random", "edges"), ANSWERS))
    assert asked <= seen
    assert {("weights", "yes"), ("weights", "partly"), ("weights", "no")} <= seen
    assert {("stable", "yes"), ("stable", "partly"), ("stable", "no")} <= seen


def test_the_rule_is_told_with_every_number_in_it():
    for number in (MARGIN, MOVES, SURVIVES, FORGETS, STABLE, STABLE_REDUCED, SHAKY):
        assert str(number) in RULE


def test_the_best_score_is_that_of_a_curve_that_falls_and_rises_at_once():
    """From 1 to 0 at the first of two steps: 1 - 0.4 less the two halves of a step at the ends."""
    shares = np.array([0.0, 0.4, 1.0])
    down = Curve("blur", shares, np.array([1.0, 0.5, 0.0]))
    up = Curve("blur", shares, np.array([0.0, 0.5, 1.0]))
    curves = Curves(down, up)
    low, high = extremes((down, up))
    assert (low, high) == (0.0, 1.0)
    # insertion 0 to 1 to 1: 0.2 + 0.6; deletion 1 to 0 to 0: 0.2
    assert best_score(curves, low, high) == pytest.approx(0.6)
    assert curves.score == pytest.approx(0.4 * 0.25 + 0.6 * 0.75 - 0.4 * 0.75 - 0.6 * 0.25)
