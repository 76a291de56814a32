"""Networks set side by side: common tiles, scores, pairs and disagreements."""

import pandas as pd
import pytest

from osteo_core.evaluate import compare, disagreements

CLASSES = ("Non-Tumor", "Non-Viable-Tumor", "Viable")
NT, NV, VI = CLASSES
BINARY = (NT, VI)


def frame(rows, classes=CLASSES):
    """Rows of (tile, split, label, probabilities...)."""
    names = [f"p_{c}" for c in classes]
    table = pd.DataFrame(rows, columns=["tile", "split", "label", *names])
    return table.assign(file=table["tile"] + ".jpg", slide="S-" + table["tile"], case="C")


@pytest.fixture
def frames():
    three = frame(
        [
            ("a", "test", NT, 0.9, 0.05, 0.05),
            ("b", "test", VI, 0.2, 0.7, 0.1),
            ("c", "test", VI, 0.6, 0.0, 0.4),
            ("d", "test", NV, 0.1, 0.8, 0.1),
            ("e", "train", VI, 0.0, 0.0, 1.0),
        ]
    )
    two = frame(
        [
            ("c", "test", VI, 0.1, 0.9),  # another order, on purpose
            ("a", "test", NT, 0.8, 0.2),
            ("b", "test", VI, 0.3, 0.7),
            ("e", "train", VI, 0.2, 0.8),
        ],
        BINARY,
    )
    return {"three": three, "two": two}


@pytest.fixture
def both(frames):
    return compare(frames, {"three": CLASSES, "two": BINARY}, "test")


def test_only_common_tiles_count_and_it_says_so(both):
    assert both.n_tiles == 3
    assert [list(p.table["tile"]) for p in both.parts.values()] == [["a", "b", "c"]] * 2
    assert both.shared_classes == BINARY
    assert "share Non-Tumor, Viable" in both.notes[0]
    assert both.notes[1].endswith("three 4.")


def test_scores_by_hand(both):
    scores = both.scores().set_index("network")
    assert scores.loc["three", "accuracy"] == pytest.approx(1 / 3)
    assert scores.loc["two", "accuracy"] == 1.0
    assert scores.loc["two", "95 % from"] == pytest.approx(0.4385, abs=5e-5)  # 3 of 3
    assert scores.loc["three", "recall Viable"] == 0
    assert scores.loc["three", "tiles"] == 3
    assert "recall Non-Viable-Tumor" not in scores


def test_pairs_by_hand(both):
    (row,) = both.pairs().to_dict("records")
    assert list(row.values()) == ["three", "two", 1, 0, 2, 0]


def test_disagreements_widest_first(both):
    table = both.disagreements()
    assert table["tile"].tolist() == ["b", "c"]
    assert table["three call"].tolist() == [NV, NT]
    assert table["two call"].tolist() == [VI, VI]
    assert table["two p"].tolist() == pytest.approx([0.7, 0.9])
    # b: Non-Viable-Tumor 0.7 against a class the other lacks; c: 0.6 against 0.1
    assert table["apart"].tolist() == pytest.approx([0.7, 0.5])


def test_disagreements_reads_the_classes_off_the_columns(frames):
    assert disagreements(frames, "test")["tile"].tolist() == ["b", "c"]
    assert disagreements(frames, "train").empty


def test_networks_that_agree_and_networks_without_a_common_tile(frames):
    same = disagreements({"x": frames["two"], "y": frames["two"]}, "all")
    assert same.empty
    assert "x call" in same
    other = frame([("z", "test", NV, 0.5, 0.5)], (NV, "Bone"))
    nothing = compare(
        {"two": frames["two"], "z": other}, {"two": BINARY, "z": (NV, "Bone")}, "test"
    )
    assert nothing.n_tiles == 0
    assert nothing.shared_classes == ()
    assert nothing.scores()["accuracy"].isna().all()
    assert nothing.disagreements().empty
    assert "share none" in nothing.notes[0]


def test_a_tile_in_different_parts_is_not_common(frames):
    moved = frames["two"].assign(split="validation")
    assert (
        compare({"a": frames["two"], "b": moved}, dict.fromkeys("ab", BINARY), "test").n_tiles == 0
    )


def test_one_network_is_no_comparison(frames):
    with pytest.raises(ValueError, match="two networks"):
        compare({"three": frames["three"]}, {"three": CLASSES}, "test")


def test_calls_of_one_network_against_the_other_by_hand(both):
    matrix = both.call_matrix("three", "two")
    assert (list(matrix.index), list(matrix.columns)) == (list(CLASSES), list(BINARY))
    assert matrix.loc[NT].tolist() == [1, 1]  # a: both; c: three says Non-Tumor, two Viable
    assert matrix.loc[NV].tolist() == [0, 1]  # b
    assert matrix.to_numpy().sum() == both.n_tiles
    viable = both.call_matrix("three", "two", VI)
    assert viable.to_numpy().tolist() == [[0, 1], [0, 1], [0, 0]]
    assert both.call_matrix("three", "two", NV).to_numpy().sum() == 0


def test_tiles_where_one_is_right_and_the_other_wrong(both):
    table = both.between("three", "two")
    only = table[~table["three right"] & table["two right"]]
    assert only["tile"].tolist() == ["b", "c"]  # 0.6 and 0.5 apart
    assert table["tile"].tolist() == ["b", "c", "a"]
    assert table["apart"].is_monotonic_decreasing
