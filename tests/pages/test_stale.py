"""What answers another question is hidden while a page is drawn, and nothing else is."""

from dataclasses import fields

import pytest
import streamlit as st

from osteo_ui import sources, stale, words
from osteo_ui.selection import Selection


@pytest.fixture
def rules(monkeypatch):
    """How long old parts could stand, of each run that hid any; the rule is drawn as ever."""
    found, rule = [], stale._rule

    def noted(delay):
        found.append(delay)
        return rule(delay)

    monkeypatch.setattr(stale, "_rule", noted)
    return found


def another(at, number=1):
    entry = sources.entries("example")[number]
    return at.button(key=f"show.{entry.ref.encode()}").click()


def test_the_first_view_hides_nothing(open_page, rules):
    open_page("read_tile")
    assert rules == []


def test_a_new_tile_hides_the_old_answers_at_once(open_page, rules):
    another(open_page("read_tile")).run()
    assert rules == [0.0]


def test_a_tile_seen_before_leaves_a_moment(open_page, rules):
    at = another(open_page("read_tile"), 1).run()
    another(at, 0).run()
    assert rules == [0.0, stale._MOMENT_S]
    assert 0 < stale._MOMENT_S <= 0.3


def test_another_network_hides_at_once(open_page, rules):
    at = open_page("read_tile")
    at.selectbox(key="widget.network").select("plain").run()
    assert not at.exception
    assert rules == [0.0]


@pytest.mark.parametrize(
    ("page", "key", "value"),
    [("filters", "widget.layer", "block1_conv1"), ("heat_maps", "widget.target", "Viable")],
)
def test_another_layer_or_class_leaves_a_moment(open_page, rules, page, key, value):
    at = open_page(page)
    rules.clear()
    at.selectbox(key=key).select(value).run()
    assert not at.exception
    assert stale._MOMENT_S in rules


def test_other_colours_hide_nothing(open_page, rules):
    at = open_page("filters")
    rules.clear()
    at.selectbox(key="widget.map_colours").select("magma").run()
    at.slider(key="widget.opacity").set_value(20).run()
    at.run()
    assert rules == []


def test_the_lesson_asks_for_its_own_tiles(open_page, rules):
    at = open_page("lessons")
    rules.clear()
    at.selectbox(key="l.tile").select_index(3).run()
    assert rules == [stale._MOMENT_S]


def test_a_page_that_stops_is_complete(open_page, rules):
    at = open_page("read_tile", tile="upload:0123456789ab:gone.png")
    at.run()
    assert rules == []


def test_what_a_run_that_was_cut_short_left_is_hidden_too(open_page, rules, monkeypatch):
    at = open_page("read_tile")
    verdict = words.verdict

    def cut(*given):
        monkeypatch.setattr(words, "verdict", verdict)
        st.rerun()  # as a click does that comes meanwhile

    monkeypatch.setattr(words, "verdict", cut)
    another(at).run()
    assert rules == [0.0, 0.0]  # the second run asks the same, beside parts of the first page
    at.run()
    assert len(rules) == 2


def test_every_field_of_the_selection_is_a_question_unless_it_only_says_how_it_looks():
    assert {field.name for field in fields(Selection)} >= stale._LOOKS
