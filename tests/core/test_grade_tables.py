"""The tables of docs/grades.md come from measured maps; a measurement goes on where it stopped."""

import json

from benchmarks.grade_rule import measure, rows_of
from benchmarks.grade_tables import old_badge, tables, verdict


def test_a_measurement_gives_the_tables_and_is_not_made_twice(tmp_path):
    file = tmp_path / "maps.jsonl"
    measure(file, None, ["lesson-shortcut"], 1)
    rows = rows_of(file)
    assert len({row["tile"] for row in rows}) == 2  # bare, and with the mark
    maps = [row for row in rows if row["method"]]
    assert len(maps) == 10
    for row in maps:  # what is made of the stored figures is what the grade itself said
        found = verdict(row)
        assert found.badge == row["badge"]
        assert [c.answer for c in found.criteria] == [c["answer"] for c in row["criteria"]]
    text = "\n".join(tables(rows))
    assert "| lesson-shortcut | 10 |" in text
    assert "| lesson-shortcut: stable |" in text
    before = file.read_bytes()
    measure(file, None, ["lesson-shortcut"], 1)
    assert file.read_bytes() == before


def test_the_rule_before_failed_what_an_edge_detector_did_as_well():
    curve = {"baseline": "blur", "fractions": [0, 0.4, 1], "values": [1.0, 0.5, 0.0]}
    rise = {**curve, "values": [0.0, 0.5, 1.0]}
    figures = {"faithfulness": 0.41, "edge_gap": 0.01, "random_gap": 0.39, "randomised_all": 0.1}
    figures |= {f"stability_{name}": 0.9 for name in ("shift", "jpeg", "stain")}
    row = {"figures": figures, "edges": 0.4, "randoms": [0.02, 0.03], "effort": ""}
    row["curves"] = {"deletion": curve, "insertion": rise}
    row = json.loads(json.dumps(row))
    assert (old_badge(row), verdict(row).badge) == ("fail", "pass")
