"""Intervals that are not to be had are not given, and the reason is said."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from osteo_core.evaluate.figures import Figure, figures
from osteo_core.evaluate.intervals import Interval
from osteo_core.evaluate.parts import LabelledPart
from osteo_core.evaluate.spread import fewer_classes, spread, whys, without

CLASSES = ("A", "B")


def part(labels, slides, called):
    """Tiles of these labels and slides, called as told with 0.9."""
    n = len(labels)
    table = pd.DataFrame(
        {
            "tile": [f"t{i}" for i in range(n)],
            "file": [f"{i}.png" for i in range(n)],
            "slide": list(slides),
            "case": ["C"] * n,
            "split": ["test"] * n,
            "label": list(labels),
        }
    )
    p = [[0.9 if c == k else 0.1 for k in CLASSES] for c in called]
    return LabelledPart("test", CLASSES, table, np.array(p))


def test_undefined_draws_beyond_a_twentieth_give_no_interval_and_say_why():
    values = np.r_[np.linspace(0, 1, 95), np.full(5, np.nan)]
    found, why = spread(values, "slide")
    assert found is not None
    assert why == ""
    found, why = spread(np.r_[values, np.nan], "slide", lacks="3 of 5 slides hold no B tile")
    assert found is None
    assert why == (
        "no interval by slide: 3 of 5 slides hold no B tile, and 6 % of the draws do not define "
        "it, more than 5 %."
    )
    assert spread(None, "slide") == (None, "")


def test_draws_that_all_give_the_same_are_no_interval():
    wilson = Interval(0.7, 1.0)
    assert spread(np.ones(50), "tile", instead=wilson) == (
        wilson,
        "the interval by tile is Wilson's: every draw gives 1.000.",
    )
    found, why = spread(np.ones(50), "slide")
    assert found is None
    assert "every draw gives 1.000" in why


def test_slides_without_a_class_are_counted():
    slides = ["s1", "s1", "s2", "s3"]
    assert without(slides, np.array([True, False, True, False]), "B") == (
        "1 of 3 slides hold no B tile and 1 of 3 slides hold no tile but B"
    )
    assert without(["s"] * 2, np.array([True, False]), "B") == ""


def test_notes_of_one_reason_stand_together():
    rows = [
        Figure("recall", "B", 1.0, None, None, note="no a. no b."),
        Figure("F1", "B", 1.0, None, None, note="no a."),
        Figure("accuracy", "", 1.0, None, None),
    ]
    assert whys(rows) == ["recall B, F1 B: no a.", "recall B: no b."]


def test_a_class_on_one_of_five_slides_has_no_interval_by_slide():
    slides = [f"s{i // 4}" for i in range(20)]
    labels = ["B" if slide == "s0" else "A" for slide in slides]
    called = [*labels[:3], "A", *labels[4:-1], "B"]  # one B missed, one A called B
    found = figures(part(labels, slides, called), count=1000)
    for name in ("precision", "recall", "F1", "AUC", "average precision"):
        figure = found.find(name, "B")
        assert figure.by_slide is None, name
        assert "4 of 5 slides hold no B tile" in figure.note
    told = [note for note in found.notes if "4 of 5 slides hold no B tile" in note]
    assert told
    assert any("macro means are over the other classes" in note for note in found.notes)
    accuracy = found.find("accuracy")
    assert accuracy.by_slide is not None
    assert accuracy.note == ""


def test_a_single_tile_of_a_class_has_no_interval_by_tile():
    found = figures(part("AAAAAAAAAB", "aabbccddee", "AAAAAAAAAB"), count=1000)
    recall = found.find("recall", "B")
    assert recall.value == 1.0
    assert recall.by_tile is None  # (9/10)^10 = 35 % of the draws have no such tile
    assert "35 % of the draws" in recall.note or "34 %" in recall.note or "36 %" in recall.note
    low, high = proportion_confint(1, 1, method="wilson")
    assert (recall.exact.low, recall.exact.high) == pytest.approx((low, high))


def test_a_perfect_score_has_wilsons_interval_and_none_by_slide():
    labels = "AB" * 12
    found = figures(part(labels, [f"s{i // 4}" for i in range(24)], labels), count=300)
    low, high = proportion_confint(24, 24, method="wilson")
    accuracy = found.find("accuracy")
    assert (accuracy.by_tile.low, accuracy.by_tile.high) == pytest.approx((low, high))
    assert accuracy.exact_by == "Wilson"
    assert accuracy.by_slide is None
    for figure in found.rows:
        for interval in (figure.by_tile, figure.by_slide, figure.exact):
            assert interval is None or interval.high - interval.low > 1e-6, figure
    assert any("Wilson's: every draw gives 1.000" in note for note in found.notes)


def test_one_slide_only_has_no_interval_by_slide():
    found = figures(part("AABB", ["s"] * 4, "AABA"), count=200)
    assert all(figure.by_slide is None for figure in found.rows)
    assert any("All tiles come from one slide" in note for note in found.notes)


def test_a_class_without_tiles_has_no_interval_at_all():
    found = figures(part("AAAA", "abcd", "AAAB"), count=200)
    for name in ("recall", "F1", "AUC"):
        figure = found.find(name, "B")
        assert figure.by_tile is None
        assert figure.by_slide is None


def test_draws_with_fewer_classes_are_told_beyond_a_twentieth():
    full, lacking = np.eye(2), np.array([[1.0, 0.0], [0.0, 0.0]])
    present = np.array([True, True])
    assert fewer_classes(np.stack([full] * 19 + [lacking]), present) == ""
    assert "In 10 % of the draws" in fewer_classes(np.stack([full] * 18 + [lacking] * 2), present)
    assert fewer_classes(np.stack([lacking] * 3), np.array([True, False])) == ""
    assert fewer_classes(None, present) == ""
