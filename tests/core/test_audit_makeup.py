"""What a cohort is made of, its stain and its label suspects: hand-made cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osteo_core.cohorts import CLASSES
from osteo_core.cohorts.audit import disagreements, held_out, makeup
from osteo_core.cohorts.audit.facts import Facts, stain_of
from osteo_core.cohorts.audit.stains import stain_rows
from osteo_core.cohorts.stain import EOSIN, HAEMATOXYLIN, WHITE
from osteo_core.cohorts.table import Cohort, CohortTile


def tiles(*rows):
    """(label, case, slide, n) each."""
    return [
        CohortTile(f"{label}-{slide}-{i}", label, case, slide, None, None, f"{label}{slide}{i}")
        for label, case, slide, n in rows
        for i in range(n)
    ]


def test_classes_that_hang_on_a_case_or_slide():
    found = makeup(
        tiles(("Viable", "C1", "s1", 7), ("Viable", "C2", "s2", 3), ("Non-Tumor", "C2", "s2", 20))
    )
    told = {(item.kind, item.label, item.source): item.share for item in found.hanging}
    assert told == {
        ("case", "Viable", "C1"): 0.7,
        ("slide", "Viable", "s1"): 0.7,
        ("case", "Non-Tumor", "C2"): 1.0,
        ("slide", "Non-Tumor", "s2"): 1.0,
    }  # C1 is all Viable too, but of seven tiles that says little
    assert found.by_case == pytest.approx(27 / 30)
    assert found.commonest == pytest.approx(20 / 30)
    assert [(c.label, c.slide, c.tiles) for c in found.cells] == [
        ("Non-Tumor", "s2", 20),
        ("Viable", "s1", 7),
        ("Viable", "s2", 3),
    ]


def test_an_even_cohort_hangs_on_nothing():
    rows = [(label, f"C{i}", f"s{i}", 4) for label in CLASSES for i in range(5)]
    found = makeup(tiles(*rows))
    assert found.hanging == ()
    assert found.by_case == pytest.approx(1 / 3) == found.commonest
    alone = makeup(tiles(("Viable", "C1", "s1", 5)))
    assert alone.by_case is None
    assert "All tiles are of one case" in alone.sentence()


def test_a_case_that_is_all_one_class_is_told():
    found = makeup(tiles(("Viable", "C1", "s1", 12), ("Viable", "C2", "s2", 9),
                         ("Non-Tumor", "C2", "s3", 12), ("Non-Tumor", "C3", "s4", 9)))  # fmt: skip
    (told,) = [item for item in found.hanging if item.kind == "one class"]
    assert told.sentence == "All tiles of C1 are Viable: the case alone gives it away."


def test_amounts_of_dye_are_recovered():
    density = 0.4 * np.array(HAEMATOXYLIN) + 0.2 * np.array(EOSIN)
    picture = np.broadcast_to(np.rint(WHITE * 10**-density), (300, 200, 3)).astype(np.uint8)
    haematoxylin, eosin = stain_of(np.ascontiguousarray(picture))
    assert haematoxylin == pytest.approx(0.4 * np.linalg.norm(HAEMATOXYLIN), abs=0.01)
    assert eosin == pytest.approx(0.2 * np.linalg.norm(EOSIN), abs=0.01)
    half = np.concatenate([picture, np.full_like(picture, 243)])  # glass does not thin the mean
    assert stain_of(half) == pytest.approx((haematoxylin, eosin), abs=0.01)
    assert np.isnan(stain_of(np.full((99, 99, 3), 240, np.uint8))).all()


def facts(rows):
    """(case, label, haematoxylin, eosin) each."""
    n = len(rows)
    made = [CohortTile(f"t{i}", r[1], r[0], r[0], None, None, str(i)) for i, r in enumerate(rows)]
    values = np.array([r[2:] for r in rows], float)
    grey = np.zeros((n, 128, 128), np.uint8)
    return Facts(tuple(made), grey, np.zeros(n), values[:, 0], values[:, 1])


def test_a_case_stands_out_within_its_classes_only():
    cycle = [-0.1, 0.0, 0.1, -0.1, 0.0, 0.1]
    rows = [("A", "Viable", 0.5 + d, 0.2 + d) for d in cycle]
    rows += [("B", "Viable", 0.8 + d, 0.2 + d) for d in cycle]
    rows += [("B", "Non-Tumor", 0.1 + d, 0.9 + d) for d in cycle]  # B alone has this class
    a, b = stain_rows(facts(rows))
    spread = np.std(cycle, ddof=1)
    assert a.haematoxylin_apart == pytest.approx(-0.3 / spread)
    assert b.haematoxylin_apart == pytest.approx(0.3 / spread)
    assert a.eosin_apart == pytest.approx(0)
    assert (a.haematoxylin, a.tiles, a.outlying) == (pytest.approx(0.5), 6, True)
    assert a.haematoxylin_sd == pytest.approx(spread)
    assert a.sentence().startswith("A has 3.4 standard deviations less haematoxylin than")
    assert "eosin" not in a.sentence()


def test_a_case_without_measured_tissue_has_no_figure():
    nan = float("nan")
    a, b = stain_rows(facts([("A", "Viable", nan, nan)] * 6 + [("B", "Viable", 0.2, 0.3)] * 6))
    assert (a.tiles, a.haematoxylin, a.haematoxylin_apart, a.sentence()) == (0, None, None, "")
    assert (b.eosin, b.eosin_apart, b.outlying) == (pytest.approx(0.3), None, False)


def test_confident_disagreement_by_hand():
    frame = pd.DataFrame(
        {
            "file": list("abcdef"),
            "label": ["N", "N", "N", "V", "V", "V"],
            "p_N": [0.9, 0.8, 0.1, 0.2, 0.55, 0.1],
            "p_V": [0.1, 0.2, 0.9, 0.8, 0.45, 0.9],
        }
    )  # thresholds: N 0.6, V 0.7167; e is called N, but below the threshold of N
    (suspect,) = disagreements(frame, ("N", "V"))
    assert (suspect.file, suspect.label, suspect.says, suspect.confidence) == ("c", "N", "V", 0.9)
    assert disagreements(frame.iloc[:0], ("N", "V")) == ()
    assert disagreements(frame.iloc[:2], ("N", "V")) == ()  # of V there is no tile to learn from


def test_only_tiles_that_were_not_trained_on_are_asked():
    made = tiles(("Viable", "C1", "s", 4))
    stored = pd.DataFrame(
        {
            "tile": [made[0].sha256, made[1].sha256, made[2].sha256, "another"],
            "split": ["train", "validation", "test", "test"],
            "label": ["Non-Tumor"] * 4,
            "p_Non-Tumor": [0.5] * 4,
            "p_Viable": [0.5] * 4,
        }
    )
    cohort = Cohort(Path(), Path(), tuple(made))
    frame = held_out(stored, cohort, ("Non-Tumor", "Viable"))
    assert frame["file"].tolist() == [made[1].file, made[2].file]
    assert set(frame["label"]) == {"Viable"}  # the cohort's label counts
    assert held_out(stored, cohort, ("Non-Tumor",)).empty  # a network that does not know the class
