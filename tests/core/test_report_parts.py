"""The parts of a report: tables, charts, numbers in words, and the shipped networks' cards."""

import re

import pandas as pd
import pytest

from osteo_core.bundles import list_bundles, load_bundle
from osteo_core.evaluate.intervals import Interval
from osteo_core.report import card_text, html, svg
from osteo_core.report.cards import markdown
from osteo_core.wording import between


def test_tables_and_text_are_escaped():
    frame = pd.DataFrame({"a<b": ["x&y", None], "n": [0.5, float("nan")]})
    told = html.table(frame, 'A "table"')
    assert "a&lt;b" in told
    assert "x&amp;y" in told
    assert told.count("–") == 2
    assert '<td class="n">0.500</td>' in told
    assert html.paragraph("run `a<b`") == "<p>run `a&lt;b`</p>"
    assert "<code>a&lt;b</code>" in html.command("Made by", "a<b")
    shaded = html.counts(pd.DataFrame([[3, 1]], ["x"], ["y", "z"]), "c", "called")
    assert "--share:0.750" in shaded


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.906, 1, [0.9, 0.92, 0.94, 0.96, 0.98, 1]),
        (-0.03, 0.12, [-0.05, 0, 0.05, 0.1, 0.15]),
        (0.5, 0.5, [0.5, 0.52, 0.54, 0.56, 0.58, 0.6]),
    ],
)
def test_round_numbers_cover_a_span(low, high, ticks):
    found = svg.nice_ticks(low, high)
    assert found[0] <= low + 1e-9
    assert found[-1] >= high - 1e-9
    if low < high:
        assert found == pytest.approx(ticks)


def test_an_interval_stands_where_it_should():
    """The axis runs from 0 to 1 over 470 px from 190."""
    chart = svg.intervals([("a", 0.5, (Interval(0.0, 1.0),))], ("s",), "words")
    xs = [float(x) for x in re.findall(r'class="l s0" x1="([\d.]+)"', chart)]
    assert (min(xs), max(xs)) == (190, 660)
    assert 'cx="425.0"' in chart
    assert "<title>words</title>" in chart


def test_numbers_in_words():
    assert between(Interval(-0.0001, 0.02), "{:+.3f}") == "+0.000 to +0.020"
    assert between(Interval(-0.0001, 0.02)) == "0.000 to 0.020"
    assert between(None) == "–"


@pytest.mark.parametrize("name", [b.name for b in list_bundles()])
def test_the_cards_that_are_shipped_are_those_that_the_command_makes(name):
    bundle = load_bundle(name)
    shipped = (bundle.folder / "README.md").read_text(encoding="utf-8")
    assert card_text(bundle) == shipped, "run: osteo report --cards"


def test_markdown_tables():
    rows = list(markdown(pd.DataFrame({"a": ["x"], "n": [0.25]})))
    assert rows == ["| a | n |", "|---|---:|", "| x | 0.250 |"]
