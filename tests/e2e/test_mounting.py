"""A component whose data change while Streamlit still fetches its code must not vanish."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.server import PROJECT

pytestmark = pytest.mark.e2e

UI = PROJECT / "osteo_ui"
FAKE = """
class Widget {
  constructor(place) {
    this.report = new Report();
    this.root = make("p");
    place.append(this.root);
  }
  show(data) { this.root.textContent = data; }
  leave() {}
}
export default (component) => install(component, Widget);
"""
CODE = {
    "atlas": (UI / "atlas" / "common.js").read_text() + FAKE,
    "curves": (UI / "unit_curves.js").read_text(),
}
_SPREAD = {"edges": [0, 1], "series": [], "title": "maximum", "now": None, "name": "n", "alt": ""}
DATA = {"atlas": ("old", "new"), "curves": ({**_SPREAD, "alt": "old"}, {**_SPREAD, "alt": "new"})}

# Streamlit 1.67 (useHandleJsContent): both calls wait for one import; then both are made, and the
# one whose data are out of date is taken back.
RACE = """async ([code, old, late]) => {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const { default: call } = await import(url);
  const parentElement = document.body;
  const takeBackOld = call({ parentElement, data: old, setTriggerValue() {} });
  const leave = call({ parentElement, data: late, setTriggerValue() {} });
  takeBackOld();
  const html = () => parentElement.innerHTML;
  const shown = html();
  leave();
  return [shown, html()];
}"""


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", CODE)
def test_taking_back_an_older_call_leaves_the_newer_one_in_place(blank: Page, name: str) -> None:
    shown, left = blank.evaluate(RACE, [CODE[name], *DATA[name]])
    assert "new" in shown
    assert "old" not in shown
    assert left == ""
