"""Two networks against each other: tests, cells that open tiles, reasons and layers."""

import time

import pytest

from tests.dashboard import url
from tests.pages.looking import press, said, table_with


def test_one_network_against_the_other(open_compare):
    """`three` errs on the tiles 0, 1 and 2 of twelve, `other` on the tile 3."""
    at = open_compare("three", "other")
    figures = table_with(at, "slides: 95 % to").set_index("figure")
    assert figures.loc["accuracy", "difference"] == pytest.approx(-2 / 12)
    low, high = figures.loc["accuracy", ["tiles: 95 % from", "tiles: 95 % to"]]
    assert -0.7 < low < -2 / 12 < high < 0.4
    tests = table_with(at, "what it counts").set_index("question")
    assert tests.loc["calls, by tile", "p"] == pytest.approx(2 * 5 / 16)
    assert tests.loc["calls, by tile", "what it counts"] == "1 against 3 tiles"
    assert tests.loc["calls, by slide", "p"] == pytest.approx(2 * 5 / 16)  # on four slides
    assert tests["p"].notna().all()


def test_a_cell_opens_its_tiles_and_a_second_press_closes_it(open_compare):
    at = open_compare("three", "other")
    cell = at.button(key="calls.1,0")  # three says Non-Viable-Tumor, other Non-Tumor: the tile 0
    assert cell.label.startswith("**1**")
    cell.click().run()
    assert url(at)["cell"] == ["1,0"]
    assert "three calls it Non-Viable-Tumor, other Non-Tumor: 1 tile**" in said(at)
    files = [table.value["file"].tolist() for table in at.dataframe if "apart" in table.value]
    assert ["test-0.jpg"] in files
    at.button(key="calls.1,0").click().run()
    assert "cell" not in url(at)


def test_tiles_that_only_one_calls_rightly_and_the_true_class(open_compare):
    at = open_compare("three", "other", cell="second")
    assert "Only other right: 3 tiles" in said(at)
    at.selectbox(key="widget.calls_of").select("Viable").run()
    assert "Only other right: 1 tile**" in said(at)
    assert at.button(key="calls.1,0").disabled  # no viable tile is called so


def test_a_cell_that_is_not_there_is_a_sentence(open_compare):
    assert "This cell is not in the matrix: no tile." in said(
        open_compare("three", "other", cell="9,9")
    )


def test_the_pair_is_chosen_among_three(open_compare):
    at = open_compare("three", "other", "binary", pair="1,2")
    tests = table_with(at, "what it counts")
    assert any("other" in column for column in table_with(at, "slides: 95 % to").columns)
    assert "three" not in table_with(at, "slides: 95 % to").columns
    assert len(tests) == 6  # calls, and the AUC of two classes, by tile and by slide
    at.selectbox(key="widget.pair").select("0,1").run()
    assert url(at)["pair"] == ["0,1"]
    assert "three" in table_with(at, "slides: 95 % to").columns


def until(at, words, runs=60):
    for _ in range(runs):
        if words in said(at):
            return at
        time.sleep(0.05)
        at.run()
    raise AssertionError(said(at))


def test_same_answer_different_reason(open_compare):
    """Both call every tile Viable, the one by its upper left quarter, the other by the lower right.

    Of sixteen places four are 1 and twelve 0 in either map: rank correlation -1/3.
    """
    at = open_compare("three", "other")
    assert "Rank correlation -0.33, mean difference 0.50" in said(at)  # of the tile on view
    press(at, "Compare their reasons")
    until(at, "The networks call 12 of 12 tiles alike")
    assert "12 are below 0" in said(at)
    assert any(
        e.proto.id.endswith("-strip.compare.three.other.test.reasons")
        for e in at.get("bidi_component")
    )
    assert table_with(at, "rank correlation")["rank correlation"].tolist() == pytest.approx(
        [-1 / 3] * 12
    )


def test_layer_by_layer(open_compare):
    at = open_compare("three", "other")
    press(at, "Compare their layers")
    until(at, "The two layers most alike are `early` and `early`: 1.00")
    table = table_with(at, "layer of three")
    assert table["late"].tolist() == pytest.approx([1, 1])
