"""Text that is shown elsewhere than in Markdown: tables for people, HTML, what cannot be seen."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from osteo_core.text import cell, html_text, path_cell, table_for_people, visible


@pytest.mark.parametrize("text", ["=1+1", "+a", "-a", "@x", " =1", "\t=1", "\rx", "＝1", "−a", "-"])
def test_a_cell_that_would_run_gets_an_apostrophe(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", ["a=b", "-0.5", "−0.5", "+3", "-1e-9", "-0.12 to 0.05", "-3 %", "-inf", -2, 0.5, None]
)
def test_numbers_keep_their_sign_and_plain_text_is_left(value):
    assert cell(value) is value


def test_a_path_stays_the_same_path():
    assert cell(Path("=x.png")) == "./=x.png"
    assert cell(Path("a/=x.png")) == "a/=x.png"
    assert path_cell("-x.png") == "./-x.png"


def test_text_heads_and_index_of_a_table():
    frame = pd.DataFrame({"=h": ["@a", None], "n": [-1.5, 2]}, index=["-i", "j"])
    told = table_for_people(frame.rename_axis("=k"))
    assert told.to_csv() == "'=k,'=h,n\n'-i,'@a,-1.5\nj,,2.0\n"
    assert list(frame) == ["=h", "n"]  # the table itself is as it was
    twice = pd.DataFrame([["=a", "=b"]], columns=["c", "c"])
    assert table_for_people(twice).to_csv(index=False) == "c,c\n'=a,'=b\n"


def test_html_is_letters():
    assert html_text("<b>\"&\x00'") == "&lt;b&gt;&quot;&amp;␀&#x27;"


def test_what_turns_text_round_is_drawn():
    assert visible("a\u202eb\ufeff\n") == "a⟨U+202E⟩b\ufeff\n"
