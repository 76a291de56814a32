"""Grades from end to end on small networks, and the rule of the badge."""

import json
import threading
from dataclasses import replace

import numpy as np
import pytest

from osteo_core.errors import MaskError, ModelError
from osteo_core.explain import methods
from osteo_core.grades import CRITERIA, RULE, Grader, GradeSettings, metrics
from tests.toys import engine_of, noise_tile, shaped

FEW = GradeSettings(points=3, random_maps=2)


@pytest.fixture(scope="module")
def engine():
    return engine_of(shaped("plain", "flat"), preprocessing="rescale")


def grader_of(engine, seed=0, settings=FEW, against=None):
    tile = noise_tile(32, seed)
    reading = engine.read(tile)
    target = next(name for name in engine.classes if name != against)
    return Grader(engine, tile, reading, target, against, settings), reading


@pytest.mark.parametrize(
    "name", [m for m in methods() if m not in ("rise", "occlusion", "scorecam")]
)
def test_every_method_is_graded(engine, name):
    grader, reading = grader_of(engine)
    layer = None if methods()[name].at_input else "conv2"
    heat = reading.heatmap(name, layer, grader.target)
    mask = np.zeros((32, 32), bool)
    mask[:16] = True
    shares = []
    steps = grader.steps(heat, mask)
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as end:
            grade = end.value
            break
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    told = json.loads(grade.to_json())
    assert told["badge"] == grade.badge
    assert [one["answer"] for one in told["criteria"]] == [c.answer for c in grade.criteria]
    assert told["rule"] == RULE
    assert told["map"]["method"] == name
    if heat.empty_reason:
        assert grade.badge == "fail"
        assert heat.empty_reason in grade.reason
        return
    for metric, value in grade.figures.items():
        assert metrics()[metric].low <= value <= metrics()[metric].high
    assert {"faithfulness", "randomised_all", "stability_jpeg", "pointing_game"} <= set(
        grade.figures
    )
    assert [one.name for one in grade.criteria] == list(CRITERIA)
    assert -1 <= max(grade.figures["faithfulness"], *grade.randoms) <= grade.best + 1e-6
    assert 0 <= grade.moves <= 1
    assert grade.mask_share == 0.5
    assert grade.curves["deletion"].values[0] == pytest.approx(grader.reading.probabilities[0])


def test_the_same_grade_comes_again_and_references_are_shared(engine):
    grader, reading = grader_of(engine)
    heat = reading.heatmap("saliency", target=grader.target)
    assert not grader.shared_done
    first = grader.grade(heat)
    assert grader.shared_done
    again = grader_of(engine)[0].grade(heat)
    assert first.figures == again.figures
    other = grader.grade(reading.heatmap("gradcam", "conv2", grader.target))
    assert other.randoms == first.randoms or not other.figures


def test_a_grade_that_is_left_midway_leaves_nothing_half_done(engine):
    grader, reading = grader_of(engine, seed=1)
    heat = reading.heatmap("gradient_x_input", target=grader.target)
    whole = grader_of(engine, seed=1)[0].grade(heat)
    for stop in range(1, 30, 3):
        steps = grader.steps(heat)
        for _ in range(stop):
            if next(steps, None) is None:
                break
        steps.close()
    assert grader.grade(heat).figures == whole.figures


def test_four_threads_get_the_grades_that_one_gets():
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    names = ["saliency", "gradient_x_input", "gradcam", "layercam"]

    def grade(name):
        grader, reading = grader_of(engine, names.index(name) % 2)
        layer = "conv2" if "cam" in name else None
        return grader.grade(reading.heatmap(name, layer, grader.target))

    alone = {name: grade(name).figures for name in names}
    found = {}
    threads = [
        threading.Thread(target=lambda name=name: found.update({name: grade(name).figures}))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.keys() == alone.keys()
    for name in names:
        assert found[name] == pytest.approx(alone[name], abs=1e-4)


def test_a_contrast_is_graded(engine):
    grader, reading = grader_of(engine, against="Viable")
    heat = reading.heatmap("saliency", target=grader.target, against="Viable")
    grade = grader.grade(heat)
    apart = reading.score(grader.target, "Viable")
    assert grade.curves["deletion"].values[0] == pytest.approx(1 / (1 + np.exp(-apart)), rel=1e-5)
    with pytest.raises(ModelError, match="Expected a heat map of"):
        grader.grade(reading.heatmap("saliency", target=grader.target))


def test_what_does_not_fit_is_refused(engine):
    grader, reading = grader_of(engine)
    heat = reading.heatmap("saliency", target=grader.target)
    with pytest.raises(ModelError, match="Expected a heat map of"):
        grader.grade(replace(heat, tile_sha256="0" * 64))
    with pytest.raises(MaskError, match="empty"):
        grader.grade(heat, np.zeros((32, 32), bool))
    with pytest.raises(ModelError, match="Expected a class"):
        Grader(engine, grader.tile, reading, "Bone")
    silent = reading.without("conv2", [0])
    with pytest.raises(ModelError, match="no unit switched off"):
        Grader(engine, grader.tile, silent, grader.target)


def test_an_empty_map_fails_with_its_reason(engine):
    grader, reading = grader_of(engine)
    heat = reading.heatmap("saliency", target=grader.target)
    flat = replace(heat, values=np.full_like(heat.values, 2))
    grade = grader.grade(flat)
    assert (grade.badge, dict(grade.figures)) == ("fail", {})
    assert "same value everywhere" in grade.reason
    assert grade.criteria == ()
    told = json.loads(grade.to_json())
    assert told["edges"] is told["best"] is told["moves"] is None
