"""While an answer is being worked out, that to another question does not stand in its place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard import CALL, Dashboard
from tests.e2e.line import Line
from tests.e2e.made_files import tile_file

pytestmark = pytest.mark.e2e

MODEL = "mobilenetv2-multiclass"
FIRST, SECOND = "Synthetic Non-Tumor 1", "Synthetic Viable 1"
NEXT = "Synthetic Non-Tumor 2"  # first in the list
VERDICT = re.compile("Right|Wrong")
# The first words of a run that asks something else; see osteo_ui/stale.py.
RULE = "data-stale"
# Each page's words of an answer; those of `LAST_WORDS` stand under answers.
ANSWERS = {
    "filters": "strongest maps of",
    "neurons": "strongest units of",
    "unit": "What it adds to each class",
    "heat_maps": re.compile(r"logit -?\d+\.\d\d, probability"),
    "heat_grid": "where all methods put places in the same order",
}


def _short(title: str) -> str:
    """A tile's name on its button."""
    return title.removeprefix("Synthetic ")


def _open(dashboard: Dashboard) -> None:
    dashboard.open("read", model=MODEL, tile=f"example:{FIRST}")
    dashboard.wait_until_drawn("read")
    expect(dashboard.main.get_by_role("heading", level=3, name=CALL)).to_be_visible()
    expect(dashboard.main.get_by_text(VERDICT)).to_be_visible()


def _no_answer(dashboard: Dashboard) -> None:
    """Nothing is said of any tile, and nothing old was left a moment."""
    for found in (
        dashboard.main.get_by_role("heading", level=3, name=CALL),
        dashboard.main.get_by_text(VERDICT),
        dashboard.main.get_by_role("figure", name=re.compile(r"\d%")),
    ):
        expect(found.filter(visible=True)).to_have_count(0)
    assert _moment(dashboard) == "0s"


def _moment(dashboard: Dashboard) -> str:
    """For how long old parts may stand before they are hidden, as the browser has it."""
    old = dashboard.main.locator("[data-stale=true]:not(:focus-within)").first
    delay: str = old.evaluate("part => getComputedStyle(part).transitionDelay")
    return delay.partition(",")[0]


def _answered(dashboard: Dashboard, title: str) -> None:
    dashboard.wait_until_drawn("read")
    expect(dashboard.picture(f"Tile {title}, H&E stain")).to_be_visible()
    expect(dashboard.role("heading", level=3, name=CALL)).to_be_visible()
    expect(dashboard.page.locator("[data-stale=true]")).to_have_count(0)


def test_a_new_tile_stands_without_the_old_ones_answer(dashboard: Dashboard, line: Line) -> None:
    _open(dashboard)
    line.hold_behind(f"Tile {SECOND}, H&E stain")
    dashboard.main.get_by_role("button", name=_short(SECOND), exact=True).click()
    line.wait_for_answer()
    expect(dashboard.picture(f"Tile {SECOND}, H&E stain")).to_be_visible()
    _no_answer(dashboard)
    line.release()
    _answered(dashboard, SECOND)
    expect(dashboard.text(VERDICT)).to_be_visible()


def test_the_code_that_hides_comes_with_the_first_page(dashboard: Dashboard) -> None:
    """A browser fetches the code of each kind of part when it meets the first one."""
    with dashboard.page.expect_response(re.compile(r"/Html\.[\w-]+\.js$")):
        _open(dashboard)


def test_an_upload_stands_without_the_old_tiles_answer(dashboard: Dashboard, line: Line) -> None:
    _open(dashboard)
    dashboard.segment("Source of tiles", "Upload")
    line.hold_behind("Tile mine.png, H&E stain")
    dashboard.upload(tile_file("mine.png", 1))
    line.wait_for_answer()
    expect(dashboard.picture("Tile mine.png, H&E stain")).to_be_visible()
    _no_answer(dashboard)
    line.release()
    _answered(dashboard, "mine.png")
    expect(dashboard.text(VERDICT)).to_have_count(0)  # nothing is known of it


@pytest.mark.parametrize("name", ANSWERS)
def test_one_tile_more_empties_every_page(dashboard: Dashboard, line: Line, name: str) -> None:
    dashboard.open(name, model=MODEL, tile=f"example:{FIRST}")
    dashboard.wait_until_drawn(name)
    answer = dashboard.main.get_by_text(ANSWERS[name]).first
    expect(answer).to_be_visible()
    line.hold_behind(RULE)
    dashboard.choose("On view, up to four", NEXT)
    line.wait_for_answer()
    expect(answer).to_be_hidden()
    old = dashboard.main.locator("[data-stale=true]:not(:focus-within)")
    assert old.count()
    assert not old.filter(visible=True).count()
    line.release()
    dashboard.page.keyboard.press("Escape")
    dashboard.wait_until_drawn(name)


def test_what_is_at_hand_comes_without_a_blank(dashboard: Dashboard, line: Line) -> None:
    _open(dashboard)
    line.hold_behind(RULE)
    dashboard.main.get_by_role("button", name=_short(SECOND), exact=True).click()
    line.wait_for_answer()
    line.release()
    _answered(dashboard, SECOND)
    line.hold_behind(RULE)
    dashboard.main.get_by_role("button", name=_short(FIRST), exact=True).click()
    line.wait_for_answer()
    expect(dashboard.main.get_by_role("heading", level=3, name=CALL)).to_be_hidden()
    assert _moment(dashboard) == "0.25s"
    line.release()
    _answered(dashboard, FIRST)
