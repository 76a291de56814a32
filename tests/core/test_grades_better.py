"""Which methods did better: on the same tile first, of one network, class and way of grading."""

import pytest

from osteo_core.grades import Grade, GradeSettings, better


def grade(method, badge, score=0.3, tile="a", layer="conv", settings=None, **other):
    told = {"bundle_digest": "net", "target": "Viable", "against": None, "layer": layer}
    told |= {"method": method, "tile_sha256": tile} | other
    return Grade(badge, ("Why.",), {"faithfulness": score}, settings or GradeSettings(), told)


FAILED = grade("gradcam", "fail")


def names(others):
    return [one.method for one in better(FAILED, others)]


def test_those_on_the_same_tile_come_best_first():
    others = [
        FAILED,
        grade("saliency", "fail", 0.9),
        grade("hirescam", "weak", 0.8),
        grade("layercam", "pass", 0.2),
        grade("eigencam", "pass", 0.5),
        grade("smoothgrad", "pass", 0.9, tile="b"),
    ]
    found = better(FAILED, others)
    assert [one.method for one in found] == ["eigencam", "layercam", "hirescam"]
    assert all(one.here for one in found)
    assert (found[0].badge, found[0].score, found[0].layer) == ("pass", 0.5, "conv")


def test_else_those_that_did_better_on_other_tiles():
    others = [
        FAILED,
        grade("saliency", "fail", tile="a"),  # failed here: what it did elsewhere is no help
        grade("saliency", "pass", tile="b"),
        *(grade("eigencam", badge, tile=tile) for badge, tile in (("pass", "b"), ("fail", "c"))),
        *(grade("layercam", "pass", tile=tile) for tile in "bc"),
    ]
    found = better(FAILED, others)
    assert [(one.method, one.got, one.tiles) for one in found] == [
        ("layercam", 2, 2),
        ("eigencam", 1, 2),
    ]
    assert not any(one.here for one in found)


@pytest.mark.parametrize(
    "other",
    [{"bundle_digest": "other"}, {"target": "Non-Tumor"}, {"against": "Non-Tumor"},
     {"settings": GradeSettings(baseline="white")}],
)  # fmt: skip
def test_other_questions_are_passed_over(other):
    assert names([grade("eigencam", "pass", **other)]) == []


def test_the_same_method_at_another_layer_counts_and_itself_does_not():
    assert names([FAILED, grade("gradcam", "pass", layer="deep")]) == ["gradcam"]
    assert names([grade("gradcam", "pass", tile="b")]) == []


def test_empty_maps_are_passed_over():
    empty = Grade("fail", ("Empty.",), {}, GradeSettings(), dict(FAILED.provenance))
    assert better(FAILED, [empty]) == ()
    assert [b.method for b in better(empty, [grade("eigencam", "weak")])] == ["eigencam"]
