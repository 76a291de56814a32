"""The planted shortcut is found by maps and grades, and by nothing that the accuracy says."""

from __future__ import annotations

import numpy as np
import pytest

from osteo_core.cohorts.synthetic import synthetic_tile
from osteo_core.errors import CohortError
from osteo_core.grades import Grader, GradeSettings, relevance_mass
from osteo_core.lessons import shortcut
from osteo_core.lessons.marks import CORNERS, INK, mark


@pytest.fixture(scope="module")
def networks():
    return {which: shortcut.network(which) for which in ("shortcut", "honest")}


@pytest.fixture(scope="module")
def viable_with_ink():
    pairs = list(shortcut.held_out_tiles(8))
    return [marked for _, marked in pairs if marked.tissue == "Viable"]


def test_the_mark_changes_its_corner_alone():
    tile = synthetic_tile("Viable", 3, 96)
    for corner in CORNERS:
        marked = mark(tile, corner)
        changed = (marked.pixels != tile.pixels).any(-1)
        assert changed.any()
        assert marked.mask[changed].mean() > 0.9
        rows, columns = np.nonzero(marked.mask)
        assert (rows.mean() > 48) == corner.startswith("bottom")
        assert (columns.mean() > 48) == corner.endswith("right")
        distance = np.abs(marked.pixels.astype(int) - INK).sum(-1)
        assert distance[marked.mask].min() == 0
    with pytest.raises(CohortError, match="corner"):
        mark(tile, "middle")


def test_the_shortcut_is_right_only_where_the_ink_is_as_in_training(networks):
    found = shortcut.outcome(networks["shortcut"], 16)
    assert found.helped == 1
    assert found.misled == 0
    honest = shortcut.outcome(networks["honest"], 16)
    assert min(honest.helped, honest.bare, honest.misled) == 1


@pytest.mark.parametrize("method", ["gradcam", "hirescam", "integrated_gradients", "occlusion"])
def test_maps_of_the_shortcut_point_at_the_ink(networks, viable_with_ink, method):
    mass = {}
    for which, engine in networks.items():
        heats = [engine.read(one.tile).heatmap(method, target="Viable") for one in viable_with_ink]
        mass[which] = np.mean(
            [
                relevance_mass(h.values, one.mask)
                for h, one in zip(heats, viable_with_ink, strict=True)
            ]
        )
    area = np.mean([one.mask.mean() for one in viable_with_ink])
    assert mass["shortcut"] > 5 * area
    assert mass["shortcut"] > 3 * mass["honest"]


def test_its_maps_are_faithful_and_find_the_ink(networks, viable_with_ink):
    one, grades = viable_with_ink[0], {}
    for which, engine in networks.items():
        reading = engine.read(one.tile)
        settings = GradeSettings(sanity=False, stability=False)
        grader = Grader(engine, one.tile, reading, "Viable", None, settings)
        grades[which] = grader.grade(reading.heatmap("gradcam", target="Viable"), one.mask)
    shortcut_map = grades["shortcut"].figures
    assert shortcut_map["faithfulness"] > 0.8
    assert shortcut_map["edge_gap"] > 0.5
    assert shortcut_map["pointing_game"] == 1
    assert grades["honest"].figures["pointing_game"] == 0


def test_the_evidence_is_what_the_maps_and_their_grades_say(networks):
    found = {which: shortcut.evidence(engine, "gradcam", 4) for which, engine in networks.items()}
    first, other = found["shortcut"], found["honest"]
    assert (first.tiles, first.changed) == (4, 4)
    assert other.changed == 0
    assert first.area == pytest.approx(other.area)
    assert first.on_mark > 5 * first.area
    assert (first.better, first.told) == (4, 4)
    assert other.better <= other.told <= 4
