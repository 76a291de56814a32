"""A grade at a glance: a pill with an icon and a word, why, and what a failed map looks like."""

from typing import TYPE_CHECKING

import streamlit as st

from osteo_ui.markdown import Markdown, bullets, md

if TYPE_CHECKING:
    from osteo_core.grades import Grade

# Colour, icon and word differ together, so that none of them has to be seen.
_LOOKS = {
    "pass": md(":green-badge[:material/check_circle: Pass]"),
    "weak": md(":orange-badge[:material/change_history: Weak]"),
    "fail": md(":red-badge[:material/cancel: Fail]"),
}
_ANSWERS = {
    "yes": (md(":green-badge[:material/check: Yes]"), "yes"),
    "partly": (md(":orange-badge[:material/change_history: Partly]"), "partly"),
    "no": (md(":red-badge[:material/close: No]"), "no"),
    "unknown": (md(":gray-badge[:material/question_mark: Cannot tell]"), "cannot tell"),
}
FADED_OPACITY = 0.6  # of the chosen opacity: what a failed map is drawn with


def pill(badge: str) -> Markdown:
    """Return a badge as Markdown: pass, weak or fail."""
    return _LOOKS[badge]


def pending(word: str = "Grading") -> Markdown:
    """Return the pill of a map that has no grade yet, as Markdown."""
    return md(":gray-badge[:material/hourglass_empty: {}]", word)


def badge(grade: "Grade", reason: bool = True) -> None:
    """Draw a grade's pill and, beside it, the sentence that decided."""
    st.markdown(md("{} {}", pill(grade.badge), grade.reason if reason else ""))


def criteria(grade: "Grade") -> None:
    """Draw the four questions of the rule, each with its answer and the figures that decided."""
    for one in grade.criteria:
        answer = _ANSWERS[one.answer][0]
        st.markdown(md("{} **{}.** {}", answer, one.title, one.sentence))


def told(grade: "Grade") -> Markdown:
    """Return the four questions with their answers as a list; of an empty map, why it is empty."""
    lines = [
        md("**{}: {}.** {}", one.title, _ANSWERS[one.answer][1], one.sentence)
        for one in grade.criteria
    ]
    return bullets(lines or grade.reasons)


def demoted(grade: "Grade | None") -> bool:
    """Say whether a map is to be drawn pale: its grade is known, and it failed."""
    return grade is not None and grade.badge == "fail"


def strip(grade: "Grade | None") -> None:
    """Draw the warning that stands under a failed map; nothing under any other."""
    if grade is not None and demoted(grade):
        st.warning(
            md("**Do not rely on this map.** {}", grade.reason),
            icon=":material/do_not_disturb_on:",
        )
