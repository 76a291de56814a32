"""The atlas: what its widgets are given and what they are heard to say."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from osteo_ui import atlas as widgets
from osteo_ui.atlas.mounting import numbers
from tests.pages.looking import atlas, pick


def page():
    import numpy as np
    import streamlit as st

    from osteo_ui import atlas

    png = b"\x89PNG\r\n\x1a\n..."
    heard = st.session_state.setdefault("heard", [])
    values = np.array([0.123456, np.nan, np.inf, 4.0, 0.0, -1e-9])
    sheet = {"count": 6, "columns": 3, "cell": (4, 2), "gap": 1, "value_title": "maximum"}
    shown = {"order": st.session_state.get("order", range(6)), "selected": 2, "marked": (1,)}
    told = {"alt": "Six maps", "on_pick": heard.append}
    atlas.maps("maps", png, values=values, **sheet, **shown, **told)
    atlas.bars("bars", {"A": values, "B": values}, value_title="Activation", **shown, **told)
    box = atlas.Box(0, 0, 0.5, 0.5, "here", "dashed")
    seen = {"overlay": png + b"2", "opacity": 0.3, "place": (0.1, 0.2), "boxes": [box]}
    place = lambda x, y: heard.append((x, y))  # noqa: E731
    atlas.tile("tile", png, size=(8, 4), alt="Tile", on_place=place, **seen)
    atlas.tile("still", png, size=(8, 4), alt="Tile", on_place=None)
    atlas.strip("strip", png, count=2, cell=(8, 8), captions=["a", "b"], **told)
    atlas.keys("keys", {"ArrowRight": "next", "m": "mark"}, [("→", "Next")], heard.append)


@pytest.fixture
def at():
    return AppTest.from_function(page).run()


def test_maps_are_given_numbers_that_json_can_hold(at):
    data = atlas(at, "maps")
    assert data["values"] == [0.1235, None, None, 4.0, 0.0, -1e-9]
    assert (data["order"], data["count"], data["columns"], data["cell"]) == (None, 6, 3, [4, 2])
    assert (data["selected"], data["marked"]) == (2, [1])
    assert [one["name"] for one in atlas(at, "bars")["series"]] == ["A", "B"]


def test_order_and_choice_change_no_picture(at):
    before = atlas(at, "maps")
    at.session_state["order"] = (3, 0)
    after = atlas(at.run(), "maps")
    assert after["order"] == [3, 0]
    assert after["url"] == before["url"]
    assert before["url"].startswith("/mock/media/")
    assert before["url"] != atlas(at, "tile")["overlay"]


def test_a_unit_that_is_not_there_is_refused():
    sheet = {"count": 6, "columns": 3, "cell": (4, 2), "gap": 1, "value_title": "maximum"}
    told = {"selected": None, "alt": "Six maps", "on_pick": None}
    with pytest.raises(ValueError, match=r"units of 0\.\.5\. Received: \[0, 6\]"):
        widgets.maps("maps", b"", values=range(6), order=(0, 6), **sheet, **told)
    with pytest.raises(ValueError, match=r"of one length\. Received: \{'A': 2, 'B': 1\}"):
        widgets.bars("bars", {"A": [1, 2], "B": [1]}, order=(), value_title="", **told)


def test_picks_are_heard(at):
    pick(at, "maps", 5)
    pick(at, "bars", 0)
    pick(at, "strip", 1)
    pick(at, "tile", {"x": 0.25, "y": 1})
    pick(at, "keys", {"action": "next", "times": 2})
    assert at.session_state["heard"] == [5, 0, 1, (0.25, 1.0), "next", "next"]
    assert not at.exception


def test_the_browser_learns_which_pick_was_heard(at):
    assert atlas(at, "maps")["seen"] == 0
    pick(at, "maps", 5)
    assert atlas(at, "maps")["seen"] == 1
    assert atlas(at, "bars")["seen"] == 0


def test_keys_that_were_overtaken_are_heard_once(at):
    pick(at, "keys", {"action": "next", "times": 1})  # sent at 1
    earlier = [[1, "next", 1], [2, "mark", 2], [3, "erase", 1], "next", [4, "next"]]
    pick(at, "keys", {"action": "next", "times": 1, "earlier": earlier}, sent=5)
    assert at.session_state["heard"] == ["next", "mark", "mark", "next"]
    assert atlas(at, "keys")["seen"] == 5


def test_what_is_told_again_is_heard_once(at):
    for sent in (7, 7, 6, 8):
        pick(at, "keys", {"action": "next", "times": 1}, sent=sent)
    assert at.session_state["heard"] == ["next", "next"]
    assert atlas(at, "keys")["seen"] == 8


def test_a_tile_without_an_ear_is_silent(at):
    assert atlas(at, "still")["silent"]
    pick(at, "still", {"x": 0.5, "y": 0.5})
    assert not at.exception
    assert at.session_state["heard"] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("maps", 6),
        ("maps", -1),
        ("maps", 1.0),
        ("maps", "1"),
        ("bars", True),
        ("strip", 2),
        ("tile", None),
        ("tile", [0.5, 0.5]),
        ("tile", {"x": 0.5}),
        ("tile", {"x": 1.01, "y": 0}),
        ("tile", {"x": float("nan"), "y": 0}),
        ("tile", {"x": False, "y": True}),
        ("keys", {"action": "erase", "times": 1}),
        ("keys", {"action": ["next"], "times": 1}),
        ("keys", {"action": "next", "times": 10**9}),
        ("keys", "next"),
    ],
)
def test_nonsense_is_not_heard(at, key, value):
    pick(at, key, value)
    assert not at.exception
    assert at.session_state["heard"] == []


def test_nothing_is_fetched_from_elsewhere(at):
    for element in at.get("bidi_component"):
        code = element.proto.js_content + element.proto.css_content
        assert code
        assert "://" not in code
        assert "import " not in code


def test_one_choice_among_512_maps_is_a_small_message(at):
    """The words that go to the browser at each run; its picture goes once, by its address."""
    rng = np.random.default_rng(0)
    data = {"order": rng.permutation(512).tolist(), "values": numbers(rng.random(512))}
    assert len(json.dumps(data)) < 8000
