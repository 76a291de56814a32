"""The lesson's page: two networks, the ink, and the answer."""

from __future__ import annotations

import time

from osteo_core.grades import CRITERIA
from osteo_core.lessons.shortcut import Evidence, Outcome
from osteo_ui import lesson_views
from tests.pages.looking import said


def test_the_ink_turns_one_networks_call_and_the_answer_tells_why(open_page):
    page = open_page("lessons")
    assert "Calls it **Non-Tumor**" in said(page)  # network A, at Viable tissue without ink
    assert "What was planted" in [box.label for box in page.expander]
    page.segmented_control(key="l.ink").set_value("With").run()
    calls = [text.value for text in page.markdown if text.value.startswith("Calls it")]
    assert all("**Viable**" in call for call in calls)
    assert len(calls) == 2
    lies = [text.value for text in page.markdown if "lies on the ink" in text.value]
    assert len(lies) == 2


def test_the_text_follows_its_numbers():
    seen = {
        "shortcut": Evidence(0.531, 0.042, 7, 6, 8, 8),
        "honest": Evidence(0.0449, 0.042, 0, 0, 0, 8),
    }
    got = {"shortcut": Outcome(0.55, 0.9, 0.1, 40), "honest": Outcome(1.0, 1.0, 0.95, 40)}
    text = lesson_views.lesson(got, seen, "hirescam")
    assert "would give Network A 90%; on tiles without ink it calls 55% rightly" in text
    assert "Network A, on 8 tiles with ink: 7 of its calls change" in text
    assert "(HiResCAM) 53% lies on the ink, which covers 4% of the tile" in text
    assert "6 of the 8 maps that can be judged are better than random maps" in text
    assert "4% lies on the ink, which covers 4% of the tile; the probability never moves" in text


def test_the_map_says_the_four_things_of_its_grade_and_is_not_in_the_inks_colour(open_page):
    page, end = open_page("lessons"), time.monotonic() + 60
    while "Grading]" in said(page):  # it has no Stop; in a browser a fragment looks again
        assert time.monotonic() < end
        time.sleep(0.1)
        page.run()
    for title in CRITERIA.values():
        assert sum(f"**{title}.**" in text.value for text in page.markdown) == 2
    assert lesson_views.COLOURS != "viridis"
