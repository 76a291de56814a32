"""The lesson's page: two networks, the ink, and the answer."""

from __future__ import annotations

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
